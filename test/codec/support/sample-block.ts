import { blockId, commitHash, evidenceRoot, receiptRoot, txRoot, validatorsHash } from "../../../src/codec/block.ts";
import { chainId, paramsHash } from "../../../src/codec/genesis.ts";
import { sigsHash, transactionId } from "../../../src/codec/transaction.ts";
import { proposalSignBytes, voteSignBytes } from "../../../src/codec/vote.ts";
import { sign } from "../../../src/crypto/ed25519.ts";
import type { Block, Commit, Evidence, Header } from "../../../src/types/block.ts";
import type { BlockId, Hash, MemberId } from "../../../src/types/scalars.ts";
import type { TxPair } from "../../../src/types/transaction.ts";
import type { ValidatorSet } from "../../../src/types/validator-set.ts";
import type { Proposal, Vote, VoteKind } from "../../../src/types/vote.ts";
import { GENESIS, GENESIS_TIME_MS, hashOf, keyOf, PARAMS, RECEIPTS, seedOf, signed } from "./sample.ts";

export const CHAIN: Hash = chainId(GENESIS);

/** `n` authorities named a0, a1, …; their seeds are those of their names. */
export function authorities(n: number): ValidatorSet {
  return Array.from({ length: n }, (_, index) => ({ member: `a${index}` as MemberId, key: keyOf(`a${index}`) }));
}

/** A commit of `signers` (positions) that is honestly signed. */
export function commitOf(block: BlockId, height: number, signers: readonly number[], round = 0, chain: Hash = CHAIN): Commit {
  const message = voteSignBytes(chain, { height, round, kind: "precommit", block });
  return { height, round, block, sigs: signers.map((index) => ({ index, sig: sign(seedOf(`a${index}`), message) })) };
}

export function voteOf(said: Pick<Vote, "height" | "round" | "block" | "index"> & { readonly kind: VoteKind }): Vote {
  return { ...said, sig: sign(seedOf(`a${said.index}`), voteSignBytes(CHAIN, said)) };
}

export function proposalOf(said: Omit<Proposal, "sig">): Proposal {
  return { ...said, sig: sign(seedOf(`a${said.index}`), proposalSignBytes(CHAIN, said)) };
}

export const SET = authorities(4);
export const TRANSACTIONS = [
  signed(CHAIN),
  signed(CHAIN, {
    signers: ["maker", "checker", "engine"],
    expect: [
      { id: hashOf("second object"), version: 1 },
      { id: hashOf("first object"), version: 4_294_967_296 },
    ],
    salt: "ffffffffffffffffffffffffffffffff",
  }),
];
export const PAIRS: readonly TxPair[] = TRANSACTIONS.map((tx) => ({ id: transactionId(tx), sigs: sigsHash(tx.sigs) }));

const PARENT = hashOf("parent block") as BlockId;
export const LAST_COMMIT = commitOf(PARENT, 41, [0, 1, 3], 2);

function choice(vote: Vote): Evidence["first"] {
  return { block: vote.block, validRound: null, sig: vote.sig };
}
const twice = { height: 40, round: 1, kind: "prevote", index: 2 } as const;
const proposed = { height: 39, round: 3, index: 1, block: hashOf("one block") as BlockId };
export const EVIDENCE: readonly Evidence[] = [
  {
    authority: "a2" as MemberId,
    height: 40,
    round: 1,
    kind: "prevote",
    first: choice(voteOf({ ...twice, block: null })),
    second: choice(voteOf({ ...twice, block: hashOf("one block") as BlockId })),
  },
  {
    authority: "a1" as MemberId,
    height: 39,
    round: 3,
    kind: "proposal",
    first: { block: proposed.block, validRound: -1, sig: proposalOf({ ...proposed, validRound: -1 }).sig },
    second: { block: proposed.block, validRound: 2, sig: proposalOf({ ...proposed, validRound: 2 }).sig },
  },
];

export const HEADER: Header = {
  v: 1,
  chain: CHAIN,
  height: 42,
  timeMs: GENESIS_TIME_MS + 3_600_000,
  parent: PARENT,
  proposer: "a2" as MemberId,
  validators: validatorsHash(SET),
  nextValidators: validatorsHash(authorities(5)),
  params: paramsHash(PARAMS),
  lastCommit: commitHash(LAST_COMMIT),
  txRoot: txRoot(PAIRS),
  receiptRoot: receiptRoot(RECEIPTS.slice(0, 2)),
  stateRoot: hashOf("state"),
  count: PAIRS.length,
  evidenceRoot: evidenceRoot(EVIDENCE),
};
export const HEADER_ID = blockId(HEADER);
export const BLOCK: Block = { header: HEADER, pairs: PAIRS, lastCommit: LAST_COMMIT, evidence: EVIDENCE };
export const COMMIT = commitOf(HEADER_ID, 42, [0, 1, 2, 3], 1);
export const VOTES: readonly Vote[] = [
  voteOf({ height: 42, round: 0, kind: "prevote", block: null, index: 0 }),
  voteOf({ height: 42, round: 1, kind: "precommit", block: HEADER_ID, index: 3 }),
];
export const PROPOSALS: readonly Proposal[] = [
  proposalOf({ height: 42, round: 0, block: HEADER_ID, validRound: -1, index: 2 }),
  proposalOf({ height: 42, round: 300, block: HEADER_ID, validRound: 24, index: 2 }),
];
