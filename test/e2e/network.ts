import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DrivenClockSource } from "../../src/adapters/driven-clock.ts";
import { Client } from "../../src/client/client.ts";
import { partyId } from "../../src/client/object-id.ts";
import { op, type SigningKey, seedKey, signTransaction } from "../../src/client/transaction-builder.ts";
import { publicKeyOf } from "../../src/crypto/ed25519.ts";
import { sha256 } from "../../src/crypto/hash.ts";
import { type MemberFolder, type NetworkFolder, openNetworkFolder } from "../../src/testnet/network-folder.ts";
import { FolderWallets } from "../../src/testnet/wallets.ts";
import type { Hash, TxId } from "../../src/types/scalars.ts";
import type { Operation } from "../../src/types/transaction.ts";
import { freeBasePort, ROOT, type Run, run, scratch, until } from "./support.ts";

const CLI = join(ROOT, "src/cli/zhonglian.js");
const START_MS = Date.UTC(2026, 0, 5);
const MINUTE_MS = 60_000;

/** The folders of a four-member network, and its nodes as an operator would start them: one `zhonglian node start --dir` each. */
export class OperatorNetwork {
  readonly network: NetworkFolder;
  readonly clock: DrivenClockSource;
  readonly #scratch: ReturnType<typeof scratch>;
  readonly #runs = new Map<string, Run>();

  private constructor(network: NetworkFolder, folder: ReturnType<typeof scratch>) {
    this.network = network;
    this.#scratch = folder;
    this.clock = new DrivenClockSource(network.clockFile, START_MS);
  }

  static async make(): Promise<OperatorNetwork> {
    const folder = scratch();
    return new OperatorNetwork(await openNetworkFolder(folder.path, await freeBasePort(), START_MS - MINUTE_MS), folder);
  }

  get members(): readonly MemberFolder[] {
    return this.network.members;
  }

  member(id: string): MemberFolder {
    const found = this.members.find((member) => member.id === id);
    if (found === undefined) throw new Error(`no member ${id}`);
    return found;
  }

  client(id: string): Client {
    return new Client({ endpoints: [this.member(id).rpc] });
  }

  /** Changes keys of a node's settings file, as an operator would with an editor. */
  configure(id: string, change: Readonly<Record<string, string | number>>): void {
    const file = join(this.member(id).folder, "settings.json");
    const settings = JSON.parse(readFileSync(file, "utf8")) as object;
    writeFileSync(file, JSON.stringify({ ...settings, ...change }));
  }

  /** `zhonglian node start --dir <folder> <flags>`. */
  start(id: string, ...flags: readonly string[]): Run {
    return this.#begin(id, {}, flags);
  }

  /** The same, with what `node start` reads of the environment. */
  startWith(id: string, env: Readonly<Record<string, string>>, ...flags: readonly string[]): Run {
    return this.#begin(id, env, flags);
  }

  #begin(id: string, env: Readonly<Record<string, string>>, flags: readonly string[]): Run {
    const started = run([CLI, "node", "start", "--dir", this.member(id).folder, ...flags], env);
    this.#runs.set(id, started);
    return started;
  }

  startAll(): void {
    for (const { id } of this.members) this.start(id);
  }

  runOf(id: string): Run {
    return this.#runs.get(id) as Run;
  }

  /** Until each of these nodes answers and is connected to at least so many peers. */
  async ready(peers: number, ids: readonly string[] = this.members.map(({ id }) => id)): Promise<void> {
    for (const id of ids) {
      const client = this.client(id);
      const isReady = async () => ((await client.status().catch(() => undefined))?.peers ?? -1) >= peers;
      await until(isReady, `${id} is ready`, this.runOf(id));
    }
  }

  /** Until each of these nodes has the transaction in a block. */
  async everybodyHas(id: TxId, ids: readonly string[] = this.members.map((member) => member.id)): Promise<void> {
    for (const member of ids) {
      const client = this.client(member);
      // A node that does not keep all blocks cannot say of an id that it does not know it.
      const has = async (): Promise<boolean> => (await client.get(id).catch(() => null))?.status === "committed";
      await until(has, `${member} has the transaction`, this.runOf(member));
    }
  }

  /** A signed transaction that registers a firm of this name, sponsored by a member. */
  async registration(name: string, changes: { readonly chain?: Hash; readonly notAfter?: number } = {}) {
    const sponsor = await new FolderWallets(this.network).member("zhongnong");
    const firm = firmKey(name);
    return signTransaction(
      {
        chain: changes.chain ?? this.network.identity.chain,
        ops: [registerOp(name, firm)],
        notAfter: changes.notAfter ?? this.clock.nowMs() + 5 * MINUTE_MS,
      },
      [sponsor.maker, firm],
    );
  }

  async stop(): Promise<void> {
    for (const { child } of this.#runs.values()) child.kill("SIGKILL");
    await Promise.all([...this.#runs.values()].map(({ exit }) => exit));
    this.#scratch.remove();
  }
}

function registerOp(name: string, { publicKey }: SigningKey): Operation {
  return op("party.register", {
    legalId: { scheme: "TEST", value: name },
    roles: ["SELLER"],
    size: "SME",
    sponsor: "zhongnong" as never,
    keys: [{ key: publicKey, purpose: "MAKER" }],
    policy: [],
  });
}

export function firmKey(name: string): SigningKey {
  const seed = sha256(new TextEncoder().encode(name));
  return seedKey(partyId({ scheme: "TEST", value: name }), publicKeyOf(seed), seed);
}
