import type { SimulatedDevice } from "../../agents/device-simulator.ts";
import { dayOf } from "../../client/civil-day.ts";
import type { Client } from "../../client/client.ts";
import { objectId } from "../../client/object-id.ts";
import { op, type SigningKey } from "../../client/transaction-builder.ts";
import type { Hash } from "../../types/scalars.ts";
import { commitment, type Firm, type MemberActor, type Wallets } from "../cast.ts";
import type { Steps, StoryClock } from "../steps.ts";

export interface GoodsModules {
  readonly client: Pick<Client, "ledgerGet">;
  readonly steps: Steps;
  readonly clock: StoryClock;
  readonly wallets: Wallets;
  readonly epochKey: Uint8Array;
  readonly progress: (line: string) => void;
  /** What the bank's programs do by themselves. */
  readonly awaited: (step: string, look: () => Promise<Hash | undefined>) => Promise<Hash>;
  /** What was refused as it should be. */
  readonly refuse: (what: string, code: string, reason: string) => void;
  /** What the chapter's steps are named by. */
  readonly name: string;
  readonly bank: MemberActor;
  readonly sponsor: MemberActor;
  /** Who says what goods cost. */
  readonly sources: readonly MemberActor[];
  /** Whose goods they are. */
  readonly owner: Firm;
}

/** What the goods chapter does again and again: a step of its own, a device's word, a price, a search, a commitment. */
export class GoodsDesk {
  readonly #m: GoodsModules;

  constructor(modules: GoodsModules) {
    this.#m = modules;
  }

  async price(nth: number, price: bigint): Promise<void> {
    const { sources, clock } = this.#m;
    const quotes = sources
      .map(({ party: source }) => ({ source, price }))
      .sort((one, other) => (one.source < other.source ? -1 : 1));
    const body = { ...this.coil(), currency: "CNY", timeMs: clock.nowMs(), quotes };
    await this.take(
      `price/${nth}`,
      sources.map(({ attester }) => attester),
      op("price.attest", body),
    );
  }

  async search(step: string, subject: Hash, keys: readonly SigningKey[]): Promise<Hash> {
    const { bank, clock } = this.#m;
    const body = { by: bank.party, subject, hits: 0, result: this.commit(step), timeMs: clock.nowMs() };
    return objectId(await this.take(step, keys, op("registry.search", body)), 0, 0);
  }

  receiptOp(lot: Hash, number: Hash, quantity: number, search: Hash) {
    const [insurance, document] = [this.commit("insurance"), this.commit("receipt text")];
    return op("receipt.issue", {
      lot,
      number,
      quantity,
      lossBp: 20,
      untilDay: this.today + 360,
      insurance,
      document,
      search,
    });
  }

  money(what: string, amount: bigint) {
    const { bank } = this.#m;
    const [reference, evidence] = [this.commit(what), this.commit("camt.054", what)];
    return { bank: bank.party, reference, amount, valueDay: this.today, evidence };
  }

  /** Every story has goods, and with them prices, of its own. */
  coil() {
    return { goods: "steel.coil.hot-rolled", grade: `Q235B.${this.commit("grade").slice(0, 8)}`, unit: "KGM" };
  }

  says(device: SimulatedDevice, step: string, seen?: Parameters<SimulatedDevice["attest"]>[1]) {
    return this.take(`says/${step}`, device.signers, device.attest(this.#m.clock.nowMs(), seen));
  }

  take(step: string, keys: readonly SigningKey[], operation: Parameters<Steps["take"]>[2] & object) {
    return this.#m.steps.take(`${this.#m.name}/goods/${step}`, keys, operation);
  }

  async refused(
    step: string,
    what: string,
    code: string,
    keys: readonly SigningKey[],
    operation: Parameters<Steps["take"]>[2] & object,
  ): Promise<void> {
    this.#m.refuse(what, code, await this.#m.steps.refused(`${this.#m.name}/goods/${step}`, code, keys, operation));
  }

  commit(...parts: readonly string[]): Hash {
    return commitment(this.#m.epochKey, "goods", this.#m.name, ...parts);
  }

  get today(): number {
    return dayOf(this.#m.clock.nowMs());
  }
}
