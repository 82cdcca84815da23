import { dayOf } from "../../../src/ledger/calendar.ts";
import type { OperationKind } from "../../../src/ledger/transitions.ts";
import type { MemberId } from "../../../src/types/scalars.ts";
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
import { CHANGES } from "./catalog-changes.ts";
import { GOODS_SAMPLES } from "./catalog-goods.ts";
import { by, op, type Signing } from "./chain.ts";
import { card, modelBody, registerModel } from "./credit.ts";
import {
  apply,
  applyBody,
  commit,
  decide,
  decideBody,
  disbursedBody,
  divided,
  endedLate,
  file,
  filingBody,
  lateBody,
  lend,
  mature,
  order,
  paymentBody,
  proRataBody,
  reference,
  searchBody,
} from "./finance.ts";
import { claimBody, contractFor, reserveBody, reserved } from "./fingerprints.ts";
import { firm, testKey, testUscc } from "./firm.ts";
import { proposeBody, proposed, waymark } from "./governance.ts";

/** An operation that takes effect in the world as it stands, with exactly the signatures that it needs. */
export interface Sample {
  readonly operation: Operation;
  readonly signings: readonly Signing[];
}

/** For every kind of operation: prepares a world and answers an operation that takes effect in it. */
export const CATALOG: Readonly<Record<OperationKind, (world: Alliance) => Sample>> = {
  ...CHANGES,
  ...GOODS_SAMPLES,
  "risk.snapshot": (world) => {
    receivable(world, 5_000n);
    const body = { by: world.bank.id, party: world.seller.id, currency: "CNY" };
    return { operation: op("risk.snapshot", body), signings: [by(world.bank, world.bank.engine)] };
  },
  "fingerprint.reserve": (world) => ({
    operation: op("fingerprint.reserve", reserveBody(world)),
    signings: [by(world.verifier, world.verifier.attester)],
  }),
  "fingerprint.release": (world) => ({
    operation: op("fingerprint.release", { verification: reserved(world) }),
    signings: [by(world.verifier, world.verifier.attester)],
  }),
  "invoice.registerVerified": (world) => ({
    operation: op("invoice.registerVerified", { contract: contractFor(world, 5_000n), verification: reserved(world) }),
    signings: [world.seller],
  }),
  "fingerprint.claim": (world) => ({
    operation: op("fingerprint.claim", claimBody(world)),
    signings: [by(world.bank, world.bank.attester)],
  }),
  "party.register": ({ platform }) => {
    const party = firm("newcomer", testUscc(70));
    const operation = op("party.register", registration(party, ["SELLER"]));
    return { operation, signings: [platform, party, by(party, party.checker)] };
  },
  "party.policy": ({ seller }) => ({
    operation: op("party.policy", { party: seller.id, policy: [{ action: "note.*", amountMin: 5n, makers: 1, checkers: 1 }] }),
    signings: [seller],
  }),
  "key.add": ({ seller }) => {
    const added = testKey("second maker of seller");
    const operation = op("key.add", { party: seller.id, key: added.key, purpose: "MAKER" });
    return { operation, signings: [seller, by(seller, added)] };
  },
  "key.revoke": ({ seller }) => ({
    operation: op("key.revoke", { party: seller.id, key: seller.checker.key }),
    signings: [seller],
  }),
  "contract.register": (world) => ({
    operation: op("contract.register", contractBody(world)),
    signings: [world.seller, world.debtor],
  }),
  "delivery.record": (world) => {
    const contract = contractOf(world);
    return { operation: op("delivery.record", deliveryBody(world, contract, 500n)), signings: [world.seller] };
  },
  "delivery.accept": (world) => ({
    operation: op("delivery.accept", { delivery: delivered(world, 500n), amount: 400n }),
    signings: [world.debtor],
  }),
  "delivery.reject": (world) => ({
    operation: op("delivery.reject", { delivery: delivered(world, 500n) }),
    signings: [world.debtor],
  }),
  "invoice.register": (world) => {
    const { contract } = accepted(world, 500n);
    return {
      operation: op("invoice.register", invoiceBody(world, contract, 500n)),
      signings: [world.seller, by(world.verifier, world.verifier.attester)],
    };
  },
  "invoice.attest": (world) => {
    const { invoice } = trade(world, 5_000n);
    const body = { invoice, verifier: world.verifier.id, status: "RED", checkedMs: world.chain.timeMs } as const;
    world.chain.pass(1);
    return {
      operation: op("invoice.attest", { ...body, checkedMs: world.chain.timeMs }),
      signings: [by(world.verifier, world.verifier.attester)],
    };
  },
  "receivable.issueByDebtor": (world) => ({
    operation: op("receivable.issueByDebtor", terms(world, trade(world, 5_000n), 5_000n)),
    signings: [world.debtor],
  }),
  "receivable.acceptIssue": (world) => ({
    operation: op("receivable.acceptIssue", { receivable: issuedByDebtor(world) }),
    signings: [world.seller],
  }),
  "receivable.issueBySeller": (world) => ({
    operation: op("receivable.issueBySeller", terms(world, trade(world, 5_000n), 5_000n)),
    signings: [world.seller],
  }),
  "receivable.confirm": (world) => ({
    operation: op("receivable.confirm", { receivable: issuedBySeller(world), mode: "EXISTENCE", amount: 4_000n }),
    signings: [world.debtor],
  }),
  "receivable.reject": (world) => ({
    operation: op("receivable.reject", { receivable: issuedBySeller(world) }),
    signings: [world.debtor],
  }),
  "receivable.withdraw": (world) => ({
    operation: op("receivable.withdraw", { receivable: issuedBySeller(world) }),
    signings: [world.seller],
  }),
  "receivable.cancel": (world) => {
    const { root, note } = receivable(world, 5_000n);
    return { operation: op("receivable.cancel", { receivable: root, note }), signings: [world.seller, world.debtor] };
  },
  "note.split": (world) => ({
    operation: op("note.split", { note: receivable(world, 5_000n).note, parts: [2_000n, 3_000n] }),
    signings: [world.seller],
  }),
  "note.offer": (world) => {
    const { note } = receivable(world, 5_000n);
    const expiresMs = world.chain.timeMs + HOUR_MS;
    return { operation: op("note.offer", { note, to: world.supplier.id, expiresMs }), signings: [world.seller] };
  },
  "note.acceptOffer": (world) => ({
    operation: op("note.acceptOffer", { offer: offered(world) }),
    signings: [world.supplier],
  }),
  "note.rejectOffer": (world) => ({
    operation: op("note.rejectOffer", { offer: offered(world) }),
    signings: [world.supplier],
  }),
  "note.withdrawOffer": (world) => ({
    operation: op("note.withdrawOffer", { offer: offered(world) }),
    signings: [world.seller],
  }),
  "note.transfer": (world) => ({
    operation: op("note.transfer", { note: receivable(world, 5_000n).note, to: world.supplier.id }),
    signings: [world.seller, world.supplier],
  }),
  "finance.apply": (world) => ({
    operation: op("finance.apply", applyBody(world, [receivable(world, 5_000n).note], 4_000n)),
    signings: [world.seller],
  }),
  "finance.withdraw": (world) => ({
    operation: op("finance.withdraw", { application: applied(world) }),
    signings: [world.seller],
  }),
  "finance.decide": (world) => ({
    operation: op("finance.decide", decideBody(world, applied(world), 4_000n)),
    signings: [world.bank],
  }),
  "finance.accept": (world) => ({
    operation: op("finance.accept", { decision: decide(world, applied(world), 4_000n) }),
    signings: [world.seller],
  }),
  "registry.search": (world) => ({ operation: op("registry.search", searchBody(world)), signings: [world.bank] }),
  "registry.file": (world) => ({
    operation: op("registry.file", filingBody(world, committed(world))),
    signings: [world.bank],
  }),
  "loan.order": (world) => {
    const loan = committed(world);
    const search = file(world, loan);
    return { operation: op("loan.order", { loan, search, instruction: commitment("pain.001") }), signings: [world.bank] };
  },
  "loan.disbursed": (world) => {
    const loan = ordered(world);
    return {
      operation: op("loan.disbursed", disbursedBody(world, loan, 4_000n)),
      signings: [by(world.bank, world.bank.attester)],
    };
  },
  "loan.fail": (world) => {
    const body = { loan: ordered(world), bank: world.bank.id, evidence: commitment("pacs.004") };
    return { operation: op("loan.fail", body), signings: [by(world.bank, world.bank.attester)] };
  },
  "loan.release": (world) => {
    const { notes } = divided(world, [3_000n, 3_000n]);
    const { loan } = lend(world, notes, 2_000n);
    return { operation: op("loan.release", { loan, notes: [notes[0] as never] }), signings: [world.bank] };
  },
  "loan.repay": (world) => {
    const { loan } = lend(world, [receivable(world, 5_000n).note], 4_000n);
    const { bank, seller, chain } = world;
    const body = {
      loan,
      bank: bank.id,
      reference: reference(),
      amount: 1_000n,
      valueDay: dayOf(chain.timeMs),
      evidence: reference(),
    };
    return { operation: op("loan.repay", body), signings: [seller, by(bank, bank.attester)] };
  },
  "payment.attest": (world) => {
    const { root, note } = receivable(world, 5_000n);
    mature(world, root);
    const lines = [{ note, amount: 5_000n }];
    return { operation: op("payment.attest", paymentBody(world, lines)), signings: [by(world.bank, world.bank.attester)] };
  },
  "payment.late": (world) => {
    const { note, due } = endedLate(world);
    return { operation: op("payment.late", lateBody(world, note, due)), signings: [by(world.bank, world.bank.attester)] };
  },
  "payment.attestProRata": (world) => {
    const { root, notes } = divided(world, [1_000n, 2_000n, 3_000n]);
    mature(world, root);
    const body = proRataBody(world, root, notes, 100n);
    return { operation: op("payment.attestProRata", body), signings: [by(world.bank, world.bank.attester)] };
  },
  "risk.policy": ({ bank, verifier }) => ({
    operation: op("risk.policy", { lender: bank.id, validator: verifier.id, card: card() }),
    signings: [bank, verifier],
  }),
  "risk.gradeDebtor": ({ bank, debtor }) => ({
    operation: op("risk.gradeDebtor", { lender: bank.id, debtor: debtor.id, grade: 2 }),
    signings: [by(bank, bank.engine)],
  }),
  "model.register": (world) => ({
    operation: op("model.register", modelBody(world)),
    signings: [world.bank, world.verifier],
  }),
  "model.retire": (world) => ({ operation: op("model.retire", { model: registerModel(world) }), signings: [world.bank] }),
  "governance.propose": (world) => ({
    operation: op("governance.propose", proposeBody(world, { kind: "setParams", params: [{ name: "graceDays", value: 5 }] })),
    signings: [world.bank],
  }),
  "governance.vote": (world) => {
    const proposal = proposed(world, { kind: "setParams", params: [{ name: "graceDays", value: 5 }] });
    return {
      operation: op("governance.vote", { proposal, member: "zbank" as MemberId, approve: true }),
      signings: [world.bank],
    };
  },
  "governance.withdraw": (world) => ({
    operation: op("governance.withdraw", {
      proposal: proposed(world, { kind: "setParams", params: [{ name: "graceDays", value: 5 }] }),
    }),
    signings: [world.bank],
  }),
  "authority.ready": (world) => {
    const key = testKey("zbank authority");
    const body = { member: "zbank" as MemberId, key: key.key, ...waymark(world) };
    return { operation: op("authority.ready", body), signings: [world.bank, by(world.bank, key)] };
  },
};

export function contractOf(world: Alliance) {
  return world.chain.act(op("contract.register", contractBody(world)), world.seller, world.debtor).created();
}

export function deliveryBody({ chain }: Alliance, contract: ReturnType<typeof contractOf>, amount: bigint) {
  return { contract, amount, day: dayOf(chain.timeMs), evidence: commitment("weighbridge") };
}

export function delivered(world: Alliance, amount: bigint) {
  return world.chain.act(op("delivery.record", deliveryBody(world, contractOf(world), amount)), world.seller).created();
}

export function accepted(world: Alliance, amount: bigint) {
  const delivery = delivered(world, amount);
  world.chain.act(op("delivery.accept", { delivery, amount }), world.debtor);
  return { delivery, contract: world.chain.read("delivery", delivery).contract };
}

export function issuedByDebtor(world: Alliance) {
  return world.chain.act(op("receivable.issueByDebtor", terms(world, trade(world, 5_000n), 5_000n)), world.debtor).created();
}

export function issuedBySeller(world: Alliance) {
  return world.chain.act(op("receivable.issueBySeller", terms(world, trade(world, 5_000n), 5_000n)), world.seller).created();
}

export function offered(world: Alliance) {
  const { note } = receivable(world, 5_000n);
  const expiresMs = world.chain.timeMs + HOUR_MS;
  return world.chain.act(op("note.offer", { note, to: world.supplier.id, expiresMs }), world.seller).created();
}

export function applied(world: Alliance) {
  return apply(world, [receivable(world, 5_000n).note], 4_000n);
}

export function committed(world: Alliance) {
  return commit(world, [receivable(world, 5_000n).note], 4_000n);
}

export function ordered(world: Alliance) {
  const loan = committed(world);
  order(world, loan);
  return loan;
}
