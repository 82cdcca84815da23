import { blockId } from "../codec/block.ts";
import { decode } from "../codec/cbor.ts";
import { encode } from "../codec/schema.ts";
import { decodeTransaction } from "../codec/transaction.ts";
import { validatorsOf } from "../ledger/validators.ts";
import { commitChecks } from "../light/commit.ts";
import type { MonotonicClock } from "../ports/clock.ts";
import type { Hasher, Verifier } from "../ports/crypto.ts";
import type { Logger } from "../ports/observe.ts";
import type { Transport } from "../ports/transport.ts";
import { type SyncInput, SyncMachine } from "../sync/machine.ts";
import type { Block, Commit } from "../types/block.ts";
import { LIMITS } from "../types/limits.ts";
import type { Hash, PublicKey } from "../types/scalars.ts";
import type { Envelope } from "../types/transaction.ts";
import type { BlockValidator } from "./block-validator.ts";
import type { ChainStore } from "./chain-store.ts";
import type { Decided } from "./consensus-driver.ts";
import type { EventLoop } from "./event-loop.ts";
import { blocksRequestSchema, blocksResponseSchema, type StoredBlock, storedBlockSchema } from "./messages.ts";
import type { ObjectStore } from "./object-store.ts";

interface CatchUpModules {
  readonly chain: Hash;
  readonly loop: EventLoop;
  readonly store: ChainStore;
  readonly objects: ObjectStore;
  readonly validator: BlockValidator;
  readonly transport: Transport;
  readonly verifier: Verifier;
  readonly hasher: Hasher;
  readonly clock: MonotonicClock;
  readonly logger: Logger;
  readonly onBlock: (decided: Decided) => void;
  readonly onCaughtUp: () => void;
}

const RETRY_MS = 500;
const NOT_PENALISED = "withheld blocks";

/** Drives the catch-up machine: blocks come from peers, are checked like any other, and go the same way into the store. */
export class CatchUp {
  readonly #m: CatchUpModules;
  readonly #machine: SyncMachine<Uint8Array>;

  constructor(modules: CatchUpModules) {
    this.#m = modules;
    this.#machine = new SyncMachine(modules.store.head.height);
  }

  get behind(): boolean {
    return this.#machine.behind;
  }

  /** A peer claims a commit: if it checks, the peer has shown it. */
  onCommit(peer: PublicKey, commit: Commit, isSound: (commit: Commit) => void): void {
    const { head } = this.#m.store;
    if (commit.height <= head.height) return;
    const checks = commitChecks(
      this.#m.chain,
      commit,
      { height: commit.height, block: commit.block, set: validatorsOf(this.#m.objects) },
      this.#m.hasher.sha256,
    );
    if (!checks.ok) return;
    this.#m.verifier.verify(
      checks.value,
      this.#m.loop.callback((valid: readonly boolean[]) => {
        if (!valid.every((each) => each)) {
          this.#m.transport.penalise(peer, "commit with a wrong signature");
          return;
        }
        isSound(commit);
        this.#step({ kind: "shown", peer, height: commit.height });
      }),
    );
  }

  onGone(peer: PublicKey): void {
    this.#step({ kind: "gone", peer });
  }

  /** The head moved, by consensus or by a block of ours. */
  onApplied(): void {
    this.#step({ kind: "applied", height: this.#m.store.head.height });
  }

  #step(input: SyncInput<Uint8Array>): void {
    for (const effect of this.#machine.step(input)) {
      switch (effect.kind) {
        case "request": {
          const { peer, from, count } = effect;
          this.#m.transport.request(
            peer as PublicKey,
            "blocks",
            encode(blocksRequestSchema, { from, count }),
            this.#m.loop.callback((response: Uint8Array | null) => {
              const decoded = response === null ? undefined : decode(blocksResponseSchema, response, LIMITS.responseBytesMax);
              this.#step({ kind: "answer", peer, from, blocks: decoded?.ok ? decoded.value : null });
            }),
          );
          break;
        }
        case "apply":
          this.#apply(effect.height, effect.block);
          break;
        case "penalise":
          if (effect.reason !== NOT_PENALISED) this.#m.transport.penalise(effect.peer as PublicKey, effect.reason);
          break;
        case "caughtUp":
          this.#m.onCaughtUp();
          break;
        case "retryLater":
          this.#m.clock.after(
            RETRY_MS,
            this.#m.loop.callback(() => this.#step({ kind: "retry" })),
          );
          break;
      }
    }
  }

  #apply(height: number, bytes: Uint8Array): void {
    const { head } = this.#m.store;
    if (height !== head.height + 1) {
      this.#step({ kind: "applied", height: head.height });
      return;
    }
    const refuse = (code: string): void => {
      this.#m.logger.warn("a fetched block does not check", { height, code });
      this.#step({ kind: "refused", height });
    };
    const decoded = decode(storedBlockSchema, bytes, LIMITS.responseBytesMax);
    if (!decoded.ok) {
      refuse(decoded.error.code);
      return;
    }
    const stored = decoded.value;
    const block = stored.block as Block;
    const id = blockId(block.header, this.#m.hasher.sha256);
    const commit = stored.commit as Commit;
    const set = validatorsOf(this.#m.objects);
    const checks = commitChecks(this.#m.chain, commit, { height, block: id, set }, this.#m.hasher.sha256);
    const envelopes = this.#envelopes(stored);
    if (!checks.ok || envelopes === undefined || block.header.height !== height) {
      refuse(checks.ok ? "BLOCK_BODIES" : checks.error);
      return;
    }
    const isWanted = (): boolean => this.#m.store.head.height === height - 1;
    this.#m.verifier.verify(
      checks.value,
      this.#m.loop.callback((valid: readonly boolean[]) => {
        if (!isWanted()) return;
        if (!valid.every((each) => each)) {
          refuse("COMMIT_BAD_SIGNATURE");
          return;
        }
        this.#m.validator.validate(block, envelopes, undefined, isWanted, (outcome) => {
          if (typeof outcome === "string") refuse(outcome);
          else this.#m.onBlock({ id, block, commit, ...outcome });
        });
      }),
    );
  }

  #envelopes({ bodies, block }: StoredBlock): readonly Envelope[] | undefined {
    const envelopes: Envelope[] = [];
    for (const [index, bytes] of bodies.entries()) {
      const decoded = decodeTransaction(bytes, this.#m.hasher.sha256);
      const pair = block.pairs[index];
      if (!decoded.ok || pair === undefined || decoded.value.pair.id !== pair.id || decoded.value.pair.sigs !== pair.sigs)
        return undefined;
      envelopes.push(decoded.value);
    }
    return bodies.length === block.pairs.length ? envelopes : undefined;
  }
}
