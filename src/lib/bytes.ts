const HEX_DIGITS = "0123456789abcdef";
/** Code of the digit of each nibble. */
const NIBBLE_TO_CODE = Array.from(HEX_DIGITS, (digit) => digit.charCodeAt(0));
const CODE_TO_NIBBLE = new Int8Array(128).fill(-1);
for (let value = 0; value < 16; value++) CODE_TO_NIBBLE[HEX_DIGITS.charCodeAt(value)] = value;

/** Digits of 32 bytes, by far the most frequent: one flat string instead of thirty-two joined ones. */
const digits = new Array<number>(64).fill(0);

/** Lower-case hex, two digits a byte. */
export function toHex(bytes: Uint8Array): string {
  let hex = "";
  for (let from = 0; from < bytes.length; from += 32) {
    const count = Math.min(32, bytes.length - from);
    for (let index = 0; index < count; index++) {
      const byte = bytes[from + index] as number;
      digits[2 * index] = NIBBLE_TO_CODE[byte >> 4] as number;
      digits[2 * index + 1] = NIBBLE_TO_CODE[byte & 15] as number;
    }
    hex += String.fromCharCode.apply(null, count === 32 ? digits : digits.slice(0, 2 * count));
  }
  return hex;
}

/** The bytes of a lower-case hex string, or undefined if it is anything else (odd length, upper case, other characters). */
export function fromHex(hex: string): Uint8Array | undefined {
  if (hex.length % 2 !== 0) return undefined;
  const bytes = new Uint8Array(hex.length / 2);
  return writeHex(hex, bytes, 0) ? bytes : undefined;
}

/** Writes the bytes of a lower-case hex string of even length to `target` from `at` on; false if it is anything else. */
export function writeHex(hex: string, target: Uint8Array, at: number): boolean {
  for (let index = 0; index < hex.length; index += 2) {
    const high = CODE_TO_NIBBLE[hex.charCodeAt(index)] ?? -1;
    const low = CODE_TO_NIBBLE[hex.charCodeAt(index + 1)] ?? -1;
    if (high < 0 || low < 0) return false;
    target[at + (index >> 1)] = (high << 4) | low;
  }
  return true;
}

const SLAB_BYTES = 16 * 1024;
let slab = new Uint8Array(SLAB_BYTES);
let slabUsed = 0;

/**
 * Zeroed bytes for what is written once and soon dropped (keys, encodings): small ones share a slab, which lives as long as any of them.
 * An array of its own costs a call of the system's allocator, the shortest ones as soon as native code sees them: storing a row of two
 * such arrays takes three times as long. Not for what is kept in numbers, nor for what goes to another thread.
 */
export function shortLived(length: number): Uint8Array {
  if (length === 0 || length > SLAB_BYTES / 4) return new Uint8Array(length);
  if (slabUsed + length > SLAB_BYTES) {
    slab = new Uint8Array(SLAB_BYTES);
    slabUsed = 0;
  }
  slabUsed += length;
  // To ask the slab for a part of itself would take half as long again.
  return new Uint8Array(slab.buffer, slabUsed - length, length);
}

/** Four bytes, big endian. */
export function writeUint32(target: Uint8Array, at: number, value: number): void {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
}

export function readUint32(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  return high * 0x1_0000 + (((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number));
}

/** Eight bytes, big endian, of a safe integer from 0 on. */
export function writeUint64(target: Uint8Array, at: number, value: number): void {
  writeUint32(target, at, Math.floor(value / 0x1_0000_0000));
  writeUint32(target, at + 4, value % 0x1_0000_0000);
}

export function readUint64(bytes: Uint8Array, at: number): number {
  return readUint32(bytes, at) * 0x1_0000_0000 + readUint32(bytes, at + 4);
}

/** Bytewise lexicographic order: negative, zero or positive; a proper prefix comes first. */
export function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const shared = Math.min(left.length, right.length);
  for (let index = 0; index < shared; index++) {
    const difference = (left[index] as number) - (right[index] as number);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && compareBytes(left, right) === 0;
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** Order of strings by UTF-16 code unit, the same everywhere; for hex and ASCII it is bytewise. Never `localeCompare`. */
export function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** One character a byte: the name of a byte string as a map's key. */
export function toLatin1(bytes: Uint8Array): string {
  return String.fromCharCode.apply(null, bytes as unknown as number[]);
}
