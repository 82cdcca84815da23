import { dayOf, startOfDay } from "../../../src/ledger/calendar.ts";
import type { BodyOf } from "../../../src/ledger/transitions.ts";
import type { Amount, Hash, MemberId } from "../../../src/types/scalars.ts";
import { type Alliance, commitment, contractBody, HOUR_MS, invoiceBody, receivable, terms, trade } from "./alliance.ts";
import { by, op, type Signing } from "./chain.ts";
import { lend, mature, reference } from "./finance.ts";
import { testKey } from "./firm.ts";

/** What a bank attests, whatever it is about. */
export function attestation({ chain, bank }: Alliance, amount: Amount) {
  return {
    bank: bank.id,
    reference: reference(),
    amount,
    valueDay: dayOf(chain.timeMs),
    evidence: commitment("camt.054"),
  };
}

export function attester({ bank }: Alliance): Signing {
  return by(bank, bank.attester);
}

/** An effective receivable whose debtor keeps its defences. */
export function contestable(world: Alliance, face: Amount) {
  const traded = trade(world, face);
  const { chain, seller, debtor } = world;
  const root = chain.act(op("receivable.issueBySeller", terms(world, traded, face)), seller).created();
  const note = chain.act(op("receivable.confirm", { receivable: root, mode: "EXISTENCE", amount: face }), debtor).created();
  return { ...traded, root, note };
}

export function disputeBody(note: Hash, amount: Amount): BodyOf<"dispute.raise"> {
  return { note, amount, reason: "QUALITY", evidence: commitment("photographs") };
}

/** A dispute over part of a note, and the note that carries it. */
export function disputed(world: Alliance, face = 5_000n, amount = 2_000n) {
  const made = contestable(world, face);
  const dispute = world.chain.act(op("dispute.raise", disputeBody(made.note, amount)), world.debtor).created();
  return { ...made, dispute, contested: world.chain.read("dispute", dispute).note };
}

export function freezeBody(
  { court }: Alliance,
  note: Hash,
  amount: Amount,
  change: Partial<BodyOf<"freeze.place">> = {},
): BodyOf<"freeze.place"> {
  return { kind: "COURT", by: [court.id], note, amount, document: commitment("order of the court"), ...change };
}

/** A frozen part of a note; answers the order and the note that it holds. */
export function frozen(world: Alliance, note: Hash, amount: Amount) {
  const freeze = world.chain.act(op("freeze.place", freezeBody(world, note, amount)), world.court).created();
  return { freeze, held: world.chain.read("freeze", freeze).note };
}

export function guaranteed(world: Alliance, root: Hash, cap: Amount): Hash {
  const { chain, guarantor } = world;
  return chain.act(op("guarantee.attach", guaranteeBody(world, root, cap)), guarantor).created();
}

export function guaranteeBody(
  { chain, guarantor }: Alliance,
  receivable: Hash,
  cap: Amount,
  change: Partial<BodyOf<"guarantee.attach">> = {},
): BodyOf<"guarantee.attach"> {
  const untilDay = dayOf(chain.timeMs) + 365;
  return { guarantor: guarantor.id, receivable, cap, untilDay, document: commitment("guarantee"), ...change };
}

/** The terms of a contract as they stand, with a change. */
export function contractTerms(
  { chain }: Alliance,
  contract: Hash,
  change: Partial<BodyOf<"contract.amend">["terms"]> = {},
): BodyOf<"contract.amend">["terms"] {
  const { total, toleranceBp, payTermDays, inspectionDays, document } = chain.read("contract", contract);
  return { total, toleranceBp, payTermDays, inspectionDays, document, ...change };
}

/** A receivable whose note went to the supplier: the debtor has notice, and somebody relies on the contract. */
export function reliedUpon(world: Alliance, face = 5_000n) {
  const made = receivable(world, face);
  const { chain, seller, supplier } = world;
  const note = chain.act(op("note.transfer", { note: made.note, to: supplier.id }), seller, supplier).created();
  return { ...made, note };
}

/** A proposal that the supplier, who holds the note, is asked about. */
export function proposedAmendment(world: Alliance) {
  const made = reliedUpon(world);
  const { chain, seller, debtor } = world;
  const terms = contractTerms(world, made.contract, { payTermDays: 200 });
  const body = { contract: made.contract, terms, notes: [made.note] };
  return { ...made, amendment: chain.act(op("contract.amend", body), seller, debtor).created() };
}

export function extendBody(
  { chain }: Alliance,
  root: Hash,
  notes: readonly Hash[],
  change: Partial<BodyOf<"receivable.extend">> = {},
): BodyOf<"receivable.extend"> {
  const { maturityDay } = chain.read("receivable", root);
  return { receivable: root, maturityDay: maturityDay + 30, notes: [...notes].sort(), guarantees: [], ...change };
}

export function setOffBody(
  { chain }: Alliance,
  note: Hash,
  amount: Amount,
  change: Partial<BodyOf<"note.setOff">> = {},
): BodyOf<"note.setOff"> {
  return { note, amount, basis: "CLAIM_DUE", claim: commitment("counterclaim"), claimDueDay: dayOf(chain.timeMs), ...change };
}

/** A loan on a note that is overdue by now. */
export function overdueLoan(world: Alliance, change: Parameters<typeof lend>[3] = {}) {
  const made = receivable(world, 5_000n);
  const { loan, notes } = lend(world, [made.note], 4_000n, change);
  mature(world, made.root);
  world.chain.pass(4 * 24 * HOUR_MS);
  return { ...made, loan, secured: notes[0] as Hash };
}

export function recoveryBody({ supplier }: Alliance, change: Partial<BodyOf<"key.recover">> = {}): BodyOf<"key.recover"> {
  const members = ["zbank", "zhuogang"] as MemberId[];
  return { party: supplier.id, key: testKey("key of a new card").key, members, document: commitment("statement"), ...change };
}

/** The supplier's keys are about to be replaced by a new one. */
export function recovering(world: Alliance): void {
  const { chain, bank, court, supplier } = world;
  chain.act(op("key.recover", recoveryBody(world)), bank, court, by(supplier, testKey("key of a new card")));
}

export function consentBody(
  { chain, seller, bank }: Alliance,
  change: Partial<BodyOf<"consent.grant">> = {},
): BodyOf<"consent.grant"> {
  const untilMs = chain.timeMs + 365 * 24 * HOUR_MS;
  return { party: seller.id, to: bank.id, purpose: "CREDIT", document: commitment("consent"), untilMs, ...change };
}

export function acceptedDelivery(world: Alliance, amount = 500n): Hash {
  const { chain, seller, debtor } = world;
  const contract = chain.act(op("contract.register", contractBody(world)), seller, debtor).created();
  const body = { contract, amount, day: dayOf(chain.timeMs), evidence: commitment("weighbridge") };
  const delivery = chain.act(op("delivery.record", body), seller).created();
  chain.act(op("delivery.accept", { delivery, amount }), debtor);
  return delivery;
}

/** Two invoices of one likeness; answers the second, and the contract of both. */
export function lookalike(world: Alliance) {
  const delivery = acceptedDelivery(world, 9_000n);
  const { contract } = world.chain.read("delivery", delivery);
  const similarity = commitment("likeness");
  const [, invoice] = [4_000n, 5_000n].map((total) =>
    world.chain
      .act(
        op("invoice.register", invoiceBody(world, contract, total, { likenesses: [similarity] })),
        world.seller,
        attestingVerifier(world),
      )
      .created(),
  ) as [Hash, Hash];
  return { contract, invoice };
}

export function attestingVerifier({ verifier }: Alliance): Signing {
  return by(verifier, verifier.attester);
}

export function passDays({ chain }: Alliance, days: number): void {
  chain.passTo(startOfDay(dayOf(chain.timeMs) + days) + 9 * HOUR_MS);
}

/** A note that the seller transferred and wants back. */
export function contested(world: Alliance) {
  const made = reliedUpon(world);
  const body = { note: made.note, evidence: commitment("a letter") };
  world.chain.act(op("title.contest", body), world.seller);
  const contest = world.chain.all("freeze").find(({ kind }) => kind === "CONTEST")?.id as Hash;
  return { ...made, contest };
}
