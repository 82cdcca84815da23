import { createHash } from "node:crypto";
import { dayOf, startOfDay } from "../client/civil-day.ts";
import type { Client } from "../client/client.ts";
import { objectId } from "../client/object-id.ts";
import { op, type SigningKey, signTransaction } from "../client/transaction-builder.ts";
import type { MemberActor } from "../story/cast.ts";
import type { Hash, TxId } from "../types/scalars.ts";
import type { Operation } from "../types/transaction.ts";
import { registerFirm } from "./bench/population.ts";

const HOUR_MS = 3_600_000;
const HISTORY_DAYS = 30;
const HISTORY = 50_000_000n;
export const APPLICATION = 1_000_000n;

export interface HistoryModules {
  readonly client: Pick<Client, "submitAndWait">;
  readonly chain: Hash;
  readonly clock: { nowMs(): number; jumpTo(timeMs: number): void };
  readonly bank: MemberActor;
  readonly platform: MemberActor;
}

/** A firm that has sold to a good debtor and was paid on the day: whom an engine may lend to. */
export class TradingFirm {
  readonly #m: HistoryModules;
  readonly seller: SigningKey;
  readonly #debtor: SigningKey;

  private constructor(modules: HistoryModules, seller: SigningKey, debtor: SigningKey) {
    this.#m = modules;
    this.seller = seller;
    this.#debtor = debtor;
  }

  /** Moves the clock on to the day of payment. */
  static async make(modules: HistoryModules, name: string): Promise<TradingFirm> {
    const { clock, bank, platform } = modules;
    const builder = { ...modules, nowMs: () => clock.nowMs(), sponsor: platform };
    const [seller, debtor] = [await registerFirm(builder, `${name}/seller`), await registerFirm(builder, `${name}/debtor`)];
    const firm = new TradingFirm(modules, seller, debtor);
    await firm.send([bank.engine], op("risk.gradeDebtor", { lender: bank.party, debtor: debtor.party, grade: 1 }));
    const note = await firm.#sell(`${name}/history`, HISTORY, HISTORY_DAYS);
    clock.jumpTo(startOfDay(dayOf(clock.nowMs()) + HISTORY_DAYS) + 9 * HOUR_MS);
    const paid = {
      bank: bank.party,
      reference: digest(`${name}/paid`),
      payer: debtor.party,
      currency: "CNY",
      amount: HISTORY,
      valueDay: dayOf(clock.nowMs()),
      lines: [{ note, amount: HISTORY }],
      evidence: digest(`${name}/camt`),
    };
    await firm.send([bank.attester], op("payment.attest", paid));
    return firm;
  }

  /** So many open notes of a receivable of today. */
  async notes(name: string, count: number): Promise<readonly Hash[]> {
    const whole = await this.#sell(name, APPLICATION * BigInt(count), 90);
    if (count === 1) return [whole];
    const parts = Array.from({ length: count }, () => APPLICATION);
    const split = await this.send([this.seller], op("note.split", { note: whole, parts }));
    return parts.map((_, child) => objectId(split, 0, child));
  }

  /** Asks the bank for half of a note; answers the application. */
  async apply(note: Hash): Promise<Hash> {
    const { bank, clock } = this.#m;
    const body = {
      lenders: [bank.party],
      notes: [note],
      amount: APPLICATION / 2n,
      consent: digest("consent"),
      expiresMs: clock.nowMs() + 6 * HOUR_MS,
    };
    return objectId(await this.send([this.seller], op("finance.apply", body)), 0, 0);
  }

  async send(keys: readonly SigningKey[], operation: Operation): Promise<TxId> {
    const { client, chain, clock } = this.#m;
    const { id, bytes } = await signTransaction({ chain, ops: [operation], notAfter: clock.nowMs() + 5 * 60_000 }, keys);
    const outcome = await client.submitAndWait(id, bytes);
    if (outcome.status !== "committed") throw new Error(`${operation.kind}: ${outcome.status} ${outcome.code ?? ""}`);
    return id;
  }

  /** Order, delivery, invoice and a confirmed receivable; its note. */
  async #sell(name: string, amount: bigint, tenorDays: number): Promise<Hash> {
    const { clock, platform } = this.#m;
    const [document, day] = [digest(name), dayOf(clock.nowMs())];
    const order = {
      number: document,
      seller: this.seller.party,
      buyer: this.#debtor.party,
      currency: "CNY",
      total: amount,
      toleranceBp: 0,
      payTermDays: 180,
      inspectionDays: 7,
      document,
    };
    const contract = objectId(await this.send([this.seller, this.#debtor], op("contract.register", order)), 0, 0);
    const recorded = op("delivery.record", { contract, amount, day, evidence: document });
    const delivery = objectId(await this.send([this.seller], recorded), 0, 0);
    await this.send([this.#debtor], op("delivery.accept", { delivery, amount }));
    const billed = { contract, total: amount, tax: 0n, issueDay: day, fingerprint: digest(`${name}/invoice`), document };
    const registered = op("invoice.register", { ...billed, verifier: platform.party });
    const invoice = objectId(await this.send([this.seller, platform.attester], registered), 0, 0);
    const terms = { contract, face: amount, maturityDay: day + tenorDays, document, allocation: [{ invoice, amount }] };
    const receivable = objectId(await this.send([this.seller], op("receivable.issueBySeller", terms)), 0, 0);
    const confirmed = op("receivable.confirm", { receivable, mode: "UNCONDITIONAL", amount });
    return objectId(await this.send([this.#debtor], confirmed), 0, 0);
  }
}

function digest(text: string): Hash {
  return createHash("sha256").update(text).digest("hex") as Hash;
}
