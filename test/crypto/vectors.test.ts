import { createPublicKey, verify as opensslVerify } from "node:crypto";
import { describe, expect, it } from "vitest";
import { privateKeyObject, signNative, verifyNative } from "../../src/adapters/ed25519-native.ts";
import { SELF_CHECK_CASES } from "../../src/adapters/self-check-cases.ts";
import { hasAcceptableForm, isAcceptablePublicKey, publicKeyOf, sign, verify } from "../../src/crypto/ed25519.ts";
import { toHex } from "../../src/lib/bytes.ts";
import type { PublicKey } from "../../src/types/scalars.ts";
import { bytesOf } from "../codec/support/sample.ts";
import vectors from "../vectors/ed25519.json" with { type: "json" };

/** DER prefix of RFC 8410 for a raw public key. */
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

describe("the frozen signatures", () => {
  it.each(vectors.signing)("signs $message as RFC 8032 does, portably and natively", ({ seed, key, message, signature }) => {
    expect(publicKeyOf(bytesOf(seed))).toBe(key);
    expect(toHex(sign(bytesOf(seed), bytesOf(message)))).toBe(signature);
    expect(toHex(signNative(privateKeyObject(bytesOf(seed)), bytesOf(message)))).toBe(signature);
  });

  it.each(vectors.cases)("judges $source: $name as frozen, portably and natively", (frozen) => {
    const key = frozen.key as PublicKey;
    const message = bytesOf(frozen.message);
    const signature = bytesOf(frozen.signature);
    const acceptable = isAcceptablePublicKey(key);
    expect(acceptable).toBe(frozen.acceptableKey);
    expect(acceptable && verify(key, message, signature)).toBe(frozen.valid);
    expect(acceptable && verifyNative(key, message, signature)).toBe(frozen.valid);
  });

  it("are judged alike by OpenSSL, behind the same checks of ours: the rule hangs on no one engine", () => {
    for (const { name, key, message, signature, valid } of vectors.cases) {
      if (!isAcceptablePublicKey(key as PublicKey) || !hasAcceptableForm(bytesOf(signature))) continue;
      const spki = Buffer.concat([SPKI_PREFIX, bytesOf(key)]);
      const made = createPublicKey({ key: spki, format: "der", type: "spki" });
      expect(opensslVerify(null, bytesOf(message), made, bytesOf(signature)), name).toBe(valid);
    }
  });

  it("hold all twelve cases of the published set, and refuse every one", () => {
    const published = vectors.cases.filter(({ source }) => source === "speccheck");
    expect(published).toHaveLength(12);
    expect(published.filter(({ valid }) => valid)).toEqual([]);
  });

  it("need the check of the key: some signatures of unacceptable keys satisfy the equation", () => {
    const held = vectors.cases.filter(
      ({ acceptableKey, key, message, signature }) =>
        !acceptableKey && verify(key as PublicKey, bytesOf(message), bytesOf(signature)),
    );
    expect(held.length).toBeGreaterThan(0);
  });

  it("hold every case that a node checks at its start, with the same verdict", () => {
    for (const { name, key, message, signature, valid } of SELF_CHECK_CASES) {
      const frozen = vectors.cases.find(
        (entry) => entry.key === key && entry.message === toHex(message) && entry.signature === toHex(signature),
      );
      expect(frozen?.valid, name).toBe(valid);
    }
  });
});
