import { blockId, validatorsHash } from "../codec/block.ts";
import { sha256 } from "../crypto/hash.ts";
import { err, ok, type Result } from "../lib/result.ts";
import type { Commit, Header } from "../types/block.ts";
import { faultsTolerated, type Validator, type ValidatorSet } from "../types/validator-set.ts";
import { verifyCommit } from "./commit.ts";
import type { Engine, Trusted, TrustFault } from "./trust.ts";

/** A finalised header as somebody shows it, with the authorities of its height and of the next: nothing of it is believed yet. */
export interface ShownHeader {
  readonly header: Header;
  readonly commit: Commit;
  readonly set: ValidatorSet;
  readonly nextSet: ValidatorSet;
}

/** `TOO_FAR`: sound in itself, but too few of the trusted authorities signed it: a height in between is to be verified first. */
export type SkipFault = TrustFault | "TOO_FAR";

/**
 * Skipping verification: a header any number of heights above what is trusted is believed if a quorum of its own authorities signed
 * it and, where these are others than the trusted ones, so many of the trusted signed it too that one of them is correct (f + 1 of them).
 */
export function skipTo(trusted: Trusted, shown: ShownHeader, engine: Engine): Result<Trusted, SkipFault> {
  const digest = engine.sha256 ?? sha256;
  const { header, commit, set, nextSet } = shown;
  if (header.chain !== trusted.chain) return err("CHAIN_OTHER");
  if (header.height <= trusted.height) return err("HEIGHT_NOT_ABOVE");
  const isSame = header.validators === validatorsHash(trusted.set, digest);
  if (header.height === trusted.height + 1 && !isSame) return err("AUTHORITIES_OTHER");
  if (set.length === 0 || validatorsHash(set, digest) !== header.validators) return err("AUTHORITIES_OTHER");
  if (nextSet.length === 0 || validatorsHash(nextSet, digest) !== header.nextValidators) return err("AUTHORITIES_OTHER");
  const claim = { height: header.height, block: blockId(header, digest), set };
  const fault = verifyCommit(trusted.chain, commit, claim, engine.verify);
  if (fault !== null) return err(fault);
  if (!isSame && trustedSigners(trusted.set, commit, set) <= faultsTolerated(trusted.set.length)) return err("TOO_FAR");
  return ok({ chain: trusted.chain, height: header.height, set: nextSet });
}

function trustedSigners(trusted: ValidatorSet, commit: Commit, set: ValidatorSet): number {
  const keys = new Set(trusted.map(({ key }) => key));
  return commit.sigs.filter(({ index }) => keys.has((set[index] as Validator).key)).length;
}

/** Two final blocks of one height: what no third or fewer of faulty authorities can bring about. */
export interface Conflict {
  readonly one: ShownHeader;
  readonly other: ShownHeader;
}

/** Those whose signatures are under both blocks of a conflict. */
export function signersOfBoth({ one, other }: Conflict): readonly string[] {
  const signers = ({ commit, set }: ShownHeader): readonly string[] => commit.sigs.flatMap(({ index }) => set[index]?.key ?? []);
  const keys = new Set(signers(one));
  return other.set.filter(({ key }) => keys.has(key) && signers(other).includes(key)).map(({ member }) => member);
}
