import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dayOf } from "../client/civil-day.ts";
import { type BankMovement, bankAmount, refuseBankMessage } from "../gateways/bank-message.ts";
import { writeCamt054 } from "../gateways/camt054.ts";
import { parseXml } from "../gateways/xml.ts";
import type { PaidIn } from "../story/cast.ts";

export interface PaymentSystemModules {
  /** The settlement agent's: payment orders in `outbox`, notifications to `inbox`. */
  readonly folder: string;
  readonly account: string;
  readonly nowMs: () => number;
}

const PLACES = ["inbox", "done", "refused"] as const;

/**
 * The bank's payment system, as its settlement agent meets it: files. On a local network every order is carried out at once, and told of by
 * a notification of its own, as is the money that debtors pay in. What was told of once, in whichever folder the file is now, is not told of again.
 */
export class PaymentSystem {
  readonly #m: PaymentSystemModules;
  readonly #booked = new Set<string>();

  constructor(modules: PaymentSystemModules) {
    this.#m = modules;
  }

  /** Carries out the orders that wait in the outbox. */
  book(): void {
    const outbox = join(this.#m.folder, "outbox");
    if (!existsSync(outbox)) return;
    for (const name of readdirSync(outbox)) {
      if (!name.endsWith(".xml") || this.#booked.has(name)) continue;
      const orders = ordersIn(readFileSync(join(outbox, name)));
      const loan = name.slice(0, -".xml".length);
      for (const order of orders)
        this.#notify(`paid-${loan}`, { ...order, direction: "DEBIT", reference: `PAID${order.endToEndId}`, remittance: [] });
      this.#booked.add(name);
    }
  }

  /** Money that a debtor paid in; the same on the same receivable is the same payment. */
  receive({ receivable, currency, amount }: PaidIn): void {
    const reference = `RECEIVED${receivable.slice(0, 32)}`;
    this.#notify(`received-${receivable}`, { reference, direction: "CREDIT", currency, amount, remittance: [receivable] });
  }

  #notify(name: string, movement: Omit<BankMovement, "status" | "reversal" | "valueDay">): void {
    const { folder, account, nowMs } = this.#m;
    const file = `${name}.xml`;
    if (PLACES.some((place) => existsSync(join(folder, place, file)))) return;
    const createdMs = nowMs();
    const whole = { ...movement, status: "BOOKED", reversal: false, valueDay: dayOf(createdMs) } as const;
    const messageId = movement.reference.slice(0, 35);
    const path = join(folder, "inbox", file);
    writeFileSync(`${path}.new`, writeCamt054({ messageId, account, createdMs, movements: [whole] }), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
}

interface Ordered {
  readonly endToEndId: string;
  readonly currency: string;
  readonly amount: bigint;
}

/** What a pain.001 of the agent's orders. */
function ordersIn(bytes: Uint8Array): readonly Ordered[] {
  const { root } = parseXml(bytes, refuseBankMessage);
  return root
    .child("CstmrCdtTrfInitn")
    .children("PmtInf")
    .flatMap((part) => part.children("CdtTrfTxInf"))
    .map((transfer) => {
      const instructed = transfer.child("Amt").child("InstdAmt");
      const currency = instructed.attribute("Ccy") ?? "";
      return {
        endToEndId: transfer.child("PmtId").child("EndToEndId").text,
        currency,
        amount: bankAmount(instructed.text, currency, instructed.path),
      };
    });
}
