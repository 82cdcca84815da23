import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";
import { toHex } from "../lib/bytes.ts";
import type { Hash } from "../types/scalars.ts";

/** The one list of domain tags: no hash or signature of one kind can pass for another (protocol.md §1). Frozen; new ones are added. */
export const TAGS = [
  "genesis",
  "tx",
  "sigs",
  "obj",
  "block",
  "commit",
  "vote",
  "proposal",
  "evidence",
  "validators",
  "params",
  "key",
  "val",
  "leaf",
  "proof",
  "changes",
] as const;
export type Tag = (typeof TAGS)[number];

export type Sha256 = (bytes: Uint8Array) => Uint8Array;

/** FIPS 180-4, portable; the reference for the native hasher behind ports/crypto.ts. */
export const sha256: Sha256 = (bytes) => nobleSha256(bytes);

/** Puts the digest of each 64 bytes to `digests`, one behind the other; portable. */
export function sha256Pairs(pairs: Uint8Array, digests: Uint8Array): void {
  for (let at = 0; at < pairs.length; at += 64) digests.set(sha256(pairs.subarray(at, at + 64)), at / 2);
}

const PREFIXES: ReadonlyMap<Tag, Uint8Array> = new Map(
  TAGS.map((tag) => [tag, Uint8Array.from([...tag].map((letter) => letter.charCodeAt(0)).concat(0))]),
);

const scratch = new Uint8Array(1024);
/** The first so many bytes of it: a view costs a tenth of a digest. */
const scratches: Uint8Array[] = [];

/** `H(tag, bytes) = SHA-256(tag ‖ 0x00 ‖ bytes)`, 32 bytes. `digest` may be a native SHA-256 where speed matters. */
export function taggedHashBytes(tag: Tag, bytes: Uint8Array, digest: Sha256 = sha256): Uint8Array {
  const prefix = PREFIXES.get(tag) as Uint8Array;
  const length = prefix.length + bytes.length;
  // Every digest is finished when it returns, so short preimages share one buffer.
  const preimage = length <= scratch.length ? scratchOf(length) : new Uint8Array(length);
  for (let index = 0; index < prefix.length; index++) preimage[index] = prefix[index] as number;
  preimage.set(bytes, prefix.length);
  return digest(preimage);
}

function scratchOf(length: number): Uint8Array {
  const known = scratches[length];
  if (known !== undefined) return known;
  while (scratches.length <= length) scratches.push(scratch.subarray(0, scratches.length));
  return scratches[length] as Uint8Array;
}

/** What {@link taggedHashBytes} hashes, with so many bytes at the end still to be put in place. */
export function taggedPreimage(tag: Tag, length: number): Uint8Array {
  const prefix = PREFIXES.get(tag) as Uint8Array;
  const preimage = new Uint8Array(prefix.length + length);
  preimage.set(prefix);
  return preimage;
}

/** {@link taggedHashBytes} as 64 hex digits. */
export function taggedHash(tag: Tag, bytes: Uint8Array, digest: Sha256 = sha256): Hash {
  return toHex(taggedHashBytes(tag, bytes, digest)) as Hash;
}
