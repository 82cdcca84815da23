import { authorityChangeSchema } from "../codec/proof.ts";
import { encode, int, list } from "../codec/schema.ts";
import type { Store, StoreWrite } from "../ports/store.ts";
import type { Height, PublicKey } from "../types/scalars.ts";
import type { ValidatorSet } from "../types/validator-set.ts";
import { AUTHORITY_CHANGES_KEY, authorityChangeKey } from "./chain-keys.ts";
import { readRecord, StoreCorruptError } from "./stored-record.ts";

/** Votes of members: more than that in the life of a chain is not foreseen. */
const CHANGES_MAX = 1_000_000;
const changesSchema = list(int({ min: 1 }), { max: CHANGES_MAX, sortedBy: (height) => String(height).padStart(16, "0") });
const SETS_CACHED_MAX = 64;

/**
 * The authorities of every height, kept once for each change. Commits, late votes and evidence are judged by the set of their own
 * height, which is not the present one's when governance has changed it since.
 */
export class ValidatorHistory {
  readonly #view: Pick<Store, "get">;
  readonly #genesis: ValidatorSet;
  readonly #tipHeight: () => Height;
  #changes: { readonly tip: Height; readonly heights: readonly Height[] } | null = null;
  /** By the height of the change; what is written there never changes. */
  readonly #sets = new Map<Height, ValidatorSet>();

  /** `tipHeight`: the last executed block; the set of the height after it is the last that is known. */
  constructor(view: Pick<Store, "get">, genesis: ValidatorSet, tipHeight: () => Height) {
    this.#view = view;
    this.#genesis = genesis;
    this.#tipHeight = tipHeight;
  }

  /** Who signs this height; undefined if it is not decided yet who will. Throws StoreCorruptError. */
  at(height: Height): ValidatorSet | undefined {
    if (height < 1 || height > this.#tipHeight() + 1) return undefined;
    const change = this.#heights().findLast((ended) => ended < height);
    return change === undefined ? this.#genesis : this.#setAfter(change);
  }

  /** The first height whose authorities hold this key; undefined if there was none up to the next. */
  firstHeightOf(key: PublicKey): Height | undefined {
    const holds = (set: ValidatorSet): boolean => set.some((authority) => authority.key === key);
    if (holds(this.#genesis)) return 1;
    const change = this.#heights().find((height) => holds(this.#setAfter(height)));
    return change === undefined ? undefined : change + 1;
  }

  #heights(): readonly Height[] {
    const tip = this.#tipHeight();
    if (this.#changes?.tip !== tip) this.#changes = { tip, heights: changeHeights(this.#view) };
    return this.#changes.heights;
  }

  #setAfter(change: Height): ValidatorSet {
    const known = this.#sets.get(change);
    if (known !== undefined) return known;
    const value = this.#view.get(authorityChangeKey(change));
    if (value === undefined) throw new StoreCorruptError(`the authorities that followed height ${change} are missing`);
    const { set } = readRecord(value, authorityChangeSchema);
    if (this.#sets.size >= SETS_CACHED_MAX) this.#sets.delete(this.#sets.keys().next().value as Height);
    this.#sets.set(change, set);
    return set;
  }
}

/** With the block of this height a set of authorities ends: the record of that is the chain store's, this is what finds it. */
export function changeWrite(view: Pick<Store, "get">, height: Height): StoreWrite {
  return { key: AUTHORITY_CHANGES_KEY, value: encode(changesSchema, [...changeHeights(view), height]) };
}

/** Of a chain that does not begin with its first block: the heights of all changes until then, ascending. */
export function changesWrite(heights: readonly Height[]): StoreWrite {
  return { key: AUTHORITY_CHANGES_KEY, value: encode(changesSchema, heights) };
}

function changeHeights(view: Pick<Store, "get">): readonly Height[] {
  const value = view.get(AUTHORITY_CHANGES_KEY);
  return value === undefined ? [] : readRecord(value, changesSchema);
}
