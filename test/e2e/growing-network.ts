import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createKeystore, openKeystore } from "../../src/adapters/keystore.ts";
import { nativeHasher } from "../../src/adapters/native-hasher.ts";
import { Client, type NodeStatus } from "../../src/client/client.ts";
import { GovernanceClient, NotReadyError } from "../../src/client/governance.ts";
import { objectId, partyId } from "../../src/client/object-id.ts";
import { op, type SigningKey, seedKey, signTransaction } from "../../src/client/transaction-builder.ts";
import { genesisFromJson, genesisToJson } from "../../src/codec/genesis.ts";
import { publicKeyOf } from "../../src/crypto/ed25519.ts";
import { sha256 } from "../../src/crypto/hash.ts";
import type { Change } from "../../src/ledger/governance/change.ts";
import { newGuardFile } from "../../src/node/double-sign-guard.ts";
import type { ChainIdentity } from "../../src/types/genesis.ts";
import type { Hash, MemberId, PublicKey, TxId } from "../../src/types/scalars.ts";
import type { Operation } from "../../src/types/transaction.ts";
import { TEST_PARAMS } from "../ledger/support/alliance.ts";
import { freeBasePort, ROOT, type Run, run, scratch, until } from "./support.ts";

const CLI = join(ROOT, "src/cli/zhonglian.js");
const PASSPHRASE = "for an hour";
const COST_LOG2 = 12;
const DAY_MS = 86_400_000;
const LOAD_EVERY_MS = 200;

export interface MemberNode {
  readonly name: MemberId;
  readonly folder: string;
  readonly rpc: string;
  readonly libp2p: string;
  readonly legalId: { readonly scheme: string; readonly value: string };
  readonly party: Hash;
  readonly nodeKey: PublicKey;
  readonly nodeSeed: Uint8Array;
  readonly authorityKey: PublicKey;
  readonly authoritySeed: Uint8Array;
  readonly maker: SigningKey;
}

/** A network whose genesis has one member and one authority; everybody else joins by vote. Nodes are processes, as an operator starts them. */
export class GrowingNetwork {
  readonly identity: ChainIdentity;
  readonly #scratch: ReturnType<typeof scratch>;
  readonly #members: Map<string, MemberNode>;
  readonly #runs = new Map<string, Run>();
  readonly #loads: TxId[] = [];
  #isLoading = false;
  #loading: Promise<void> = Promise.resolve();

  private constructor(members: readonly MemberNode[], identity: ChainIdentity, folder: ReturnType<typeof scratch>) {
    this.#members = new Map(members.map((member) => [member.name, member]));
    this.identity = identity;
    this.#scratch = folder;
  }

  static async make(names: readonly string[]): Promise<GrowingNetwork> {
    const folder = scratch();
    const bases: number[] = [];
    for (const _ of names) bases.push(await freeBasePort());
    const members = await Promise.all(names.map((name, index) => makeMember(folder.path, name, bases[index] as number)));
    const [founder] = members as [MemberNode];
    const { legalId, nodeKey, authorityKey, maker } = founder;
    const keys = [{ key: maker.publicKey, purpose: "MAKER" as const }];
    const genesis = {
      v: 1 as const,
      network: "growing",
      timeMs: Date.now() - 60_000,
      clock: "wall" as const,
      members: [{ id: founder.name, legalId, roles: ["PLATFORM"], nodeKey, authorityKey, keys }],
      params: TEST_PARAMS,
    };
    const checked = genesisFromJson(genesisToJson(genesis));
    if (!checked.ok) throw new Error(checked.error.detail);
    writeFileSync(join(folder.path, "genesis.json"), JSON.stringify(genesisToJson(genesis)));
    writeFileSync(
      join(folder.path, "addresses.json"),
      JSON.stringify(Object.fromEntries(members.map(({ name, libp2p }) => [name, [libp2p]]))),
    );
    return new GrowingNetwork(members, checked.value, folder);
  }

  member(name: string): MemberNode {
    const found = this.#members.get(name);
    if (found === undefined) throw new Error(`no member ${name}`);
    return found;
  }

  client(name: string): Client {
    return new Client({ endpoints: [this.member(name).rpc] });
  }

  start(name: string): void {
    this.#runs.set(name, run([CLI, "node", "start", "--dir", this.member(name).folder]));
  }

  async kill(name: string): Promise<void> {
    const started = this.#runs.get(name);
    started?.child.kill("SIGKILL");
    await started?.exit;
    this.#runs.delete(name);
  }

  pid(name: string): number | undefined {
    return this.#runs.get(name)?.child.pid;
  }

  async answers(name: string): Promise<void> {
    await this.#until(name, "answers", () => true);
  }

  async peersOf(name: string): Promise<readonly string[]> {
    const peers = await this.client(name).call<readonly { readonly member: string }[]>("node_peers");
    return peers.map(({ member }) => member).sort();
  }

  /** By the node of this member, once it answers so. */
  async role(name: string, role: string): Promise<void> {
    await this.#until(name, `is ${role}`, (status) => status.role === role && status.signing === (role === "authority"));
  }

  async #until(name: string, what: string, holds: (status: NodeStatus) => boolean): Promise<void> {
    const client = this.client(name);
    const run = this.#runs.get(name);
    await until(
      async () => {
        const status = await client.status().catch(() => undefined);
        return status !== undefined && holds(status);
      },
      `${name} ${what}`,
      ...(run === undefined ? [] : [run]),
    );
  }

  async authorities(name: string, height?: number): Promise<readonly string[]> {
    const params = height === undefined ? {} : { height };
    const set = await this.client(name).call<readonly { readonly member: string }[]>("chain_getValidators", params);
    return set.map(({ member }) => member);
  }

  /** One of these proposes and all of them vote at once; throws unless the change was made. */
  async decide(change: Change, voters: readonly string[]): Promise<void> {
    const [first] = voters as [string];
    const own = new GovernanceClient(this.client(first), first as MemberId);
    const proposed = await own.send([own.proposal(change, Date.now() + DAY_MS)], [this.member(first).maker]);
    if (proposed.status !== "committed") throw new Error(`${change.kind} was not proposed: ${proposed.code}`);
    const proposal = objectId(proposed.id, 0, 0);
    const outcomes = await Promise.all(
      voters.map((name) => {
        const voter = new GovernanceClient(this.client(name), name as MemberId);
        return voter.send([voter.vote(proposal, true)], [this.member(name).maker]);
      }),
    );
    // The last vote is final where it was sent; this node may have its block a moment later.
    const said = `${change.kind} passes; votes ${outcomes.map(({ code }) => code)}`;
    await until(async () => (await this.client(first).ledgerGet("proposal", proposal)).status === "PASSED", said);
  }

  /** By vote of these; its node may run already. */
  admit(name: string, voters: readonly string[]): Promise<void> {
    const { legalId, nodeKey, maker } = this.member(name);
    const keys = [{ key: maker.publicKey, purpose: "MAKER" as const }];
    return this.decide({ kind: "addMember", name: name as MemberId, legalId, roles: ["PLATFORM"], nodeKey, keys }, voters);
  }

  /** Its running node shows that it follows; these vote it in. */
  async promote(name: string, voters: readonly string[]): Promise<void> {
    await this.#showReady(name, voters);
    const { authorityKey } = this.member(name);
    await this.decide({ kind: "addAuthority", member: name as MemberId, authorityKey }, voters);
  }

  async #showReady(name: string, voters: readonly string[]): Promise<void> {
    const { authorityKey, authoritySeed, maker, party } = this.member(name);
    const own = new GovernanceClient(this.client(name), name as MemberId);
    const { height } = await this.client(voters[0] as string).status();
    await until(async () => (await this.client(name).status()).height >= height, `${name} has caught up`);
    // Under load a node may be a block behind for a moment.
    let ready: Operation | undefined;
    await until(async () => {
      ready = await own.readiness(authorityKey).catch((error: unknown) => {
        if (error instanceof NotReadyError && error.code === "NODE_SYNCING") return undefined;
        throw error;
      });
      return ready !== undefined;
    }, `${name} is not syncing`);
    const shown = await own.send(ready === undefined ? [] : [ready], [maker, seedKey(party, authorityKey, authoritySeed)]);
    if (shown.status !== "committed") throw new Error(`${name} did not show readiness: ${shown.code}`);
  }

  /** Its node is stopped, gets a new consensus key, shows with it that it follows, and these vote for the key. */
  async rotateAuthorityKey(name: string, voters: readonly string[]): Promise<void> {
    const before = this.member(name);
    await this.#stopped(name);
    const rekeyed = run([CLI, "node", "rekey", "--dir", before.folder, "--json"]);
    if ((await rekeyed.exit) !== 0) throw new Error(`${name} was not rekeyed: ${rekeyed.err()}`);
    const { authorityKeystore } = JSON.parse(rekeyed.out()) as { readonly authorityKeystore: string };
    const { publicKey, seed } = await openKeystore(join(before.folder, authorityKeystore), PASSPHRASE);
    this.#members.set(name, { ...before, authorityKey: publicKey, authoritySeed: seed });
    this.start(name);
    await this.role(name, "follower");
    await this.#showReady(name, voters);
    await this.decide({ kind: "setAuthorityKey", member: name as MemberId, authorityKey: publicKey }, voters);
  }

  /** These vote for a new node key, which cuts off the running node; it is started again with that key. */
  async rotateNodeKey(name: string, voters: readonly string[]): Promise<void> {
    const before = this.member(name);
    const nodeKeystore = "keys/node-2.json";
    await createKeystore(join(before.folder, nodeKeystore), randomBytes(32), PASSPHRASE, { costLog2: COST_LOG2 });
    const { publicKey, seed } = await openKeystore(join(before.folder, nodeKeystore), PASSPHRASE);
    await this.decide({ kind: "setNodeKey", member: name as MemberId, nodeKey: publicKey }, voters);
    await until(async () => (await this.peersOf(name)).length === 0, `${name} is cut off under its old key`);
    await this.#stopped(name);
    this.#members.set(name, { ...before, nodeKey: publicKey, nodeSeed: seed });
    const file = join(before.folder, "settings.json");
    const settings = JSON.parse(readFileSync(file, "utf8")) as object;
    writeFileSync(file, JSON.stringify({ ...settings, nodeKeystore, nodeKeyChanged: true }));
    this.start(name);
    await this.answers(name);
  }

  async #stopped(name: string): Promise<void> {
    const started = this.#runs.get(name);
    started?.child.kill("SIGTERM");
    await started?.exit;
  }

  /** Firms are registered, one after another, through every node in turn, until `endLoad`. */
  beginLoad(sponsor: string, doors: readonly string[]): void {
    this.#isLoading = true;
    const work = async (): Promise<void> => {
      for (let count = 0; this.#isLoading; count++) {
        const door = this.client(doors[count % doors.length] as string);
        const { id, bytes } = await this.#registration(sponsor, `firm-${count}`);
        const outcome = await door.submitAndWait(id, bytes);
        if (outcome.status !== "committed") throw new Error(`a transaction under load: ${outcome.status} ${outcome.code}`);
        this.#loads.push(id);
        await new Promise((done) => setTimeout(done, LOAD_EVERY_MS));
      }
    };
    this.#loading = work();
    this.#loading.catch(() => undefined);
  }

  /** Throws if any transaction of the load did not take effect. Answers all of them. */
  async endLoad(): Promise<readonly TxId[]> {
    this.#isLoading = false;
    await this.#loading;
    return this.#loads;
  }

  async #registration(sponsor: string, name: string) {
    const seed = sha256(new TextEncoder().encode(name));
    const legalId = { scheme: "TEST", value: name };
    const firm = seedKey(partyId(legalId), publicKeyOf(seed), seed);
    const body = {
      legalId,
      roles: ["SELLER"],
      size: "SME" as const,
      sponsor: sponsor as MemberId,
      keys: [{ key: firm.publicKey, purpose: "MAKER" as const }],
      policy: [],
    };
    const draft = { chain: this.identity.chain, ops: [op("party.register", body)], notAfter: Date.now() + 300_000 };
    return signTransaction(draft, [this.member(sponsor).maker, firm]);
  }

  async stop(): Promise<void> {
    this.#isLoading = false;
    for (const { child } of this.#runs.values()) child.kill("SIGKILL");
    await Promise.all([...this.#runs.values()].map(({ exit }) => exit));
    this.#scratch.remove();
  }
}

async function makeMember(root: string, name: string, base: number): Promise<MemberNode> {
  const folder = join(root, name);
  mkdirSync(join(folder, "keys"), { recursive: true, mode: 0o700 });
  mkdirSync(join(folder, "data"), { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, "passphrase"), `${PASSPHRASE}\n`, { mode: 0o600 });
  const open = async (key: string) => {
    const file = join(folder, "keys", `${key}.json`);
    await createKeystore(file, randomBytes(32), PASSPHRASE, { costLog2: COST_LOG2 });
    return openKeystore(file, PASSPHRASE);
  };
  const [node, authority, maker] = await Promise.all([open("node"), open("authority"), open("party-maker")]);
  writeFileSync(join(folder, "data", "guard.log"), newGuardFile(authority.publicKey, nativeHasher.sha256), { mode: 0o600 });
  const libp2p = `/ip4/127.0.0.1/tcp/${base - 100}`;
  const settings = {
    member: name,
    genesisFile: "../genesis.json",
    addressesFile: "../addresses.json",
    listenAddress: libp2p,
    rpcPort: base,
    rpcRequestsPerSecond: 100_000,
  };
  writeFileSync(join(folder, "settings.json"), JSON.stringify(settings));
  const legalId = { scheme: "TEST", value: name };
  const party = partyId(legalId);
  return {
    name: name as MemberId,
    folder,
    rpc: `http://127.0.0.1:${base}/`,
    libp2p,
    legalId,
    party,
    nodeKey: node.publicKey,
    nodeSeed: node.seed,
    authorityKey: authority.publicKey,
    authoritySeed: authority.seed,
    maker: seedKey(party, maker.publicKey, maker.seed),
  };
}
