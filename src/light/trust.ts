import { blockId, validatorsHash } from "../codec/block.ts";
import type { AuthorityChange } from "../codec/proof.ts";
import { type Sha256, sha256 } from "../crypto/hash.ts";
import { err, ok, type Result } from "../lib/result.ts";
import type { Commit, Header } from "../types/block.ts";
import { authoritiesOf, type ChainIdentity } from "../types/genesis.ts";
import type { Hash, Height, PublicKey, Signature } from "../types/scalars.ts";
import type { ValidatorSet } from "../types/validator-set.ts";
import { type CommitFault, verifyCommit } from "./commit.ts";

/** What a verifier believes already: which authorities sign the heights above `height`, until one of these announces others. */
export interface Trusted {
  readonly chain: Hash;
  readonly height: Height;
  readonly set: ValidatorSet;
}

export type TrustFault = CommitFault | "CHAIN_OTHER" | "HEIGHT_NOT_ABOVE" | "AUTHORITIES_OTHER" | "CHANGE_WITHOUT_CHANGE";

/** Who verifies, and by which hash; both portable by default. */
export interface Engine {
  readonly verify: (key: PublicKey, message: Uint8Array, signature: Signature) => boolean;
  readonly sha256?: Sha256;
}

/** Before the first block: the authorities of the genesis, in member order. */
export function trustGenesis({ chain, genesis }: ChainIdentity): Trusted {
  return { chain, height: 0, set: authoritiesOf(genesis) };
}

/** Whether `commit` makes the block with this header final under the trusted authorities; null if so. */
export function finalityFault(trusted: Trusted, header: Header, commit: Commit, engine: Engine): TrustFault | null {
  const digest = engine.sha256 ?? sha256;
  if (header.chain !== trusted.chain) return "CHAIN_OTHER";
  if (header.height <= trusted.height) return "HEIGHT_NOT_ABOVE";
  if (header.validators !== validatorsHash(trusted.set, digest)) return "AUTHORITIES_OTHER";
  const claim = { height: header.height, block: blockId(header, digest), set: trusted.set };
  return verifyCommit(trusted.chain, commit, claim, engine.verify);
}

/**
 * The authorities after these changes, each signed by those before it (protocol.md §3: a header's `validators` are the last one's
 * `nextValidators`). Heights between changes need not be seen: who signs them is known.
 */
export function followChanges(
  trusted: Trusted,
  changes: readonly AuthorityChange[],
  engine: Engine,
): Result<Trusted, { readonly fault: TrustFault; readonly change: number }> {
  let now = trusted;
  for (const [change, { header, commit, set }] of changes.entries()) {
    const announced = validatorsHash(set, engine.sha256 ?? sha256);
    const fault =
      finalityFault(now, header, commit, engine) ??
      (header.nextValidators !== announced ? "AUTHORITIES_OTHER" : null) ??
      (announced === header.validators ? "CHANGE_WITHOUT_CHANGE" : null);
    if (fault !== null) return err({ fault, change });
    now = { chain: trusted.chain, height: header.height, set };
  }
  return ok(now);
}
