import { crc32 as nativeCrc32 } from "node:zlib";

/** Below this a call into native code costs more than it saves. */
const NATIVE_FROM_BYTES = 128;

function tableOf(polynomial: number): Int32Array {
  return Int32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    return crc;
  });
}

const IEEE = tableOf(0xedb88320);
const CASTAGNOLI = tableOf(0x82f63b78);

function crcBy(table: Int32Array, bytes: Uint8Array, before: number): number {
  let crc = ~before;
  for (let index = 0; index < bytes.length; index++)
    crc = (table[(crc ^ (bytes[index] as number)) & 255] as number) ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** CRC-32 as in zlib; `before` is the checksum of what stands in front. */
export function crc32(bytes: Uint8Array, before = 0): number {
  return bytes.length < NATIVE_FROM_BYTES ? crcBy(IEEE, bytes, before) : nativeCrc32(bytes, before);
}

/** CRC-32C, which LevelDB uses. */
export function crc32c(bytes: Uint8Array): number {
  return crcBy(CASTAGNOLI, bytes, 0);
}
