import { assert } from "../lib/assert.ts";
import type { MonotonicClock } from "../ports/clock.ts";
import type { Commit, Evidence } from "../types/block.ts";
import type { ChainParams } from "../types/genesis.ts";
import type { BlockId, Round } from "../types/scalars.ts";
import type { Vote } from "../types/vote.ts";
import type { BlockBuilder, Built } from "./block-builder.ts";
import type { ChainStore } from "./chain-store.ts";
import type { EventLoop } from "./event-loop.ts";
import type { Heartbeat } from "./heartbeat.ts";

interface ProposerModules {
  readonly loop: EventLoop;
  readonly clock: MonotonicClock;
  readonly store: ChainStore;
  readonly builder: BlockBuilder;
  readonly heartbeat: Heartbeat;
  readonly params: () => ChainParams;
  readonly hasWork: () => boolean;
  readonly beforeBuild: () => void;
  readonly pendingEvidence: () => readonly Evidence[];
  /** Every precommit held for the last block: its commit is carried with all of them. */
  readonly lastPrecommits: () => readonly Vote[];
}

/** Makes a block when it is this node's turn: not sooner after the last than the chain's interval, and none without a reason. */
export class Proposer {
  readonly #m: ProposerModules;
  #lastCommitMs = Number.NEGATIVE_INFINITY;

  constructor(modules: ProposerModules) {
    this.#m = modules;
  }

  /** A block was decided: the interval counts from now. */
  onCommitted(): void {
    this.#lastCommitMs = this.#m.clock.nowMs();
  }

  /** `done` is called, later and if it is still wanted, with the block; null if there is nothing to propose. */
  build(round: Round, isWanted: () => boolean, done: (built: Built | null) => void): void {
    const { loop, clock, params } = this.#m;
    const waitMs = this.#lastCommitMs + params().blockIntervalMs - clock.nowMs();
    const build = (): void => {
      if (isWanted()) done(this.#build(round));
    };
    if (waitMs > 0) clock.after(waitMs, loop.callback(build));
    else loop.post(build);
  }

  #build(round: Round): Built | null {
    const { builder, heartbeat } = this.#m;
    const evidence = this.#m.pendingEvidence();
    // A later round is one that somebody wanted: its proposer proposes in any case.
    const needsReason = round === 0 && evidence.length === 0 && !heartbeat.isDue;
    if (needsReason && !this.#m.hasWork()) return null;
    this.#m.beforeBuild();
    const built = builder.build(this.#lastCommit(), evidence);
    return needsReason && built.block.header.count === 0 ? null : built;
  }

  #lastCommit(): Commit {
    const { head } = this.#m.store;
    if (head.height === 0) return { height: 0, round: 0, block: head.block as BlockId, sigs: [] };
    const stored = this.#m.store.commit(head.height);
    assert(stored !== undefined, "a finalised block has its commit");
    const sigs = new Map(stored.sigs.map((entry) => [entry.index, entry]));
    for (const vote of this.#m.lastPrecommits()) {
      if (vote.height === head.height && vote.round === stored.round && vote.block === stored.block)
        sigs.set(vote.index, { index: vote.index, sig: vote.sig });
    }
    return { ...stored, sigs: [...sigs.values()].sort((left, right) => left.index - right.index) };
  }
}
