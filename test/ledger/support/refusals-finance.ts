import { dayOf } from "../../../src/ledger/calendar.ts";
import type { Hash } from "../../../src/types/scalars.ts";
import { commitment, invoiceBody, receivable, terms } from "./alliance.ts";
import { accepted, applied, committed, ordered } from "./catalog.ts";
import { op } from "./chain.ts";
import {
  apply,
  applyBody,
  decide,
  decideBody,
  disbursedBody,
  divided,
  file,
  filingBody,
  lend,
  mature,
  paymentBody,
  proRataBody,
  searchBody,
} from "./finance.ts";
import type { Refused } from "./refused.ts";
import { attest } from "./tax.ts";

const nobody = commitment("nobody");

export const FINANCE_REFUSALS: readonly Refused[] = [
  [
    "no lender lends to itself",
    "SAME_PARTY",
    (world) => {
      const { chain, seller, lender } = world;
      const { note } = receivable(world, 5_000n);
      const moved = chain.act(op("note.transfer", { note, to: lender.id }), seller, lender).created();
      return chain.refusal(op("finance.apply", applyBody(world, [moved], 4_000n, { lenders: [lender.id] })), lender);
    },
  ],
  [
    "terms that are approved lend something",
    "AMOUNT_ZERO",
    (world) => world.chain.refusal(op("finance.decide", decideBody(world, applied(world), 0n)), world.bank),
  ],
  [
    "an unverified invoice backs no finance",
    "INVOICE_NOT_NORMAL",
    (world) => {
      const { chain, seller, debtor } = world;
      const { contract } = accepted(world, 5_000n);
      const { verifier: _, ...body } = invoiceBody(world, contract, 5_000n);
      const invoice = chain.act(op("invoice.register", body), seller).created();
      const root = chain.act(op("receivable.issueBySeller", terms(world, { contract, invoice }, 5_000n)), seller).created();
      const note = chain.act(op("receivable.confirm", { receivable: root, mode: "EXISTENCE", amount: 5_000n }), debtor).created();
      return chain.refusal(op("finance.apply", applyBody(world, [note], 4_000n)), seller);
    },
  ],
  [
    "an invoice that turned red stops the finance under way",
    "INVOICE_NOT_NORMAL",
    (world) => {
      const { note, invoice } = receivable(world, 5_000n);
      const decision = decide(world, apply(world, [note], 4_000n), 4_000n);
      attest(world, invoice, "RED");
      return world.chain.refusal(op("finance.accept", { decision }), world.seller);
    },
  ],
  [
    "a payment is not booked before the maturity",
    "NOT_MATURED",
    (world) => {
      const { note } = receivable(world, 5_000n);
      return world.chain.refusal(op("payment.attest", paymentBody(world, [{ note, amount: 5_000n }])), world.bank);
    },
  ],
  [
    "what is pledged is not pledged again",
    "NOTE_NOT_OPEN",
    (world) => {
      const { notes } = lend(world, [receivable(world, 5_000n).note], 4_000n);
      return world.chain.refusal(op("finance.apply", applyBody(world, notes, 100n)), world.seller);
    },
  ],
  [
    "nobody applies with the notes of another holder",
    "NOT_HOLDER",
    (world) => {
      const { chain, seller, supplier } = world;
      const { notes } = divided(world, [2_000n, 3_000n]);
      const [kept, given] = notes as [Hash, Hash];
      const moved = chain.act(op("note.transfer", { note: given, to: supplier.id }), seller, supplier).created();
      return chain.refusal(op("finance.apply", applyBody(world, [kept, moved], 1_000n)), seller, supplier);
    },
  ],
  [
    "nobody decides on what was withdrawn",
    "APPLICATION_CLOSED",
    (world) => {
      const application = applied(world);
      world.chain.act(op("finance.withdraw", { application }), world.seller);
      return world.chain.refusal(op("finance.decide", decideBody(world, application, 4_000n)), world.bank);
    },
  ],
  [
    "a lender that was not asked does not decide",
    "LENDER_NOT_ASKED",
    (world) => {
      const body = decideBody(world, applied(world), 4_000n, { lender: world.lender.id });
      return world.chain.refusal(op("finance.decide", body), world.lender);
    },
  ],
  [
    "a lender has one live decision on an application",
    "DECISION_EXISTS",
    (world) => {
      const application = applied(world);
      decide(world, application, 4_000n);
      return world.chain.refusal(op("finance.decide", decideBody(world, application, 3_000n)), world.bank);
    },
  ],
  [
    "a declined application is not accepted",
    "DECISION_NOT_LIVE",
    (world) => {
      const decision = decide(world, applied(world), 0n, { outcome: "DECLINE" });
      return world.chain.refusal(op("finance.accept", { decision }), world.seller);
    },
  ],
  [
    "no more is lent than the advance rate allows",
    "FINANCE_CAP_EXCEEDED",
    (world) => {
      const application = apply(world, [receivable(world, 5_000n).note], 5_000n);
      return world.chain.refusal(op("finance.decide", decideBody(world, application, 4_501n)), world.bank);
    },
  ],
  [
    "no money is ordered before the filing",
    "FILING_MISSING",
    (world) => {
      const loan = committed(world);
      const search = world.chain.act(op("registry.search", searchBody(world)), world.bank).created();
      return world.chain.refusal(op("loan.order", { loan, search, instruction: nobody }), world.bank);
    },
  ],
  [
    "a filing lasts as long as its loan",
    "FILING_TERM_SHORT",
    (world) => {
      const body = filingBody(world, committed(world), { untilDay: dayOf(world.chain.timeMs) + 94 });
      return world.chain.refusal(op("registry.file", body), world.bank);
    },
  ],
  [
    "a search from before the filing does not do",
    "SEARCH_MISSING",
    (world) => {
      const { chain, bank } = world;
      const loan = committed(world);
      const search = chain.act(op("registry.search", searchBody(world)), bank).created();
      chain.act(op("registry.file", filingBody(world, loan)), bank);
      return chain.refusal(op("loan.order", { loan, search, instruction: nobody }), bank);
    },
  ],
  [
    "a search by another lender does not do",
    "SEARCH_MISSING",
    (world) => {
      const { chain, bank, lender } = world;
      const loan = committed(world);
      file(world, loan);
      const search = chain.act(op("registry.search", searchBody(world, { by: lender.id })), lender).created();
      return chain.refusal(op("loan.order", { loan, search, instruction: nobody }), bank);
    },
  ],
  [
    "another claim in the registry stops the money",
    "SEARCH_NOT_CLEAN",
    (world) => {
      const { chain, bank } = world;
      const loan = committed(world);
      file(world, loan);
      const search = chain.act(op("registry.search", searchBody(world, { hits: 1 })), bank).created();
      return chain.refusal(op("loan.order", { loan, search, instruction: nobody }), bank);
    },
  ],
  [
    "the bank attests the amount that was ordered",
    "DISBURSEMENT_MISMATCH",
    (world) => world.chain.refusal(op("loan.disbursed", disbursedBody(world, ordered(world), 3_999n)), world.bank),
  ],
  [
    "a bank reference counts once",
    "PAYMENT_DUPLICATE",
    (world) => {
      const { root, notes } = divided(world, [2_000n, 3_000n]);
      mature(world, root);
      const [first, second] = notes as [Hash, Hash];
      const body = paymentBody(world, [{ note: first, amount: 2_000n }]);
      world.chain.act(op("payment.attest", body), world.bank);
      const again = paymentBody(world, [{ note: second, amount: 2_000n }], { reference: body.reference });
      return world.chain.refusal(op("payment.attest", again), world.bank);
    },
  ],
  [
    "a payment's lines add up",
    "LINES_DO_NOT_ADD_UP",
    (world) => {
      const { root, note } = receivable(world, 5_000n);
      mature(world, root);
      return world.chain.refusal(
        op("payment.attest", paymentBody(world, [{ note, amount: 5_000n }], { amount: 4_999n })),
        world.bank,
      );
    },
  ],
  [
    "a debt is paid in its own currency",
    "CURRENCY_MISMATCH",
    (world) => {
      const { root, note } = receivable(world, 5_000n);
      mature(world, root);
      return world.chain.refusal(
        op("payment.attest", paymentBody(world, [{ note, amount: 5_000n }], { currency: "EUR" })),
        world.bank,
      );
    },
  ],
  [
    "a debt is paid by its debtor",
    "PAYER_WRONG",
    (world) => {
      const { root, note } = receivable(world, 5_000n);
      mature(world, root);
      const body = paymentBody(world, [{ note, amount: 5_000n }], { payer: world.supplier.id });
      return world.chain.refusal(op("payment.attest", body), world.bank);
    },
  ],
  [
    "security is not let go while what stays does not cover the loan",
    "LOAN_OUTSTANDING",
    (world) => {
      const { loan, notes } = lend(world, divided(world, [3_000n, 3_000n]).notes, 4_000n);
      return world.chain.refusal(op("loan.release", { loan, notes: [notes[0] as Hash] }), world.bank);
    },
  ],
  [
    "a filing number is used once",
    "REFERENCE_TAKEN",
    (world) => {
      const body = filingBody(world, committed(world));
      world.chain.act(op("registry.file", body), world.bank);
      return world.chain.refusal(op("registry.file", { ...body, loan: committed(world) }), world.bank);
    },
  ],
  [
    "money that left before the terms were accepted did not leave for this loan",
    "DAY_OUT_OF_RANGE",
    (world) => {
      const body = disbursedBody(world, ordered(world), 4_000n);
      return world.chain.refusal(op("loan.disbursed", { ...body, valueDay: body.valueDay - 1 }), world.bank);
    },
  ],
  [
    "a pro-rata payment names every leaf",
    "LEAVES_INCOMPLETE",
    (world) => {
      const { root, notes } = divided(world, [2_000n, 3_000n]);
      mature(world, root);
      return world.chain.refusal(op("payment.attestProRata", proRataBody(world, root, notes.slice(1), 100n)), world.bank);
    },
  ],
];
