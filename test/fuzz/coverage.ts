import { Session } from "node:inspector";

interface Range {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

interface CoverageResult {
  readonly result: readonly { readonly url: string; readonly functions: readonly { readonly ranges: readonly Range[] }[] }[];
}

/**
 * Which blocks of the project's own code ran, from V8's block coverage: tells whether an input reached something that none before it
 * had. V8 reports a block of a function only while its count differs from what is around it, so a block that it once named and names
 * no more, in a function that ran, has run.
 */
export class Coverage {
  readonly #session = new Session();
  /** Blocks that V8 ever named, by function. */
  readonly #known = new Map<string, Map<string, Range>>();
  readonly #seen = new Set<string>();

  constructor() {
    this.#session.connect();
    this.#session.post("Profiler.enable");
    this.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
    this.takeFresh();
  }

  get size(): number {
    return this.#seen.size;
  }

  /** Blocks that ran since the last look and never before. */
  takeFresh(): ReadonlySet<string> {
    const fresh = new Set([...this.take()].filter((block) => !this.#seen.has(block)));
    for (const block of fresh) this.#seen.add(block);
    return fresh;
  }

  /** Blocks that ran since the last look. */
  take(): ReadonlySet<string> {
    const ran = new Set<string>();
    this.#session.post("Profiler.takePreciseCoverage", (error, taken) => {
      if (error !== null) throw error;
      for (const { url, functions } of (taken as CoverageResult).result) {
        const file = /\/src\/(.+\.ts)/.exec(url)?.[1];
        if (file !== undefined) for (const { ranges } of functions) this.#collect(file, ranges, ran);
      }
    });
    return ran;
  }

  end(): void {
    this.#session.post("Profiler.stopPreciseCoverage");
    this.#session.disconnect();
  }

  #collect(file: string, ranges: readonly Range[], ran: Set<string>): void {
    const [whole] = ranges;
    if (whole === undefined || whole.count === 0) return;
    const name = `${file}:${whole.startOffset}-${whole.endOffset}`;
    const known = this.#known.get(name) ?? new Map<string, Range>();
    this.#known.set(name, known);
    for (const range of ranges) known.set(`${file}:${range.startOffset}-${range.endOffset}`, range);
    const idle = ranges.filter(({ count }) => count === 0);
    for (const [block, { startOffset, endOffset }] of known) {
      if (!idle.some((range) => range.startOffset <= startOffset && endOffset <= range.endOffset)) ran.add(block);
    }
  }
}
