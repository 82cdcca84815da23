import { amount, hash, list, struct } from "../../codec/schema.ts";
import type { Amount, Hash } from "../../types/scalars.ts";
import { require } from "../codes.ts";
import { interestedIn, isSettled, isUnfrozen } from "../conditions.ts";
import type { ObjectOf } from "../objects.ts";
import { carvable, carve } from "../receivables/carve.ts";
import { retire } from "../receivables/ending.ts";
import { transition } from "../transition.ts";
import { freeAmount } from "./invoice.ts";

/**
 * A red invoice or credit note. What the invoice has free is credited between seller and buyer alone; what backs a receivable dilutes
 * it, on notes that are named, and only with those who hold them or lend on them.
 */
export const creditInvoice = transition({
  kind: "invoice.credit",
  label: { zh: "红字冲销", en: "credit an invoice" },
  ground: "Civil Code art. 765; 增值税专用发票使用规定: red invoices (红字发票)",
  signedBy: "seller; buyer; for what backs a receivable, each note's holder and lender",
  body: {
    invoice: hash,
    amount: amount({ min: 1n }),
    document: hash,
    dilutions: list(struct({ note: hash, amount: amount({ min: 1n }) }), { max: 16, sortedBy: ({ note }) => note }),
  },
  signers: ({ invoice, dilutions }, situation) => {
    const { seller, buyer } = situation.book.get("invoice", invoice);
    const others = dilutions.flatMap(({ note }) => interestedIn(situation, situation.book.get("note", note)));
    return [...new Set([seller, buyer, ...others])];
  },
  stake: (body) => body.amount,
  requires: [
    ({ body, book }) => {
      const { total, credited } = book.get("invoice", body.invoice);
      require(credited + body.amount <= total, "CREDIT_EXCEEDS_INVOICE");
    },
    ({ body, book }) => {
      const free = freeAmount(book.get("invoice", body.invoice));
      const taken = body.dilutions.reduce((sum, dilution) => sum + dilution.amount, 0n);
      require(taken === (body.amount > free ? body.amount - free : 0n), "DILUTION_MISMATCH");
    },
    (call) => {
      const { body, book } = call;
      const taken = new Map<Hash, Amount>();
      for (const dilution of body.dilutions) {
        const note = book.get("note", dilution.note);
        isSettled(note);
        isUnfrozen(note);
        require(note.dispute === null, "NOTE_DISPUTED");
        carvable(call, note, dilution.amount);
        taken.set(note.receivable, (taken.get(note.receivable) ?? 0n) + dilution.amount);
      }
      for (const [root, sum] of taken) require(sum <= backedBy(book.get("receivable", root), body.invoice), "DILUTION_MISMATCH");
    },
  ],
  effect: (call) => {
    const { book, body } = call;
    const parts = body.dilutions.map((dilution): Hash => {
      const note = book.get("note", dilution.note);
      const { part, rest } = carve(call, note, dilution.amount, { position: "DILUTED", ref: null });
      const root = retire(call, note.receivable, "diluted", dilution.amount, rest === null ? 1 : 0);
      const allocation = root.allocation.map((use) =>
        use.invoice === body.invoice ? { ...use, amount: use.amount - dilution.amount } : use,
      );
      book.update("receivable", root, { allocation });
      return part;
    });
    const invoice = book.get("invoice", body.invoice);
    const contract = book.get("contract", invoice.contract);
    const used = body.dilutions.reduce((left, dilution) => left - dilution.amount, invoice.used);
    book.update("invoice", invoice, { credited: invoice.credited + body.amount, used });
    // What was credited may be invoiced again, rightly.
    book.update("contract", contract, { invoiced: contract.invoiced - body.amount });
    return [invoice.id, ...parts];
  },
});

function backedBy({ allocation }: ObjectOf<"receivable">, invoice: Hash): Amount {
  return allocation.find((use) => use.invoice === invoice)?.amount ?? 0n;
}
