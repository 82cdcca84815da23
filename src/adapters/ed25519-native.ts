import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { hasAcceptableForm } from "../crypto/ed25519.ts";
import { fromHex } from "../lib/bytes.ts";
import type { PublicKey, Signature } from "../types/scalars.ts";

/** DER prefixes of RFC 8410 for a raw public key and seed. */
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
const KEYS_CACHED_MAX = 50_000;

const keys = new Map<PublicKey, KeyObject>();

/** The one rule (protocol.md §1) with OpenSSL: the checks engines disagree on are ours, the equation is OpenSSL's. Expects an acceptable key. */
export function verifyNative(key: PublicKey, message: Uint8Array, signature: Signature): boolean {
  if (!hasAcceptableForm(signature)) return false;
  try {
    return verify(null, message, keyObject(key), signature);
  } catch {
    return false;
  }
}

export function signNative(privateKey: KeyObject, message: Uint8Array): Signature {
  return new Uint8Array(sign(null, message, privateKey));
}

export function privateKeyObject(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: "der", type: "pkcs8" });
}

/** Making a key object costs a third of a verification, so those in use are kept. */
function keyObject(key: PublicKey): KeyObject {
  const known = keys.get(key);
  if (known !== undefined) return known;
  const made = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, fromHex(key) as Uint8Array]), format: "der", type: "spki" });
  if (keys.size >= KEYS_CACHED_MAX) keys.delete(keys.keys().next().value as PublicKey);
  keys.set(key, made);
  return made;
}
