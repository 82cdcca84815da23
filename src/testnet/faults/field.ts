import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, type NodeStatus } from "../../client/client.ts";
import { type MemberFolder, type NetworkFolder, openNetworkFolder } from "../network-folder.ts";
import { FolderWallets } from "../wallets.ts";
import { Links } from "./links.ts";
import { Namespaces } from "./namespaces.ts";
import { NodeProcess, type StartOptions } from "./node-process.ts";
import { SteadyLoad } from "./steady-load.ts";
import { sleep, until } from "./until.ts";

export interface FieldOptions {
  /** Whether the nodes reach each other only through proxies that can cut and delay. */
  readonly proxied?: boolean;
  /** Whether each node has a network namespace of its own, as if it were a machine. */
  readonly namespaces?: boolean;
  /** How long things stay broken. */
  readonly outageMs?: number;
}

const FOLLOWER = "observer";
const BEFORE_GENESIS_MS = 60_000;
const STATUS_TIMEOUT_MS = 5_000;
const LOG_LINES = 12;
const OUTAGE_MS = 15_000;

/** Four authorities and a follower on this machine, each a process of its own, under a steady load: where faults are tried. */
export class Field {
  readonly network: NetworkFolder;
  readonly load: SteadyLoad;
  readonly outageMs: number;
  readonly #links: Links | null;
  readonly #namespaces: Namespaces | null;
  /** What was seen on the way, for whoever reads the run. */
  readonly notes: string[] = [];
  readonly #cleanups: (() => Promise<void> | void)[] = [];
  readonly #nodes: ReadonlyMap<string, NodeProcess>;

  private constructor(
    network: NetworkFolder,
    modules: { readonly load: SteadyLoad; readonly links: Links | null; readonly namespaces: Namespaces | null },
    outageMs: number,
  ) {
    this.network = network;
    this.load = modules.load;
    this.outageMs = outageMs;
    this.#links = modules.links;
    this.#namespaces = modules.namespaces;
    this.#nodes = new Map(
      network.members.map((member) => [member.id as string, new NodeProcess(member, modules.namespaces?.under(member.id) ?? [])]),
    );
  }

  /** Folders, keys and links; nothing runs yet. */
  static async open(options: FieldOptions, basePort: number): Promise<Field> {
    const folder = mkdtempSync(join(tmpdir(), "zhonglian-fault-"));
    const changes = { clock: "wall", followers: [FOLLOWER] } as const;
    const network = await openNetworkFolder(folder, basePort, Date.now() - BEFORE_GENESIS_MS, changes);
    const links = options.proxied === true ? await openLinks(network) : null;
    const namespaces = options.namespaces === true ? await openNamespaces(network) : null;
    const { maker } = await new FolderWallets(network).member("zhongnong");
    const endpoints = network.members.map(({ id, rpc }) => ({ member: id, rpc }));
    const load = new SteadyLoad({ chain: network.identity.chain, sponsor: maker, endpoints });
    return new Field(network, { load, links, namespaces }, options.outageMs ?? OUTAGE_MS);
  }

  get members(): readonly string[] {
    return [...this.#nodes.keys()];
  }

  get authorities(): readonly string[] {
    return this.members.filter((id) => id !== FOLLOWER);
  }

  get follower(): string {
    return FOLLOWER;
  }

  get nodes(): readonly NodeProcess[] {
    return [...this.#nodes.values()];
  }

  get links(): Links {
    if (this.#links === null) throw new Error("this field has no proxied links");
    return this.#links;
  }

  get namespaces(): Namespaces {
    if (this.#namespaces === null) throw new Error("the nodes of this field have no namespaces");
    return this.#namespaces;
  }

  node(id: string): NodeProcess {
    const node = this.#nodes.get(id);
    if (node === undefined) throw new Error(`no member ${id}`);
    return node;
  }

  folder(id: string): MemberFolder {
    return this.node(id).member;
  }

  client(id: string): Client {
    return new Client({ endpoints: [this.folder(id).rpc] });
  }

  /** undefined if the node does not answer. */
  status(id: string): Promise<NodeStatus | undefined> {
    return this.client(id)
      .call<NodeStatus>("node_status", {}, STATUS_TIMEOUT_MS)
      .catch(() => undefined);
  }

  async readiness(id: string): Promise<{ readonly status: number; readonly text: string }> {
    const answer = await fetch(`${this.folder(id).rpc}readyz`, { signal: AbortSignal.timeout(STATUS_TIMEOUT_MS) });
    return { status: answer.status, text: await answer.text() };
  }

  /** Changes keys of a node's settings file. */
  configure(id: string, change: Readonly<Record<string, string | number>>): void {
    const file = join(this.folder(id).folder, "settings.json");
    const settings = JSON.parse(readFileSync(file, "utf8")) as object;
    writeFileSync(file, JSON.stringify({ ...settings, ...change }));
  }

  /** All nodes, each connected to each, and the load going. */
  async start(): Promise<void> {
    for (const node of this.nodes) node.start();
    await this.connected();
    this.load.start();
    await this.load.progress();
  }

  /** Starts a node again and waits until it answers, sees all that run, and is level with them. */
  async restart(id: string, options: StartOptions = {}): Promise<void> {
    this.node(id).start(options);
    await this.rejoined(id);
  }

  async rejoined(id: string): Promise<void> {
    await this.connected([id]);
    await until(async () => (await this.status(id))?.syncing === false, `${id} has caught up`);
  }

  /** Until each of these answers and is connected to every other node that runs. */
  async connected(ids: readonly string[] = this.members): Promise<void> {
    for (const id of ids) {
      await until(async () => {
        if (!this.node(id).isRunning) throw new Error(`${id} ended by itself: ${lastLines(this.node(id).log())}`);
        const others = this.nodes.filter((node) => node.isRunning && node.member.id !== id).length;
        return ((await this.status(id))?.peers ?? -1) >= others;
      }, `${id} is connected`);
    }
  }

  /** Leaves things as broken as they are for a while. */
  outage(): Promise<void> {
    return sleep(this.outageMs);
  }

  /** Until this many more blocks stand on a node. */
  async blocks(id: string, count: number): Promise<void> {
    let from: number | undefined;
    await until(async () => {
      const height = (await this.status(id))?.height;
      from ??= height;
      return height !== undefined && from !== undefined && height >= from + count;
    }, `${count} more blocks stand on ${id}`);
  }

  /** Something to be undone when all nodes have ended. */
  afterwards(cleanup: () => Promise<void> | void): void {
    this.#cleanups.push(cleanup);
  }

  /** The last lines of every node's log. */
  logs(): string {
    return this.nodes
      .map((node) => `— ${node.member.id}\n${node.log().trim().split("\n").slice(-LOG_LINES).join("\n")}`)
      .join("\n");
  }

  /** Ends all that runs and removes the folder. Throws if a process is left. */
  async close(): Promise<void> {
    this.load.abandon();
    await Promise.all(this.nodes.map((node) => node.kill()));
    for (const cleanup of this.#cleanups.reverse()) await cleanup();
    await this.#links?.close();
    await this.#namespaces?.close();
    const left = this.nodes.filter(({ pid }) => pid !== undefined && isAlive(pid)).map(({ member }) => member.id);
    rmSync(this.network.folder, { recursive: true, force: true, maxRetries: 5 });
    if (left.length > 0) throw new Error(`processes are left of ${left.join(", ")}`);
  }
}

/** Every node gets addresses of its own, on which only proxies listen. */
async function openLinks(network: NetworkFolder): Promise<Links> {
  const links = await Links.open(Object.fromEntries(network.members.map(({ id, listenPort }) => [id, listenPort])));
  for (const { id: from, folder } of network.members) {
    const others = network.members.filter(({ id }) => id !== from);
    const addresses = Object.fromEntries(others.map(({ id: to }) => [to, [`/ip4/127.0.0.1/tcp/${links.port(from, to)}`]]));
    writeFileSync(join(folder, "addresses.json"), `${JSON.stringify(addresses, null, 2)}\n`);
  }
  return links;
}

/** Every node listens and is found on an address of its own. */
async function openNamespaces(network: NetworkFolder): Promise<Namespaces> {
  const namespaces = await Namespaces.open(network.members);
  const addresses = Object.fromEntries(network.members.map(({ id }) => [id, [namespaces.address(id)]]));
  for (const { id, folder } of network.members) {
    const file = join(folder, "settings.json");
    const settings = JSON.parse(readFileSync(file, "utf8")) as object;
    writeFileSync(file, JSON.stringify({ ...settings, listenAddress: namespaces.address(id) }));
    writeFileSync(join(folder, "addresses.json"), `${JSON.stringify(addresses, null, 2)}\n`);
  }
  return namespaces;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function lastLines(log: string): string {
  return log.trim().split("\n").slice(-3).join(" | ");
}
