import { concatBytes } from "../../src/lib/bytes.ts";
import type { Prng } from "../../src/lib/prng.ts";

interface Item {
  readonly start: number;
  readonly end: number;
  readonly headEnd: number;
  readonly major: number;
}

const ARGUMENTS = [
  0n,
  1n,
  22n,
  23n,
  24n,
  255n,
  256n,
  65_535n,
  65_536n,
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 53n,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 1n,
];
const ODD_BYTES = [
  0x00, 0x17, 0x18, 0x1b, 0x20, 0x40, 0x5f, 0x60, 0x7f, 0x80, 0x9f, 0xa0, 0xbf, 0xc2, 0xd9, 0xf4, 0xf6, 0xf7, 0xf9, 0xfb, 0xff,
];
const ITEMS_MAX = 4_096;
const LENGTH_MAX = 1 << 17;

/** A changed copy of an input; `other` is a second one to take pieces from. */
export function mutateCbor(input: Uint8Array, other: Uint8Array, random: Prng): Uint8Array {
  let bytes = input;
  for (let changes = random.between(1, 3); changes > 0; changes--)
    bytes = random.chance(600) ? changeItem(bytes, other, random) : changeBytes(bytes, other, random);
  return bytes.length > LENGTH_MAX ? bytes.slice(0, LENGTH_MAX) : bytes;
}

/** As somebody would who knows the format: whole items are exchanged, heads say other lengths and kinds. */
function changeItem(bytes: Uint8Array, other: Uint8Array, random: Prng): Uint8Array {
  const items = itemsOf(bytes);
  if (items.length === 0) return changeBytes(bytes, other, random);
  const item = random.pick(items);
  const replace = (by: Uint8Array): Uint8Array => splice(bytes, item.start, item.end, by);
  switch (random.below(8)) {
    case 0:
      return splice(bytes, item.start, item.headEnd, head(item.major, random.pick(ARGUMENTS), random.chance(150)));
    case 1:
      return splice(bytes, item.start, item.headEnd, head(random.below(8), BigInt(random.below(30)), false));
    case 2:
      return replace(new Uint8Array(0));
    case 3:
      return replace(concatBytes(bytes.subarray(item.start, item.end), bytes.subarray(item.start, item.end)));
    case 4: {
      const theirs = itemsOf(other);
      if (theirs.length === 0) return bytes;
      const taken = random.pick(theirs);
      return replace(other.subarray(taken.start, taken.end));
    }
    case 5: {
      const second = random.pick(items);
      return replace(bytes.subarray(second.start, second.end));
    }
    case 6:
      return replace(
        random.pick([
          Uint8Array.of(0xf6),
          Uint8Array.of(0xf5),
          Uint8Array.of(0x80),
          Uint8Array.of(0xa0),
          Uint8Array.of(0x40),
          Uint8Array.of(0x60),
          head(0, random.pick(ARGUMENTS), false),
          head(1, random.pick(ARGUMENTS), false),
        ]),
      );
    default:
      return splice(
        bytes,
        item.start,
        item.start,
        random.pick([Uint8Array.of(0x81), Uint8Array.of(0xc1), Uint8Array.of(0xd8, 0x18), Uint8Array.of(0xa1, 0x61, 0x61)]),
      );
  }
}

/** As a broken wire or somebody without knowledge would. */
export function changeBytes(bytes: Uint8Array, other: Uint8Array, random: Prng): Uint8Array {
  const at = bytes.length === 0 ? 0 : random.below(bytes.length);
  switch (random.below(7)) {
    case 0: {
      const copy = bytes.slice();
      if (copy.length > 0) copy[at] = (copy[at] as number) ^ (1 << random.below(8));
      return copy;
    }
    case 1: {
      const copy = bytes.slice();
      if (copy.length > 0) copy[at] = random.pick(ODD_BYTES);
      return copy;
    }
    case 2:
      return bytes.slice(0, at);
    case 3:
      return splice(
        bytes,
        at,
        at,
        Uint8Array.from({ length: random.between(1, 9) }, () => random.pick(ODD_BYTES)),
      );
    case 4:
      return splice(bytes, at, Math.min(bytes.length, at + random.between(1, 9)), new Uint8Array(0));
    case 5: {
      const from = other.length === 0 ? 0 : random.below(other.length);
      return splice(bytes, at, Math.min(bytes.length, at + random.below(40)), other.subarray(from, from + random.between(1, 60)));
    }
    default:
      return concatBytes(bytes, random.chance(500) ? Uint8Array.of(random.below(256)) : other.subarray(0, random.below(64)));
  }
}

const TOKEN = /[A-Za-z0-9_.:-]+|\s+|./gsu;
const ODD_TOKENS = [
  "",
  "0",
  "-1",
  "1e999",
  "9223372036854775808",
  "null",
  "true",
  "[]",
  "{}",
  '""',
  '"',
  "\\u0000",
  "\ud800",
  "__proto__",
  "constructor",
  "<",
  ">",
  "&#0;",
  "]]>",
  "<!--",
  "9".repeat(40),
  "é",
  "\u{1f600}",
];

/** The same for text: tokens are dropped, doubled, exchanged. */
export function mutateText(input: Uint8Array, other: Uint8Array, random: Prng): Uint8Array {
  if (random.chance(200)) return changeBytes(input, other, random);
  const decoder = new TextDecoder();
  const tokens: string[] = decoder.decode(input).match(TOKEN) ?? [];
  const theirs: string[] = decoder.decode(other).match(TOKEN) ?? [];
  for (let changes = random.between(1, 3); changes > 0 && tokens.length > 0; changes--) {
    const at = random.below(tokens.length);
    const drawn = random.chance(500) || theirs.length === 0 ? random.pick(ODD_TOKENS) : random.pick(theirs);
    switch (random.below(5)) {
      case 0:
        tokens.splice(at, 1);
        break;
      case 1:
        tokens.splice(at, 0, drawn);
        break;
      case 2:
        tokens.splice(at, 0, ...tokens.slice(at, at + random.between(1, 30)));
        break;
      case 3:
        tokens[at] = drawn;
        break;
      default:
        tokens[at] = tokens[random.below(tokens.length)] as string;
    }
  }
  return new TextEncoder().encode(tokens.join("")).slice(0, LENGTH_MAX);
}

/** Items of every level, as far as the bytes make sense. */
function itemsOf(bytes: Uint8Array): readonly Item[] {
  const items: Item[] = [];
  const walk = (at: number, depth: number): number => {
    if (at >= bytes.length || depth > 40 || items.length >= ITEMS_MAX) return -1;
    const major = (bytes[at] as number) >> 5;
    const info = (bytes[at] as number) & 31;
    const extra = info < 24 ? 0 : info === 24 ? 1 : info === 25 ? 2 : info === 26 ? 4 : info === 27 ? 8 : -1;
    const headEnd = at + 1 + extra;
    if (extra < 0 || headEnd > bytes.length) return -1;
    let argument = info;
    if (extra > 0) {
      argument = 0;
      for (let index = at + 1; index < headEnd; index++) argument = argument * 256 + (bytes[index] as number);
    }
    let end = headEnd;
    if (major === 2 || major === 3) end += argument;
    else if (major === 4 || major === 5) {
      for (let left = major === 4 ? argument : 2 * argument; left > 0; left--) {
        end = walk(end, depth + 1);
        if (end < 0) return -1;
      }
    } else if (major === 6) end = walk(end, depth + 1);
    if (end < 0 || end > bytes.length) return -1;
    items.push({ start: at, end, headEnd, major });
    return end;
  };
  walk(0, 0);
  return items;
}

/** The head of an item; `long` writes it longer than need be. */
function head(major: number, argument: bigint, long: boolean): Uint8Array {
  const size = long ? 8 : argument < 24n ? 0 : argument < 256n ? 1 : argument < 65_536n ? 2 : argument < 2n ** 32n ? 4 : 8;
  const bytes = new Uint8Array(1 + size);
  bytes[0] = (major << 5) | (size === 0 ? Number(argument) : 24 + Math.log2(size));
  for (let index = 0; index < size; index++) bytes[size - index] = Number((argument >> BigInt(8 * index)) & 255n);
  return bytes;
}

function splice(bytes: Uint8Array, from: number, to: number, by: Uint8Array): Uint8Array {
  return concatBytes(bytes.subarray(0, from), by, bytes.subarray(to));
}
