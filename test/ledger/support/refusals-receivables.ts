import { dayOf } from "../../../src/ledger/calendar.ts";
import type { Hash } from "../../../src/types/scalars.ts";
import { commitment, DAY_MS, HOUR_MS, receivable, terms, trade } from "./alliance.ts";
import { issuedByDebtor, issuedBySeller } from "./catalog.ts";
import { op } from "./chain.ts";
import { divided, mature } from "./finance.ts";
import type { Refused } from "./refused.ts";
import { attest } from "./tax.ts";

const nobody = commitment("nobody");

export const RECEIVABLES_REFUSALS: readonly Refused[] = [
  [
    "what changed meanwhile is not acted on",
    "VERSION_MISMATCH",
    (world) => {
      const { note } = receivable(world, 5_000n);
      const split = op("note.split", { note, parts: [2_000n, 3_000n] });
      return world.chain.send(split, [world.seller], { expect: [{ id: note, version: 2 }] }).code;
    },
  ],
  [
    "somebody else's note is not split",
    "SIGNER_MISSING",
    (world) =>
      world.chain.refusal(op("note.split", { note: receivable(world, 5_000n).note, parts: [2_000n, 3_000n] }), world.supplier),
  ],
  [
    "a note that is not there is not split",
    "NOT_FOUND",
    ({ chain, seller }) => chain.refusal(op("note.split", { note: nobody, parts: [2_000n, 3_000n] }), seller),
  ],
  [
    "a receivable rests on invoices of its own contract",
    "INVOICE_MISMATCH",
    (world) => {
      const first = trade(world, 5_000n);
      const second = trade(world, 5_000n);
      const body = terms(world, { contract: first.contract, invoice: second.invoice }, 5_000n);
      return world.chain.refusal(op("receivable.issueBySeller", body), world.seller);
    },
  ],
  [
    "a red invoice backs no receivable",
    "INVOICE_NOT_NORMAL",
    (world) => {
      const traded = trade(world, 5_000n);
      attest(world, traded.invoice, "RED");
      return world.chain.refusal(op("receivable.issueBySeller", terms(world, traded, 5_000n)), world.seller);
    },
  ],
  [
    "an invoice backs no more than its amount",
    "INVOICE_USED_UP",
    (world) => {
      const traded = trade(world, 5_000n);
      world.chain.act(op("receivable.issueBySeller", terms(world, traded, 3_000n)), world.seller);
      return world.chain.refusal(op("receivable.issueBySeller", terms(world, traded, 2_001n)), world.seller);
    },
  ],
  [
    "no tenor is longer than the hard limit",
    "TENOR_EXCEEDED",
    (world) => {
      const maturityDay = dayOf(world.chain.timeMs) + 366;
      const body = terms(world, trade(world, 5_000n), 5_000n, { maturityDay, tenorReason: commitment("long project") });
      return world.chain.refusal(op("receivable.issueBySeller", body), world.seller);
    },
  ],
  [
    "a large debtor does not stretch the term of a small seller",
    "TENOR_EXCEEDED",
    (world) => {
      const body = terms(world, trade(world, 5_000n, { payTermDays: 60 }), 5_000n, {
        maturityDay: dayOf(world.chain.timeMs) + 61,
      });
      return world.chain.refusal(op("receivable.issueByDebtor", body), world.debtor);
    },
  ],
  [
    "a tenor beyond the soft limit needs a reason",
    "TENOR_REASON_MISSING",
    (world) => {
      const body = terms(world, trade(world, 5_000n), 5_000n, { maturityDay: dayOf(world.chain.timeMs) + 200 });
      return world.chain.refusal(op("receivable.issueBySeller", body), world.seller);
    },
  ],
  [
    "a maturity lies in the future",
    "MATURITY_PAST",
    (world) => {
      const body = terms(world, trade(world, 5_000n), 5_000n, { maturityDay: dayOf(world.chain.timeMs) });
      return world.chain.refusal(op("receivable.issueBySeller", body), world.seller);
    },
  ],
  [
    "an overdue debtor issues nothing",
    "DEBTOR_GATED",
    (world) => {
      const { root } = receivable(world, 5_000n);
      mature(world, root);
      world.chain.pass(4 * DAY_MS);
      return world.chain.refusal(op("receivable.issueByDebtor", terms(world, trade(world, 5_000n), 5_000n)), world.debtor);
    },
  ],
  [
    "what was rejected is not confirmed",
    "WRONG_STATUS",
    (world) => {
      const root = issuedBySeller(world);
      world.chain.act(op("receivable.reject", { receivable: root }), world.debtor);
      return world.chain.refusal(op("receivable.confirm", { receivable: root, mode: "EXISTENCE", amount: 5_000n }), world.debtor);
    },
  ],
  [
    "what the debtor issued is not confirmed by it but accepted by the seller",
    "WRONG_STATUS",
    (world) =>
      world.chain.refusal(
        op("receivable.confirm", { receivable: issuedByDebtor(world), mode: "EXISTENCE", amount: 5_000n }),
        world.debtor,
      ),
  ],
  [
    "no more is confirmed than was issued",
    "CONFIRMED_EXCEEDS_FACE",
    (world) =>
      world.chain.refusal(
        op("receivable.confirm", { receivable: issuedBySeller(world), mode: "EXISTENCE", amount: 5_001n }),
        world.debtor,
      ),
  ],
  [
    "what was moved is not cancelled",
    "NOTE_MOVED",
    (world) => {
      const { root, notes } = divided(world, [2_000n, 3_000n]);
      return world.chain.refusal(
        op("receivable.cancel", { receivable: root, note: notes[0] as Hash }),
        world.seller,
        world.debtor,
      );
    },
  ],
  [
    "a split adds up",
    "PARTS_DO_NOT_ADD_UP",
    (world) =>
      world.chain.refusal(op("note.split", { note: receivable(world, 5_000n).note, parts: [2_000n, 3_001n] }), world.seller),
  ],
  [
    "no dust is split off",
    "PART_TOO_SMALL",
    (world) =>
      world.chain.refusal(op("note.split", { note: receivable(world, 5_000n).note, parts: [99n, 4_901n] }), world.seller),
  ],
  [
    "what lies too near its maturity does not move",
    "PAST_CUTOFF",
    (world) => {
      const { note, root } = receivable(world, 5_000n);
      mature(world, root);
      return world.chain.refusal(op("note.transfer", { note, to: world.supplier.id }), world.seller, world.supplier);
    },
  ],
  [
    "a note does not go to its debtor",
    "TRANSFER_TO_DEBTOR",
    (world) =>
      world.chain.refusal(
        op("note.transfer", { note: receivable(world, 5_000n).note, to: world.debtor.id }),
        world.seller,
        world.debtor,
      ),
  ],
  [
    "a note does not go to who has it",
    "TRANSFER_TO_SELF",
    (world) =>
      world.chain.refusal(op("note.transfer", { note: receivable(world, 5_000n).note, to: world.seller.id }), world.seller),
  ],
  [
    "an offer does not stand longer than is allowed",
    "EXPIRY_OUT_OF_RANGE",
    (world) => {
      const body = { note: receivable(world, 5_000n).note, to: world.supplier.id, expiresMs: world.chain.timeMs + 80 * HOUR_MS };
      return world.chain.refusal(op("note.offer", body), world.seller);
    },
  ],
  [
    "an allocation names an invoice once",
    "LIST_REPEATS",
    (world) => {
      const traded = trade(world, 5_000n);
      const part = { invoice: traded.invoice, amount: 2_500n };
      return world.chain.refusal(
        op("receivable.issueBySeller", terms(world, traded, 5_000n, { allocation: [part, part] })),
        world.seller,
      );
    },
  ],
  [
    "a note is split only so deep",
    "DEPTH_EXCEEDED",
    (world) => {
      let { note } = receivable(world, 5_000n);
      for (let depth = 0; depth < 10; depth++) {
        const { amount } = world.chain.read("note", note);
        note = world.chain.act(op("note.split", { note, parts: [amount - 100n, 100n] }), world.seller).created();
      }
      return world.chain.refusal(op("note.split", { note, parts: [100n, 3_900n] }), world.seller);
    },
  ],
];
