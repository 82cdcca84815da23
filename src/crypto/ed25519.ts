import { getPublicKey, hashes, sign as nobleSign, Point } from "@noble/ed25519";
import { sha512 } from "@noble/hashes/sha2.js";
import { compareBytes, concatBytes, equalBytes, fromHex, toHex } from "../lib/bytes.ts";
import type { PublicKey, Signature } from "../types/scalars.ts";

hashes.sha512 = (message) => sha512(message);

const CURVE = Point.CURVE();
/** The group order L as 32 little-endian bytes, reversed here for a bytewise comparison. */
const ORDER_BIG_ENDIAN = fromHex(CURVE.n.toString(16).padStart(64, "0")) as Uint8Array;
const PRIME_BIG_ENDIAN = fromHex(CURVE.p.toString(16).padStart(64, "0")) as Uint8Array;

/** The canonical encodings of the eight points whose order divides the cofactor. */
const SMALL_ORDER: ReadonlySet<string> = new Set([
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0000000000000000000000000000000000000000000000000000000000000080",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
]);

/** The public key of a 32-byte seed (RFC 8032 §5.1.5). */
export function publicKeyOf(seed: Uint8Array): PublicKey {
  return toHex(getPublicKey(seed)) as PublicKey;
}

/** RFC 8032 §5.1.6, deterministic. */
export function sign(seed: Uint8Array, message: Uint8Array): Signature {
  return new Uint8Array(nobleSign(message, seed));
}

/**
 * Whether a key may enter the chain: a canonical encoding (y < p) of a point of prime order. Checked once, when the key enters;
 * `verify` relies on it.
 */
export function isAcceptablePublicKey(key: PublicKey): boolean {
  const encoded = fromHex(key);
  if (encoded === undefined || encoded.length !== 32) return false;
  const y = encoded.slice().reverse();
  y[0] = (y[0] as number) & 0x7f;
  if (compareBytes(y, PRIME_BIG_ENDIAN) >= 0) return false;
  const point = decodePoint(encoded);
  return point !== undefined && !point.isSmallOrder() && point.isTorsionFree() && equalBytes(point.toBytes(), encoded);
}

/** The checks of the one rule that engines disagree on: 64 bytes, S < L, R not a small-order encoding. */
export function hasAcceptableForm(signature: Signature): boolean {
  if (signature.length !== 64) return false;
  const s = signature.slice(32).reverse();
  return compareBytes(s, ORDER_BIG_ENDIAN) < 0 && !SMALL_ORDER.has(toHex(signature.subarray(0, 32)));
}

/**
 * The network's one verification rule (protocol.md §1), portable: S < L; R not of small order; [S]B − [h]A re-encoded equals R's
 * bytes (cofactorless). noble's own `verify` multiplies by the cofactor and would accept what a node refuses, so it is never called.
 * Variable time: only public data comes in.
 */
export function verify(key: PublicKey, message: Uint8Array, signature: Signature): boolean {
  if (!hasAcceptableForm(signature)) return false;
  const encodedKey = fromHex(key);
  const a = encodedKey === undefined ? undefined : decodePoint(encodedKey);
  if (encodedKey === undefined || a === undefined) return false;
  const r = signature.subarray(0, 32);
  const s = littleEndian(signature.subarray(32));
  const h = littleEndian(sha512(concatBytes(r, encodedKey, message))) % CURVE.n;
  const expected = Point.BASE.multiply(s, false).add(a.multiply(h, false).negate());
  return equalBytes(expected.toBytes(), r);
}

function decodePoint(encoded: Uint8Array): Point | undefined {
  try {
    return Point.fromBytes(encoded);
  } catch {
    return undefined;
  }
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(bytes.slice().reverse())}`);
}
