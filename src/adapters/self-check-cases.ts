import { fromHex } from "../lib/bytes.ts";
import type { Signature } from "../types/scalars.ts";

interface SelfCheckCase {
  readonly name: string;
  readonly key: string;
  readonly message: Uint8Array;
  readonly signature: Signature;
  readonly valid: boolean;
}

/** Crafted cases on which engines are known to differ (after "Taming the many EdDSAs"); all of them are in test/vectors, too. */
export const SELF_CHECK_CASES: readonly SelfCheckCase[] = [
  of(
    "an honest signature",
    "0d7550754e0800a5d237eef5826035766b9b3e5a15868a940ab289958788e3b0",
    "7a686f6e676c69616e",
    "aa9da14ea5e138df6440b4d6479950cd95d4c961d3bd84779e52c93bb19793abac5a7c9f86addffafaf688e72d3664102b6c56b32ee0d8f5b167eaf2e6919700",
    true,
  ),
  of(
    "S not below the group order",
    "0d7550754e0800a5d237eef5826035766b9b3e5a15868a940ab289958788e3b0",
    "7a686f6e676c69616e",
    "aa9da14ea5e138df6440b4d6479950cd95d4c961d3bd84779e52c93bb19793ab992e72fca010f252d193808a0c3043252b6c56b32ee0d8f5b167eaf2e6919710",
    false,
  ),
  of(
    "one bit of R changed",
    "0d7550754e0800a5d237eef5826035766b9b3e5a15868a940ab289958788e3b0",
    "7a686f6e676c69616e",
    "aa9da14fa5e138df6440b4d6479950cd95d4c961d3bd84779e52c93bb19793abac5a7c9f86addffafaf688e72d3664102b6c56b32ee0d8f5b167eaf2e6919700",
    false,
  ),
  of(
    "R with a part of order 8: holds with the cofactor only",
    "6e5f61ba609bbba9c014357bfce3f56f89d40aa22fdb4c7f593d6ed7f0980c70",
    "7a686f6e676c69616e",
    "8ea6b58beb2ecc0801fbd6c82c6dafee292cd29e8b6698bbb94c566b594d8ba909901e481bf6f8853973773f3d54f330e75917f822147cd89b4bd4066298c40d",
    false,
  ),
  of(
    "small-order key, small-order R",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "8c93255d71dcab10e8f379c26200f3c7bd5f09d9bc3068d3ef4edeb4853022b6",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a0000000000000000000000000000000000000000000000000000000000000000",
    false,
  ),
  of(
    "small-order key, mixed R",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79",
    "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04",
    false,
  ),
  of(
    "key of mixed order, holds without the cofactor",
    "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
    "9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79",
    "9046a64750444938de19f227bb80485e92b83fdb4b6506c160484c016cc1852f87909e14428a7a1d62e9f22f3d3ad7802db02eb2e688b6c52fcd6648a98bd009",
    false,
  ),
  of(
    "key of mixed order, holds with the cofactor only",
    "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
    "e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c",
    "160a1cb0dc9c0258cd0a7d23e94d8fa878bcb1925f2c64246b2dee1796bed5125ec6bc982a269b723e0668e540911a9a6a58921d6925e434ab10aa7940551a09",
    false,
  ),
  of(
    "S far above the group order",
    "442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623",
    "85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40",
    "8ce5b96c8f26d0ab6c47958c9e68b937104cd36e13c33566acd2fe8d38aa19427e71f98a473474f2f13f06f97c20d58cc3f54b8bd0d272f42b695dd7e89a8c22",
    false,
  ),
  of(
    "non-canonical R",
    "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
    "9bedc267423725d473888631ebf45988bad3db83851ee85c85e241a07d148b41",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff03be9678ac102edcd92b0210bb34d7428d12ffc5df5f37e359941266a4e35f0f",
    false,
  ),
  of(
    "non-canonical key",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "e96b7021eb39c1a163b6da4e3093dcd3f21387da4cc4572be588fafae23c155b",
    "a9d55260f765261eb9b84e106f665e00b867287a761990d7135963ee0a7d59dca5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04",
    false,
  ),
];

function of(name: string, key: string, message: string, signature: string, valid: boolean): SelfCheckCase {
  return { name, key, message: fromHex(message) as Uint8Array, signature: fromHex(signature) as Uint8Array, valid };
}
