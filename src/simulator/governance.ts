import { op } from "../client/transaction-builder.ts";
import { SIMULATED_FEATURES } from "./features.ts";
import type { Scheduler } from "./scheduler.ts";
import { type Change, type VotingModules, voteFor } from "./voting.ts";
import { signingOf } from "./workload.ts";
import type { Machine } from "./world.ts";

/** Blocks of every tenth height can be named to show readiness. */
const WAYMARK_HEIGHTS = 10;
const AGAIN_MS = 2_000;
/** Longer than a guard takes to its disk, and where the others stand to be heard. */
const RUNNING_MS = 300;
/** Heights ahead at which new rules begin. */
const FEATURE_AHEAD = 4;

interface Modules extends VotingModules {
  readonly scheduler: Scheduler;
  /**
   * Whether the machine may change its key while it is an authority: until the members have voted for the new one it does not sign, and
   * no more than may be faulty are to be silent.
   */
  readonly mayBeSilent: boolean;
}

/**
 * The founding authorities change the chain by votes while anything may fail: one machine, no founder, joins and leaves the authorities and
 * the members and changes its key; parameters and rules change beside it.
 */
export class Governance {
  readonly #m: Modules;
  readonly #machine: Machine;
  #isOver = false;
  #features = 0;

  constructor(machine: Machine, modules: Modules) {
    this.#machine = machine;
    this.#m = modules;
  }

  begin(delayMs: number): void {
    this.#m.scheduler.at(delayMs, "governance", () => this.#next());
  }

  /** No more is begun; whoever is outside is let in again, so that it can be seen to arrive where the others are. */
  stop(): void {
    this.#isOver = true;
    if (!this.#isMember) this.#vote(this.#admission());
  }

  get #isMember(): boolean {
    return this.#m.reference.isMember(this.#machine.name);
  }

  get #isAuthority(): boolean {
    const { reference } = this.#m;
    return reference.setAt(reference.height + 1)?.some(({ member }) => member === this.#machine.name) === true;
  }

  #next(): void {
    if (this.#isOver) return;
    const { random } = this.#m;
    const { name } = this.#machine;
    if (!this.#isMember) this.#vote(this.#admission());
    else if (random.chance(200)) this.#vote(this.#rule());
    else if (random.chance(150)) this.#vote({ kind: "removeMember", member: name });
    else if (!this.#isAuthority) this.#promote();
    else if (random.chance(300) && this.#m.mayBeSilent) this.#rotate();
    else this.#vote({ kind: "removeAuthority", member: name });
  }

  #admission(): Change {
    const { name, legalId, nodeKey } = this.#machine;
    // The party stays when its member goes, and brings its keys along.
    return { kind: "addMember", name, legalId, roles: ["PLATFORM"], nodeKey, keys: [] };
  }

  #rule(): Change {
    const { random, reference } = this.#m;
    const feature = SIMULATED_FEATURES[this.#features];
    if (feature !== undefined && random.chance(500)) {
      this.#features += 1;
      return { kind: "switchFeature", feature, height: reference.height + FEATURE_AHEAD * this.#m.world.machines.length };
    }
    const params = random.pick([
      { name: "graceDays", value: random.between(1, 9) },
      { name: "blockIntervalMs", value: random.between(50, 150) },
    ]);
    return { kind: "setParams", params: [params] };
  }

  /** Sometimes with a new key: nobody needs the old one any more. */
  #promote(): void {
    if (this.#m.random.chance(400)) this.#m.world.rekey(this.#machine);
    this.#showReady((authorityKey) => this.#vote({ kind: "addAuthority", member: this.#machine.name, authorityKey }));
  }

  #rotate(): void {
    this.#m.world.rekey(this.#machine);
    this.#showReady((authorityKey) => this.#vote({ kind: "setAuthorityKey", member: this.#machine.name, authorityKey }));
  }

  /** Its operator shows the key once the node has run with it for a while: a key that never ran would be voted in before its guard was. */
  #showReady(then: (key: Machine["authorityKey"]) => void): void {
    const { node } = this.#machine;
    this.#m.scheduler.at(RUNNING_MS, "governance", () => {
      if (node !== null && node === this.#machine.node && !node.isSyncing) this.#show(then);
      else if (!this.#isOver) this.#showReady(then);
    });
  }

  #show(then: (key: Machine["authorityKey"]) => void): void {
    const { reference, scheduler, workload } = this.#m;
    const { height } = reference;
    const waymark = height - 1 - ((height - 2) % WAYMARK_HEIGHTS);
    const block = reference.idAt(waymark);
    if (block === undefined) {
      scheduler.at(AGAIN_MS, "governance", () => this.#next());
      return;
    }
    const { name, party, authorityKey, authoritySeed } = this.#machine;
    workload.ask(
      op("authority.ready", { member: name, key: authorityKey, height: waymark, block }),
      [signingOf(this.#machine), { party, key: authorityKey, seed: authoritySeed }],
      () => then(authorityKey),
    );
  }

  #vote(change: Change): void {
    const { random, scheduler } = this.#m;
    voteFor(this.#m, change, () => {
      if (this.#isOver && !this.#isMember) this.#vote(this.#admission());
      else scheduler.at(random.between(0, AGAIN_MS), "governance", () => this.#next());
    });
  }
}
