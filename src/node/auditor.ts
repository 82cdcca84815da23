import type { MonotonicClock } from "../ports/clock.ts";
import type { Verifier } from "../ports/crypto.ts";
import type { Logger, Metrics } from "../ports/observe.ts";
import type { Store } from "../ports/store.ts";
import { LIMITS } from "../types/limits.ts";
import type { Height } from "../types/scalars.ts";
import { LeafCount } from "./leaf-count.ts";
import type { AuditFinding, StoreAudit } from "./store-audit.ts";
import { after, allHistory, allObjectsOfAllKinds } from "./store-keys.ts";
import { StoreCorruptError } from "./stored-record.ts";

interface AuditorModules {
  readonly audit: StoreAudit;
  readonly store: Pick<Store, "range" | "snapshot">;
  readonly head: () => { readonly height: Height };
  readonly clock: MonotonicClock;
  readonly verifier: Verifier;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Ends the process: what this node would answer and sign is not to be relied on. */
  readonly fatal: (error: Error) => void;
}

/** A finding is believed when it is still there at so many looks, each a tick after the last: a block may have come in between. */
const LOOKS = 5;

/**
 * What is still to be looked at in this pass: first the state's pages, then its objects and their past, whether any object is gone,
 * then blocks from the newest down, each with the state that it left.
 */
type Work =
  | { readonly kind: "pages"; readonly paths: readonly string[] }
  | { readonly kind: "objects"; readonly from: Uint8Array }
  | { readonly kind: "history"; readonly from: Uint8Array }
  | { readonly kind: "count"; readonly count: LeafCount | null }
  | { readonly kind: "blocks"; readonly height: Height };

/**
 * Looks at everything stored again and again, a little at a time, and stops the node when something is not what was once written. A node
 * that would answer from a damaged store, or execute on it, is worse than one that is down.
 */
export class Auditor {
  readonly #m: AuditorModules;
  readonly #tickMs: number;
  #work: Work = { kind: "pages", paths: [""] };
  #looks = 0;
  #passes = 0;
  #stopped = false;

  constructor(modules: AuditorModules, tickMs: number = LIMITS.auditTickMs) {
    this.#m = modules;
    this.#tickMs = tickMs;
  }

  start(): void {
    this.#next();
  }

  stop(): void {
    this.#stopped = true;
  }

  #next(delayMs = this.#tickMs): void {
    this.#m.clock.after(delayMs, () => {
      if (!this.#stopped) this.#tick();
    });
  }

  #tick(): void {
    const work = this.#work;
    switch (work.kind) {
      case "pages":
        this.#pages(work.paths);
        break;
      case "objects":
        this.#objects(work.from);
        break;
      case "history":
        this.#history(work.from);
        break;
      case "count":
        this.#count(work.count ?? new LeafCount(this.#m.store.snapshot()));
        break;
      case "blocks":
        this.#block(work.height);
        break;
    }
  }

  #pages(paths: readonly string[]): void {
    const left = [...paths];
    for (let count = 0; count < LIMITS.auditPagesPerTick; count++) {
      const path = left.pop();
      if (path === undefined) break;
      const { finding, below } = this.#m.audit.page(path);
      if (finding !== null) {
        this.#found(finding, { kind: "pages", paths: [...left, path] });
        return;
      }
      // Downwards from the left, so that as few paths wait as there are levels.
      left.push(...below.toReversed());
      this.#checked("page", 1);
    }
    this.#go(left.length > 0 ? { kind: "pages", paths: left } : { kind: "objects", from: allObjectsOfAllKinds().from });
  }

  #objects(from: Uint8Array): void {
    const { to } = allObjectsOfAllKinds();
    const limit = LIMITS.auditObjectsPerTick;
    this.#m.store
      .range({ from, to, limit })
      .then((entries) => {
        if (this.#stopped) return;
        const finding = this.#m.audit.objects(entries);
        if (finding !== null) {
          this.#found(finding, { kind: "objects", from });
          return;
        }
        this.#checked("object", entries.length);
        const last = entries.at(-1);
        const isEnd = last === undefined || entries.length < limit;
        this.#go(isEnd ? { kind: "history", from: allHistory().from } : { kind: "objects", from: after(last.key) });
      })
      .catch((error: unknown) => this.#stop(new StoreCorruptError(`the store cannot be read: ${String(error)}`)));
  }

  #history(from: Uint8Array): void {
    const { audit, store } = this.#m;
    const limit = LIMITS.auditHistoryPerTick;
    store
      // One more, beside which the last is judged.
      .range({ from, to: allHistory().to, limit: limit + 1 })
      .then(async (entries) => {
        const finding = await audit.history(entries, limit);
        if (this.#stopped) return;
        if (finding !== null) {
          this.#found(finding, { kind: "history", from });
          return;
        }
        this.#checked("history", Math.min(limit, entries.length));
        const next = entries[limit];
        this.#go(next === undefined ? { kind: "count", count: null } : { kind: "history", from: next.key });
      })
      .catch((error: unknown) => this.#stop(new StoreCorruptError(`the store cannot be read: ${String(error)}`)));
  }

  #count(count: LeafCount): void {
    const close = (): void => void count.close().catch((error: unknown) => this.#stop(new StoreCorruptError(String(error))));
    count.step().then(
      (isDone) => {
        if (isDone || this.#stopped) close();
        if (this.#stopped) return;
        const { leaves, objects } = count;
        const detail = `the state has ${leaves} leaves, the store ${objects} objects`;
        if (!isDone) this.#go({ kind: "count", count });
        else if (leaves === objects) this.#go({ kind: "blocks", height: this.#m.head().height });
        else this.#found({ what: "object", where: "unknown", detail }, { kind: "count", count: null });
      },
      (error: unknown) => {
        close();
        this.#stop(new StoreCorruptError(`the store cannot be read: ${String(error)}`));
      },
    );
  }

  #block(height: Height): void {
    const block = height === 0 ? undefined : this.#m.audit.block(height);
    if (block === undefined) {
      // The genesis, or the lowest block that this node keeps.
      this.#m.metrics.add("zhonglian_audit_passes_total");
      this.#passes += 1;
      this.#go({ kind: "pages", paths: [""] }, LIMITS.auditRestMs);
      return;
    }
    if (block.finding !== null) {
      this.#found(block.finding, { kind: "blocks", height });
      return;
    }
    this.#m.verifier.verify(block.checks, "transactions", (valid) => {
      if (this.#stopped) return;
      if (!valid.every((each) => each)) {
        this.#found(
          { what: "block", where: String(height), detail: "a signature of its commit is wrong" },
          { kind: "blocks", height },
        );
        return;
      }
      this.#checked("block", 1);
      this.#past(height);
    });
  }

  #past(height: Height): void {
    this.#lookBack(height).then(
      (finding) => {
        if (this.#stopped) return;
        if (finding !== null) {
          this.#found(finding, { kind: "blocks", height });
          return;
        }
        this.#checked("past", 1);
        this.#go({ kind: "blocks", height: height - 1 });
      },
      (error: unknown) => this.#stop(new StoreCorruptError(`the store cannot be read: ${String(error)}`)),
    );
  }

  /** The state after a block, on one of the ways that the next block changed, another in each pass. */
  async #lookBack(height: Height): Promise<AuditFinding | null> {
    for (let path = ""; ; ) {
      const { finding, below } = await this.#m.audit.pastPage(height, path);
      if (finding !== null || below.length === 0) return finding;
      path = below[(this.#passes + height) % below.length] as string;
    }
  }

  #go(work: Work, delayMs = this.#tickMs): void {
    this.#work = work;
    this.#looks = 0;
    this.#next(delayMs);
  }

  #checked(what: AuditFinding["what"], count: number): void {
    this.#m.metrics.add("zhonglian_audit_checked_total", count, { what });
  }

  /** Looks again, and in the end believes it. */
  #found({ what, where, detail }: AuditFinding, again: Work): void {
    this.#looks += 1;
    this.#work = again;
    if (this.#looks < LOOKS) {
      this.#next();
      return;
    }
    this.#m.logger.error("the store is damaged", { what, where, detail });
    this.#stop(new StoreCorruptError(`the store is damaged: ${what} ${where}: ${detail}`));
  }

  #stop(error: Error): void {
    this.#stopped = true;
    this.#m.fatal(error);
  }
}
