import { createHmac } from "node:crypto";
import { type Client, type LedgerJson, RpcFailure } from "../client/client.ts";
import { attestationId, objectId } from "../client/object-id.ts";
import { op, type SigningKey } from "../client/transaction-builder.ts";
import { Prng } from "../lib/prng.ts";
import type { Hash } from "../types/scalars.ts";
import { type FleetWarehouse, fleetOf } from "./device-fleet.ts";
import { type Incident, SimulatedDevice } from "./device-simulator.ts";
import { pause, persist, send } from "./errand.ts";
import { SideBySide } from "./side-by-side.ts";

export interface FleetSize {
  readonly warehouses: number;
  readonly cities: number;
  readonly smart: number;
}

export interface FleetAgentModules {
  readonly client: Client;
  /** Whose warehouses they are; its maker registers them and binds the devices. */
  readonly operator: Hash;
  readonly maker: SigningKey;
  /** What the devices' keys and the licences' numbers are made from; whoever knows it speaks for the devices. */
  readonly secret: Uint8Array;
  readonly size: FleetSize;
  /** How often a device promises to speak. */
  readonly intervalMs: number;
  /** Of ten thousand words, how many tell of each kind of incident. */
  readonly incidents: Readonly<Partial<Record<Incident, number>>>;
  readonly report: (line: string, data: Readonly<Record<string, unknown>>) => void;
}

const AT_ONCE_MAX = 16;
const LOOK_MS = 1_000;
/** After a word that was not taken. */
const RETRY_MS = 60_000;
const PER_TEN_THOUSAND = 10_000;
/** A device speaks when so much of its interval is over, in percent: well before anybody misses it. */
const SPEAKS_AT_PERCENT = 90;

/** A device that is bound, and when it is to speak next, by the chain's clock. */
interface Post {
  device: SimulatedDevice;
  dueMs: number;
}

/**
 * A fleet of simulated devices on a chain: for drills, and to see what an alliance's warehouses would send. It registers what is not there,
 * binds whoever is not bound, and lets every device speak in time. Where each of them is, the ledger knows: nothing is kept here.
 */
export class FleetAgent {
  readonly #m: FleetAgentModules;
  readonly #seed: string;
  #posts: readonly Post[] | null = null;

  constructor(modules: FleetAgentModules) {
    this.#m = modules;
    this.#seed = createHmac("sha256", modules.secret).update("device fleet").digest("hex");
  }

  /** Until `signal`. */
  run(signal: AbortSignal): Promise<void> {
    const work = async (): Promise<void> => {
      while (!signal.aborted) {
        await this.speak();
        await pause(LOOK_MS, signal);
      }
    };
    return persist(signal, work, ({ message }) => this.#m.report("no node answers", { reason: message }));
  }

  /** Every device whose time has come says its next word; answers how many did. */
  async speak(): Promise<number> {
    this.#posts ??= await this.#settle();
    const { clockMs } = await this.#m.client.status();
    const due = this.#posts.filter(({ dueMs }) => dueMs <= clockMs);
    let said = 0;
    await sideBySide(due, async (post) => {
      if (await this.#say(post)) said += 1;
    });
    if (said > 0) this.#m.report("attested", { devices: said });
    return said;
  }

  /** The warehouses and devices of the fleet, on the chain. */
  async #settle(): Promise<readonly Post[]> {
    const { client, operator, size, report } = this.#m;
    const known = new Map((await client.ledgerAll("warehouse", { operator })).map(({ number, id }) => [number as Hash, id]));
    const bound = new Map((await client.ledgerAll("device", { operator })).map((device) => [device.id, device]));
    const posts: Post[] = [];
    await sideBySide(fleetOf(this.#seed, size), async (plan) => {
      const warehouse = known.get(this.#number(plan)) ?? (await this.#register(plan));
      const down = new Set<string>();
      // A gateway stands before what is behind it.
      for (const each of plan.devices) {
        const device = new SimulatedDevice({ ...each, intervalMs: this.#m.intervalMs }, operator);
        const found = bound.get(device.id);
        // Taken down by its operator: its key is not used again, and what was behind it is not heard.
        const isDown = found !== undefined && found.status !== "BOUND";
        if (isDown || (each.behind !== null && down.has(each.behind))) {
          down.add(each.name);
          continue;
        }
        if (found === undefined) await this.#errand(device.bind(warehouse), [this.#m.maker, device.key]);
        posts.push(await this.#post(device));
      }
    });
    report("fleet", { warehouses: size.warehouses, devices: posts.length });
    return posts;
  }

  async #register(plan: FleetWarehouse): Promise<Hash> {
    const { operator, maker } = this.#m;
    const { city, zones } = plan;
    const document = this.#digest(`licence ${plan.index}`);
    const body = { operator, number: this.#number(plan), city, zones, document };
    return objectId(await this.#errand(op("warehouse.register", body), [maker]), 0, 0);
  }

  /** With the number of its last word, as the ledger has it. */
  async #post({ device, key }: SimulatedDevice): Promise<Post> {
    const { operator, intervalMs } = this.#m;
    const last = await this.#lastWord(key.publicKey as string as Hash);
    const seq = last.seq as number;
    const dueMs = seq === 0 ? 0 : dueAfter(last.recordedMs as number, intervalMs);
    return { device: new SimulatedDevice(device, operator, seq), dueMs };
  }

  /** Answers whether the word was taken; if not, the ledger is asked again where the device is. */
  async #say(post: Post): Promise<boolean> {
    const { client, intervalMs, report } = this.#m;
    const { clockMs } = await client.status();
    const { device } = post;
    const incident = this.#incidentOf(device);
    const word = incident === undefined ? device.attest(clockMs) : device.attest(clockMs, { incident });
    const sent = await send(client, word, device.signers);
    if (sent.ok) {
      post.dueMs = dueAfter(clockMs, intervalMs);
      if (incident !== undefined) report("incident", { device: device.id, incident });
      return true;
    }
    report("not taken", { device: device.id, code: sent.code, reason: sent.message });
    Object.assign(post, await this.#post(device), { dueMs: clockMs + RETRY_MS });
    return false;
  }

  /** The same secret, the same incidents, whenever the fleet is started again. */
  #incidentOf({ id, seq }: SimulatedDevice): Incident | undefined {
    const draw = new Prng(Number.parseInt(this.#digest(`incident ${id} ${seq + 1}`).slice(0, 8), 16)).below(PER_TEN_THOUSAND);
    let below = 0;
    for (const [incident, share] of Object.entries(this.#m.incidents)) {
      below += share;
      if (draw < below) return incident as Incident;
    }
    return undefined;
  }

  async #lastWord(device: Hash): Promise<LedgerJson> {
    return this.#m.client.ledgerGet("attestation", attestationId(device));
  }

  /** What must take effect; answers its transaction. */
  async #errand(...[operation, keys]: [Parameters<typeof send>[1], readonly SigningKey[]]) {
    const sent = await send(this.#m.client, operation, keys);
    if (sent.ok) return sent.outcome.id;
    throw new RpcFailure(0, `${operation.kind}: ${sent.message}`, { code: sent.code });
  }

  #number({ index }: FleetWarehouse): Hash {
    return this.#digest(`warehouse ${index}`);
  }

  #digest(text: string): Hash {
    return createHmac("sha256", this.#m.secret).update(text).digest("hex") as Hash;
  }
}

function dueAfter(timeMs: number, intervalMs: number): number {
  return timeMs + Math.floor((intervalMs * SPEAKS_AT_PERCENT) / 100);
}

/** All of them, so many at once. */
async function sideBySide<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const desk = new SideBySide(AT_ONCE_MAX);
  const all: Promise<void>[] = [];
  for (const [index, item] of items.entries()) {
    const { done } = await desk.begin(String(index), () => work(item));
    done.catch(() => undefined);
    all.push(done);
  }
  await Promise.all(all);
}
