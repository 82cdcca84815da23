import { assert } from "../lib/assert.ts";
import { compareText } from "../lib/bytes.ts";
import { PairMap } from "../lib/pair-map.ts";
import type { ObjectView } from "../state/view.ts";
import type { Hash, TxId } from "../types/scalars.ts";
import { require } from "./codes.ts";
import type { Kind, LedgerObject, ObjectOf } from "./objects.ts";

/** A net change of one object over a block. */
export interface ObjectChange {
  readonly kind: Kind;
  readonly id: Hash;
  readonly before: LedgerObject | undefined;
  readonly after: LedgerObject | undefined;
}

/** One change as it happened, for `ledger_history`: `tx` null for what fell due. */
export interface HistoryEntry {
  readonly kind: Kind;
  readonly id: Hash;
  readonly tx: TxId | null;
  readonly after: LedgerObject | undefined;
}

/** An object that a transaction changed. */
export interface Slot {
  readonly kind: Kind;
  readonly id: Hash;
  /** What the parent's state held, known from the first change on, so that nothing is read twice. */
  readonly before: LedgerObject | undefined;
  readonly value: LedgerObject | undefined;
}

/** Slots by name, and in the order in which objects were first changed. */
class Slots {
  readonly #slots: Slot[] = [];
  readonly #places = new PairMap<number>();

  get size(): number {
    return this.#slots.length;
  }

  get(kind: Kind, id: Hash): Slot | undefined {
    const place = this.#places.get(kind, id);
    return place === undefined ? undefined : this.#slots[place];
  }

  set(slot: Slot): void {
    const place = this.#places.get(slot.kind, slot.id);
    if (place !== undefined) {
      this.#slots[place] = slot;
      return;
    }
    this.#places.set(slot.kind, slot.id, this.#slots.length);
    this.#slots.push(slot);
  }

  values(): readonly Slot[] {
    return this.#slots;
  }
}

/**
 * The objects of a block under execution: an overlay over the parent's state, with one savepoint per transaction. Objects are
 * immutable values; a change is a new value with the next version.
 */
export class Book {
  readonly #view: ObjectView;
  readonly #block = new Slots();
  #transaction = new Slots();
  readonly #history: HistoryEntry[] = [];

  constructor(view: ObjectView) {
    this.#view = view;
  }

  find<K extends Kind>(kind: K, id: Hash): ObjectOf<K> | undefined {
    const slot = this.#slot(kind, id);
    return (slot === undefined ? this.#view.get(kind, id) : slot.value) as ObjectOf<K> | undefined;
  }

  /** The object, or the transaction fails with NOT_FOUND. */
  get<K extends Kind>(kind: K, id: Hash): ObjectOf<K> {
    const object = this.find(kind, id);
    require(object !== undefined, "NOT_FOUND");
    return object;
  }

  /** As it was before this transaction: what the block's earlier transactions left. */
  findBefore<K extends Kind>(kind: K, id: Hash): ObjectOf<K> | undefined {
    const slot = this.#block.get(kind, id);
    return (slot === undefined ? this.#view.get(kind, id) : slot.value) as ObjectOf<K> | undefined;
  }

  /** A new object under a name: the transition has made sure that the name is free. */
  create<K extends Kind>(kind: K, object: Omit<ObjectOf<K>, "version">): ObjectOf<K> {
    assert(this.find(kind, object.id as Hash) === undefined, "an object is created once");
    return this.add(kind, object);
  }

  /** A new object under an id made from its transaction's, which no state can hold: spares a look into the state. */
  add<K extends Kind>(kind: K, object: Omit<ObjectOf<K>, "version">): ObjectOf<K> {
    const created = { ...object, version: 1 } as ObjectOf<K> & LedgerObject;
    const id = created.id as Hash;
    const known = this.#slot(kind, id);
    assert(known?.value === undefined, "an object is created once");
    this.#transaction.set({ kind, id, before: known?.before, value: created });
    return created;
  }

  /** The object with some fields changed and its version raised. */
  update<K extends Kind>(kind: K, object: ObjectOf<K>, change: Partial<Omit<ObjectOf<K>, "id" | "version">>): ObjectOf<K> {
    const updated = { ...object, ...change, version: (object as LedgerObject).version + 1 } as ObjectOf<K> & LedgerObject;
    this.#set(kind, updated.id as Hash, object as LedgerObject, updated);
    return updated;
  }

  /** The object as a new value, where a field is to be absent; its version raised. */
  replace<K extends Kind>(kind: K, value: Omit<ObjectOf<K>, "version">): ObjectOf<K> {
    const before = this.get(kind, value.id as Hash) as LedgerObject;
    const replaced = { ...value, version: before.version + 1 } as ObjectOf<K> & LedgerObject;
    this.#set(kind, replaced.id as Hash, before, replaced);
    return replaced;
  }

  remove(kind: Kind, id: Hash): void {
    this.#set(kind, id, this.find(kind, id), undefined);
  }

  /** What the transaction changed so far: against what it found, not against the block's beginning. */
  changed(): readonly Slot[] {
    return this.#transaction.values().map((slot) => {
      const earlier = this.#block.get(slot.kind, slot.id);
      return earlier === undefined ? slot : { ...slot, before: earlier.value };
    });
  }

  /** Keeps what the transaction changed. */
  commit(tx: TxId | null): void {
    for (const slot of this.#transaction.values()) {
      this.#block.set(slot);
      this.#history.push({ kind: slot.kind, id: slot.id, tx, after: slot.value });
    }
    this.#transaction = new Slots();
  }

  rollback(): void {
    this.#transaction = new Slots();
  }

  /** Net changes against the parent's state, by kind and id; and each change as it happened. */
  finish(): { readonly changes: readonly ObjectChange[]; readonly history: readonly HistoryEntry[] } {
    assert(this.#transaction.size === 0, "every transaction was committed or rolled back");
    const changes: ObjectChange[] = [];
    for (const { kind, id, before, value } of this.#block.values()) {
      if (before !== value) changes.push({ kind, id, before, after: value });
    }
    changes.sort((left, right) => compareText(left.kind, right.kind) || compareText(left.id, right.id));
    return { changes, history: this.#history };
  }

  /** `current` is what a reader of this book sees; on the first change of the block that is the parent's state. */
  #set(kind: Kind, id: Hash, current: LedgerObject | undefined, value: LedgerObject | undefined): void {
    const known = this.#slot(kind, id);
    assert(known === undefined || known.value === current, "a change starts from the newest version");
    this.#transaction.set({ kind, id, before: known === undefined ? current : known.before, value });
  }

  #slot(kind: Kind, id: Hash): Slot | undefined {
    return this.#transaction.get(kind, id) ?? this.#block.get(kind, id);
  }
}
