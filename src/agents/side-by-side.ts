/** Work that goes on side by side, up to a bound; what shares a key is done one after the other, in the order in which it was begun. */
export class SideBySide {
  readonly #atOnceMax: number;
  readonly #open = new Set<Promise<void>>();
  readonly #last = new Map<string, Promise<void>>();

  constructor(atOnceMax: number) {
    this.#atOnceMax = atOnceMax;
  }

  /** Resolves once there is room for the work; its own promise is `done`. What comes after a failure under the same key fails with it. */
  async begin(key: string, work: () => Promise<void>): Promise<{ readonly done: Promise<void> }> {
    while (this.#open.size >= this.#atOnceMax) await Promise.race(this.#open).catch(() => undefined);
    const done = (this.#last.get(key) ?? Promise.resolve()).then(work);
    this.#open.add(done);
    this.#last.set(key, done);
    const end = (): void => {
      this.#open.delete(done);
      if (this.#last.get(key) === done) this.#last.delete(key);
    };
    done.then(end, end);
    return { done };
  }
}
