import { dayOf } from "../../../src/ledger/calendar.ts";
import type { Code } from "../../../src/ledger/codes.ts";
import type { BodyOf } from "../../../src/ledger/transitions.ts";
import type { Hash, TimeMs } from "../../../src/types/scalars.ts";
import type { Operation } from "../../../src/types/transaction.ts";
import {
  type Alliance,
  commitment,
  contractBody,
  HOUR_MS,
  invoiceBody,
  receivable,
  registration,
  terms,
  trade,
} from "./alliance.ts";
import {
  accepted,
  applied,
  committed,
  contractOf,
  delivered,
  deliveryBody,
  issuedByDebtor,
  issuedBySeller,
  offered,
  ordered,
} from "./catalog.ts";
import { by, op, type Signing } from "./chain.ts";
import { attestation, attester, attestingVerifier, guaranteeBody, guaranteed } from "./changes.ts";
import {
  applyBody,
  decideBody,
  disbursedBody,
  divided,
  filingBody,
  lend,
  mature,
  order,
  pay,
  proRataBody,
  searchBody,
} from "./finance.ts";
import { firm, testKey, testUscc } from "./firm.ts";
import { joining, newcomer, decide as vote } from "./governance.ts";
import { behind, type Refused } from "./refused.ts";

const document = commitment("document");

/** The next block is of this very moment: what falls due with the minute that follows has not done so yet. */
function at({ chain }: Alliance, timeMs: TimeMs): void {
  chain.passTo(timeMs - 120_000);
  chain.timeMs = timeMs - 1_000;
}

/** The supplier is suspended in the same transaction that would have it act. */
function whileSuspended({ chain, platform, supplier }: Alliance, operation: Operation): Code {
  const suspension = op("party.suspend", { party: supplier.id, by: platform.id, reason: document });
  return chain.refusal([suspension, operation], platform, supplier);
}

function twice({ chain }: Alliance, operation: Operation, ...signings: readonly Signing[]): Code {
  chain.act(operation, ...signings);
  return chain.refusal(operation, ...signings);
}

function limitLeaves(world: Alliance, value: number): void {
  vote(world, { kind: "setParams", params: [{ name: "notesPerRootMax", value }] });
}

function soon(world: Alliance, days: number): BodyOf<"receivable.issueBySeller"> {
  const maturityDay = dayOf(world.chain.timeMs) + days;
  return terms(world, trade(world, 5_000n), 5_000n, { maturityDay });
}

/** The debtor has paid; answers the payment's bank reference. */
function paid(world: Alliance): Hash {
  const { root, note } = receivable(world, 5_000n);
  mature(world, root);
  pay(world, [{ note, amount: 5_000n }]);
  return world.chain.all("payment")[0]?.reference as Hash;
}

/** Preconditions whose code another operation shows as well: every one refuses something. */
export const CONDITION_REFUSALS: readonly Refused[] = [
  [
    "a firm does not bring one key twice",
    "LIST_REPEATS",
    ({ chain, platform }) => {
      const party = firm("stutterer", testUscc(61));
      const keys = [party.maker, party.maker].map(({ key, purpose }) => ({ key, purpose }));
      return chain.refusal(op("party.register", registration(party, ["SELLER"], { keys })), platform, party);
    },
  ],
  [
    "each key of a new firm signs",
    "SIGNER_MISSING",
    ({ chain, platform }) => {
      const party = firm("half", testUscc(62));
      return chain.refusal(op("party.register", registration(party, ["SELLER"])), platform, party);
    },
  ],
  [
    "a new firm can meet its own policy",
    "POLICY_UNSATISFIABLE",
    ({ chain, platform }) => {
      const party = firm("strict", testUscc(63));
      const policy = [{ action: "*", amountMin: 0n, makers: 1, checkers: 2 }];
      const body = registration(party, ["SELLER"], { policy });
      return chain.refusal(op("party.register", body), platform, party, by(party, party.checker));
    },
  ],
  [
    "who is suspended sets no policy",
    "PARTY_INACTIVE",
    (world) => whileSuspended(world, op("party.policy", { party: world.supplier.id, policy: [] })),
  ],
  [
    "nor adds a key",
    "PARTY_INACTIVE",
    (world) => whileSuspended(world, op("key.add", { party: world.supplier.id, key: testKey("another").key, purpose: "MAKER" })),
  ],
  [
    "nor changes what it is",
    "PARTY_INACTIVE",
    (world) => whileSuspended(world, op("party.update", { party: world.supplier.id, roles: ["SELLER"], size: "SME" })),
  ],
  ["nor takes a note", "PARTY_INACTIVE", (world) => whileSuspended(world, op("note.acceptOffer", { offer: offered(world) }))],
  [
    "an added key signs",
    "SIGNER_MISSING",
    ({ chain, seller }) =>
      chain.refusal(op("key.add", { party: seller.id, key: testKey("silent").key, purpose: "MAKER" }), seller),
  ],
  [
    "a debtor is no seller",
    "ROLE_MISSING",
    (world) => {
      const body = contractBody(world, { seller: world.debtor.id, buyer: world.seller.id });
      return world.chain.refusal(op("contract.register", body), world.seller, world.debtor);
    },
  ],
  [
    "nothing was delivered tomorrow",
    "DAY_OUT_OF_RANGE",
    (world) => {
      const body = { ...deliveryBody(world, contractOf(world), 500n), day: dayOf(world.chain.timeMs) + 1 };
      return world.chain.refusal(op("delivery.record", body), world.seller);
    },
  ],
  [
    "a delivery is accepted once",
    "DELIVERY_SETTLED",
    (world) => twice(world, op("delivery.accept", { delivery: delivered(world, 500n), amount: 500n }), world.debtor),
  ],
  [
    "a bank verifies no invoice",
    "ROLE_MISSING",
    (world) => {
      const body = invoiceBody(world, accepted(world, 500n).contract, 500n, { verifier: world.bank.id });
      return world.chain.refusal(op("invoice.register", body), world.seller, world.bank);
    },
  ],
  [
    "tax is part of the total",
    "AMOUNT_EXCEEDED",
    (world) => {
      const body = invoiceBody(world, accepted(world, 500n).contract, 500n, { tax: 501n });
      return world.chain.refusal(op("invoice.register", body), world.seller, attestingVerifier(world));
    },
  ],
  [
    "nothing is invoiced under a contract that was terminated",
    "CONTRACT_CLOSED",
    (world) => {
      const { contract } = accepted(world, 500n);
      world.chain.act(op("contract.terminate", { contract, notes: [] }), world.seller, world.debtor);
      const body = invoiceBody(world, contract, 500n);
      return world.chain.refusal(op("invoice.register", body), world.seller, attestingVerifier(world));
    },
  ],
  [
    "the tax office has not answered tomorrow",
    "EXPIRY_OUT_OF_RANGE",
    (world) => {
      const { invoice } = trade(world, 5_000n);
      const checkedMs = world.chain.timeMs + HOUR_MS;
      const body = { invoice, verifier: world.verifier.id, status: "RED", checkedMs } as const;
      return world.chain.refusal(op("invoice.attest", body), attestingVerifier(world));
    },
  ],
  [
    "a debtor promises for a day to come",
    "MATURITY_PAST",
    (world) => world.chain.refusal(op("receivable.issueByDebtor", soon(world, 0)), world.debtor),
  ],
  [
    "a promise is accepted once",
    "WRONG_STATUS",
    (world) => twice(world, op("receivable.acceptIssue", { receivable: issuedByDebtor(world) }), world.seller),
  ],
  [
    "and in its time",
    "DEADLINE_PASSED",
    (world) => {
      const root = issuedByDebtor(world);
      at(world, world.chain.read("receivable", root).deadlineMs);
      return world.chain.refusal(op("receivable.acceptIssue", { receivable: root }), world.seller);
    },
  ],
  [
    "and before it is due",
    "MATURITY_PAST",
    (world) => {
      const root = world.chain.act(op("receivable.issueByDebtor", soon(world, 1)), world.debtor).created();
      world.chain.pass(25 * HOUR_MS);
      return world.chain.refusal(op("receivable.acceptIssue", { receivable: root }), world.seller);
    },
  ],
  [
    "a debt is confirmed in its time",
    "DEADLINE_PASSED",
    (world) => {
      const root = issuedBySeller(world);
      at(world, world.chain.read("receivable", root).deadlineMs);
      const body = { receivable: root, mode: "EXISTENCE", amount: 5_000n } as const;
      return world.chain.refusal(op("receivable.confirm", body), world.debtor);
    },
  ],
  [
    "nobody confirms dust",
    "PART_TOO_SMALL",
    (world) => {
      const body = { receivable: issuedBySeller(world), mode: "EXISTENCE", amount: 99n } as const;
      return world.chain.refusal(op("receivable.confirm", body), world.debtor);
    },
  ],
  [
    "a debt is confirmed before it is due",
    "MATURITY_PAST",
    (world) => {
      const root = world.chain.act(op("receivable.issueBySeller", soon(world, 1)), world.seller).created();
      world.chain.pass(25 * HOUR_MS);
      const body = { receivable: root, mode: "EXISTENCE", amount: 5_000n } as const;
      return world.chain.refusal(op("receivable.confirm", body), world.debtor);
    },
  ],
  [
    "a proposal is rejected once",
    "WRONG_STATUS",
    (world) => twice(world, op("receivable.reject", { receivable: issuedBySeller(world) }), world.debtor),
  ],
  [
    "and withdrawn once",
    "WRONG_STATUS",
    (world) => twice(world, op("receivable.withdraw", { receivable: issuedBySeller(world) }), world.seller),
  ],
  [
    "what was cancelled is not cancelled again",
    "WRONG_STATUS",
    (world) => {
      const { root, note } = receivable(world, 5_000n);
      return twice(world, op("receivable.cancel", { receivable: root, note }), world.seller, world.debtor);
    },
  ],
  [
    "what is due is not cancelled, even if the due queue lags",
    "MATURITY_PAST",
    (world) => {
      const { root, note } = receivable(world, 5_000n);
      behind(world);
      mature(world, root);
      return world.chain.refusal(op("receivable.cancel", { receivable: root, note }), world.seller, world.debtor);
    },
  ],
  [
    "what is offered is not split",
    "NOTE_NOT_OPEN",
    (world) => {
      const { note } = world.chain.read("offer", offered(world));
      return world.chain.refusal(op("note.split", { note, parts: [2_000n, 3_000n] }), world.seller);
    },
  ],
  [
    "nor offered to another",
    "NOTE_NOT_OPEN",
    (world) => {
      const { note } = world.chain.read("offer", offered(world));
      const body = { note, to: world.lender.id, expiresMs: world.chain.timeMs + HOUR_MS };
      return world.chain.refusal(op("note.offer", body), world.seller);
    },
  ],
  [
    "no more is offered than is there",
    "AMOUNT_EXCEEDED",
    (world) => {
      const expiresMs = world.chain.timeMs + HOUR_MS;
      const body = { note: receivable(world, 5_000n).note, to: world.supplier.id, expiresMs, amount: 5_001n };
      return world.chain.refusal(op("note.offer", body), world.seller);
    },
  ],
  [
    "a receivable is split into so many notes and no more",
    "NOTES_EXCEEDED",
    (world) => {
      limitLeaves(world, 3);
      const { note } = receivable(world, 5_000n);
      return world.chain.refusal(op("note.split", { note, parts: [1_000n, 1_000n, 1_000n, 2_000n] }), world.seller);
    },
  ],
  [
    "nor does a dispute divide it further",
    "NOTES_EXCEEDED",
    (world) => {
      limitLeaves(world, 1);
      const body = { note: receivable(world, 5_000n).note, amount: 500n, reason: "PRICE", evidence: document } as const;
      return world.chain.refusal(op("dispute.raise", body), world.debtor);
    },
  ],
  [
    "nor does a reversal",
    "NOTES_EXCEEDED",
    (world) => {
      const { note } = receivable(world, 5_000n);
      const body = { ...attestation(world, 1_000n), note, face: 1_000n };
      world.chain.act(op("payment.early", body), attester(world), world.debtor, world.seller);
      limitLeaves(world, 1);
      const payment = world.chain.all("payment")[0]?.id as Hash;
      return world.chain.refusal(op("payment.reverse", { payment, evidence: document }), attester(world));
    },
  ],
  [
    "an offer is accepted once",
    "WRONG_STATUS",
    (world) => twice(world, op("note.acceptOffer", { offer: offered(world) }), world.supplier),
  ],
  [
    "and in its time",
    "DEADLINE_PASSED",
    (world) => {
      const offer = offered(world);
      at(world, world.chain.read("offer", offer).expiresMs);
      return world.chain.refusal(op("note.acceptOffer", { offer }), world.supplier);
    },
  ],
  [
    "and before the cut-off",
    "PAST_CUTOFF",
    (world) => {
      const root = world.chain.act(op("receivable.issueBySeller", soon(world, 2)), world.seller).created();
      const body = { receivable: root, mode: "EXISTENCE", amount: 5_000n } as const;
      const note = world.chain.act(op("receivable.confirm", body), world.debtor).created();
      const expiresMs = world.chain.timeMs + 48 * HOUR_MS;
      const offer = world.chain.act(op("note.offer", { note, to: world.supplier.id, expiresMs }), world.seller).created();
      world.chain.pass(25 * HOUR_MS);
      return world.chain.refusal(op("note.acceptOffer", { offer }), world.supplier);
    },
  ],
  [
    "an offer is rejected once",
    "WRONG_STATUS",
    (world) => twice(world, op("note.rejectOffer", { offer: offered(world) }), world.supplier),
  ],
  [
    "and withdrawn once",
    "WRONG_STATUS",
    (world) => twice(world, op("note.withdrawOffer", { offer: offered(world) }), world.seller),
  ],
  [
    "who is asked for money is a lender",
    "ROLE_MISSING",
    (world) => {
      const body = applyBody(world, [receivable(world, 5_000n).note], 4_000n, { lenders: [world.platform.id] });
      return world.chain.refusal(op("finance.apply", body), world.seller);
    },
  ],
  [
    "an application does not wait longer than is allowed",
    "EXPIRY_OUT_OF_RANGE",
    (world) => {
      const expiresMs = world.chain.timeMs + 30 * HOUR_MS;
      const body = applyBody(world, [receivable(world, 5_000n).note], 4_000n, { expiresMs });
      return world.chain.refusal(op("finance.apply", body), world.seller);
    },
  ],
  [
    "an application is withdrawn once",
    "APPLICATION_CLOSED",
    (world) => twice(world, op("finance.withdraw", { application: applied(world) }), world.seller),
  ],
  [
    "who is no lender decides nothing",
    "ROLE_MISSING",
    (world) =>
      world.chain.refusal(
        op("finance.decide", decideBody(world, applied(world), 4_000n, { lender: world.platform.id })),
        world.platform,
      ),
  ],
  [
    "a lender decides in the application's time",
    "DEADLINE_PASSED",
    (world) => {
      const application = applied(world);
      at(world, world.chain.read("application", application).expiresMs);
      return world.chain.refusal(op("finance.decide", decideBody(world, application, 4_000n)), world.bank);
    },
  ],
  [
    "terms do not outlive the application",
    "EXPIRY_OUT_OF_RANGE",
    (world) => {
      const expiresMs = world.chain.timeMs + 30 * HOUR_MS;
      return world.chain.refusal(op("finance.decide", decideBody(world, applied(world), 4_000n, { expiresMs })), world.bank);
    },
  ],
  [
    "a seller does not search the registry for others",
    "ROLE_MISSING",
    (world) => world.chain.refusal(op("registry.search", searchBody(world, { by: world.seller.id })), world.seller),
  ],
  [
    "a search is about somebody known",
    "NOT_FOUND",
    (world) => world.chain.refusal(op("registry.search", searchBody(world, { subject: document })), world.bank),
  ],
  [
    "a search of the day before yesterday tells nothing",
    "EXPIRY_OUT_OF_RANGE",
    (world) => {
      const timeMs = world.chain.timeMs - 25 * HOUR_MS;
      return world.chain.refusal(op("registry.search", searchBody(world, { timeMs })), world.bank);
    },
  ],
  [
    "a loan is filed once",
    "WRONG_STATUS",
    (world) => {
      const loan = committed(world);
      world.chain.act(op("registry.file", filingBody(world, loan)), world.bank);
      return world.chain.refusal(op("registry.file", filingBody(world, loan)), world.bank);
    },
  ],
  [
    "a filing is not of the day before yesterday",
    "EXPIRY_OUT_OF_RANGE",
    (world) => {
      const timeMs = world.chain.timeMs - 25 * HOUR_MS;
      return world.chain.refusal(op("registry.file", filingBody(world, committed(world), { timeMs })), world.bank);
    },
  ],
  [
    "who is no bank attests no disbursement",
    "ROLE_MISSING",
    (world) => {
      const body = { ...disbursedBody(world, ordered(world), 4_000n), bank: world.platform.id };
      return world.chain.refusal(op("loan.disbursed", body), world.platform);
    },
  ],
  [
    "nor its failure",
    "ROLE_MISSING",
    (world) => {
      const body = { loan: ordered(world), bank: world.platform.id, evidence: document };
      return world.chain.refusal(op("loan.fail", body), world.platform);
    },
  ],
  [
    "what was not ordered was not paid out",
    "WRONG_STATUS",
    (world) => world.chain.refusal(op("loan.disbursed", disbursedBody(world, committed(world), 4_000n)), attester(world)),
  ],
  [
    "nor did it fail",
    "WRONG_STATUS",
    (world) => {
      const body = { loan: committed(world), bank: world.bank.id, evidence: document };
      return world.chain.refusal(op("loan.fail", body), attester(world));
    },
  ],
  [
    "a reference of one payment is none of another",
    "PAYMENT_DUPLICATE",
    (world) => {
      const reference = paid(world);
      const loan = committed(world);
      order(world, loan);
      const body = { ...disbursedBody(world, loan, 4_000n), reference };
      return world.chain.refusal(op("loan.disbursed", body), attester(world));
    },
  ],
  [
    "nor one on all notes of a receivable",
    "PAYMENT_DUPLICATE",
    (world) => {
      const reference = paid(world);
      const { root, notes } = divided(world, [2_000n, 3_000n]);
      mature(world, root);
      const body = { ...proRataBody(world, root, notes, 500n), reference };
      return world.chain.refusal(op("payment.attestProRata", body), attester(world));
    },
  ],
  [
    "nor one on a loan",
    "PAYMENT_DUPLICATE",
    (world) => {
      const reference = paid(world);
      const { loan } = lend(world, [receivable(world, 5_000n).note], 4_000n);
      const body = { ...attestation(world, 500n), reference, loan };
      return world.chain.refusal(op("loan.repay", body), attester(world), world.seller);
    },
  ],
  [
    "nor one of a guarantor",
    "PAYMENT_DUPLICATE",
    (world) => {
      const reference = paid(world);
      const { root, note } = receivable(world, 5_000n);
      const guarantee = guaranteed(world, root, 1_000n);
      mature(world, root);
      const body = { ...attestation(world, 500n), reference, guarantee, note };
      return world.chain.refusal(op("guarantee.pay", body), attester(world), world.guarantor);
    },
  ],
  [
    "what was not paid out is not repaid",
    "WRONG_STATUS",
    (world) => {
      const body = { ...attestation(world, 500n), loan: committed(world) };
      return world.chain.refusal(op("loan.repay", body), attester(world), world.seller);
    },
  ],
  [
    "nobody repays more than is owed",
    "AMOUNT_EXCEEDED",
    (world) => {
      const { loan } = lend(world, [receivable(world, 5_000n).note], 4_000n);
      return world.chain.refusal(op("loan.repay", { ...attestation(world, 4_001n), loan }), attester(world), world.seller);
    },
  ],
  [
    "nobody guarantees its own debt",
    "SAME_PARTY",
    (world) => {
      const { chain, debtor, platform } = world;
      const roles = ["DEBTOR", "GUARANTOR"];
      chain.act(op("party.update", { party: debtor.id, roles, size: "LARGE" }), debtor, platform);
      const body = guaranteeBody(world, receivable(world, 5_000n).root, 1_000n, { guarantor: debtor.id });
      return chain.refusal(op("guarantee.attach", body), debtor);
    },
  ],
  [
    "a debtor's programme is with one bank",
    "REFERENCE_TAKEN",
    (world) => {
      const { chain, bank, debtor } = world;
      const body = { bank: bank.id, debtor: debtor.id, currency: "CNY", limit: 1_000n };
      chain.act(op("limit.programme", body), bank, debtor);
      vote(world, { ...joining("second-bank"), roles: ["BANK"] });
      const second = newcomer("second-bank");
      return chain.refusal(op("limit.programme", { ...body, bank: second.id }), second, debtor);
    },
  ],
];
