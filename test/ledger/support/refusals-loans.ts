import { dayOf } from "../../../src/ledger/calendar.ts";
import type { Hash } from "../../../src/types/scalars.ts";
import { type Alliance, commitment, receivable, terms, trade } from "./alliance.ts";
import { applied } from "./catalog.ts";
import { op } from "./chain.ts";
import { attestation, attester, disputed, frozen, guaranteeBody, guaranteed, overdueLoan, passDays } from "./changes.ts";
import { apply, decide, decideBody, divided, lend, mature, pay } from "./finance.ts";
import type { Refused } from "./refused.ts";

const evidence = commitment("evidence");

/** A loan that the debtor's payment paid off; answers it and the payment. */
function paidOff(world: Alliance) {
  const { root, note } = receivable(world, 5_000n);
  const { loan } = lend(world, [note], 4_000n);
  mature(world, root);
  pay(world, [{ note, amount: 2_000n }]);
  const payment = world.chain.all("payment")[0]?.id as Hash;
  const rest = world.chain.read("loan", loan).notes[0] as Hash;
  return { root, loan, payment, rest };
}

function reverse(world: Alliance, payment: Hash) {
  return world.chain.refusal(op("payment.reverse", { payment, evidence }), attester(world));
}

function early(world: Alliance, note: Hash, amount: bigint, face: bigint) {
  const body = { ...attestation(world, amount), note, face };
  return world.chain.refusal(op("payment.early", body), attester(world), world.debtor, world.seller);
}

function payGuarantee(world: Alliance, guarantee: Hash, note: Hash, amount: bigint) {
  const body = { ...attestation(world, amount), guarantee, note };
  return world.chain.refusal(op("guarantee.pay", body), attester(world), world.guarantor);
}

function buyBack(world: Alliance, loan: Hash, note: Hash, amount: bigint) {
  const body = { ...attestation(world, amount), loan, note };
  return world.chain.refusal(op("loan.buyBack", body), attester(world), world.seller, world.bank);
}

/** A pledge loan over two notes of 2,000 and 3,000, without interest. */
function twoNotes(world: Alliance, change: Parameters<typeof lend>[3] = {}) {
  const { root, notes } = divided(world, [2_000n, 3_000n]);
  return { root, ...lend(world, notes, 4_000n, { ratePpm: 0, ...change }) };
}

/** What pays, secures and ends loans. */
export const LOANS_REFUSALS: readonly Refused[] = [
  [
    "what is not yet effective is not paid early",
    "NOTE_NOT_OPEN",
    (world) => early(world, lend(world, [receivable(world, 5_000n).note], 4_000n).notes[0] as Hash, 900n, 1_000n),
  ],
  [
    "what has matured is not paid early",
    "WRONG_STATUS",
    (world) => {
      const { root, note } = receivable(world, 5_000n);
      mature(world, root);
      return early(world, note, 900n, 1_000n);
    },
  ],
  [
    "nobody pays early more than the face",
    "AMOUNT_EXCEEDED",
    (world) => early(world, receivable(world, 5_000n).note, 1_001n, 1_000n),
  ],
  ["a discount has its limit", "DISCOUNT_EXCEEDED", (world) => early(world, receivable(world, 5_000n).note, 899n, 1_000n)],
  [
    "a bank's reference counts once, for early payments too",
    "PAYMENT_DUPLICATE",
    (world) => {
      const { note } = receivable(world, 5_000n);
      const body = { ...attestation(world, 1_000n), note, face: 1_000n };
      world.chain.act(op("payment.early", body), attester(world), world.debtor, world.seller);
      const rest = world.chain.all("note").find(({ position }) => position === "OPEN")?.id as Hash;
      return world.chain.refusal(op("payment.early", { ...body, note: rest }), attester(world), world.debtor, world.seller);
    },
  ],
  [
    "a payment is reversed once",
    "WRONG_STATUS",
    (world) => {
      const { payment } = paidOff(world);
      world.chain.act(op("payment.reverse", { payment, evidence }), attester(world));
      return reverse(world, payment);
    },
  ],
  [
    "a payment stands after its time",
    "DEADLINE_PASSED",
    (world) => {
      const { payment } = paidOff(world);
      passDays(world, 31);
      return reverse(world, payment);
    },
  ],
  [
    "money that was in deposit is not reversed once it has been handed on",
    "PAYMENT_BUILT_UPON",
    (world) => {
      const { root, note } = receivable(world, 5_000n);
      const { freeze, held } = frozen(world, note, 5_000n);
      mature(world, root);
      pay(world, [{ note: held, amount: 2_000n }]);
      world.chain.act(op("freeze.lift", { freeze, document: evidence }), world.court);
      return reverse(world, world.chain.all("payment")[0]?.id as Hash);
    },
  ],
  [
    "a loan has no more notes than it may have after a reversal",
    "NOTES_EXCEEDED",
    (world) => {
      const { payment } = paidOff(world);
      const { chain } = world;
      const loan = chain.all("payment").find(({ id }) => id === payment)?.loans[0]?.loan as Hash;
      const crowded = { ...chain.read("loan", loan), notes: Array.from({ length: 128 }, () => loan) };
      chain.objects.set(`loan${loan}`, crowded);
      return reverse(world, payment);
    },
  ],
  [
    "a payment on which another one rests is not reversed before that",
    "PAYMENT_BUILT_UPON",
    (world) => {
      const { payment, rest } = paidOff(world);
      pay(world, [{ note: rest, amount: 1_000n }]);
      return reverse(world, payment);
    },
  ],
  ...(["loan.demand", "loan.buyBack", "loan.writeOff", "loan.resell"] as const).map(
    (kind): Refused => [
      `${kind} needs a loan that runs`,
      "WRONG_STATUS",
      (world) => {
        const { root, note } = receivable(world, 5_000n);
        const { loan } = lend(world, [note], 4_000n);
        mature(world, root);
        pay(world, [{ note, amount: 5_000n }]);
        const { chain, bank, lender } = world;
        if (kind === "loan.demand") return chain.refusal(op(kind, { loan, cause: note }), bank);
        if (kind === "loan.writeOff") return chain.refusal(op(kind, { loan }), bank);
        if (kind === "loan.resell") return chain.refusal(op(kind, { loan, to: lender.id }), bank, lender);
        return buyBack(world, loan, note, 1n);
      },
    ],
  ),
  [
    "without recourse the lender demands nothing of the borrower",
    "RECOURSE_NONE",
    (world) => {
      const { loan, secured } = overdueLoan(world, { security: "ASSIGNMENT", recourse: false });
      return world.chain.refusal(op("loan.demand", { loan, cause: secured }), world.bank);
    },
  ],
  [
    "and the borrower buys nothing back",
    "RECOURSE_NONE",
    (world) => {
      const { loan, secured } = overdueLoan(world, { security: "ASSIGNMENT", recourse: false });
      return buyBack(world, loan, secured, 4_000n);
    },
  ],
  [
    "recourse is demanded once",
    "WRONG_STATUS",
    (world) => {
      const { loan, secured } = overdueLoan(world);
      world.chain.act(op("loan.demand", { loan, cause: secured }), world.bank);
      return world.chain.refusal(op("loan.demand", { loan, cause: secured }), world.bank);
    },
  ],
  [
    "recourse waits for the debtor to be late",
    "RECOURSE_PREMATURE",
    (world) => {
      const { loan, notes } = lend(world, [receivable(world, 5_000n).note], 4_000n);
      return world.chain.refusal(op("loan.demand", { loan, cause: notes[0] as Hash }), world.bank);
    },
  ],
  [
    "nobody buys back what does not secure the loan",
    "NOT_FOUND",
    (world) => buyBack(world, twoNotes(world).loan, receivable(world, 5_000n).note, 1_600n),
  ],
  [
    "what is frozen is not bought back",
    "NOTE_FROZEN",
    (world) => {
      const { loan, notes } = twoNotes(world);
      frozen(world, notes[0] as Hash, world.chain.read("note", notes[0] as Hash).amount);
      return buyBack(world, loan, notes[0] as Hash, 1_600n);
    },
  ],
  [
    "the price of buying back is the note's share of what is owed",
    "PRICE_WRONG",
    (world) => {
      const { loan, notes } = twoNotes(world);
      const note = notes.find((id) => world.chain.read("note", id).amount === 2_000n) as Hash;
      return buyBack(world, loan, note, 1_599n);
    },
  ],
  [
    "what a bank attested once does not buy back",
    "PAYMENT_DUPLICATE",
    (world) => {
      const { loan, notes } = twoNotes(world);
      const note = notes.find((id) => world.chain.read("note", id).amount === 2_000n) as Hash;
      const body = { ...attestation(world, 1_600n), loan, note };
      const signings = [attester(world), world.seller, world.bank];
      world.chain.act(op("loan.buyBack", body), ...signings);
      return world.chain.refusal(op("loan.buyBack", { ...body, note: notes.find((id) => id !== note) as Hash }), ...signings);
    },
  ],
  [
    "nothing is written off before it is in default",
    "NOT_IN_DEFAULT",
    (world) => world.chain.refusal(op("loan.writeOff", { loan: overdueLoan(world).loan }), world.bank),
  ],
  [
    "nor twice",
    "WRONG_STATUS",
    (world) => {
      const { loan } = overdueLoan(world);
      passDays(world, 120);
      world.chain.act(op("loan.writeOff", { loan }), world.bank);
      return world.chain.refusal(op("loan.writeOff", { loan }), world.bank);
    },
  ],
  [
    "a loan is sold to a lender",
    "ROLE_MISSING",
    (world) =>
      world.chain.refusal(op("loan.resell", { loan: twoNotes(world).loan, to: world.supplier.id }), world.bank, world.supplier),
  ],
  [
    "and to another one",
    "SAME_PARTY",
    (world) => world.chain.refusal(op("loan.resell", { loan: twoNotes(world).loan, to: world.bank.id }), world.bank),
  ],
  [
    "a loan on a frozen note is not sold",
    "NOTE_FROZEN",
    (world) => {
      const { loan, notes } = twoNotes(world);
      frozen(world, notes[0] as Hash, 1_000n);
      return world.chain.refusal(op("loan.resell", { loan, to: world.lender.id }), world.bank, world.lender);
    },
  ],
  [
    "a lender takes over no more than its line covers",
    "LENDING_LINE_EXCEEDED",
    (world) => {
      const { loan } = twoNotes(world);
      limit(world, world.lender.id, 3_999n, world.lender);
      return world.chain.refusal(op("loan.resell", { loan, to: world.lender.id }), world.bank, world.lender);
    },
  ],
  [
    "a lender lends no more than its line covers",
    "LENDING_LINE_EXCEEDED",
    (world) => {
      twoNotes(world);
      limit(world, world.bank.id, 7_999n, world.bank);
      const decision = decide(world, apply(world, [receivable(world, 5_000n).note], 4_000n), 4_000n);
      return world.chain.refusal(op("finance.accept", { decision }), world.seller);
    },
  ],
  [
    "a line is a lender's",
    "ROLE_MISSING",
    (world) => {
      const body = { lender: world.platform.id, borrower: world.seller.id, currency: "CNY", limit: 1n };
      return world.chain.refusal(op("limit.line", body), world.platform);
    },
  ],
  [
    "a programme is set by a bank",
    "ROLE_MISSING",
    (world) => {
      const body = { bank: world.platform.id, debtor: world.debtor.id, currency: "CNY", limit: 1n };
      return world.chain.refusal(op("limit.programme", body), world.platform, world.debtor);
    },
  ],
  [
    "and is for a debtor",
    "ROLE_MISSING",
    (world) => {
      const body = { bank: world.bank.id, debtor: world.supplier.id, currency: "CNY", limit: 1n };
      return world.chain.refusal(op("limit.programme", body), world.bank, world.supplier);
    },
  ],
  [
    "a debtor promises no more than its programme covers",
    "PROGRAMME_EXCEEDED",
    (world) => {
      const body = { bank: world.bank.id, debtor: world.debtor.id, currency: "CNY", limit: 4_999n };
      world.chain.act(op("limit.programme", body), world.bank, world.debtor);
      return world.chain.refusal(op("receivable.issueByDebtor", terms(world, trade(world, 5_000n), 5_000n)), world.debtor);
    },
  ],
  [
    "a holder pays no fee for its finance",
    "FEE_NOT_ALLOWED",
    (world) => {
      const { seller, platform, bank, chain } = world;
      const fees = [{ payer: seller.id, payee: platform.id, amount: 1n, basis: "SERVICE" }] as const;
      return chain.refusal(op("finance.decide", decideBody(world, applied(world), 4_000n, { fees })), bank);
    },
  ],
  [
    "nor does a lender beyond the limit",
    "FEE_NOT_ALLOWED",
    (world) => {
      const { platform, bank, chain } = world;
      const fees = [{ payer: bank.id, payee: platform.id, amount: 81n, basis: "SERVICE" }] as const;
      return chain.refusal(op("finance.decide", decideBody(world, applied(world), 4_000n, { fees })), bank);
    },
  ],
  [
    "only a guarantor guarantees",
    "ROLE_MISSING",
    (world) => {
      const body = guaranteeBody(world, receivable(world, 5_000n).root, 1_000n, { guarantor: world.supplier.id });
      return world.chain.refusal(op("guarantee.attach", body), world.supplier);
    },
  ],
  [
    "nothing is guaranteed that is not owed",
    "WRONG_STATUS",
    (world) => {
      const root = world.chain
        .act(op("receivable.issueBySeller", terms(world, trade(world, 5_000n), 5_000n)), world.seller)
        .created();
      return world.chain.refusal(op("guarantee.attach", guaranteeBody(world, root, 1_000n)), world.guarantor);
    },
  ],
  [
    "no more is guaranteed than is owed",
    "AMOUNT_EXCEEDED",
    (world) =>
      world.chain.refusal(op("guarantee.attach", guaranteeBody(world, receivable(world, 5_000n).root, 5_001n)), world.guarantor),
  ],
  [
    "no guarantee ends before it begins",
    "DAY_OUT_OF_RANGE",
    (world) => {
      const untilDay = dayOf(world.chain.timeMs) - 1;
      const body = guaranteeBody(world, receivable(world, 5_000n).root, 1_000n, { untilDay });
      return world.chain.refusal(op("guarantee.attach", body), world.guarantor);
    },
  ],
  [
    "a receivable has a handful of guarantees",
    "GUARANTEES_EXCEEDED",
    (world) => {
      const { root } = receivable(world, 5_000n);
      for (let count = 0; count < 8; count++) guaranteed(world, root, 1_000n);
      return world.chain.refusal(op("guarantee.attach", guaranteeBody(world, root, 1_000n)), world.guarantor);
    },
  ],
  [
    "a guarantee covers its own receivable",
    "NOT_FOUND",
    (world) => {
      const guarantee = guaranteed(world, receivable(world, 5_000n).root, 1_000n);
      return payGuarantee(world, guarantee, receivable(world, 5_000n).note, 1_000n);
    },
  ],
  [
    "a guarantee is over after its time",
    "GUARANTEE_ENDED",
    (world) => {
      const { root, note } = receivable(world, 5_000n);
      const untilDay = dayOf(world.chain.timeMs) + 91;
      const body = guaranteeBody(world, root, 1_000n, { untilDay });
      const guarantee = world.chain.act(op("guarantee.attach", body), world.guarantor).created();
      mature(world, root);
      passDays(world, 2);
      return payGuarantee(world, guarantee, note, 1_000n);
    },
  ],
  [
    "a guarantor pays within its cap",
    "GUARANTEE_EXHAUSTED",
    (world) => {
      const { root, note } = receivable(world, 5_000n);
      const guarantee = guaranteed(world, root, 1_000n);
      mature(world, root);
      return payGuarantee(world, guarantee, note, 1_001n);
    },
  ],
  [
    "a guarantor pays what is due",
    "NOT_MATURED",
    (world) => {
      const { root, note } = receivable(world, 5_000n);
      return payGuarantee(world, guaranteed(world, root, 1_000n), note, 1_000n);
    },
  ],
  [
    "a guarantor pays nothing that is contested",
    "NOTE_DISPUTED",
    (world) => {
      const { root, contested } = disputed(world);
      const guarantee = guaranteed(world, root, 1_000n);
      mature(world, root);
      return payGuarantee(world, guarantee, contested, 1_000n);
    },
  ],
  [
    "a guarantor pays no more than the note",
    "AMOUNT_EXCEEDED",
    (world) => {
      const { root, notes } = divided(world, [1_000n, 4_000n]);
      const guarantee = guaranteed(world, root, 2_000n);
      mature(world, root);
      return payGuarantee(world, guarantee, notes[0] as Hash, 1_001n);
    },
  ],
  [
    "a guarantor's payment is not reversed once the guarantor has passed on what it got",
    "PAYMENT_BUILT_UPON",
    (world) => {
      const { root, note } = receivable(world, 5_000n);
      const guarantee = guaranteed(world, root, 1_000n);
      mature(world, root);
      const body = { ...attestation(world, 1_000n), guarantee, note };
      world.chain.act(op("guarantee.pay", body), attester(world), world.guarantor);
      const got = world.chain.all("note").find(({ holder }) => holder === world.guarantor.id)?.id as Hash;
      pay(world, [{ note: got, amount: 1_000n }]);
      const paid = world.chain.all("payment").find(({ kind }) => kind === "GUARANTEE")?.id as Hash;
      return reverse(world, paid);
    },
  ],
  [
    "a filing that ended is not renewed",
    "FILING_ENDED",
    (world) => {
      const { loan } = twoNotes(world);
      const filing = world.chain.all("filing").find((each) => each.loan === loan);
      passDays(world, 401);
      const body = { filing: filing?.id as Hash, untilDay: dayOf(world.chain.timeMs) + 365, proof: evidence };
      return world.chain.refusal(op("registry.renew", body), world.bank);
    },
  ],
  [
    "a filing is renewed for longer",
    "FILING_TERM_SHORT",
    (world) => {
      twoNotes(world);
      const filing = world.chain.all("filing")[0];
      const body = { filing: filing?.id as Hash, untilDay: filing?.untilDay as number, proof: evidence };
      return world.chain.refusal(op("registry.renew", body), world.bank);
    },
  ],
  [
    "a filing that secures something stays",
    "FILING_NEEDED",
    (world) => {
      twoNotes(world);
      return world.chain.refusal(op("registry.cancel", { filing: world.chain.all("filing")[0]?.id as Hash }), world.bank);
    },
  ],
  [
    "a filing ends once",
    "FILING_ENDED",
    (world) => {
      const { root, note } = receivable(world, 5_000n);
      lend(world, [note], 4_000n);
      mature(world, root);
      pay(world, [{ note, amount: 5_000n }]);
      return world.chain.refusal(op("registry.cancel", { filing: world.chain.all("filing")[0]?.id as Hash }), world.bank);
    },
  ],
  [
    "what a court froze is not released",
    "NOTE_FROZEN",
    (world) => {
      const { loan, notes } = twoNotes(world);
      const note = notes[0] as Hash;
      frozen(world, note, world.chain.read("note", note).amount);
      return world.chain.refusal(op("loan.release", { loan, notes: [note] }), world.bank);
    },
  ],
];

function limit(world: Alliance, lender: Hash, most: bigint, signer: Alliance["bank"]): void {
  const body = { lender, borrower: world.seller.id, currency: "CNY", limit: most };
  world.chain.act(op("limit.line", body), signer);
}
