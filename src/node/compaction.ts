import type { Logger } from "../ports/observe.ts";
import type { Store, StoreRange } from "../ports/store.ts";
import { LIMITS } from "../types/limits.ts";
import type { Height } from "../types/scalars.ts";
import { rowsByHeight, rowsOfPastById } from "./chain-keys.ts";
import type { ChainStore } from "./chain-store.ts";
import { allHistory } from "./store-keys.ts";

interface CompactionModules {
  readonly chain: Pick<ChainStore, "head" | "base" | "swept">;
  readonly store: Pick<Store, "compact">;
  readonly logger: Logger;
}

/**
 * Gives the room of what was let go of back to the disk, beside everything else: a store of this kind does so by itself only as it is
 * written to, and may keep most of it for as long. Rows by height go in one piece, which costs what they are. Rows that lie by id or by object
 * are spread over all that is kept of them, so these are gone through when as many blocks have gone as are left: then it costs no more than what
 * it gives back.
 */
export class Compaction {
  readonly #m: CompactionModules;
  readonly #rowsMin: number;
  #rows = 0;
  #isUnderWay = false;
  #pieceFrom: Height;
  #wholeFrom: Height;

  constructor(modules: CompactionModules, rowsMin: number = LIMITS.pruneCompactRows) {
    this.#m = modules;
    this.#rowsMin = rowsMin;
    this.#pieceFrom = modules.chain.swept;
    this.#wholeFrom = modules.chain.swept;
  }

  /** So many rows were deleted. */
  onDeleted(rows: number): void {
    const { chain, store, logger } = this.#m;
    const { swept, base, head } = chain;
    this.#rows += rows;
    if (this.#isUnderWay || this.#rows < this.#rowsMin) return;
    this.#rows = 0;
    const ranges: Pick<StoreRange, "from" | "to">[] = [...rowsByHeight(this.#pieceFrom, swept)];
    this.#pieceFrom = swept;
    if (swept - this.#wholeFrom >= head.height - base) {
      ranges.push(...rowsOfPastById(), allHistory());
      this.#wholeFrom = swept;
    }
    this.#isUnderWay = true;
    Promise.all(ranges.map((range) => store.compact(range))).then(
      () => {
        this.#isUnderWay = false;
      },
      (error: unknown) => {
        this.#isUnderWay = false;
        logger.warn("the store was not compacted", { error: String(error) });
      },
    );
  }
}
