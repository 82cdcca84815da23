import type { Holdings } from "../consensus/messages.ts";
import type { MonotonicClock } from "../ports/clock.ts";
import type { Transport } from "../ports/transport.ts";
import type { Block } from "../types/block.ts";
import { LIMITS } from "../types/limits.ts";
import type { BlockId, PublicKey } from "../types/scalars.ts";
import type { Proposal, Vote } from "../types/vote.ts";
import type { ChainStore } from "./chain-store.ts";
import type { ConsensusLog } from "./consensus-log.ts";
import type { EventLoop } from "./event-loop.ts";
import { holdingsMessage, holdingsOf } from "./holdings-message.ts";
import { encodeMessage, type StatusBody } from "./messages.ts";

interface ExchangeModules {
  readonly loop: EventLoop;
  readonly store: ChainStore;
  readonly log: ConsensusLog;
  readonly transport: Transport;
  readonly clock: MonotonicClock;
  /** The consensus machine, as far as it says what it holds. */
  readonly machine: {
    readonly height: number;
    readonly awake: boolean;
    readonly decided: boolean;
    holdings(): Holdings | null;
    missingAt(holdings: Holdings): { readonly proposals: readonly Proposal[]; readonly votes: readonly Vote[] };
  };
  /** A block of the undecided height. */
  readonly blockOf: (id: BlockId) => Block | undefined;
}

/**
 * Each tells the others where it stands and is sent what it lacks, so that nothing hangs on a message that arrives the first time
 * (protocol.md §4). Whatever leaves here waits until what it says is durable.
 */
export class StatusExchange {
  readonly #m: ExchangeModules;
  /** When a peer that is ahead was last told where this node stands. */
  readonly #told = new Map<PublicKey, number>();
  #stopped = false;

  constructor(modules: ExchangeModules) {
    this.#m = modules;
  }

  /** From now on, as long as a height is under way. */
  start(): void {
    this.#m.clock.after(
      LIMITS.statusIntervalMs,
      this.#m.loop.callback(() => {
        if (this.#stopped) return;
        const { awake, decided } = this.#m.machine;
        if (awake && !decided) this.tellAll();
        this.start();
      }),
    );
  }

  stop(): void {
    this.#stopped = true;
  }

  tell(peer: PublicKey): void {
    const message = this.#status();
    if (message !== null) this.#m.log.whenDurable(() => this.#m.transport.sendConsensus(peer, message));
  }

  tellAll(): void {
    const message = this.#status();
    if (message !== null) this.broadcast(message);
  }

  /** A peer is ahead: told where this node stands it shows the commits that are missing here. */
  onAhead(peer: PublicKey): void {
    const nowMs = this.#m.clock.nowMs();
    if (nowMs < (this.#told.get(peer) ?? Number.NEGATIVE_INFINITY) + LIMITS.statusIntervalMs) return;
    this.#told.set(peer, nowMs);
    this.tell(peer);
  }

  onGone(peer: PublicKey): void {
    this.#told.delete(peer);
  }

  onStatus(peer: PublicKey, status: StatusBody): void {
    const { store, machine, transport } = this.#m;
    const { head } = store;
    if (status.height <= head.height) {
      // The newest says how far it is behind, and comes first: before it knows, it takes no bearings. The commit of its own height it can
      // judge whatever has become of the authorities since.
      for (const height of new Set([head.height, status.height])) {
        const commit = store.commit(height);
        if (commit !== undefined) transport.sendConsensus(peer, encodeMessage("commit", commit as never));
      }
      return;
    }
    if (status.height > machine.height) this.onAhead(peer);
    if (status.height !== machine.height || machine.decided) return;
    const missing = machine.missingAt(holdingsOf(status));
    this.#m.log.whenDurable(() => {
      for (const proposal of missing.proposals) {
        const block = this.#m.blockOf(proposal.block);
        if (block !== undefined) transport.sendConsensus(peer, encodeMessage("proposal", { proposal, block } as never));
      }
      for (const vote of missing.votes) transport.sendConsensus(peer, encodeMessage("vote", vote as never));
    });
  }

  broadcast(message: Uint8Array): void {
    this.#m.log.whenDurable(() => {
      for (const { nodeKey } of this.#m.transport.peers()) this.#m.transport.sendConsensus(nodeKey, message);
    });
  }

  #status(): Uint8Array | null {
    const holdings = this.#m.machine.holdings();
    return holdings === null ? null : holdingsMessage(holdings);
  }
}
