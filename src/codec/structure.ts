import { LIMITS } from "../types/limits.ts";

export type StructureFault =
  | "TRUNCATED"
  | "TRAILING_BYTES"
  | "NOT_SHORTEST"
  | "INDEFINITE_LENGTH"
  | "INTEGER_RANGE"
  | "INVALID_UTF8"
  | "BYTE_ORDER_MARK"
  | "NESTING"
  | "KEY_NOT_TEXT"
  | "KEY_ORDER"
  | "TAG"
  | "FLOAT_OR_SIMPLE";

/**
 * Whether bytes are one item of the deterministic subset of CBOR (RFC 8949 §4.2.1; protocol.md §1): shortest heads, definite
 * lengths, integers within ±2^63, text keys in bytewise order without duplicates, valid UTF-8 that does not begin with a byte order
 * mark, no tags, no floats, nesting within its limit, nothing behind. One pass, no allocation that grows with lengths the bytes claim. What passes is safe for cbor-x, whose
 * own decoder hangs, overflows or accepts many encodings of one value on hostile bytes.
 */
export function checkStructure(bytes: Uint8Array): StructureFault | null {
  return scanner.start(bytes);
}

class Scanner {
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #argument = 0;

  start(bytes: Uint8Array): StructureFault | null {
    this.#bytes = bytes;
    this.#at = 0;
    const fault = this.#item(0);
    const end = this.#at;
    this.#bytes = EMPTY;
    if (fault !== null) return fault;
    return end === bytes.length ? null : "TRAILING_BYTES";
  }

  #item(depth: number): StructureFault | null {
    if (depth > LIMITS.nestingMax) return "NESTING";
    const initial = this.#bytes[this.#at];
    if (initial === undefined) return "TRUNCATED";
    const major = initial >> 5;
    if (major === 7) {
      if (initial !== 0xf4 && initial !== 0xf5 && initial !== 0xf6) return "FLOAT_OR_SIMPLE";
      this.#at += 1;
      return null;
    }
    if (major === 6) return "TAG";
    const fault = this.#head(major <= 1);
    if (fault !== null) return fault;
    switch (major) {
      case 0:
      case 1:
        return null;
      case 2:
        return this.#skip(this.#argument);
      case 3:
        return this.#text(this.#argument);
      case 4:
        return this.#array(this.#argument, depth);
      default:
        return this.#map(this.#argument, depth);
    }
  }

  /** Reads the head's argument; for lengths it must be a safe integer, for integers only its range matters. */
  #head(integer: boolean): StructureFault | null {
    const bytes = this.#bytes;
    const info = (bytes[this.#at] as number) & 31;
    if (info < 24) {
      this.#argument = info;
      this.#at += 1;
      return null;
    }
    if (info === 31) return "INDEFINITE_LENGTH";
    if (info > 27) return "FLOAT_OR_SIMPLE";
    const width = 1 << (info - 24);
    if (this.#at + 1 + width > bytes.length) return "TRUNCATED";
    let value = 0;
    for (let index = 1; index <= width; index++) value = value * 256 + (bytes[this.#at + index] as number);
    // For 8 bytes the number may be rounded, which matters neither for the shortest-form test nor for a length beyond the buffer.
    if (width === 8 && (bytes[this.#at + 1] as number) >= 0x80) return integer ? "INTEGER_RANGE" : "TRUNCATED";
    if (value < (SHORTEST[info - 24] as number)) return "NOT_SHORTEST";
    this.#argument = value;
    this.#at += 1 + width;
    return null;
  }

  #skip(length: number): StructureFault | null {
    if (length > this.#bytes.length - this.#at) return "TRUNCATED";
    this.#at += length;
    return null;
  }

  #array(items: number, depth: number): StructureFault | null {
    // Every item takes a byte at least.
    if (items > this.#bytes.length - this.#at) return "TRUNCATED";
    for (let index = 0; index < items; index++) {
      const fault = this.#item(depth + 1);
      if (fault !== null) return fault;
    }
    return null;
  }

  #map(entries: number, depth: number): StructureFault | null {
    if (entries * 2 > this.#bytes.length - this.#at) return "TRUNCATED";
    let previousFrom = -1;
    let previousTo = -1;
    for (let index = 0; index < entries; index++) {
      const from = this.#at;
      const initial = this.#bytes[from];
      if (initial === undefined) return "TRUNCATED";
      if (initial >> 5 !== 3) return "KEY_NOT_TEXT";
      const keyFault = this.#item(depth + 1);
      if (keyFault !== null) return keyFault;
      if (previousFrom >= 0 && !this.#ascends(previousFrom, previousTo, from, this.#at)) return "KEY_ORDER";
      previousFrom = from;
      previousTo = this.#at;
      const fault = this.#item(depth + 1);
      if (fault !== null) return fault;
    }
    return null;
  }

  /** Bytewise order of two encoded keys. */
  #ascends(leftFrom: number, leftTo: number, rightFrom: number, rightTo: number): boolean {
    const bytes = this.#bytes;
    const shared = Math.min(leftTo - leftFrom, rightTo - rightFrom);
    for (let index = 0; index < shared; index++) {
      const difference = (bytes[leftFrom + index] as number) - (bytes[rightFrom + index] as number);
      if (difference !== 0) return difference < 0;
    }
    return leftTo - leftFrom < rightTo - rightFrom;
  }

  /** RFC 3629: no overlong forms, no surrogates, nothing beyond U+10FFFF. */
  #text(length: number): StructureFault | null {
    const bytes = this.#bytes;
    if (length > bytes.length - this.#at) return "TRUNCATED";
    const end = this.#at + length;
    let at = this.#at;
    // cbor-x keeps a leading mark or drops it, depending on the text's length and on whether its native part is installed.
    if (length >= 3 && bytes[at] === 0xef && bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf) return "BYTE_ORDER_MARK";
    while (at < end) {
      const lead = bytes[at] as number;
      if (lead < 0x80) {
        at += 1;
        continue;
      }
      const more = lead >= 0xc2 && lead <= 0xdf ? 1 : lead >= 0xe0 && lead <= 0xef ? 2 : lead >= 0xf0 && lead <= 0xf4 ? 3 : 0;
      if (more === 0 || at + more >= end) return "INVALID_UTF8";
      const second = bytes[at + 1] as number;
      const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
      const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
      if (second < low || second > high) return "INVALID_UTF8";
      for (let index = 2; index <= more; index++) {
        if (((bytes[at + index] as number) & 0xc0) !== 0x80) return "INVALID_UTF8";
      }
      at += more + 1;
    }
    this.#at = end;
    return null;
  }
}

const EMPTY = new Uint8Array(0);
/** The least value that needs 1, 2, 4 and 8 bytes behind the initial one. */
const SHORTEST: readonly number[] = [24, 0x100, 0x1_0000, 0x1_0000_0000];
const scanner = new Scanner();
