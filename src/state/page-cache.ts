import { Page } from "./page.ts";
import { newWords, WORD_BYTES, type Words } from "./words.ts";

/** Chunks are this power of two of words: the lower bits of a place in memory are the word, the upper ones the chunk. */
const CHUNK_BITS = 16;
const CHUNK_WORDS = 1 << CHUNK_BITS;
/** Before a page in a chunk stand the two numbers of its place, its masks, and the words of all. */
const HEAD_WORDS = 4;
/** Deeper pages are not kept: of hashes nobody has found two that are alike for so long. */
const PLACE_NIBBLES_MAX = 12;
/** Beyond this share of the memory what was read or written longest ago is forgotten; below, only room is made. */
const LIVE_SHARE = 3 / 4;

/** Of an entry of the table: the numbers of the place, and where the page is, plus one; zero is an empty entry. */
const ENTRY_WORDS = 3;
const ENTRIES_MIN = 256;

/**
 * Hashed pages in a bounded amount of memory, by their paths. A million keys have 360,000 pages, too many for objects
 * of their own: the engine's collector would go over all of them again and again. So their bytes lie one behind the other in large
 * chunks, and a table of numbers says where. The chunks are a ring: when all are there, what is left of the oldest is moved together to make
 * room, or forgotten.
 *
 * A page that is answered lies in this memory and is good until the next `set`.
 */
export class PageCache {
  readonly #chunksMax: number;
  readonly #liveMax: number;
  readonly #chunks: Words[] = [];
  /** Words in use of each chunk but the current one. */
  readonly #used: number[] = [];
  #current = -1;
  #end = CHUNK_WORDS;
  /** Words of pages that are in the table. */
  #live = 0;

  #table = new Int32Array(ENTRIES_MIN * ENTRY_WORDS);
  #entries = 0;

  constructor(bytesMax: number) {
    this.#chunksMax = Math.max(1, Math.floor(bytesMax / (CHUNK_WORDS * WORD_BYTES)));
    this.#liveMax = LIVE_SHARE * this.#chunksMax * CHUNK_WORDS;
  }

  get(path: string): Page | undefined {
    return this.all([path])[0];
  }

  /** In three rounds, since nearly every look is at memory that the processor has to wait for: for many at a time, if it sees them coming. */
  all(paths: readonly string[]): readonly (Page | undefined)[] {
    const found = new Int32Array(paths.length);
    const masks = new Int32Array(paths.length);
    for (const [index, path] of paths.entries()) {
      if (path.length <= PLACE_NIBBLES_MAX) found[index] = this.#table[this.#find(highOf(path), lowOf(path)) + 2] as number;
    }
    for (let index = 0; index < found.length; index++) {
      const at = (found[index] as number) - 1;
      if (at >= 0) masks[index] = (this.#chunks[at >> CHUNK_BITS] as Words).words[(at & (CHUNK_WORDS - 1)) + 2] as number;
    }
    return paths.map((_, index) => {
      const at = (found[index] as number) - 1;
      if (at < 0) return undefined;
      return Page.at(this.#chunks[at >> CHUNK_BITS] as Words, (at & (CHUNK_WORDS - 1)) + HEAD_WORDS, masks[index] as number);
    });
  }

  set(path: string, page: Page): void {
    if (path.length > PLACE_NIBBLES_MAX) return;
    const [high, low] = [highOf(path), lowOf(path)];
    const entry = this.#find(high, low);
    const known = this.#table[entry + 2] as number;
    const words = HEAD_WORDS + page.size;
    if (known !== 0) {
      const old = this.#wordsAt(known - 1);
      if (old === words) {
        this.#put(known - 1, high, low, page);
        return;
      }
      this.#live -= old;
      this.#remove(entry);
    }
    if (this.#end + words > CHUNK_WORDS) this.#makeRoom(words);
    const at = this.#current * CHUNK_WORDS + this.#end;
    this.#put(at, high, low, page);
    this.#end += words;
    this.#live += words;
    this.#add(high, low, at);
  }

  delete(path: string): void {
    if (path.length > PLACE_NIBBLES_MAX) return;
    const entry = this.#find(highOf(path), lowOf(path));
    const known = this.#table[entry + 2] as number;
    if (known === 0) return;
    this.#live -= this.#wordsAt(known - 1);
    this.#remove(entry);
  }

  // — the chunks —

  /** Of a page with what stands before it. */
  #wordsAt(at: number): number {
    return (this.#chunks[at >> CHUNK_BITS] as Words).words[(at & (CHUNK_WORDS - 1)) + 3] as number;
  }

  #put(at: number, high: number, low: number, page: Page): void {
    const chunk = this.#chunks[at >> CHUNK_BITS] as Words;
    const from = at & (CHUNK_WORDS - 1);
    chunk.words[from] = high;
    chunk.words[from + 1] = low;
    chunk.words[from + 2] = page.masks;
    chunk.words[from + 3] = HEAD_WORDS + page.size;
    page.copyTo(chunk.words, from + HEAD_WORDS);
  }

  #makeRoom(words: number): void {
    if (this.#current >= 0) this.#used[this.#current] = this.#end;
    if (this.#chunks.length < this.#chunksMax) {
      this.#current = this.#chunks.push(newWords(CHUNK_WORDS)) - 1;
      this.#end = 0;
      return;
    }
    for (let tried = 0; this.#end + words > CHUNK_WORDS; tried++) {
      this.#current = (this.#current + 1) % this.#chunksMax;
      const isRoom = this.#live < this.#liveMax && tried < this.#chunksMax;
      this.#end = isRoom ? this.#movedTogether(this.#current) : this.#forgotten(this.#current);
    }
  }

  /** Answers how much of the chunk is still in use. */
  #movedTogether(chunk: number): number {
    const { words } = this.#chunks[chunk] as Words;
    let to = 0;
    for (const { entry, from, size } of this.#livePages(chunk)) {
      words.copyWithin(to, from, from + size);
      this.#table[entry + 2] = chunk * CHUNK_WORDS + to + 1;
      to += size;
    }
    return to;
  }

  #forgotten(chunk: number): number {
    for (const { entry, size } of this.#livePages(chunk)) {
      this.#live -= size;
      this.#remove(entry);
    }
    return 0;
  }

  /** Each is found when it is asked for: entries move when others are removed. */
  *#livePages(chunk: number): Generator<{ readonly entry: number; readonly from: number; readonly size: number }> {
    const memory = this.#chunks[chunk] as Words;
    const end = this.#used[chunk] as number;
    for (let from = 0; from < end; ) {
      const size = this.#wordsAt(chunk * CHUNK_WORDS + from);
      const entry = this.#find(memory.words[from] as number, memory.words[from + 1] as number);
      if (this.#table[entry + 2] === chunk * CHUNK_WORDS + from + 1) yield { entry, from, size };
      from += size;
    }
  }

  // — the table: open addressing, with no gap between where an entry belongs and where it is —

  /** The entry of a place, or the empty one where it would be. */
  #find(high: number, low: number): number {
    const table = this.#table;
    for (let entry = this.#home(high, low); ; entry = this.#after(entry)) {
      if (table[entry + 2] === 0 || (table[entry] === high && table[entry + 1] === low)) return entry;
    }
  }

  #add(high: number, low: number, at: number): void {
    this.#entries += 1;
    if (2 * this.#entries * ENTRY_WORDS > this.#table.length) this.#grow();
    const entry = this.#find(high, low);
    this.#table[entry] = high;
    this.#table[entry + 1] = low;
    this.#table[entry + 2] = at + 1;
  }

  #grow(): void {
    const old = this.#table;
    this.#table = new Int32Array(2 * old.length);
    for (let from = 0; from < old.length; from += ENTRY_WORDS) {
      if (old[from + 2] === 0) continue;
      const entry = this.#find(old[from] as number, old[from + 1] as number);
      for (let index = 0; index < ENTRY_WORDS; index++) this.#table[entry + index] = old[from + index] as number;
    }
  }

  #remove(removed: number): void {
    const table = this.#table;
    this.#entries -= 1;
    let gap = removed;
    for (let entry = this.#after(gap); table[entry + 2] !== 0; entry = this.#after(entry)) {
      const home = this.#home(table[entry] as number, table[entry + 1] as number);
      // It may move up unless it belongs between the gap and where it is.
      const isBetween = gap < entry ? gap < home && home <= entry : gap < home || home <= entry;
      if (isBetween) continue;
      table.copyWithin(gap, entry, entry + ENTRY_WORDS);
      gap = entry;
    }
    table[gap + 2] = 0;
  }

  #home(high: number, low: number): number {
    const mixed = Math.imul(high ^ Math.imul(low, 0x9e3779b1), 0x85ebca6b);
    return ((mixed ^ (mixed >>> 15)) & (this.#table.length / ENTRY_WORDS - 1)) * ENTRY_WORDS;
  }

  #after(entry: number): number {
    return entry + ENTRY_WORDS === this.#table.length ? 0 : entry + ENTRY_WORDS;
  }
}

/** The first eight nibbles of a path. */
function highOf(path: string): number {
  let high = 0;
  for (let index = 0; index < path.length && index < 8; index++) high = (high << 4) | nibbleOf(path.charCodeAt(index));
  return high;
}

/** The nibbles that follow, and how many there are in all. */
function lowOf(path: string): number {
  let low = 0;
  for (let index = 8; index < path.length; index++) low = (low << 4) | nibbleOf(path.charCodeAt(index));
  return (low << 4) | path.length;
}

/** Of the code of a lower-case hex digit. */
function nibbleOf(code: number): number {
  return code < 0x3a ? code - 0x30 : code - 0x57;
}
