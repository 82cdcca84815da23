import { proposalSignBytes, voteSignBytes } from "../codec/vote.ts";
import type { Sha256 } from "../crypto/hash.ts";
import { sha256 } from "../crypto/hash.ts";
import { err, ok, type Result } from "../lib/result.ts";
import type { Commit, Evidence, Header, SignedChoice } from "../types/block.ts";
import type { BlockId, Hash, PublicKey, Signature } from "../types/scalars.ts";
import { quorum, type ValidatorSet } from "../types/validator-set.ts";

/** A signature still to be verified, by whichever verifier is at hand. */
export interface Check {
  readonly key: PublicKey;
  readonly message: Uint8Array;
  readonly signature: Signature;
}

export type CommitFault =
  | "COMMIT_OTHER_BLOCK"
  | "COMMIT_NO_QUORUM"
  | "COMMIT_UNKNOWN_SIGNER"
  | "COMMIT_ORDER"
  | "COMMIT_BAD_SIGNATURE";

/**
 * What must be verified for `commit` to finalise `block` at `height` under the authority set of that height: a quorum of distinct
 * authorities' precommits of one round. Form is checked here; the signatures are the answer.
 */
export function commitChecks(
  chain: Hash,
  commit: Commit,
  claim: { readonly height: number; readonly block: BlockId; readonly set: ValidatorSet },
  digest: Sha256 = sha256,
): Result<readonly Check[], CommitFault> {
  if (commit.height !== claim.height || commit.block !== claim.block) return err("COMMIT_OTHER_BLOCK");
  if (commit.sigs.length < quorum(claim.set.length)) return err("COMMIT_NO_QUORUM");
  const { height, round, block } = commit;
  const message = voteSignBytes(chain, { height, round, kind: "precommit", block }, digest);
  const checks: Check[] = [];
  let previous = -1;
  for (const { index, sig } of commit.sigs) {
    const validator = claim.set[index];
    if (validator === undefined) return err("COMMIT_UNKNOWN_SIGNER");
    if (index <= previous) return err("COMMIT_ORDER");
    previous = index;
    checks.push({ key: validator.key, message, signature: sig });
  }
  return ok(checks);
}

/** The same at once, with a synchronous verifier: light clients, `verify`, tests. */
export function verifyCommit(
  chain: Hash,
  commit: Commit,
  claim: { readonly height: number; readonly block: BlockId; readonly set: ValidatorSet },
  verify: (key: PublicKey, message: Uint8Array, signature: Signature) => boolean,
): CommitFault | null {
  const checks = commitChecks(chain, commit, claim);
  if (!checks.ok) return checks.error;
  return checks.value.every(({ key, message, signature }) => verify(key, message, signature)) ? null : "COMMIT_BAD_SIGNATURE";
}

/** Whether `next` may follow `header`: linked, later, under the set that `header` announced. */
export function acceptsNext(header: Header, id: BlockId, next: Header): boolean {
  return (
    next.chain === header.chain &&
    next.height === header.height + 1 &&
    next.parent === id &&
    next.validators === header.nextValidators &&
    next.timeMs > header.timeMs
  );
}

/** The two signatures of a piece of evidence; null if it does not show an offence of the set's authority. */
export function evidenceChecks(
  chain: Hash,
  evidence: Evidence,
  set: ValidatorSet,
  digest: Sha256 = sha256,
): readonly Check[] | null {
  const validator = set.find(({ member }) => member === evidence.authority);
  const { first, second, height, round, kind } = evidence;
  if (validator === undefined || (first.block === second.block && first.validRound === second.validRound)) return null;
  const checks: Check[] = [];
  for (const choice of [first, second]) {
    const message = signBytes(chain, { height, round, kind, choice }, digest);
    if (message === null) return null;
    checks.push({ key: validator.key, message, signature: choice.sig });
  }
  return checks;
}

function signBytes(
  chain: Hash,
  said: { readonly height: number; readonly round: number; readonly kind: Evidence["kind"]; readonly choice: SignedChoice },
  digest: Sha256,
): Uint8Array | null {
  const { height, round, kind, choice } = said;
  if (kind !== "proposal")
    return choice.validRound === null ? voteSignBytes(chain, { height, round, kind, block: choice.block }, digest) : null;
  if (choice.block === null || choice.validRound === null) return null;
  return proposalSignBytes(chain, { height, round, block: choice.block, validRound: choice.validRound }, digest);
}
