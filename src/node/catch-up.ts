import { decode } from "../codec/cbor.ts";
import { encode } from "../codec/schema.ts";
import { commitChecks } from "../light/commit.ts";
import type { MonotonicClock } from "../ports/clock.ts";
import type { Hasher, Verifier } from "../ports/crypto.ts";
import type { Logger } from "../ports/observe.ts";
import type { Transport } from "../ports/transport.ts";
import { type SyncInput, SyncMachine } from "../sync/machine.ts";
import type { Commit } from "../types/block.ts";
import type { Checkpoint } from "../types/genesis.ts";
import { LIMITS } from "../types/limits.ts";
import type { Hash, Height, PublicKey } from "../types/scalars.ts";
import type { BlockExecutor } from "./block-executor.ts";
import type { BlockValidator } from "./block-validator.ts";
import type { ChainStore } from "./chain-store.ts";
import type { Decided } from "./decided.ts";
import type { EventLoop } from "./event-loop.ts";
import { FetchedBlockCheck, type SoundBlock } from "./fetched-block-check.ts";
import { blocksRequestSchema, blocksResponseSchema, prunedResponseSchema } from "./messages.ts";
import type { VerifiedSignatures } from "./verified-signatures.ts";

interface CatchUpModules {
  readonly chain: Hash;
  readonly loop: EventLoop;
  readonly store: ChainStore;
  readonly executor: Pick<BlockExecutor, "authorities">;
  readonly validator: BlockValidator;
  readonly transport: Transport;
  readonly verifier: Verifier;
  readonly verified: VerifiedSignatures;
  readonly hasher: Hasher;
  readonly clock: MonotonicClock;
  readonly logger: Logger;
  /** A block that the operator knows to be on the chain. */
  readonly checkpoint: Checkpoint | undefined;
  /** Stages a block. Answers whether more may be staged before the disk has caught up. */
  readonly onBlock: (decided: Decided) => boolean;
  readonly onCaughtUp: () => void;
  /** Whether consensus has decided this height and is writing it; `onApplied` follows. */
  readonly isDeciding: (height: Height) => boolean;
}

const RETRY_MS = 500;
const NOT_PENALISED = "withheld blocks";

/**
 * Drives the catch-up machine. Blocks come from peers, are checked like any other, and execute on the tip while later ones are being
 * verified and earlier ones written. Works in slices, so that readers and peers are answered in between.
 */
export class CatchUp {
  readonly #m: CatchUpModules;
  readonly #check: FetchedBlockCheck;
  readonly #machine: SyncMachine<Uint8Array, SoundBlock>;
  #sliceEndMs = 0;
  #isContradicted = false;
  /** Whoever gave the checkpoint's block is not to blame that it does not follow what is here. */
  #spares = false;

  constructor(modules: CatchUpModules) {
    this.#m = modules;
    this.#check = new FetchedBlockCheck(modules);
    this.#machine = new SyncMachine(modules.store.head.height);
  }

  get behind(): boolean {
    return this.#machine.behind;
  }

  /** The height after which no peer keeps the blocks; null if some does, or nothing is lacking. */
  get cutOffAt(): Height | null {
    return this.#machine.cutOffAt;
  }

  /** Whether the blocks here do not lead to the checkpoint's: authorities that were removed since may have signed them. */
  get isContradicted(): boolean {
    return this.#isContradicted;
  }

  /** A peer claims a commit: if it checks, the peer has shown it. */
  onCommit(peer: PublicKey, commit: Commit, isSound: (commit: Commit) => void): void {
    const { tip } = this.#m.store;
    if (commit.height <= tip.height) return;
    const { height, block } = commit;
    const checks = commitChecks(
      this.#m.chain,
      commit,
      { height, block, set: this.#m.executor.authorities().set },
      this.#m.hasher.sha256,
    );
    const isNext = height === tip.height + 1;
    const doubt = (): void => {
      // Farther up, the authorities may have changed: only blocks will tell. Of the next height they are known.
      if (isNext) this.#m.transport.penalise(peer, "commit that does not check");
      else this.#step({ kind: "claimed", peer, height });
    };
    if (!checks.ok) {
      doubt();
      return;
    }
    this.#m.verifier.verify(
      checks.value,
      "consensus",
      this.#m.loop.callback((valid: readonly boolean[]) => {
        if (!valid.every((each) => each)) {
          doubt();
          return;
        }
        isSound(commit);
        this.#step({ kind: "shown", peer, height });
      }),
    );
  }

  onGone(peer: PublicKey): void {
    this.#step({ kind: "gone", peer });
  }

  /** The tip moved by consensus, or the disk has caught up with what was staged: the next block may be applied. */
  onApplied(): void {
    this.#step({ kind: "applied", height: this.#m.store.tip.height });
  }

  #step(input: SyncInput<Uint8Array, SoundBlock>): void {
    for (const effect of this.#machine.step(input)) {
      switch (effect.kind) {
        case "request":
          this.#request(effect.peer as PublicKey, effect.from, effect.count);
          break;
        case "check": {
          const { peer, height, block } = effect;
          this.#check.check(height, block, (outcome, isShown) => {
            if (isShown) this.#step({ kind: "shown", peer, height });
            if (typeof outcome === "string") this.#m.logger.warn("a fetched block does not check", { height, code: outcome });
            this.#step({ kind: "checked", peer, height, block: typeof outcome === "string" ? null : outcome });
          });
          break;
        }
        case "apply":
          this.#apply(effect.height, effect.block);
          break;
        case "penalise":
          if (effect.reason !== NOT_PENALISED && !this.#spares)
            this.#m.transport.penalise(effect.peer as PublicKey, effect.reason);
          break;
        case "caughtUp":
          this.#m.onCaughtUp();
          break;
        case "cutOff":
          this.#m.logger.error("no peer keeps the blocks that follow: join anew by a snapshot", { ...effect });
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

  #request(peer: PublicKey, from: Height, count: number): void {
    this.#m.transport.request(
      peer,
      "blocks",
      encode(blocksRequestSchema, { from, count }),
      this.#m.loop.callback((response: Uint8Array | null) => {
        const decoded = response === null ? undefined : decode(blocksResponseSchema, response, LIMITS.responseBytesMax);
        const blocks = decoded?.ok ? decoded.value.map((block) => ({ block, bytes: block.length })) : null;
        const pruned =
          response === null || blocks !== null ? null : decode(prunedResponseSchema, response, LIMITS.requestBytesMax);
        if (pruned?.ok) this.#step({ kind: "pruned", peer, from, base: pruned.value.base });
        else this.#step({ kind: "answer", peer, from, blocks });
      }),
    );
  }

  #apply(height: Height, { id, block, commit, envelopes }: SoundBlock): void {
    // The batch of a block that consensus is writing can be read before it is the tip's: it would seem to repeat its own transactions.
    if (this.#m.isDeciding(height)) return;
    const isNext = (): boolean => this.#m.store.tip.height === height - 1 && !this.#m.isDeciding(height);
    if (!isNext()) {
      this.#m.loop.post(() => this.onApplied());
      return;
    }
    const refuse = (code: string): void => {
      this.#m.logger.warn("a fetched block does not fit the chain", { height, code });
      this.#m.loop.post(() => {
        this.#spares = isCheckpoint;
        this.#step({ kind: "refused", height });
        this.#spares = false;
      });
    };
    const { checkpoint } = this.#m;
    const isCheckpoint = checkpoint?.height === height && checkpoint.id === id;
    if (isCheckpoint && block.header.parent !== this.#m.store.tip.block) {
      this.#contradict(height);
      refuse("CHECKPOINT_CONTRADICTED");
      return;
    }
    const { set } = this.#m.executor.authorities();
    const checks = commitChecks(this.#m.chain, commit, { height, block: id, set }, this.#m.hasher.sha256);
    if (!checks.ok) {
      refuse(checks.error);
      return;
    }
    const validate = (): void => {
      if (checkpoint?.height === height && !isCheckpoint) {
        // A quorum of those whom the blocks here made the authorities has signed it.
        this.#contradict(height);
        refuse("CHECKPOINT_OTHER_BLOCK");
        return;
      }
      this.#m.validator.validate(block, envelopes, undefined, isNext, (outcome) => {
        if (typeof outcome === "string") refuse(outcome);
        else if (this.#m.onBlock({ id, block, commit, ...outcome })) this.#next();
      });
    };
    const unverified = checks.value.filter((check) => !this.#m.verified.has(check));
    if (unverified.length === 0) {
      validate();
      return;
    }
    this.#m.verifier.verify(
      unverified,
      "consensus",
      this.#m.loop.callback((valid: readonly boolean[]) => {
        if (!isNext()) return;
        if (valid.every((each) => each)) validate();
        else refuse("COMMIT_BAD_SIGNATURE");
      }),
    );
  }

  #contradict(height: Height): void {
    if (this.#isContradicted) return;
    this.#isContradicted = true;
    const code = "CHECKPOINT_CONTRADICTED";
    this.#m.logger.error("the blocks fetched here do not lead to the checkpoint", { height, code });
  }

  /** Goes on at once within a slice of time; then the world has its turn. */
  #next(): void {
    const nowMs = this.#m.clock.nowMs();
    const goOn = (): void => this.onApplied();
    if (nowMs < this.#sliceEndMs) {
      this.#m.loop.post(goOn);
      return;
    }
    this.#m.clock.after(
      0,
      this.#m.loop.callback(() => {
        this.#sliceEndMs = this.#m.clock.nowMs() + LIMITS.syncSliceMs;
        goOn();
      }),
    );
  }
}
