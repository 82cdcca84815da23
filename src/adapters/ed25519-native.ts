import { createPrivateKey, type KeyObject, sign } from "node:crypto";
import sodium from "sodium-native";
import { hasAcceptableForm } from "../crypto/ed25519.ts";
import { fromHex } from "../lib/bytes.ts";
import type { PublicKey, Signature } from "../types/scalars.ts";

/** DER prefix of RFC 8410 for a raw seed. */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
const KEYS_CACHED_MAX = 50_000;
const KEY_BYTES = 32;

const keys = new Map<PublicKey, Uint8Array>();

/**
 * The one rule (protocol.md §1) with libsodium, which takes half of OpenSSL's time: the checks engines disagree on are ours, the equation is
 * libsodium's. Expects an acceptable key.
 */
export function verifyNative(key: PublicKey, message: Uint8Array, signature: Signature): boolean {
  if (!hasAcceptableForm(signature)) return false;
  const bytes = keyBytes(key);
  return bytes?.length === KEY_BYTES && sodium.crypto_sign_verify_detached(signature, message, bytes);
}

export function signNative(privateKey: KeyObject, message: Uint8Array): Signature {
  return new Uint8Array(sign(null, message, privateKey));
}

export function privateKeyObject(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: "der", type: "pkcs8" });
}

/** A signer's key comes again and again. */
function keyBytes(key: PublicKey): Uint8Array | undefined {
  const known = keys.get(key);
  if (known !== undefined) return known;
  const bytes = fromHex(key);
  if (bytes === undefined) return undefined;
  if (keys.size >= KEYS_CACHED_MAX) keys.delete(keys.keys().next().value as PublicKey);
  keys.set(key, bytes);
  return bytes;
}
