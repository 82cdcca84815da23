import { createHash } from "node:crypto";
import { assemble, buildTransaction, op, signedMessage } from "../client/transaction-builder.ts";
import { genesisFromJson, genesisToJson } from "../codec/genesis.ts";
import { decodeTransaction } from "../codec/transaction.ts";
import { partyId } from "../ledger/ids.ts";
import { assert } from "../lib/assert.ts";
import type { Prng } from "../lib/prng.ts";
import { newGuardFile } from "../node/double-sign-guard.ts";
import { Node } from "../node/node.ts";
import { makeSnapshots } from "../node/snapshot-making.ts";
import type { Transport } from "../ports/transport.ts";
import type { ChainIdentity, Genesis, LegalId } from "../types/genesis.ts";
import { KEEP_ALL, type Keep } from "../types/retention.ts";
import type { Hash, MemberId, PublicKey, Signature, TimeMs } from "../types/scalars.ts";
import type { Envelope } from "../types/transaction.ts";
import type { Behaviour } from "./byzantine/behaviour.ts";
import type { Checkers } from "./checkers.ts";
import { SIMULATED_FEATURES } from "./features.ts";
import { joinBySnapshot } from "./joining.ts";
import { Marks, UNMEASURED } from "./marks.ts";
import { noticingPruned } from "./noticing-pruned.ts";
import type { ReferenceChain } from "./reference-chain.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Keeping } from "./swarm.ts";
import { keyOf, type Scheme, simulatedHasher, simulatedSigner, simulatedVerifier } from "./virtual-crypto.ts";
import { type DiskImage, VirtualDisk } from "./virtual-disk.ts";
import type { VirtualNetwork } from "./virtual-network.ts";
import { VirtualSnapshots } from "./virtual-snapshots.ts";

/** One member's machine: its keys and its disk stay, its node comes and goes. */
export interface Machine {
  readonly name: MemberId;
  /** Place among the genesis members, and so among the authorities if it is one. */
  readonly index: number;
  /** By the genesis; votes may change it. */
  readonly isAuthority: boolean;
  readonly nodeKey: PublicKey;
  readonly makerSeed: Uint8Array;
  readonly makerKey: PublicKey;
  readonly party: Hash;
  readonly disk: VirtualDisk;
  readonly random: Prng;
  /** Null: it does what it should. */
  readonly behaviour: Behaviour | null;
  /** The consensus key: the operator may put another in its place. */
  authorityKey: PublicKey;
  authoritySeed: Uint8Array;
  readonly legalId: LegalId;
  /** How much the wall clock is off. */
  skewMs: number;
  /** Why its node may end by itself: its disk is full, or holds what it never wrote. */
  excuse: "full" | "rotten" | null;
  node: Node | null;
  /** What its node would be answered with when it gives or makes snapshots. */
  readonly snapshots: VirtualSnapshots;
  /** Whether its store is to be filled by a snapshot before there is a node; and whether that is under way. */
  joins: boolean;
  isJoining: boolean;
}

/** Whether the machine has power: with a node, or filling its store for one. */
export function isOn({ node, isJoining }: Machine): boolean {
  return node !== null || isJoining;
}

export interface WorldOptions {
  readonly authorities: number;
  readonly follower: boolean;
  readonly scheme: Scheme;
  /** How the first machines misbehave. */
  readonly byzantine: readonly Behaviour[];
  /** Whether nodes make snapshots, and a machine with an empty disk joins by one. */
  readonly snapshots?: boolean;
  /** Whose nodes let go of old blocks; then the window of used ids is shorter than a run. */
  readonly keeping?: Keeping;
}

interface WorldModules {
  readonly scheduler: Scheduler;
  readonly network: VirtualNetwork;
  readonly checkers: Checkers;
  readonly random: Prng;
  readonly marks?: Marks;
  /** What is final, for those who misbehave with knowledge. */
  readonly reference?: () => ReferenceChain;
  /** A node ended by itself, as its machine's excuse has it. */
  readonly ended?: (machine: Machine) => void;
}

const EPOCH_MS = Date.UTC(2026, 0, 1);
/** Small, so that there are many snapshots, and of several chunks, of the small states here. */
const SNAPSHOT_INTERVAL_BLOCKS = 4;
const CHUNK_LEAVES = 80;
const KEPT_BLOCKS = 2;
const KEPT: Keep = { kind: "blocks", count: KEPT_BLOCKS };
const LONG_WINDOW_MS = 600_000;
const SHORT_WINDOW_MS = 4_000;
const FEATURES: ReadonlySet<string> = new Set(SIMULATED_FEATURES);

/** The machines of one simulated network and the production node on each of them. */
export class World {
  readonly identity: ChainIdentity;
  readonly machines: readonly Machine[];
  readonly #m: WorldModules;
  readonly #marks: Marks;
  readonly #options: WorldOptions;
  #skewMostMs = 0;
  #keys = 0;
  readonly #stopLife = new Map<MemberId, () => void>();

  constructor(options: WorldOptions, modules: WorldModules) {
    this.#options = options;
    this.#m = modules;
    this.#marks = modules.marks ?? new Marks();
    const { authorities, follower, byzantine } = options;
    this.machines = Array.from({ length: authorities + (follower ? 1 : 0) }, (_, index) => {
      const name = `member-${index}` as MemberId;
      const [authoritySeed, makerSeed] = [seedOf(`${name}/authority`), seedOf(`${name}/maker`)];
      const disk = new VirtualDisk(modules.scheduler, modules.random.fork(), name);
      const authorityKey = keyOf(authoritySeed);
      disk.put("guard", newGuardFile(authorityKey, simulatedHasher.sha256));
      return {
        name,
        index,
        isAuthority: index < authorities,
        nodeKey: keyOf(seedOf(`${name}/node`)),
        authorityKey,
        authoritySeed,
        makerSeed,
        makerKey: keyOf(makerSeed),
        party: partyId(legalId(name)),
        legalId: legalId(name),
        disk,
        random: modules.random.fork(),
        behaviour: byzantine[index] ?? null,
        skewMs: 0,
        excuse: null,
        node: null,
        snapshots: new VirtualSnapshots(),
        joins: false,
        isJoining: false,
      };
    });
    this.identity = identityOf(this.machines, this.#isForgetting ? SHORT_WINDOW_MS : LONG_WINDOW_MS);
  }

  get #isForgetting(): boolean {
    return (this.#options.keeping ?? "all") !== "all";
  }

  #keepOf({ index }: Machine): Keep {
    const { keeping = "all" } = this.#options;
    return keeping === "all" || (keeping === "recent, one keeps all" && index === 0) ? KEEP_ALL : KEPT;
  }

  get memberOf(): ReadonlyMap<PublicKey, MemberId> {
    return new Map(this.machines.map(({ nodeKey, name }) => [nodeKey, name]));
  }

  get running(): readonly Machine[] {
    return this.machines.filter(({ node }) => node !== null);
  }

  wallMs(machine?: Machine): TimeMs {
    return EPOCH_MS + Math.floor(this.#m.scheduler.nowMs) + (machine?.skewMs ?? 0);
  }

  /** On the fastest clock that a correct machine ever had. */
  get latestMs(): TimeMs {
    return this.wallMs() + this.#skewMostMs;
  }

  setSkew(machine: Machine, skewMs: number): void {
    machine.skewMs = skewMs;
    if (machine.behaviour === null) this.#skewMostMs = Math.max(this.#skewMostMs, skewMs);
  }

  start(machine: Machine): void {
    assert(!isOn(machine), "a machine runs one node");
    let alive = true;
    const isAlive = (): boolean => alive;
    this.#stopLife.set(machine.name, () => {
      alive = false;
    });
    if (machine.joins) this.#join(machine, isAlive);
    else this.#run(machine, isAlive);
  }

  /** What the operator's `joinBy: snapshot` does before there is a node. */
  #join(machine: Machine, isAlive: () => boolean): void {
    const { scheduler, network } = this.#m;
    const { name, disk, nodeKey } = machine;
    scheduler.note(`${name} joins`);
    machine.isJoining = true;
    joinBySnapshot({
      identity: this.identity,
      store: () => disk.store(),
      clear: () => disk.clearStore(),
      transport: network.transport(nodeKey),
      peers: new Set(this.machines.map((each) => each.nodeKey).filter((key) => key !== nodeKey)),
      scheme: this.#options.scheme,
      logger: this.#marks.logger(),
      pause: (delayMs) => this.#pause(machine, isAlive, delayMs),
    }).then(
      () => {
        if (!isAlive()) return;
        machine.joins = false;
        machine.isJoining = false;
        network.down(nodeKey);
        this.#run(machine, isAlive);
      },
      (error: Error) => {
        if (isAlive()) scheduler.soon(() => this.#ended(machine, error));
      },
    );
  }

  #pause({ name }: Machine, isAlive: () => boolean, delayMs: number): Promise<void> {
    return new Promise((resolve) =>
      this.#m.scheduler.at(delayMs, `${name} pause`, () => {
        if (isAlive()) resolve();
      }),
    );
  }

  #run(machine: Machine, isAlive: () => boolean): void {
    const { disk, name, behaviour } = machine;
    const { scheduler, checkers } = this.#m;
    const { scheme } = this.#options;
    const makesSnapshots = this.#options.snapshots === true;
    if (behaviour?.forgets) {
      this.#marks.add("amnesiac: all it signed is forgotten");
      disk.put("log", new Uint8Array(0));
      disk.put("guard", newGuardFile(machine.authorityKey, simulatedHasher.sha256));
    }
    scheduler.note(`${name} starts`);
    checkers.powered(name, disk, machine.authorityKey);
    const store = disk.store();
    const snapshots = machine.snapshots.files();
    let node: Node;
    try {
      node = new Node(
        {
          identity: this.identity,
          member: name,
          signWithoutMemory: behaviour?.forgets === true,
          knownFeatures: FEATURES,
          makesSnapshots,
          keep: this.#keepOf(machine),
        },
        {
          ...(makesSnapshots ? { snapshots } : {}),
          wall: { nowMs: () => this.wallMs(machine) },
          clock: {
            nowMs: () => scheduler.nowMs,
            after: (delayMs, fire) =>
              scheduler.at(delayMs, `${name} timer`, () => {
                if (isAlive()) fire();
              }),
          },
          store,
          consensusLog: disk.file("log"),
          guardLog: disk.file("guard"),
          transport: this.#isForgetting
            ? noticingPruned(this.#transportOf(machine, isAlive), this.#marks)
            : this.#transportOf(machine, isAlive),
          signer: simulatedSigner(scheme, scheduler, machine.authoritySeed, machine.authorityKey, isAlive),
          verifier: simulatedVerifier(scheme, scheduler, isAlive),
          hasher: simulatedHasher,
          logger: this.#marks.logger((event) => {
            // Nobody has another's key here; who believes it is lost to the network until its operator has looked.
            if (behaviour === null && event.startsWith("another machine signs")) checkers.fail(`liveness: ${name}: ${event}`);
            if (event.startsWith("no peer keeps the blocks")) scheduler.soon(() => isAlive() && this.#joinAnew(machine));
          }),
          metrics: UNMEASURED,
          observe: this.#marks.observer(),
          fatal: (error) => scheduler.soon(() => this.#ended(machine, error)),
        },
      );
    } catch (error) {
      this.#ended(machine, error as Error);
      return;
    }
    machine.node = node;
    if (behaviour === null) checkers.restarted(name, node);
    node.onBlock((decided) => checkers.decided(name, decided));
    if (makesSnapshots) {
      makeSnapshots(node, this.#isForgetting ? KEPT_BLOCKS : SNAPSHOT_INTERVAL_BLOCKS, {
        store,
        files: snapshots,
        hasher: simulatedHasher,
        logger: this.#marks.logger(),
        pause: () => this.#pause(machine, isAlive, 1),
        chunkLeaves: CHUNK_LEAVES,
      });
    }
    node.start();
  }

  /** Power cut: what was not durable may be gone. */
  crash(machine: Machine): void {
    this.#m.scheduler.note(`${machine.name} crashes`);
    this.#stopLife.get(machine.name)?.();
    machine.node?.stop();
    machine.node = null;
    machine.isJoining = false;
    machine.snapshots.crash();
    this.#m.network.down(machine.nodeKey);
    machine.disk.crash();
  }

  /** The operator does what the node says: no peer has the blocks that it lacks. Guard and log stay. */
  #joinAnew(machine: Machine): void {
    this.crash(machine);
    this.#marks.add("cut off: joins anew");
    machine.disk.clearStore();
    machine.joins = true;
    this.#m.checkers.forgets(machine.name);
    this.start(machine);
  }

  /** The operator puts in an empty disk: of all that was signed there is no memory. */
  replaceDisk(machine: Machine): void {
    if (isOn(machine)) this.crash(machine);
    this.#m.scheduler.note(`${machine.name} has a new disk`);
    machine.disk.wipe();
    machine.snapshots.wipe();
    machine.joins = this.#options.snapshots === true;
    machine.excuse = null;
    this.#m.checkers.forgets(machine.name);
  }

  /** The operator gives the stopped machine a new consensus key, with a guard of its own (`node rekey`). */
  rekey(machine: Machine): void {
    const wasRunning = isOn(machine);
    if (wasRunning) this.crash(machine);
    this.#m.scheduler.note(`${machine.name} has a new key`);
    this.#keys += 1;
    machine.authoritySeed = seedOf(`${machine.name}/authority/${this.#keys}`);
    machine.authorityKey = keyOf(machine.authoritySeed);
    machine.disk.put("guard", newGuardFile(machine.authorityKey, simulatedHasher.sha256));
    if (wasRunning) this.start(machine);
  }

  /** The operator puts the disk back as it was when it was copied. */
  restoreDisk(machine: Machine, copy: DiskImage): void {
    if (isOn(machine)) this.crash(machine);
    this.#m.scheduler.note(`${machine.name} has an old disk`);
    machine.disk.restore(copy);
    machine.excuse = null;
    this.#m.checkers.forgets(machine.name);
  }

  #ended(machine: Machine, error: Error): void {
    this.#marks.add(`ended: ${error.message}`);
    if (machine.excuse === null && machine.behaviour === null) {
      const cause = error.cause === undefined ? "" : `: ${String(error.cause)}`;
      this.#m.checkers.fail(`${machine.name} ended: ${error.message}${cause}`);
      return;
    }
    this.crash(machine);
    this.#m.ended?.(machine);
  }

  #transportOf(machine: Machine, isAlive: () => boolean): Transport {
    const transport = this.#m.network.transport(machine.nodeKey);
    const { behaviour } = machine;
    if (behaviour?.twist === undefined) return transport;
    return behaviour.twist(
      {
        chain: this.identity.chain,
        index: machine.index,
        member: machine.name,
        random: machine.random.fork(),
        scheduler: this.#m.scheduler,
        isAlive,
        did: (what) => this.#marks.add(what),
        sign: (message) => this.#options.scheme.sign(machine.authoritySeed, message),
        transaction: (notAfter, signatures) => this.#ownTransaction(machine, notAfter, signatures !== "forged"),
        finalised: () => this.#m.reference?.().finalised ?? [],
        reseal: (block, envelopes) => {
          const reference = this.#m.reference?.();
          if (reference === undefined) return null;
          const known = new Map([...reference.finalised, ...envelopes].map((envelope) => [envelope.pair.id, envelope]));
          const pending = block.pairs.map(({ id }) => known.get(id) ?? machine.node?.mempool.get(id));
          return pending.every((envelope) => envelope !== undefined) ? reference.reseal(block, pending as Envelope[]) : null;
        },
      },
      transport,
    );
  }

  /** Registers a party that nobody knows, sponsored by the machine's own organisation. */
  #ownTransaction(machine: Machine, notAfter: TimeMs, isSound: boolean): Envelope {
    const name = `${machine.name}/invented/${machine.random.next()}`;
    const seed = seedOf("invented");
    const key = keyOf(seed);
    const party = partyId(legalId(name));
    const body = {
      legalId: legalId(name),
      roles: ["SELLER"],
      size: "SME" as const,
      sponsor: machine.name,
      keys: [{ key, purpose: "MAKER" as const }],
      policy: [],
    };
    const { unsigned, id } = buildTransaction({
      chain: this.identity.chain,
      ops: [op("party.register", body)],
      notAfter,
      signers: [
        { party: machine.party, key: machine.makerKey },
        { party, key },
      ],
      salt: new Uint8Array(16),
    });
    const { scheme } = this.#options;
    const sign = (by: Uint8Array): Signature => scheme.sign(isSound ? by : seedOf("nobody"), signedMessage(id));
    const signatures = new Map([
      [machine.makerKey, sign(machine.makerSeed)],
      [key, sign(seed)],
    ]);
    const decoded = decodeTransaction(assemble(unsigned, signatures), simulatedHasher.sha256);
    assert(decoded.ok, "what is encoded decodes");
    return decoded.value;
  }
}

/** Seeds made from names are the same in every run. */
const seeds = new Map<string, Uint8Array>();
export function seedOf(name: string): Uint8Array {
  let seed = seeds.get(name);
  if (seed === undefined) {
    seed = new Uint8Array(createHash("sha256").update(name).digest());
    if (seeds.size < SEEDS_KEPT_MAX) seeds.set(name, seed);
  }
  return seed;
}
const SEEDS_KEPT_MAX = 10_000;

export function legalId(name: string): { readonly scheme: string; readonly value: string } {
  return { scheme: "SIM", value: createHash("sha256").update(name).digest("hex").slice(0, 18) };
}

/** Networks of one shape have one genesis, whatever the seed; checking its keys would cost more than most runs. */
const identities = new Map<string, ChainIdentity>();

function identityOf(machines: readonly Machine[], txWindowMs: number): ChainIdentity {
  const shape = machines.map(({ isAuthority }) => (isAuthority ? "a" : "f")).join("") + txWindowMs;
  let identity = identities.get(shape);
  if (identity === undefined) {
    const checked = genesisFromJson(genesisToJson(genesisOf(machines, txWindowMs)));
    assert(checked.ok, "the simulated genesis is sound");
    identity = checked.value;
    identities.set(shape, identity);
  }
  return identity;
}

function genesisOf(machines: readonly Machine[], txWindowMs: number): Genesis {
  return {
    v: 1,
    network: "simulated",
    timeMs: EPOCH_MS - 1_000,
    clock: "wall",
    members: machines.map(({ name, nodeKey, authorityKey, makerKey, isAuthority }) => ({
      id: name,
      legalId: legalId(name),
      roles: ["DEBTOR", "PLATFORM", "SELLER"],
      nodeKey,
      ...(isAuthority ? { authorityKey } : {}),
      keys: [{ key: makerKey, purpose: "MAKER" }],
    })),
    params: {
      txWindowMs,
      blockBytesMax: 4 * 1024 * 1024,
      blockTxMax: 10_000,
      blockIntervalMs: 50,
      heartbeatMs: 600_000,
      confirmDays: 30,
      offerTtlMs: 259_200_000,
      reserveTtlMs: 86_400_000,
      payByTtlMs: 86_400_000,
      searchTtlMs: 86_400_000,
      cutoffDays: 1,
      graceDays: 3,
      tenorSoftMonths: 6,
      tenorHardMonths: 12,
      splitDepthMax: 10,
      notesPerRootMax: 1_024,
      noteMinorUnitsMin: 100,
    },
  };
}
