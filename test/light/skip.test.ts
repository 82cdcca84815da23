import { describe, expect, it } from "vitest";
import { verifyNative } from "../../src/adapters/ed25519-native.ts";
import { blockId, validatorsHash } from "../../src/codec/block.ts";
import { type ShownHeader, signersOfBoth, skipTo } from "../../src/light/skip.ts";
import type { Header } from "../../src/types/block.ts";
import type { Hash } from "../../src/types/scalars.ts";
import { faultsTolerated, quorum } from "../../src/types/validator-set.ts";
import { hashOf } from "../codec/support/sample.ts";
import { authorities, CHAIN, commitOf, HEADER } from "../codec/support/sample-block.ts";

const ENGINE = { verify: verifyNative };

/** A block at height 50 of authorities a`from` … a`from + n − 1`, signed by those at these places. */
function shown(n: number, from: number, signers: readonly number[], change: Partial<Header> = {}): ShownHeader {
  const set = authorities(from + n).slice(from);
  const hash = validatorsHash(set);
  const header: Header = { ...HEADER, height: 50, validators: hash, nextValidators: hash, ...change };
  const commit = commitOf(
    blockId(header),
    50,
    signers.map((index) => from + index),
  );
  return {
    header,
    commit: { ...commit, sigs: commit.sigs.map(({ sig }, at) => ({ index: signers[at] as number, sig })) },
    set,
    nextSet: set,
  };
}

function first(n: number): readonly number[] {
  return Array.from({ length: n }, (_, index) => index);
}

function verdict(trustedSize: number, header: ShownHeader, height = 40, chain: Hash = CHAIN): string {
  const result = skipTo({ chain, height, set: authorities(trustedSize) }, header, ENGINE);
  return result.ok ? "OK" : result.error;
}

describe("a skip to a header far ahead", () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 10])("of %i other authorities takes so many of the trusted that one of them is correct", (n) => {
    const needed = faultsTolerated(n) + 1;
    // Of the shown set the first `kept` are the last of the trusted; everybody signs.
    for (let kept = 0; kept <= n; kept++) {
      const header = shown(n, n - kept, first(n));
      expect([kept, verdict(n, header)]).toEqual([kept, kept === n || kept >= needed ? "OK" : "TOO_FAR"]);
    }
  });

  it("counts the trusted that signed, not those that stand in the set", () => {
    // Seven authorities of whom three are trusted, of whom two signed: f + 1 of seven is three.
    const header = shown(7, 4, [0, 1, 3, 4, 5]);
    expect(header.commit.sigs).toHaveLength(quorum(7));
    expect(verdict(7, header)).toBe("TOO_FAR");
    expect(verdict(7, shown(7, 4, [0, 1, 2, 4, 5]))).toBe("OK");
  });

  it("takes a quorum of its own authorities in any case", () => {
    expect(verdict(4, shown(4, 0, [0, 1, 3]))).toBe("OK");
    expect(verdict(4, shown(4, 0, [0, 1]))).toBe("COMMIT_NO_QUORUM");
  });

  it("of one height is no skip: the authorities are the trusted ones", () => {
    expect(verdict(4, shown(4, 0, first(4)), 49)).toBe("OK");
    expect(verdict(4, shown(4, 1, first(4)), 49)).toBe("AUTHORITIES_OTHER");
  });

  it("is refused for another chain, a height that is known, and sets that are not the header's", () => {
    const header = shown(4, 0, first(4));
    expect(verdict(4, header, 40, hashOf("another chain"))).toBe("CHAIN_OTHER");
    expect(verdict(4, header, 50)).toBe("HEIGHT_NOT_ABOVE");
    expect(verdict(4, { ...header, set: authorities(5) })).toBe("AUTHORITIES_OTHER");
    expect(verdict(4, { ...header, nextSet: authorities(5) })).toBe("AUTHORITIES_OTHER");
    expect(verdict(4, { ...header, set: [] })).toBe("AUTHORITIES_OTHER");
    expect(verdict(4, { ...header, header: { ...header.header, timeMs: 1 } })).toBe("COMMIT_OTHER_BLOCK");
  });

  it("trusts the next header's authorities from then on", () => {
    const next = authorities(6).slice(2);
    const header = shown(4, 0, first(4), { nextValidators: validatorsHash(next) });
    const result = skipTo({ chain: CHAIN, height: 40, set: authorities(4) }, { ...header, nextSet: next }, ENGINE);
    expect(result).toEqual({ ok: true, value: { chain: CHAIN, height: 50, set: next } });
  });
});

describe("a conflict", () => {
  it("names those who signed both blocks, by their keys", () => {
    const one = shown(4, 0, [0, 1, 2]);
    const other = shown(4, 0, [1, 2, 3], { timeMs: HEADER.timeMs + 5 });
    expect(signersOfBoth({ one, other })).toEqual(["a1", "a2"]);
  });
});
