import { voteSignBytes } from "../codec/vote.ts";
import { validatorsOf } from "../ledger/validators.ts";
import type { MonotonicClock, WallClock } from "../ports/clock.ts";
import type { Hasher } from "../ports/crypto.ts";
import type { Logger } from "../ports/observe.ts";
import type { Commit } from "../types/block.ts";
import type { Checkpoint } from "../types/genesis.ts";
import { LIMITS } from "../types/limits.ts";
import type { Hash, Height, MemberId, PublicKey, TimeMs } from "../types/scalars.ts";
import { Bearings } from "./bearings.ts";
import type { ChainStore } from "./chain-store.ts";
import type { DoubleSignGuard, SignRequest } from "./double-sign-guard.ts";
import type { EventLoop } from "./event-loop.ts";
import type { Membership } from "./membership.ts";
import type { ObjectStore } from "./object-store.ts";
import { SigningMemory } from "./signing-memory.ts";
import type { ValidatorHistory } from "./validator-history.ts";

interface PermitModules {
  readonly chain: Hash;
  readonly member: MemberId;
  /** null: a follower for good. */
  readonly ownKey: PublicKey | null;
  readonly guard: DoubleSignGuard | null;
  readonly store: ChainStore;
  readonly objects: ObjectStore;
  readonly membership: Membership;
  readonly validators: ValidatorHistory;
  readonly hasher: Hasher;
  readonly wall: WallClock;
  readonly clock: MonotonicClock;
  readonly loop: EventLoop;
  readonly logger: Logger;
  /** The operator's word that no other machine has this key and nothing signed is forgotten. */
  readonly isOrdered: boolean;
  readonly checkpoint: Checkpoint | undefined;
  /** Signing is allowed again: what was wanted of this round is signed now. */
  readonly resume: () => void;
  readonly fatal: (error: Error) => void;
}

/** Whether this node may sign now, and if not, why: everything but catching up, which is no fault. */
export class SigningPermit {
  readonly #m: PermitModules;
  readonly #bearings = new Bearings();
  readonly #memory: SigningMemory | null;
  readonly #startedMs: number;
  /** Why the shell forbids signing (disk nearly full), if it does. */
  #suspended: string | null = null;
  /** Why this node signs no more until it is started again: its key is in use elsewhere. */
  #retired: string | null = null;

  constructor(modules: PermitModules) {
    this.#m = modules;
    this.#startedMs = modules.clock.nowMs();
    const { guard, ownKey } = modules;
    this.#memory =
      guard === null || ownKey === null ? null : new SigningMemory({ ...modules, guard, key: ownKey, bearings: this.#bearings });
  }

  /** Why an authority does not sign; null if it does, or is none. */
  get refusal(): string | null {
    const { membership, checkpoint, store } = this.#m;
    if (membership.hasOtherKey) return "the members know another consensus key of this member";
    if (!membership.isAuthority) return null;
    if (this.#retired !== null) return this.#retired;
    if (checkpoint !== undefined && store.head.height < checkpoint.height)
      return "the chain is fetched up to the checkpoint first";
    if (this.#memory?.reason != null) return this.#memory.reason;
    if (!this.#bearings.isTaken) return "where the other authorities stand is not known yet";
    return this.#suspended;
  }

  get hasBearings(): boolean {
    return this.#bearings.isTaken;
  }

  /** Before the first height begins. */
  recall(isLogSound: boolean): void {
    const isAlone = validatorsOf(this.#m.objects).length === 1;
    this.#memory?.recall(this.#m.store.head.height, isLogSound, isAlone);
    this.#take();
  }

  /** A member says by its status where it stands, or shows the commit of some height. */
  hears(member: MemberId, decided: Height, what: "standing" | "commit"): void {
    if (this.#bearings.isTaken) return;
    if (this.#bearings.hears(member, decided, what)) this.#wait();
    this.takeBearings();
  }

  /** Blocks were applied, or somebody was heard. */
  takeBearings(): void {
    if (this.#take()) this.#m.resume();
  }

  /** A block is durable. */
  settled(height: Height, timeMs: TimeMs): void {
    const { wall, clock } = this.#m;
    this.#bearings.passes(height, timeMs, wall.nowMs() - (clock.nowMs() - this.#startedMs));
    this.#memory?.settled(height);
  }

  /** The guard holds what the log of its height does not account for: the end of the log is lost, and with it a lock perhaps. */
  onLogBehindGuard(height: Height): void {
    if (this.#memory?.forgets() === true)
      this.#m.logger.warn("no memory of what was signed: the log lacks what the guard holds", { height });
  }

  /** A valid signature by this node's key that it has no memory of: of a time that its folder forgot, or another machine's. */
  onForeignSignature({ height, round, step }: Omit<SignRequest, "message">): void {
    const { logger } = this.#m;
    if (this.#bearings.reach(height)) {
      if (this.#memory?.forgets() === true)
        logger.warn("no memory of what was signed: others hold what this node's guard does not", { height, round, step });
      return;
    }
    if (this.#retired !== null) return;
    this.#retired = `another machine signs with this node's key (seen at height ${height})`;
    logger.error("another machine signs with this node's key: signing no more", { height, round, step });
  }

  /** Looks in a commit that others made for a precommit by this node that its guard does not know of. */
  lookAt({ height, round, block, sigs }: Commit): void {
    const { guard, objects, ownKey, chain, hasher } = this.#m;
    const self = validatorsOf(objects).findIndex(({ key }) => key === ownKey);
    if (guard === null || !sigs.some(({ index }) => index === self)) return;
    const message = voteSignBytes(chain, { height, round, kind: "precommit", block }, hasher.sha256);
    const request = { height, round, step: "precommit", message } as const;
    if (guard.disowns(request)) this.onForeignSignature(request);
  }

  suspend(reason: string | null): void {
    const before = this.#suspended;
    this.#suspended = reason;
    const { logger } = this.#m;
    if (before === null && reason !== null) logger.warn("signing is suspended", { reason });
    if (before === null || reason !== null) return;
    logger.info("signing is no longer suspended");
    this.#m.resume();
  }

  #take(): boolean {
    const { store, objects, member } = this.#m;
    if (!this.#bearings.take(store.head.height, validatorsOf(objects), member)) return false;
    this.#memory?.believe(store.head.height);
    return true;
  }

  #wait(): void {
    this.#m.clock.after(
      LIMITS.bearingsMs,
      this.#m.loop.callback(() => {
        if (this.#bearings.isTaken) return;
        this.#bearings.goBy(this.#m.store.head.height);
        if (this.#bearings.isTaken) this.#m.resume();
        else this.#wait();
      }),
    );
  }
}
