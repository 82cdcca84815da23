/** Numbered pieces, from anybody who has them, in any order; what a piece is, and whether it is right, is the shell's. */
export type ChunkInput =
  | { readonly kind: "source"; readonly peer: string }
  | { readonly kind: "gone"; readonly peer: string }
  /** `isRight`: the piece checks and is kept. `null`: no answer. */
  | { readonly kind: "answer"; readonly peer: string; readonly chunk: number; readonly isRight: boolean | null }
  | { readonly kind: "retry" };

export type ChunkEffect =
  | { readonly kind: "request"; readonly peer: string; readonly chunk: number }
  | { readonly kind: "penalise"; readonly peer: string; readonly chunk: number }
  | { readonly kind: "retryLater" }
  | { readonly kind: "done" };

/** Requests to one peer at once: the next is under way while an answer is being checked. */
const PER_PEER = 2;

/**
 * Fetches all of `count` chunks from several peers at once. A chunk that does not check is fetched elsewhere at once, and the peer that
 * sent it is asked for nothing more; one that does not answer gets another chance when everybody has failed.
 */
export class ChunkFetch {
  readonly #missing: number[];
  readonly #asked = new Map<string, Set<number>>();
  readonly #failed = new Set<string>();
  readonly #liars = new Set<string>();
  #left: number;
  #retrying = false;
  #isDone = false;

  /** `here`: those that need not be fetched. */
  constructor(count: number, here: ReadonlySet<number> = new Set()) {
    // Taken from the end.
    this.#missing = Array.from({ length: count }, (_, index) => count - 1 - index).filter((chunk) => !here.has(chunk));
    this.#left = this.#missing.length;
  }

  get left(): number {
    return this.#left;
  }

  step(input: ChunkInput): readonly ChunkEffect[] {
    const effects: ChunkEffect[] = [];
    switch (input.kind) {
      case "source":
        if (!this.#asked.has(input.peer)) this.#asked.set(input.peer, new Set());
        break;
      case "gone":
        for (const chunk of this.#asked.get(input.peer) ?? []) this.#missing.push(chunk);
        this.#asked.delete(input.peer);
        break;
      case "answer":
        this.#onAnswer(input.peer, input.chunk, input.isRight, effects);
        break;
      case "retry":
        this.#retrying = false;
        this.#failed.clear();
        break;
    }
    this.#proceed(effects);
    return effects;
  }

  #onAnswer(peer: string, chunk: number, isRight: boolean | null, effects: ChunkEffect[]): void {
    if (this.#asked.get(peer)?.delete(chunk) !== true) return;
    if (isRight === true) {
      this.#left -= 1;
      return;
    }
    this.#missing.push(chunk);
    if (isRight === null) this.#failed.add(peer);
    else {
      this.#liars.add(peer);
      effects.push({ kind: "penalise", peer, chunk });
    }
  }

  #proceed(effects: ChunkEffect[]): void {
    if (this.#left === 0) {
      if (!this.#isDone) effects.push({ kind: "done" });
      this.#isDone = true;
      return;
    }
    // In turns, so that all have work from the start.
    for (let round = 0; round < PER_PEER; round++) {
      for (const [peer, asked] of this.#asked) {
        if (asked.size > round || this.#failed.has(peer) || this.#liars.has(peer)) continue;
        const chunk = this.#missing.pop();
        if (chunk === undefined) return;
        asked.add(chunk);
        effects.push({ kind: "request", peer, chunk });
      }
    }
    const isStuck = [...this.#asked.values()].every((asked) => asked.size === 0);
    if (isStuck && !this.#retrying) {
      this.#retrying = true;
      effects.push({ kind: "retryLater" });
    }
  }
}
