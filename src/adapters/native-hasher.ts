import { hash as nodeHash } from "node:crypto";
import { hash as hashtree } from "@chainsafe/hashtree";
import type { Hasher } from "../ports/crypto.ts";

/** SHA-256 by OpenSSL, pairs by hashtree's vector code: the same digests as the portable code, which tests hold them to. */
export const nativeHasher: Hasher = {
  sha256: (bytes) => {
    const digest = nodeHash("sha256", bytes, "buffer");
    return new Uint8Array(digest.buffer, digest.byteOffset, digest.length);
  },
  sha256Pairs: (pairs) => hashtree(pairs),
};
