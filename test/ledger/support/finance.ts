import { dayOf, startOfDay } from "../../../src/ledger/calendar.ts";
import type { BodyOf } from "../../../src/ledger/transitions.ts";
import type { Amount, Hash } from "../../../src/types/scalars.ts";
import { type Alliance, commitment, HOUR_MS, receivable } from "./alliance.ts";
import { by, op } from "./chain.ts";

let serial = 0;

/** A bank reference or registry number that no other call gave. */
export function reference(): Hash {
  serial += 1;
  return commitment(`reference ${serial}`);
}

export type Terms = Partial<Omit<BodyOf<"finance.decide">, "application" | "lender" | "outcome" | "amount">>;

export function applyBody(
  { chain, bank }: Alliance,
  notes: readonly Hash[],
  amount: Amount,
  change: Partial<BodyOf<"finance.apply">> = {},
): BodyOf<"finance.apply"> {
  return {
    lenders: [bank.id],
    notes: [...notes].sort(),
    amount,
    consent: commitment("consent"),
    expiresMs: chain.timeMs + 20 * HOUR_MS,
    ...change,
  };
}

export function apply(
  world: Alliance,
  notes: readonly Hash[],
  amount: Amount,
  change: Partial<BodyOf<"finance.apply">> = {},
): Hash {
  return world.chain.act(op("finance.apply", applyBody(world, notes, amount, change)), world.seller).created();
}

export function decideBody(
  { chain, bank }: Alliance,
  application: Hash,
  amount: Amount,
  change: Partial<BodyOf<"finance.decide">> = {},
): BodyOf<"finance.decide"> {
  return {
    application,
    lender: bank.id,
    outcome: "APPROVED",
    amount,
    ratePpm: 43_500,
    tenorDays: 95,
    advanceBp: 9_000,
    recourse: true,
    security: "PLEDGE",
    policy: commitment("risk policy"),
    reasons: ["ON_TIME"],
    expiresMs: chain.timeMs + 10 * HOUR_MS,
    ...change,
  };
}

export function decide(world: Alliance, application: Hash, amount: Amount, change: Partial<BodyOf<"finance.decide">> = {}): Hash {
  const { bank, chain } = world;
  const checked = change.override === undefined ? [] : [by(bank, bank.checker)];
  return chain.act(op("finance.decide", decideBody(world, application, amount, change)), bank, ...checked).created();
}

/** A committed loan of `amount` on the notes. */
export function commit(world: Alliance, notes: readonly Hash[], amount: Amount, change: Terms = {}): Hash {
  const decision = decide(world, apply(world, notes, amount), amount, change);
  return world.chain.act(op("finance.accept", { decision }), world.seller).created();
}

export function filingBody(
  { chain }: Alliance,
  loan: Hash,
  change: Partial<BodyOf<"registry.file">> = {},
): BodyOf<"registry.file"> {
  return {
    loan,
    number: reference(),
    timeMs: chain.timeMs,
    untilDay: dayOf(chain.timeMs) + 400,
    proof: commitment("filing proof"),
    ...change,
  };
}

export function searchBody(
  { chain, bank, seller }: Alliance,
  change: Partial<BodyOf<"registry.search">> = {},
): BodyOf<"registry.search"> {
  return { by: bank.id, subject: seller.id, hits: 0, result: commitment("search result"), timeMs: chain.timeMs, ...change };
}

/** A loan that was filed and searched for after that; answers the search. */
export function file(world: Alliance, loan: Hash): Hash {
  const { chain, bank } = world;
  chain.act(op("registry.file", filingBody(world, loan)), bank);
  return chain.act(op("registry.search", searchBody(world)), bank).created();
}

export function order(world: Alliance, loan: Hash): void {
  const search = file(world, loan);
  world.chain.act(op("loan.order", { loan, search, instruction: commitment("pain.001") }), world.bank);
}

export function disbursedBody({ chain, bank }: Alliance, loan: Hash, amount: Amount): BodyOf<"loan.disbursed"> {
  return {
    loan,
    bank: bank.id,
    reference: reference(),
    amount,
    valueDay: dayOf(chain.timeMs),
    evidence: commitment("camt.054"),
  };
}

/** An active loan on the notes; answers it and the notes that now secure it. */
export function lend(
  world: Alliance,
  notes: readonly Hash[],
  amount: Amount,
  change: Terms = {},
): { loan: Hash; notes: readonly Hash[] } {
  const loan = commit(world, notes, amount, change);
  order(world, loan);
  world.chain.act(op("loan.disbursed", disbursedBody(world, loan, amount)), by(world.bank, world.bank.attester));
  return { loan, notes: world.chain.read("loan", loan).notes };
}

/** A receivable and its note divided into parts. */
export function divided(world: Alliance, parts: readonly Amount[]) {
  const made = receivable(
    world,
    parts.reduce((sum, part) => sum + part, 0n),
  );
  const split = world.chain.act(op("note.split", { note: made.note, parts }), world.seller);
  return { ...made, notes: parts.map((_, child) => split.created(0, child)) };
}

/** Moves the clock to the day on which the receivable matures. */
export function mature({ chain }: Alliance, root: Hash): void {
  chain.passTo(startOfDay(chain.read("receivable", root).maturityDay) + 9 * HOUR_MS);
}

export function paymentBody(
  { chain, bank, debtor }: Alliance,
  lines: readonly { readonly note: Hash; readonly amount: Amount }[],
  change: Partial<BodyOf<"payment.attest">> = {},
): BodyOf<"payment.attest"> {
  return {
    bank: bank.id,
    reference: reference(),
    payer: debtor.id,
    currency: "CNY",
    amount: lines.reduce((sum, line) => sum + line.amount, 0n),
    valueDay: dayOf(chain.timeMs),
    lines: [...lines].sort((left, right) => (left.note < right.note ? -1 : 1)),
    evidence: commitment("camt.054"),
    ...change,
  };
}

export function pay(world: Alliance, lines: readonly { readonly note: Hash; readonly amount: Amount }[]) {
  return world.chain.act(op("payment.attest", paymentBody(world, lines)), by(world.bank, world.bank.attester));
}

export function proRataBody(
  { chain, bank, debtor }: Alliance,
  root: Hash,
  notes: readonly Hash[],
  amount: Amount,
): BodyOf<"payment.attestProRata"> {
  return {
    bank: bank.id,
    reference: reference(),
    payer: debtor.id,
    currency: "CNY",
    amount,
    valueDay: dayOf(chain.timeMs),
    receivable: root,
    notes: [...notes].sort(),
    evidence: commitment("camt.054"),
  };
}

/** A receivable whose debtor is so many days behind. */
export function late({ chain }: Alliance, root: Hash, days: number): void {
  chain.passTo(startOfDay(chain.read("receivable", root).maturityDay + days) + 9 * HOUR_MS);
}

/** A note paid ten days late without interest, which is due still: half a per cent. */
export function endedLate(world: Alliance, face = 100_000n) {
  const made = receivable(world, face);
  late(world, made.root, 10);
  pay(world, [{ note: made.note, amount: face }]);
  return { ...made, due: world.chain.read("receivable", made.root).lateDue };
}

export function lateBody(
  world: Alliance,
  note: Hash,
  amount: Amount,
  change: Partial<BodyOf<"payment.late">> = {},
): BodyOf<"payment.late"> {
  return paymentBody(world, [{ note, amount }], change);
}
