import { hash as nodeHash } from "node:crypto";
import { hashInto } from "@chainsafe/hashtree";
import type { Hasher } from "../ports/crypto.ts";

const DIGEST_BYTES = 32;

/** SHA-256 by OpenSSL, many pairs by hashtree's vector code: the same digests as the portable code, which tests hold them to. */
export const nativeHasher: Hasher = {
  sha256: (bytes) => {
    const digest = new Uint8Array(DIGEST_BYTES);
    write(bytes, digest, 0);
    return digest;
  },
  sha256Pairs: hashInto,
};

/** As a string of one character a byte: a Buffer of its own for each digest would cost three times as much. */
function write(bytes: Uint8Array, target: Uint8Array, at: number): void {
  const digest = nodeHash("sha256", bytes, "binary");
  for (let index = 0; index < DIGEST_BYTES; index++) target[at + index] = digest.charCodeAt(index);
}
