import { assert } from "../lib/assert.ts";
import { shortLived, writeHex } from "../lib/bytes.ts";

const TEXT = new TextEncoder();

/** RFC 8949 §3.1 major types, shifted into the initial byte. */
const MAJOR = { unsigned: 0x00, negative: 0x20, bytes: 0x40, text: 0x60, array: 0x80, map: 0xa0, simple: 0xe0 } as const;
const SHORT_BYTES = 32;
const INTEGER_MAX = 2n ** 63n - 1n;
const INTEGER_MIN = -(2n ** 63n);

/**
 * Appends deterministic CBOR (RFC 8949 §4.2.1) to a growing buffer: shortest integers, definite lengths. cbor-x has no
 * canonical mode for encoding (integers from 2^32 become floats, keys keep insertion order), so writing is done here.
 * Order of map keys is the caller's duty; `schema.ts` is the only caller.
 */
export class Writer {
  #buffer: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacity = 512) {
    this.#buffer = new Uint8Array(capacity);
    this.#view = new DataView(this.#buffer.buffer);
  }

  /** A copy of what was written so far. */
  finish(): Uint8Array {
    const copy = shortLived(this.#length);
    copy.set(this.#buffer.subarray(0, this.#length));
    return copy;
  }

  reset(): void {
    this.#length = 0;
  }

  integer(value: number | bigint): void {
    if (typeof value === "number") {
      assert(Number.isSafeInteger(value), "only safe integers are written as numbers");
      if (value >= 0) this.#head(MAJOR.unsigned, value);
      else this.#head(MAJOR.negative, -1 - value);
      return;
    }
    assert(value >= INTEGER_MIN && value <= INTEGER_MAX, "integers are within ±2^63");
    if (value >= 0n) this.#bigHead(MAJOR.unsigned, value);
    else this.#bigHead(MAJOR.negative, -1n - value);
  }

  bytes(value: Uint8Array): void {
    this.#head(MAJOR.bytes, value.length);
    this.raw(value);
  }

  /** The bytes that lower-case hex digits stand for. */
  hex(digits: string): void {
    const length = digits.length >> 1;
    this.#head(MAJOR.bytes, length);
    this.#reserve(length);
    const isHex = digits.length % 2 === 0 && writeHex(digits, this.#buffer, this.#length);
    assert(isHex, "hashes, ids and keys are lower-case hex in memory");
    this.#length += length;
  }

  text(value: string): void {
    if (!this.#shortAscii(value)) this.#unicode(value);
  }

  /** Nearly all text is short and ASCII: written without an encoder. */
  #shortAscii(value: string): boolean {
    const { length } = value;
    if (length >= 0x100) return false;
    this.#reserve(length + 2);
    const from = this.#length + (length < 24 ? 1 : 2);
    for (let index = 0; index < length; index++) {
      const code = value.charCodeAt(index);
      if (code >= 0x80) return false;
      this.#buffer[from + index] = code;
    }
    this.#head(MAJOR.text, length);
    this.#length += length;
    return true;
  }

  #unicode(value: string): void {
    const encoded = TEXT.encode(value);
    this.#head(MAJOR.text, encoded.length);
    this.raw(encoded);
  }

  /** Bytes that are already deterministic CBOR. */
  raw(encoded: Uint8Array): void {
    const { length } = encoded;
    this.#reserve(length);
    // Names of fields: to call the engine's own copying would take several times as long.
    if (length <= SHORT_BYTES)
      for (let index = 0; index < length; index++) this.#buffer[this.#length + index] = encoded[index] as number;
    else this.#buffer.set(encoded, this.#length);
    this.#length += length;
  }

  arrayHead(items: number): void {
    this.#head(MAJOR.array, items);
  }

  mapHead(entries: number): void {
    this.#head(MAJOR.map, entries);
  }

  boolean(value: boolean): void {
    this.#reserve(1);
    this.#buffer[this.#length++] = MAJOR.simple | (value ? 21 : 20);
  }

  null(): void {
    this.#reserve(1);
    this.#buffer[this.#length++] = MAJOR.simple | 22;
  }

  #bigHead(major: number, value: bigint): void {
    if (value <= BigInt(Number.MAX_SAFE_INTEGER)) {
      this.#head(major, Number(value));
      return;
    }
    this.#reserve(9);
    this.#buffer[this.#length] = major | 27;
    this.#view.setBigUint64(this.#length + 1, value);
    this.#length += 9;
  }

  #head(major: number, value: number): void {
    this.#reserve(9);
    const at = this.#length;
    if (value < 24) {
      this.#buffer[at] = major | value;
      this.#length = at + 1;
    } else if (value < 0x100) {
      this.#buffer[at] = major | 24;
      this.#buffer[at + 1] = value;
      this.#length = at + 2;
    } else if (value < 0x1_0000) {
      this.#buffer[at] = major | 25;
      this.#view.setUint16(at + 1, value);
      this.#length = at + 3;
    } else if (value < 0x1_0000_0000) {
      this.#buffer[at] = major | 26;
      this.#view.setUint32(at + 1, value);
      this.#length = at + 5;
    } else {
      this.#buffer[at] = major | 27;
      this.#view.setUint32(at + 1, Math.floor(value / 0x1_0000_0000));
      this.#view.setUint32(at + 5, value % 0x1_0000_0000);
      this.#length = at + 9;
    }
  }

  #reserve(extra: number): void {
    const needed = this.#length + extra;
    if (needed <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
    this.#view = new DataView(grown.buffer);
  }
}
