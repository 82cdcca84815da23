import { createHash } from "node:crypto";
import { assemble, buildTransaction, signedMessage } from "../../../src/client/transaction-builder.ts";
import { validatorsHash } from "../../../src/codec/block.ts";
import { genesisFromJson, genesisToJson } from "../../../src/codec/genesis.ts";
import { publicKeyOf } from "../../../src/crypto/ed25519.ts";
import type { Change } from "../../../src/ledger/governance/change.ts";
import type { Seat } from "../../../src/ledger/governance/turns.ts";
import { objectId, partyId, TURNS_ID } from "../../../src/ledger/ids.ts";
import type { ObjectOf } from "../../../src/ledger/objects.ts";
import { Prng } from "../../../src/lib/prng.ts";
import { verifyCommit } from "../../../src/light/commit.ts";
import type { Decided } from "../../../src/node/decided.ts";
import { newGuardFile } from "../../../src/node/double-sign-guard.ts";
import { Node, type NodeOptions } from "../../../src/node/node.ts";
import type { Logger, Metrics } from "../../../src/ports/observe.ts";
import type { Transport } from "../../../src/ports/transport.ts";
import { Scheduler } from "../../../src/simulator/scheduler.ts";
import { cheapScheme, simulatedHasher, simulatedSigner, simulatedVerifier } from "../../../src/simulator/virtual-crypto.ts";
import { VirtualDisk } from "../../../src/simulator/virtual-disk.ts";
import { VirtualNetwork } from "../../../src/simulator/virtual-network.ts";
import type { ChainIdentity } from "../../../src/types/genesis.ts";
import type { Hash, MemberId, PublicKey, TxId } from "../../../src/types/scalars.ts";
import type { Operation } from "../../../src/types/transaction.ts";
import { TEST_PARAMS } from "../../ledger/support/alliance.ts";
import { op } from "../../ledger/support/chain.ts";

const EPOCH_MS = Date.UTC(2026, 0, 7);
const EVENTS_MAX = 2_000_000;
const LOAD_EVERY_MS = 400;
const DAY_MS = 86_400_000;

interface Key {
  readonly seed: Uint8Array;
  readonly key: PublicKey;
}

/** A member's machine: keys and disk stay, the node on it comes and goes. */
interface Machine {
  readonly name: MemberId;
  readonly legalId: { readonly scheme: string; readonly value: string };
  readonly party: Hash;
  readonly node: Key;
  readonly authority: Key;
  readonly maker: Key;
  readonly disk: VirtualDisk;
  transport: Transport | null;
  running: Node | null;
  endWith: (() => void) | null;
  ended: Error | null;
}

/** Nodes as in production on virtual time, network and disks, and what their operators do: vote, join, leave, promote, demote. */
export class VirtualMembers {
  readonly scheduler = new Scheduler();
  readonly network: VirtualNetwork;
  readonly identity: ChainIdentity;
  readonly #machines = new Map<string, Machine>();
  readonly #random: Prng;
  /** What anybody finalised, and the hash of who signs the height after it. */
  readonly #blocks = new Map<number, { readonly id: Hash; readonly nextValidators: Hash }>();
  readonly #committed = new Map<TxId, number>();
  #salts = 0;
  #loaded = 0;
  readonly loads: TxId[] = [];

  /** `founders` are authorities of the genesis; anybody else joins later. */
  constructor(founders: readonly string[], seed = 1) {
    this.#random = new Prng(seed);
    this.network = new VirtualNetwork(this.scheduler, this.#random.fork(), () => undefined);
    const members = founders.map((name) => {
      const { legalId, node, authority, maker } = this.machine(name);
      const keys = [{ key: maker.key, purpose: "MAKER" as const }];
      return { id: name as MemberId, legalId, roles: ["PLATFORM"], nodeKey: node.key, authorityKey: authority.key, keys };
    });
    const checked = genesisFromJson(
      genesisToJson({ v: 1, network: "virtual", timeMs: EPOCH_MS - 1_000, clock: "wall", members, params: TEST_PARAMS }),
    );
    if (!checked.ok) throw new Error(checked.error.detail);
    this.identity = checked.value;
  }

  machine(name: string): Machine {
    const known = this.#machines.get(name);
    if (known !== undefined) return known;
    const key = (what: string): Key => {
      const seed = new Uint8Array(createHash("sha256").update(`${name}/${what}`).digest());
      return { seed, key: publicKeyOf(seed) };
    };
    const disk = new VirtualDisk(this.scheduler, this.#random.fork(), name);
    const authority = key("authority");
    disk.put("guard", newGuardFile(authority.key, simulatedHasher.sha256));
    const legalId = { scheme: "SIM", value: name };
    const machine: Machine = {
      name: name as MemberId,
      legalId,
      party: partyId(legalId),
      node: key("node"),
      authority,
      maker: key("maker"),
      disk,
      transport: null,
      running: null,
      endWith: null,
      ended: null,
    };
    this.#machines.set(name, machine);
    return machine;
  }

  start(name: string, options: Partial<NodeOptions> = {}): Node {
    const machine = this.machine(name);
    const { disk } = machine;
    let alive = true;
    const isAlive = (): boolean => alive;
    machine.endWith = () => {
      alive = false;
    };
    machine.transport = this.network.transport(machine.node.key);
    const node = new Node(
      { identity: this.identity, member: machine.name, ...options },
      {
        wall: { nowMs: () => this.nowMs },
        clock: {
          nowMs: () => this.scheduler.nowMs,
          after: (delayMs, fire) =>
            this.scheduler.at(delayMs, `${name} timer`, () => {
              if (alive) fire();
            }),
        },
        store: disk.store(),
        consensusLog: disk.file("log"),
        guardLog: disk.file("guard"),
        transport: machine.transport,
        signer: simulatedSigner(cheapScheme, this.scheduler, machine.authority.seed, machine.authority.key, isAlive),
        verifier: simulatedVerifier(cheapScheme, this.scheduler, isAlive),
        hasher: simulatedHasher,
        logger: SILENT,
        metrics: UNMEASURED,
        fatal: (error) => {
          machine.ended = error;
          this.stop(name);
        },
      },
    );
    machine.running = node;
    node.onBlock((decided) => this.#decided(node, decided));
    node.start();
    this.until(() => node.validatorsAt() !== undefined || machine.running === null, `${name} has its genesis`);
    return node;
  }

  /** Power cut. */
  stop(name: string): void {
    const machine = this.machine(name);
    machine.endWith?.();
    machine.running?.stop();
    machine.running = null;
    this.network.down(machine.node.key);
    machine.disk.crash();
  }

  node(name: string): Node {
    const { running } = this.machine(name);
    if (running === null) throw new Error(`${name} does not run`);
    return running;
  }

  /** Names of those that a running node is connected to. */
  peersOf(name: string): readonly string[] {
    const peers = this.machine(name).transport?.peers() ?? [];
    const names = [...this.#machines.values()].filter(({ node }) => peers.some(({ nodeKey }) => nodeKey === node.key));
    return names.map((machine) => machine.name).sort();
  }

  /** What the turn table of the farthest node says of an authority. */
  seatOf(name: string): Seat | undefined {
    const turns = this.#farthest().objects.get("turns", TURNS_ID) as ObjectOf<"turns"> | undefined;
    return turns?.entries.find((entry) => entry.member === name);
  }

  get nowMs(): number {
    return EPOCH_MS + Math.floor(this.scheduler.nowMs);
  }

  get height(): number {
    return Math.max(0, ...this.#blocks.keys());
  }

  run(forMs: number): void {
    if (!this.scheduler.run(this.scheduler.nowMs + forMs, EVENTS_MAX)) throw new Error("too many events");
  }

  until(holds: () => boolean, what: string, withinMs = 60_000): void {
    if (!this.scheduler.run(this.scheduler.nowMs + withinMs, EVENTS_MAX, holds) || !holds())
      throw new Error(`did not come within ${withinMs} virtual ms: ${what}`);
  }

  /** Signed by the member's maker and what else there is; handed to one of the nodes that run. */
  submit(operations: readonly Operation[], name: string, others: readonly (Key & { readonly party: Hash })[] = []): TxId {
    const own = this.machine(name);
    const signers = [{ party: own.party, ...own.maker }, ...others];
    const salt = new Uint8Array(16);
    new DataView(salt.buffer).setUint32(0, ++this.#salts);
    const { unsigned, id } = buildTransaction({
      chain: this.identity.chain,
      ops: operations,
      notAfter: this.nowMs + 500_000,
      signers: signers.map(({ party, key }) => ({ party, key })),
      salt,
    });
    const message = signedMessage(id);
    const bytes = assemble(unsigned, new Map(signers.map(({ key, seed }) => [key, cheapScheme.sign(seed, message)])));
    const send = (): void => {
      if (this.#committed.has(id)) return;
      const up = [...this.#machines.values()].filter(({ running }) => running !== null);
      if (up.length > 0) this.#random.pick(up).running?.submit(bytes, () => undefined);
      this.scheduler.at(500, "again", send);
    };
    send();
    return id;
  }

  /** Until a block has it; throws unless it took effect. */
  act(operations: readonly Operation[], name: string, others: readonly (Key & { readonly party: Hash })[] = []): TxId {
    const id = this.submit(operations, name, others);
    this.until(() => this.#committed.has(id), `a transaction of ${name} is final`);
    const code = this.#committed.get(id);
    if (code !== 0) throw new Error(`a transaction of ${name} failed with ${code}`);
    return id;
  }

  isFinal(id: TxId): boolean {
    return this.#committed.has(id);
  }

  /** Proposed by the first, voted for by all of these. */
  decide(change: Change, voters: readonly string[]): void {
    const [first] = voters as [string];
    const body = { member: first as MemberId, change, expiresMs: this.nowMs + DAY_MS };
    const proposal = objectId(this.act([op("governance.propose", body)], first), 0, 0);
    for (const name of voters) {
      if (this.#proposal(proposal)?.status !== "OPEN") return;
      this.act([op("governance.vote", { proposal, member: name as MemberId, approve: true })], name);
    }
    if (this.#proposal(proposal)?.status !== "PASSED") throw new Error(`not decided: ${JSON.stringify(change)}`);
  }

  /** On the node that is farthest. */
  #proposal(id: Hash): ObjectOf<"proposal"> | undefined {
    return this.#farthest().objects.get("proposal", id) as ObjectOf<"proposal"> | undefined;
  }

  #farthest(): Node {
    const nodes = [...this.#machines.values()].flatMap(({ running }) => running ?? []);
    return nodes.reduce((best, node) => (node.head.height > best.head.height ? node : best));
  }

  /** Names of the authorities of the next height. */
  get authorities(): readonly string[] {
    return (this.#farthest().validatorsAt() ?? []).map(({ member }) => member);
  }

  /** Joins as a member, by the votes of the authorities; its node may be started before or after. */
  admit(name: string): void {
    const { legalId, node, maker } = this.machine(name);
    const keys = [{ key: maker.key, purpose: "MAKER" as const }];
    const change = { kind: "addMember", name: name as MemberId, legalId, roles: ["PLATFORM"], nodeKey: node.key, keys } as const;
    this.decide(change, this.authorities);
  }

  /** Its running node shows that it follows, and the authorities vote it in. */
  promote(name: string): void {
    const { authority, party } = this.machine(name);
    const top = this.height;
    this.until(() => this.node(name).head.height >= top, `${name} has caught up`);
    const head = this.node(name).head.height;
    const height = head - ((head - 1) % 10);
    const block = this.node(name).chainStore.commit(height)?.block as Hash;
    const body = { member: name as MemberId, key: authority.key, height, block };
    this.act([op("authority.ready", body)], name, [{ party, ...authority }]);
    this.decide({ kind: "addAuthority", member: name as MemberId, authorityKey: authority.key }, this.authorities);
  }

  /** A transaction now and then, for ever, sponsored by one of the members. */
  load(sponsor: string): void {
    const number = this.#loaded++;
    const seed = new Uint8Array(createHash("sha256").update(`client ${number}`).digest());
    const key = publicKeyOf(seed);
    const legalId = { scheme: "SIM", value: `client-${number}` };
    const body = {
      legalId,
      roles: ["SELLER"],
      size: "SME" as const,
      sponsor: sponsor as MemberId,
      keys: [{ key, purpose: "MAKER" as const }],
      policy: [],
    };
    this.loads.push(this.submit([op("party.register", body)], sponsor, [{ party: partyId(legalId), key, seed }]));
    this.scheduler.at(LOAD_EVERY_MS, "load", () => this.load(sponsor));
  }

  /** One block for each height, each with a commit of the set that the header before it announced. Throws at the first that is not. */
  #decided(node: Node, { block, id, commit }: Decided): void {
    const { height, validators, nextValidators } = block.header;
    const known = this.#blocks.get(height);
    if (known !== undefined && known.id !== id) throw new Error(`two blocks at height ${height}`);
    const announced = this.#blocks.get(height - 1)?.nextValidators;
    const set = node.validatorsAt(height) ?? [];
    if (validatorsHash(set) !== validators || (announced !== undefined && announced !== validators))
      throw new Error(`height ${height} is not signed by those who were announced`);
    const fault = verifyCommit(this.identity.chain, commit, { height, block: id, set }, cheapScheme.verify);
    if (fault !== null) throw new Error(`the commit of height ${height}: ${fault}`);
    this.#blocks.set(height, { id, nextValidators });
    for (const { id: tx } of block.pairs) {
      const receipt = node.chainStore.transaction(tx)?.receipt;
      this.#committed.set(tx, receipt?.code ?? -1);
    }
  }
}

const SILENT: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const UNMEASURED: Metrics = { add: () => undefined, set: () => undefined, observe: () => undefined };
