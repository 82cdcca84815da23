import { createHash, createPrivateKey, createPublicKey, hash, type KeyObject, sign, verify } from "node:crypto";
import { hasAcceptableForm, publicKeyOf } from "../crypto/ed25519.ts";
import { toHex } from "../lib/bytes.ts";
import type { Hasher, Signer, Verifier } from "../ports/crypto.ts";
import type { PublicKey, Signature } from "../types/scalars.ts";
import type { Scheduler } from "./scheduler.ts";

const DIGEST_BYTES = 32;

export const simulatedHasher: Hasher = {
  sha256: digest,
  sha256Pairs: (pairs, digests) => {
    for (let at = 0; at < pairs.length; at += 64) digests.set(digest(pairs.subarray(at, at + 64)), at / 2);
  },
};

/** How keys sign in a run: by Ed25519, or, for most seeds, by a hash that costs nothing and that only the simulator believes. */
export interface Scheme {
  readonly sign: (seed: Uint8Array, message: Uint8Array) => Signature;
  readonly verify: (key: PublicKey, message: Uint8Array, signature: Signature) => boolean;
}

/** The one rule of protocol.md §1, as nodes apply it: what engines disagree on is checked first, then the platform verifies. */
export const ed25519Scheme: Scheme = {
  sign: (seed, message) => new Uint8Array(sign(null, message, privateKey(seed))),
  verify: (key, message, signature) => hasAcceptableForm(signature) && verify(null, message, publicKey(key), signature),
};

export const cheapScheme: Scheme = {
  sign: (seed, message) => mark(keyOf(seed), message),
  verify: (key, message, signature) => Buffer.compare(mark(key, message), signature) === 0,
};

export function simulatedSigner(
  scheme: Scheme,
  scheduler: Scheduler,
  seed: Uint8Array,
  publicKey: PublicKey,
  isAlive: () => boolean,
): Signer {
  return {
    publicKey,
    sign: (message, done) => {
      const signature = scheme === cheapScheme ? mark(publicKey, message) : scheme.sign(seed, message);
      scheduler.at(0, "signed", () => {
        if (isAlive()) done(null, signature);
      });
    },
  };
}

export function simulatedVerifier(scheme: Scheme, scheduler: Scheduler, isAlive: () => boolean): Verifier {
  return {
    verify: (items, _lane, done) => {
      const valid = items.map(({ key, message, signature }) => scheme.verify(key, message, signature));
      scheduler.at(0, "verified", () => {
        if (isAlive()) done(valid);
      });
    },
  };
}

function mark(key: PublicKey, message: Uint8Array): Signature {
  const half = createHash("sha256").update(key).update(message).digest();
  return new Uint8Array(Buffer.concat([half, createHash("sha256").update(half).digest()]));
}

/** As a string of one character a byte: a Buffer of its own for each digest would cost three times as much. */
function digest(bytes: Uint8Array): Uint8Array {
  const text = hash("sha256", bytes, "binary");
  const digested = new Uint8Array(DIGEST_BYTES);
  for (let index = 0; index < DIGEST_BYTES; index++) digested[index] = text.charCodeAt(index);
  return digested;
}

/** Keys made from names are the same in every seed, and making one costs as much as ten signatures. */
const keys = new Map<string, PublicKey>();
export function keyOf(seed: Uint8Array): PublicKey {
  const name = toHex(seed);
  let key = keys.get(name);
  if (key === undefined) {
    key = publicKeyOf(seed);
    keys.set(name, key);
  }
  return key;
}

const PKCS8_HEAD = Buffer.from("302e020100300506032b657004220420", "hex");
const SPKI_HEAD = Buffer.from("302a300506032b6570032100", "hex");
const secrets = new Map<string, KeyObject>();
const publics = new Map<PublicKey, KeyObject>();

function privateKey(seed: Uint8Array): KeyObject {
  const name = toHex(seed);
  const known = secrets.get(name);
  if (known !== undefined) return known;
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: "der", type: "pkcs8" });
  secrets.set(name, key);
  return key;
}

function publicKey(key: PublicKey): KeyObject {
  const known = publics.get(key);
  if (known !== undefined) return known;
  const object = createPublicKey({ key: Buffer.concat([SPKI_HEAD, Buffer.from(key, "hex")]), format: "der", type: "spki" });
  publics.set(key, object);
  return object;
}
