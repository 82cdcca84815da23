import { describe, expect, it } from "vitest";
import { verifyNative } from "../../src/adapters/ed25519-native.ts";
import { blockId } from "../../src/codec/block.ts";
import { proposalSignBytes, voteSignBytes } from "../../src/codec/vote.ts";
import { sign, verify } from "../../src/crypto/ed25519.ts";
import { acceptsNext, commitChecks, evidenceChecks, verifyCommit } from "../../src/light/commit.ts";
import type { Commit, CommitSignature, Evidence, Header } from "../../src/types/block.ts";
import type { BlockId, Hash, MemberId } from "../../src/types/scalars.ts";
import { quorum } from "../../src/types/validator-set.ts";
import { hashOf, seedOf } from "../codec/support/sample.ts";
import { authorities, CHAIN, commitOf, EVIDENCE, HEADER, HEADER_ID } from "../codec/support/sample-block.ts";

const HEIGHT = 42;
const BLOCK = hashOf("the block") as BlockId;
const OTHER = hashOf("another block") as BlockId;

function first(n: number): readonly number[] {
  return Array.from({ length: n }, (_, index) => index);
}

function judge(commit: Commit, n: number, check: typeof verify = verifyNative) {
  return verifyCommit(CHAIN, commit, { height: HEIGHT, block: BLOCK, set: authorities(n) }, check);
}

function withSigs(commit: Commit, change: (sigs: readonly CommitSignature[]) => readonly CommitSignature[]): Commit {
  return { ...commit, sigs: change(commit.sigs) };
}

describe("a commit", () => {
  it.each([
    { n: 1, needed: 1 },
    { n: 2, needed: 2 },
    { n: 3, needed: 3 },
    { n: 4, needed: 3 },
    { n: 5, needed: 4 },
    { n: 6, needed: 5 },
    { n: 7, needed: 5 },
    { n: 10, needed: 7 },
  ])("of $n authorities needs $needed of them, and one fewer is not enough", ({ n, needed }) => {
    expect(quorum(n)).toBe(needed);
    expect(judge(commitOf(BLOCK, HEIGHT, first(n)), n)).toBeNull();
    expect(judge(commitOf(BLOCK, HEIGHT, first(needed)), n)).toBeNull();
    expect(judge(commitOf(BLOCK, HEIGHT, first(n).slice(n - needed)), n)).toBeNull();
    expect(judge(commitOf(BLOCK, HEIGHT, first(needed - 1)), n)).toBe("COMMIT_NO_QUORUM");
  });

  it.each([2, 3, 4, 5, 6, 7])(
    "of %i authorities leaves no room for a second one without a double vote of more than a third",
    (n) => {
      expect(2 * quorum(n) - n).toBeGreaterThan((n - 1) / 3);
    },
  );

  const honest = commitOf(BLOCK, HEIGHT, [0, 1, 3], 2);

  it("is verified alike by the portable and the native rule", () => {
    expect(judge(honest, 4)).toBeNull();
    expect(judge(honest, 4, verify)).toBeNull();
  });

  it("counts nobody twice", () => {
    expect(
      judge(
        withSigs(honest, ([a, b]) => (a && b ? [a, b, b] : [])),
        4,
      ),
    ).toBe("COMMIT_ORDER");
    expect(
      judge(
        withSigs(honest, ([a]) => (a ? [a, a, a] : [])),
        4,
      ),
    ).toBe("COMMIT_ORDER");
  });

  it("has one order", () => {
    expect(
      judge(
        withSigs(honest, (sigs) => [...sigs].reverse()),
        4,
      ),
    ).toBe("COMMIT_ORDER");
  });

  it("is signed by members of the set only", () => {
    expect(judge(commitOf(BLOCK, HEIGHT, [0, 1, 4]), 4)).toBe("COMMIT_UNKNOWN_SIGNER");
    for (const index of [-1, 0.5, Number.NaN])
      expect(
        judge(
          withSigs(honest, ([a, b, c]) => (a && b && c ? [{ ...a, index }, b, c] : [])),
          4,
        ),
      ).toBe("COMMIT_UNKNOWN_SIGNER");
  });

  it("is of the height and the block that is claimed", () => {
    expect(judge({ ...honest, height: HEIGHT + 1 }, 4)).toBe("COMMIT_OTHER_BLOCK");
    expect(judge({ ...honest, block: OTHER }, 4)).toBe("COMMIT_OTHER_BLOCK");
    expect(judge(commitOf(OTHER, HEIGHT, [0, 1, 2]), 4)).toBe("COMMIT_OTHER_BLOCK");
  });

  const TAMPERED: readonly (readonly [string, Commit])[] = [
    ["a round that was not signed", { ...honest, round: 3 }],
    ["signatures for another block under this one's id", { ...commitOf(OTHER, HEIGHT, [0, 1, 2]), block: BLOCK }],
    ["signatures for another height", { ...commitOf(BLOCK, HEIGHT - 1, [0, 1, 2]), height: HEIGHT }],
    ["signatures for another chain", commitOf(BLOCK, HEIGHT, [0, 1, 2], 0, hashOf("another chain"))],
    [
      "one authority's signature under another's name",
      withSigs(honest, (sigs) => sigs.map(({ index, sig }) => ({ index: index === 3 ? 2 : index, sig }))),
    ],
    [
      "one signature twice under two names",
      withSigs(honest, ([a, b, c]) => (a && b && c ? [a, { index: 1, sig: a.sig }, c] : [])),
    ],
    [
      "one signature out of another round",
      withSigs(honest, (sigs) => [...sigs.slice(0, 2), ...commitOf(BLOCK, HEIGHT, [3], 1).sigs]),
    ],
    [
      "prevotes for precommits",
      withSigs(honest, (sigs) => sigs.map(({ index }) => ({ index, sig: votedFor(index, "prevote", BLOCK) }))),
    ],
    [
      "precommits for nil",
      withSigs(honest, (sigs) => sigs.map(({ index }) => ({ index, sig: votedFor(index, "precommit", null) }))),
    ],
    [
      "one signature of zeros",
      withSigs(honest, (sigs) => sigs.map((entry, at) => (at === 2 ? { ...entry, sig: new Uint8Array(64) } : entry))),
    ],
    [
      "one signature with a bit changed",
      withSigs(honest, (sigs) => sigs.map((entry, at) => (at === 1 ? { ...entry, sig: flipped(entry.sig) } : entry))),
    ],
    [
      "a false signature beside a quorum",
      withSigs(commitOf(BLOCK, HEIGHT, [0, 1, 2, 3]), (sigs) =>
        sigs.map((entry, at) => (at === 3 ? { ...entry, sig: flipped(entry.sig) } : entry)),
      ),
    ],
  ];
  it.each(TAMPERED)("is refused with %s", (_, commit) => {
    expect(judge(commit, 4)).toBe("COMMIT_BAD_SIGNATURE");
  });

  it("is refused under another set, even of the same size", () => {
    const stranger = authorities(5).slice(1);
    const claim = { height: HEIGHT, block: BLOCK, set: stranger };
    expect(verifyCommit(CHAIN, commitOf(BLOCK, HEIGHT, [0, 1, 2]), claim, verify)).toBe("COMMIT_BAD_SIGNATURE");
  });

  it("leaves the signatures to whichever verifier is at hand", () => {
    const checks = commitChecks(CHAIN, honest, { height: HEIGHT, block: BLOCK, set: authorities(4) });
    expect(checks.ok && checks.value.map(({ key }) => key)).toEqual([0, 1, 3].map((index) => authorities(4)[index]?.key));
    expect(checks.ok && checks.value.every(({ key, message, signature }) => verify(key, message, signature))).toBe(true);
  });

  function votedFor(index: number, kind: "prevote" | "precommit", block: BlockId | null): Uint8Array {
    return sign(seedOf(`a${index}`), voteSignBytes(CHAIN, { height: HEIGHT, round: 2, kind, block }));
  }
});

describe("the next header", () => {
  const next: Header = {
    ...HEADER,
    height: HEADER.height + 1,
    timeMs: HEADER.timeMs + 1,
    parent: HEADER_ID,
    validators: HEADER.nextValidators,
  };

  it("is accepted under the set that this one announced", () => {
    expect(acceptsNext(HEADER, HEADER_ID, next)).toBe(true);
    expect(
      acceptsNext(next, blockId(next), {
        ...next,
        height: 44,
        timeMs: next.timeMs + 5,
        parent: blockId(next),
        validators: next.nextValidators,
      }),
    ).toBe(true);
  });

  const FAULTS: readonly (readonly [string, Partial<Header>])[] = [
    ["of another chain", { chain: hashOf("another chain") }],
    ["of the same height", { height: HEADER.height }],
    ["two heights on", { height: HEADER.height + 2 }],
    ["with another parent", { parent: hashOf("parent block") as BlockId }],
    ["under this header's set where another was announced", { validators: HEADER.validators }],
    ["at the same time", { timeMs: HEADER.timeMs }],
    ["from before", { timeMs: HEADER.timeMs - 1 }],
  ];
  it.each(FAULTS)("is refused %s", (_, change) => {
    expect(acceptsNext(HEADER, HEADER_ID, { ...next, ...change })).toBe(false);
  });
});

describe("evidence", () => {
  const set = authorities(4);
  const [votes, proposals] = EVIDENCE;
  if (votes === undefined || proposals === undefined) throw new Error("the sample has two");

  function proves(evidence: Evidence, chain: Hash = CHAIN): boolean | null {
    const checks = evidenceChecks(chain, evidence, set);
    return checks === null
      ? null
      : checks.length === 2 && checks.every(({ key, message, signature }) => verify(key, message, signature));
  }

  it("is two signatures of one authority for two things at one place", () => {
    expect(proves(votes)).toBe(true);
    expect(proves(proposals)).toBe(true);
    expect(proves({ ...votes, first: votes.second, second: votes.first })).toBe(true);
  });

  it("does not accuse whoever said the same twice, is no authority, or said something of another form", () => {
    expect(proves({ ...votes, second: votes.first })).toBeNull();
    expect(proves({ ...votes, authority: "stranger" as MemberId })).toBeNull();
    expect(proves({ ...votes, second: { ...votes.second, validRound: -1 } })).toBeNull();
    expect(proves({ ...proposals, second: { ...proposals.second, block: null } })).toBeNull();
    expect(proves({ ...proposals, second: { ...proposals.second, validRound: null } })).toBeNull();
  });

  const FALSE: readonly (readonly [string, Evidence])[] = [
    ["against another authority", { ...votes, authority: "a0" as MemberId }],
    ["moved to another height", { ...votes, height: 41 }],
    ["moved to another round", { ...votes, round: 0 }],
    ["called precommits", { ...votes, kind: "precommit" }],
    ["with another block", { ...votes, second: { ...votes.second, block: OTHER } }],
    ["with a signature changed", { ...votes, first: { ...votes.first, sig: flipped(votes.first.sig) } }],
    ["of proposals with another valid round", { ...proposals, second: { ...proposals.second, validRound: 1 } }],
  ];
  it.each(FALSE)("does not hold %s", (_, evidence) => {
    expect(proves(evidence)).toBe(false);
  });

  it("does not hold on another chain", () => {
    expect(proves(votes, hashOf("another chain"))).toBe(false);
  });

  it("is never made of a vote and a proposal: what is signed differs in kind", () => {
    const said = { height: 7, round: 0, block: BLOCK };
    const signed = [
      voteSignBytes(CHAIN, { ...said, kind: "prevote" }),
      voteSignBytes(CHAIN, { ...said, kind: "precommit" }),
      voteSignBytes(CHAIN, { ...said, kind: "precommit", block: null }),
      proposalSignBytes(CHAIN, { ...said, validRound: -1 }),
      proposalSignBytes(CHAIN, { ...said, validRound: 0 }),
    ].map((bytes) => bytes.join());
    expect(new Set(signed).size).toBe(signed.length);
  });
});

function flipped(sig: Uint8Array): Uint8Array {
  return sig.with(5, (sig[5] ?? 0) ^ 1);
}
