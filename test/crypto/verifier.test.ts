import { createPublicKey, verify as opensslVerify } from "node:crypto";
import { Point } from "@noble/ed25519";
import { sha512 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { privateKeyObject, signNative, verifyNative } from "../../src/adapters/ed25519-native.ts";
import { nativeHasher } from "../../src/adapters/native-hasher.ts";
import { checkSignatureEngine, NativeVerifier } from "../../src/adapters/native-verifier.ts";
import { isAcceptablePublicKey, publicKeyOf, sign, verify } from "../../src/crypto/ed25519.ts";
import { sha256, TAGS, taggedHash, taggedHashBytes } from "../../src/crypto/hash.ts";
import { concatBytes, fromHex, toHex } from "../../src/lib/bytes.ts";
import type { VerifyItem } from "../../src/ports/crypto.ts";
import type { PublicKey } from "../../src/types/scalars.ts";
import { seedOf } from "../codec/support/sample.ts";

/** A point of order 8. */
const ORDER_8 = fromHex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a") as Uint8Array;

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(bytes.slice().reverse())}`);
}

const seed32 = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe("the portable and the native rule", () => {
  it("agree on keys, signatures and their verdicts for random seeds, messages and changes", () => {
    fc.assert(
      fc.property(seed32, fc.uint8Array({ maxLength: 200 }), fc.nat({ max: 511 }), (seed, message, bit) => {
        const key = publicKeyOf(seed);
        const signature = sign(seed, message);
        expect(toHex(signNative(privateKeyObject(seed), message))).toBe(toHex(signature));
        expect(isAcceptablePublicKey(key)).toBe(true);
        expect(verify(key, message, signature)).toBe(true);
        expect(verifyNative(key, message, signature)).toBe(true);
        const changed = signature.with(bit >> 3, (signature[bit >> 3] ?? 0) ^ (1 << (bit & 7)));
        expect(verify(key, message, changed)).toBe(false);
        expect(verifyNative(key, message, changed)).toBe(false);
        const longer = concatBytes(message, Uint8Array.of(0));
        expect(verify(key, longer, signature)).toBe(false);
        expect(verifyNative(key, longer, signature)).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  it("agree that a part of small order in R is no signature, which engines with the cofactor accept", () => {
    const scalar = fc.bigInt({ min: 1n, max: Point.CURVE().n - 1n });
    fc.assert(
      fc.property(scalar, scalar, fc.nat({ max: 7 }), fc.uint8Array({ maxLength: 64 }), (a, r, times, message) => {
        const key = Point.BASE.multiply(a).toBytes();
        const part = times === 0 ? Point.ZERO : Point.fromBytes(ORDER_8).multiply(BigInt(times), false);
        const bytes = Point.BASE.multiply(r).add(part).toBytes();
        const h = littleEndian(sha512(concatBytes(bytes, key, message)));
        const s = (r + h * a) % Point.CURVE().n;
        const signature = concatBytes(bytes, (fromHex(s.toString(16).padStart(64, "0")) as Uint8Array).reverse());
        for (const engine of [verify, verifyNative])
          expect(engine(toHex(key) as PublicKey, message, signature)).toBe(times === 0);
      }),
      { numRuns: 100 },
    );
  });

  it("agree on random signatures of any length", () => {
    const key = publicKeyOf(seedOf("any"));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 130 }), (signature) => {
        expect(verify(key, signature, signature)).toBe(false);
        expect(verifyNative(key, signature, signature)).toBe(false);
      }),
    );
  });

  it("agree with plain OpenSSL on honest signatures, so that any Ed25519 library can make them", () => {
    const seed = seedOf("plain");
    const message = Uint8Array.of(1, 2, 3);
    expect(opensslVerify(null, message, createPublicKey(privateKeyObject(seed)), sign(seed, message))).toBe(true);
  });

  it("refuse what is no key at all without throwing", () => {
    for (const key of ["", "00", "zz".repeat(32), "ff".repeat(33), "AA".repeat(32)]) {
      const odd = key as ReturnType<typeof publicKeyOf>;
      expect(isAcceptablePublicKey(odd)).toBe(false);
      expect(verify(odd, new Uint8Array(1), new Uint8Array(64))).toBe(false);
      expect(verifyNative(odd, new Uint8Array(1), new Uint8Array(64))).toBe(false);
    }
  });

  it("are what a node checks at its start", () => {
    expect(() => checkSignatureEngine()).not.toThrow();
  });
});

describe("the native hasher", () => {
  it("gives the digests of the portable code, for one input and for many pairs", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 40 }), (data, pairs) => {
        expect(toHex(nativeHasher.sha256(data))).toBe(toHex(sha256(data)));
        const blocks = Uint8Array.from({ length: 64 * pairs }, (_, index) => (data[index % (data.length + 1)] ?? 7) ^ index);
        const each = Array.from({ length: pairs }, (_, at) => sha256(blocks.subarray(64 * at, 64 * at + 64)));
        const digests = new Uint8Array(32 * pairs);
        nativeHasher.sha256Pairs(blocks, digests);
        expect(toHex(digests)).toBe(toHex(concatBytes(...each)));
      }),
    );
  });

  it("gives the same tagged hashes, and no two tags give the same", () => {
    const data = Uint8Array.of(0, 1, 2);
    for (const tag of TAGS) {
      expect(taggedHash(tag, data, nativeHasher.sha256)).toBe(taggedHash(tag, data));
      expect(toHex(taggedHashBytes(tag, data))).toBe(toHex(sha256(concatBytes(new TextEncoder().encode(`${tag}\0`), data))));
    }
    expect(new Set(TAGS.map((tag) => taggedHash(tag, data))).size).toBe(TAGS.length);
    for (const tag of TAGS) expect(tag).toMatch(/^[a-z]+$/);
  });
});

describe("the verifier", () => {
  const faults: Error[] = [];
  let verifier: NativeVerifier;
  beforeAll(() => {
    verifier = new NativeVerifier((error) => faults.push(error));
  });
  afterAll(() => verifier.close());

  const seed = seedOf("verifier");
  const key = publicKeyOf(seed);
  const privateKey = privateKeyObject(seed);

  /** `count` items of which those at `bad` do not verify. */
  function items(count: number, bad: readonly number[] = []): readonly VerifyItem[] {
    return Array.from({ length: count }, (_, index) => {
      const message = Uint8Array.of(count & 255, index & 255, index >> 8);
      const signature = signNative(privateKey, bad.includes(index) ? Uint8Array.of(9) : message);
      return { key, message, signature };
    });
  }

  function ask(all: readonly VerifyItem[]): Promise<readonly boolean[]> {
    return new Promise((resolve) => verifier.verify(all, "transactions", resolve));
  }

  it.each([0, 1, 6, 7, 100, 2_500])("answers for each of %i signatures in its place", async (count) => {
    const bad = [0, 3, 6, 99, 2_499].filter((index) => index < count);
    const valid = await ask(items(count, bad));
    expect(valid).toEqual(Array.from({ length: count }, (_, index) => !bad.includes(index)));
  });

  it("answers never before the call returns", async () => {
    for (const count of [0, 1, 20]) {
      let answered = false;
      const answer = new Promise<void>((resolve) =>
        verifier.verify(items(count), "transactions", () => {
          answered = true;
          resolve();
        }),
      );
      expect(answered).toBe(false);
      await answer;
    }
  });

  it("answers in the order of the calls, whether few or many signatures are asked for", async () => {
    const sizes = [1, 50, 2, 700, 1, 1, 7, 6, 2_100, 3, 0, 40, 1];
    const order: number[] = [];
    await Promise.all(
      sizes.map(
        (size, at) =>
          new Promise<void>((resolve) =>
            verifier.verify(items(size), "transactions", (valid) => {
              expect(valid).toHaveLength(size);
              order.push(at);
              resolve();
            }),
          ),
      ),
    );
    expect(order).toEqual(sizes.map((_, at) => at));
  });

  it("lets no large request overtake a small one while this thread is busy", async () => {
    const small = items(1);
    const large = items(8);
    const pause = new Int32Array(new SharedArrayBuffer(4));
    for (let attempt = 0; attempt < 5; attempt++) {
      const order: string[] = [];
      await new Promise<void>((resolve) =>
        // From here, the worker's message is looked at before the next round of immediates.
        setImmediate(() => {
          verifier.verify(small, "transactions", () => order.push("small"));
          verifier.verify(large, "transactions", () => {
            order.push("large");
            resolve();
          });
          Atomics.wait(pause, 0, 0, 100);
        }),
      );
      expect(order).toEqual(["small", "large"]);
    }
  });

  it("has the next full batch at the worker before this thread finds time for the answer to the first", async () => {
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    const answered: string[] = [];
    for (const name of ["first", "second"]) verifier.verify(items(200), "transactions", () => answered.push(name));
    for (let turns = 0; turns < 3; turns++) await turn();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3_000);
    for (let turns = 0; turns < 2; turns++) await turn();
    expect(answered).toEqual(["first", "second"]);
  });

  it("lets votes pass by transactions", async () => {
    const order: string[] = [];
    const asked = (name: string, count: number, lane: "consensus" | "transactions"): Promise<void> =>
      new Promise((resolve) =>
        verifier.verify(items(count), lane, () => {
          order.push(name);
          resolve();
        }),
      );
    const transactions = [
      asked("first", 250, "transactions"),
      asked("second", 250, "transactions"),
      asked("third", 250, "transactions"),
    ];
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.all([...transactions, asked("vote", 1, "consensus")]);
    expect(order).toEqual(["vote", "first", "second", "third"]);
  });

  it("goes by the one rule for keys it has not seen and for unacceptable form", async () => {
    const others = Array.from({ length: 20 }, (_, index) => seedOf(`other ${index}`));
    const message = Uint8Array.of(5);
    const all = others.map((each, index) => {
      const signature = sign(each, message);
      return { key: publicKeyOf(each), message, signature: index % 2 === 0 ? signature : signature.slice(0, 63) };
    });
    expect(await ask(all)).toEqual(others.map((_, index) => index % 2 === 0));
  });

  it("had no fault in all this", () => {
    expect(faults).toEqual([]);
  });
});
