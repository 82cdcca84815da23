/** A value under a kind and an id; others of the same id behind it. */
interface Entry<V> {
  readonly kind: string;
  value: V;
  next: Entry<V> | undefined;
}

/**
 * A map by kind and id, in the order in which names were first given. It goes by the id, whose hash the engine has made long before; that an
 * id is one of several kinds is rare. To join both to one name, and to hash that, would take longer than all else of a look.
 */
export class PairMap<V> {
  readonly #byId = new Map<string, Entry<V>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(kind: string, id: string): V | undefined {
    let entry = this.#byId.get(id);
    while (entry !== undefined && entry.kind !== kind) entry = entry.next;
    return entry?.value;
  }

  set(kind: string, id: string, value: V): void {
    const first = this.#byId.get(id);
    let entry = first;
    while (entry !== undefined && entry.kind !== kind) entry = entry.next;
    if (entry !== undefined) {
      entry.value = value;
      return;
    }
    this.#byId.set(id, { kind, value, next: first });
    this.#size += 1;
  }

  delete(kind: string, id: string): void {
    let before: Entry<V> | undefined;
    for (let entry = this.#byId.get(id); entry !== undefined; before = entry, entry = entry.next) {
      if (entry.kind !== kind) continue;
      if (before !== undefined) before.next = entry.next;
      else if (entry.next !== undefined) this.#byId.set(id, entry.next);
      else this.#byId.delete(id);
      this.#size -= 1;
      return;
    }
  }
}

/** One that forgets what was not used for long, as {@link RecentMap} does. */
export class RecentPairMap<V> {
  readonly #half: number;
  #young = new PairMap<V>();
  #old = new PairMap<V>();

  constructor(max: number) {
    this.#half = Math.max(1, Math.floor(max / 2));
  }

  get(kind: string, id: string): V | undefined {
    const young = this.#young.get(kind, id);
    if (young !== undefined) return young;
    const old = this.#old.get(kind, id);
    if (old !== undefined) this.set(kind, id, old);
    return old;
  }

  set(kind: string, id: string, value: V): void {
    this.#young.set(kind, id, value);
    if (this.#young.size < this.#half) return;
    this.#old = this.#young;
    this.#young = new PairMap();
  }

  delete(kind: string, id: string): void {
    this.#young.delete(kind, id);
    this.#old.delete(kind, id);
  }
}
