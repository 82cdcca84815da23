import { createHash } from "node:crypto";
import { genesisFromJson, genesisToJson } from "../codec/genesis.ts";
import type { Rules } from "../consensus/rules.ts";
import { publicKeyOf } from "../crypto/ed25519.ts";
import { partyId } from "../ledger/ids.ts";
import { assert } from "../lib/assert.ts";
import type { Prng } from "../lib/prng.ts";
import { newGuardFile } from "../node/double-sign-guard.ts";
import { Node } from "../node/node.ts";
import type { Logger, Metrics } from "../ports/observe.ts";
import type { Transport } from "../ports/transport.ts";
import type { ChainIdentity, Genesis } from "../types/genesis.ts";
import type { Hash, MemberId, PublicKey, Signature } from "../types/scalars.ts";
import type { Behaviour } from "./byzantine/behaviour.ts";
import type { Checkers } from "./checkers.ts";
import type { Scheduler } from "./scheduler.ts";
import { type Scheme, simulatedHasher, simulatedSigner, simulatedVerifier } from "./virtual-crypto.ts";
import { VirtualDisk } from "./virtual-disk.ts";
import type { VirtualNetwork } from "./virtual-network.ts";

/** One authority's machine: its keys and its disk stay, its node comes and goes. */
export interface Machine {
  readonly name: MemberId;
  readonly nodeKey: PublicKey;
  readonly authorityKey: PublicKey;
  readonly authoritySeed: Uint8Array;
  readonly makerSeed: Uint8Array;
  readonly makerKey: PublicKey;
  readonly party: Hash;
  readonly disk: VirtualDisk;
  readonly skewMs: number;
  node: Node | null;
}

export interface WorldOptions {
  readonly authorities: number;
  readonly scheme: Scheme;
  readonly rules?: Rules;
  /** Disks that report durable what is not: the seeded fault "vote before persist". */
  readonly lyingDisks: boolean;
  /** How the first machine misbehaves, if it does. */
  readonly byzantine: Behaviour | null;
}

/** Which of the machines, and so which authority, misbehaves in runs in which one does. */
export const GUILTY = 0;

const EPOCH_MS = Date.UTC(2026, 0, 1);

/** The machines of one simulated network and the production node on each of them. */
export class World {
  readonly identity: ChainIdentity;
  readonly machines: readonly Machine[];
  readonly #scheduler: Scheduler;
  readonly #network: VirtualNetwork;
  readonly #checkers: Checkers;
  readonly #options: WorldOptions;

  constructor(
    options: WorldOptions,
    modules: {
      readonly scheduler: Scheduler;
      readonly network: VirtualNetwork;
      readonly checkers: Checkers;
      readonly random: Prng;
    },
  ) {
    this.#options = options;
    this.#scheduler = modules.scheduler;
    this.#network = modules.network;
    this.#checkers = modules.checkers;
    this.machines = Array.from({ length: options.authorities }, (_, index) => {
      const name = `member-${index}` as MemberId;
      const [authoritySeed, makerSeed] = [seedOf(`${name}/authority`), seedOf(`${name}/maker`)];
      const disk = new VirtualDisk(modules.scheduler, modules.random.fork(), name, options.lyingDisks);
      const authorityKey = publicKeyOf(authoritySeed);
      disk.put("guard", newGuardFile(authorityKey, simulatedHasher.sha256));
      return {
        name,
        nodeKey: publicKeyOf(seedOf(`${name}/node`)),
        authorityKey,
        authoritySeed,
        makerSeed,
        makerKey: publicKeyOf(makerSeed),
        party: partyId(legalId(name)),
        disk,
        skewMs: modules.random.between(-300, 300),
        node: null,
      };
    });
    this.identity = identityOf(this.machines);
  }

  get running(): readonly Machine[] {
    return this.machines.filter(({ node }) => node !== null);
  }

  start(machine: Machine): void {
    assert(machine.node === null, "a machine runs one node");
    const { disk, name } = machine;
    let alive = true;
    const isAlive = (): boolean => alive;
    const scheduler = this.#scheduler;
    this.#scheduler.note(`${name} starts`);
    const node = new Node(
      { identity: this.identity, member: name },
      {
        wall: { nowMs: () => EPOCH_MS + Math.floor(scheduler.nowMs) + machine.skewMs },
        clock: {
          nowMs: () => scheduler.nowMs,
          after: (delayMs, fire) =>
            scheduler.at(delayMs, `${name} timer`, () => {
              if (alive) fire();
            }),
        },
        store: disk.store(),
        consensusLog: disk.file("log"),
        guardLog: disk.file("guard"),
        transport: this.#transportOf(machine),
        signer: simulatedSigner(this.#options.scheme, scheduler, machine.authoritySeed, machine.authorityKey, isAlive),
        verifier: simulatedVerifier(this.#options.scheme, scheduler, isAlive),
        hasher: simulatedHasher,
        logger: SILENT,
        metrics: UNMEASURED,
        ...(this.#options.rules === undefined ? {} : { rules: this.#options.rules }),
        fatal: (error) =>
          this.#checkers.fail(`${name} ended: ${error.message}${error.cause === undefined ? "" : `: ${String(error.cause)}`}`),
      },
    );
    machine.node = node;
    this.#stopLife.set(name, () => {
      alive = false;
    });
    this.#checkers.restarted(name, node.head.height);
    node.onBlock((decided) => this.#checkers.decided(name, decided));
    node.start();
  }

  #transportOf(machine: Machine): Transport {
    const transport = this.#network.transport(machine.nodeKey);
    const { byzantine, scheme } = this.#options;
    if (byzantine === null || machine !== this.machines[GUILTY]) return transport;
    const sign = (message: Uint8Array): Signature => scheme.sign(machine.authoritySeed, message);
    return byzantine({ chain: this.identity.chain, index: GUILTY, sign }, transport);
  }

  /** Power cut: what was not durable may be gone. */
  crash(machine: Machine): void {
    this.#scheduler.note(`${machine.name} crashes`);
    this.#stopLife.get(machine.name)?.();
    machine.node?.stop();
    machine.node = null;
    this.#network.down(machine.nodeKey);
    machine.disk.crash();
  }

  readonly #stopLife = new Map<MemberId, () => void>();
}

export function seedOf(name: string): Uint8Array {
  return new Uint8Array(createHash("sha256").update(name).digest());
}

function legalId(name: string): { readonly scheme: string; readonly value: string } {
  return { scheme: "SIM", value: name };
}

function identityOf(machines: readonly Machine[]): ChainIdentity {
  const genesis: Genesis = {
    v: 1,
    network: "simulated",
    timeMs: EPOCH_MS - 1_000,
    clock: "wall",
    members: machines.map(({ name, nodeKey, authorityKey, makerKey }) => ({
      id: name,
      legalId: legalId(name),
      roles: ["PLATFORM"],
      nodeKey,
      authorityKey,
      keys: [{ key: makerKey, purpose: "MAKER" }],
    })),
    params: {
      txWindowMs: 600_000,
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
  const checked = genesisFromJson(genesisToJson(genesis));
  assert(checked.ok, "the simulated genesis is sound");
  return checked.value;
}

const SILENT: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const UNMEASURED: Metrics = { add: () => undefined, set: () => undefined, observe: () => undefined };
