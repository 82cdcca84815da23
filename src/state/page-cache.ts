import { PAGES_AT_ONCE, Page } from "./page.ts";
import { isKept, type Place, placeOf } from "./page-place.ts";
import type { PageUpdate } from "./tree-update.ts";
import { newWords, WORD_BYTES, type Words } from "./words.ts";

/** Chunks are a power of two of words: the lower bits of a place in memory are the word, the upper ones the chunk. */
const CHUNK_BITS_MIN = 16;
const CHUNK_BITS_MAX = 20;
/** As long as there is memory for so many. */
const CHUNKS = 64;
/** Before a page in a chunk stand the two numbers of its place, its masks, and the words of all, below zero once the page has gone from there. */
const HEAD_WORDS = 4;
/** Beyond this share of the memory what was read or written longest ago is forgotten; below, only room is made. */
const LIVE_SHARE = 3 / 4;

/** Places have an eighth more than their page takes, to grow in: most new keys make a page a leaf larger. */
const GROWTH_BITS = 3;

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
  readonly #chunkBits: number;
  readonly #chunkWords: number;
  readonly #chunksMax: number;
  readonly #liveMax: number;
  readonly #chunks: Words[] = [];
  /** Words in use of each chunk but the current one. */
  readonly #used: number[] = [];
  #current = -1;
  #end: number;
  /** Words of pages that are in the table. */
  #live = 0;

  /** Stands in the pages that are answered: another one once pages have moved. */
  #era = {};

  #table = new Int32Array(ENTRIES_MIN * ENTRY_WORDS);
  #entries = 0;
  /** Of no meaning: see {@link Page.touch}. */
  #touched = 0;

  constructor(bytesMax: number) {
    const bits = Math.floor(Math.log2(Math.max(1, bytesMax / (CHUNKS * WORD_BYTES))));
    this.#chunkBits = Math.min(CHUNK_BITS_MAX, Math.max(CHUNK_BITS_MIN, bits));
    this.#chunkWords = 1 << this.#chunkBits;
    this.#chunksMax = Math.max(1, Math.floor(bytesMax / (this.#chunkWords * WORD_BYTES)));
    this.#liveMax = LIVE_SHARE * this.#chunksMax * this.#chunkWords;
    this.#end = this.#chunkWords;
  }

  get(path: string): Page | undefined {
    return this.all([placeOf(path)])[0];
  }

  /** In three rounds, since nearly every look is at memory that the processor has to wait for: for many at a time, if it sees them coming. */
  all(places: readonly Place[]): readonly (Page | undefined)[] {
    const found = new Int32Array(places.length);
    const masks = new Int32Array(places.length);
    for (let index = 0; index < places.length; index++) {
      const place = places[index] as Place;
      if (isKept(place)) found[index] = this.#table[this.#find(place.high, place.low) + 2] as number;
    }
    for (let index = 0; index < found.length; index++) {
      const at = (found[index] as number) - 1;
      if (at >= 0)
        masks[index] = (this.#chunks[at >> this.#chunkBits] as Words).words[(at & (this.#chunkWords - 1)) + 2] as number;
    }
    return places.map((_, index) => this.#pageAt((found[index] as number) - 1, masks[index] as number));
  }

  #pageAt(at: number, masks: number): Page | undefined {
    if (at < 0) return undefined;
    const memory = this.#chunks[at >> this.#chunkBits] as Words;
    return Page.at(memory, (at & (this.#chunkWords - 1)) + HEAD_WORDS, masks, this.#era);
  }

  set(path: string, page: Page): void {
    const place = placeOf(path);
    if (!isKept(place)) return;
    const { high, low } = place;
    const entry = this.#find(high, low);
    const known = this.#table[entry + 2] as number;
    if (known !== 0) {
      if (isRoomFor(page, this.#wordsAt(known - 1))) {
        this.#put(known - 1, page);
        return;
      }
      this.#drop(entry);
    }
    const words = roomFor(page);
    if (this.#end + words > this.#chunkWords) this.#makeRoom(words);
    const at = this.#current * this.#chunkWords + this.#end;
    const chunk = this.#chunks[this.#current] as Words;
    chunk.words[this.#end] = high;
    chunk.words[this.#end + 1] = low;
    chunk.words[this.#end + 3] = words;
    this.#put(at, page);
    this.#end += words;
    this.#live += words;
    this.#add(high, low, at);
  }

  /** Sets pages that follow those which this cache answered, and forgets those that are no more. */
  adopt(updates: readonly PageUpdate[]): void {
    for (let from = 0; from < updates.length; from += PAGES_AT_ONCE) {
      const some = updates.slice(from, from + PAGES_AT_ONCE);
      for (const { before } of some) if (before.era === this.#era) this.#touched = (this.#touched + roomOf(before)) | 0;
      for (const update of some) {
        const { path, before, after } = update;
        if (after === null) this.delete(path);
        else if (before.era !== this.#era || !this.#isOver(before, after, update.changed)) this.set(path, after);
      }
    }
  }

  /** Puts a page where the one before stands, if there is room: then nothing need be looked up and, of the same children, little written. */
  #isOver(before: Page, after: Page, changed: number): boolean {
    if (!isRoomFor(after, roomOf(before))) return false;
    const { words } = before.memory;
    if (before.masks === after.masks) {
      after.copyChangesTo(before, changed);
    } else {
      words[before.at - 2] = after.masks;
      after.copyTo(words, before.at);
    }
    return true;
  }

  delete(path: string): void {
    const place = placeOf(path);
    if (!isKept(place)) return;
    const { high, low } = place;
    const entry = this.#find(high, low);
    if (this.#table[entry + 2] !== 0) this.#drop(entry);
  }

  // — the chunks —

  #drop(entry: number): void {
    const at = (this.#table[entry + 2] as number) - 1;
    const { words } = this.#chunks[at >> this.#chunkBits] as Words;
    const from = at & (this.#chunkWords - 1);
    const size = words[from + 3] as number;
    words[from + 3] = -size;
    this.#live -= size;
    this.#remove(entry);
  }

  /** Of a page with what stands before it. */
  #wordsAt(at: number): number {
    return Math.abs((this.#chunks[at >> this.#chunkBits] as Words).words[(at & (this.#chunkWords - 1)) + 3] as number);
  }

  #put(at: number, page: Page): void {
    const { words } = this.#chunks[at >> this.#chunkBits] as Words;
    const from = at & (this.#chunkWords - 1);
    words[from + 2] = page.masks;
    page.copyTo(words, from + HEAD_WORDS);
  }

  #makeRoom(words: number): void {
    if (this.#current >= 0) this.#used[this.#current] = this.#end;
    if (this.#chunks.length < this.#chunksMax) {
      this.#current = this.#chunks.push(newWords(this.#chunkWords)) - 1;
      this.#end = 0;
      return;
    }
    this.#era = {};
    for (let tried = 0; this.#end + words > this.#chunkWords; tried++) {
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
      this.#table[entry + 2] = chunk * this.#chunkWords + to + 1;
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
      const size = this.#wordsAt(chunk * this.#chunkWords + from);
      const entry = this.#find(memory.words[from] as number, memory.words[from + 1] as number);
      if (this.#table[entry + 2] === chunk * this.#chunkWords + from + 1) yield { entry, from, size };
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

/** Of a page that this cache has answered: words of its place; below zero if the page has gone from there. */
function roomOf({ memory, at }: Page): number {
  return memory.words[at - 1] as number;
}

function roomFor({ size }: Page): number {
  return HEAD_WORDS + size + (size >> GROWTH_BITS);
}

/** Not if it is twice as much, either. */
function isRoomFor({ size }: Page, room: number): boolean {
  return HEAD_WORDS + size <= room && room <= 2 * (HEAD_WORDS + size);
}
