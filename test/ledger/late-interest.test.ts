import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { paymentId } from "../../src/ledger/ids.ts";
import { lateInterest } from "../../src/ledger/receivables/late.ts";
import type { Hash } from "../../src/types/scalars.ts";
import { type Alliance, alliance, commitment, DAY_MS, receivable } from "./support/alliance.ts";
import { by, op } from "./support/chain.ts";
import { attestation, disputed, freezeBody, guaranteed, setOffBody } from "./support/changes.ts";
import { events } from "./support/events.ts";
import { divided, endedLate, late, lateBody, lend, pay, paymentBody, proRataBody } from "./support/finance.ts";
import { holds } from "./support/invariants.ts";
import { withBusiness } from "./support/refusals-titles.ts";

const TERMS = { maturityDay: 20_000, graceDays: 3, latePpm: 180_000 };
const bankOf = ({ bank }: Alliance) => by(bank, bank.attester);

/** Attests that the debtor paid the note, with interest. */
function payWith(world: Alliance, note: Hash, amount: bigint, interest: bigint) {
  const body = paymentBody(world, [{ note, amount }], { amount: amount + interest, late: interest });
  return world.chain.act(op("payment.attest", body), bankOf(world));
}

function sums({ chain }: Alliance, root: Hash) {
  const { live, redeemed, lateDue, latePaid, status } = chain.read("receivable", root);
  return { live, redeemed, lateDue, latePaid, status };
}

describe("late interest", () => {
  it("is five ten-thousandths a day from the maturity on, rounded half up, and nothing within the days of grace", () => {
    const owed = (amount: bigint, day: number) => lateInterest(TERMS, amount, day);
    expect([19_999, 20_000, 20_003].map((day) => owed(100_000n, day))).toEqual([0n, 0n, 0n]);
    expect([20_004, 20_010, 20_365].map((day) => owed(100_000n, day))).toEqual([200n, 500n, 18_250n]);
    expect([owed(999n, 20_004), owed(1_250n, 20_004), owed(1_249n, 20_004)]).toEqual([2n, 3n, 2n]);
  });

  it("is never negative, grows with amount and days, and of parts is that of the whole within a unit a part", () => {
    const amount = fc.bigInt({ min: 1n, max: 2n ** 55n });
    const day = fc.integer({ min: 19_000, max: 84_000 });
    fc.assert(
      fc.property(amount, amount, day, fc.nat({ max: 400 }), (one, other, on, more) => {
        const [first, second, whole] = [one, other, one + other].map((part) => lateInterest(TERMS, part, on)) as [
          bigint,
          bigint,
          bigint,
        ];
        const apart = whole - first - second;
        return first >= 0n && whole >= first && apart >= -1n && apart <= 1n && lateInterest(TERMS, one, on + more) >= first;
      }),
    );
  });

  it("is paid with the note, beside its principal, and goes where the note's money goes", () => {
    const world = alliance();
    const { root, note } = receivable(world, 100_000n);
    late(world, root, 10);
    const sent = payWith(world, note, 100_000n, 500n);
    expect(sums(world, root)).toEqual({ live: 0n, redeemed: 100_000n, lateDue: 0n, latePaid: 500n, status: "SETTLED" });
    expect(events(sent.receipt, "allocation")).toMatchObject([{ interest: 500n, rest: 100_000n, to: world.seller.id }]);
    expect(events(sent.receipt, "posting")).toHaveLength(1);
    expect(world.chain.read("note", note).late).toBeUndefined();
    holds(world.chain);
  });

  it("stays due on the note if it is not paid with it, stops with the payment, and may be paid later in parts", () => {
    const world = alliance();
    const { chain } = world;
    const { root, note, due } = endedLate(world);
    expect([due, chain.read("note", note).late]).toEqual([500n, { due: 500n, loan: null }]);
    chain.pass(100 * DAY_MS);
    expect(sums(world, root)).toMatchObject({ lateDue: 500n, status: "SETTLED" });
    chain.act(op("payment.late", lateBody(world, note, 200n)), bankOf(world));
    expect(sums(world, root)).toMatchObject({ lateDue: 300n, latePaid: 200n });
    chain.act(op("payment.late", lateBody(world, note, 300n)), bankOf(world));
    expect(sums(world, root)).toMatchObject({ lateDue: 0n, latePaid: 500n });
    holds(chain);
  });

  it("is reckoned to the value date, not to the day on which the bank tells", () => {
    const world = alliance();
    const { root, note } = receivable(world, 100_000n);
    late(world, root, 10);
    const { maturityDay } = world.chain.read("receivable", root);
    const body = paymentBody(world, [{ note, amount: 100_000n }], { valueDay: maturityDay + 2 });
    world.chain.act(op("payment.attest", body), bankOf(world));
    expect(sums(world, root)).toMatchObject({ lateDue: 0n, status: "SETTLED" });
  });

  it("is shared among the notes that a payment redeems, in proportion to what each has earned", () => {
    const world = alliance();
    const { root, notes } = divided(world, [10_000n, 20_000n, 30_000n]);
    late(world, root, 10);
    const body = { ...proRataBody(world, root, notes, 60_000n + 100n), late: 100n };
    world.chain.act(op("payment.attestProRata", body), bankOf(world));
    const left = notes.map((note) => world.chain.read("note", note).late?.due);
    expect(left).toEqual([50n - 17n, 100n - 33n, 150n - 50n]);
    expect(sums(world, root)).toMatchObject({ lateDue: 200n, latePaid: 100n });
    holds(world.chain);
  });

  it("pays the loan that the note secures, and what the loan does not take is its borrower's", () => {
    const world = alliance();
    const { chain } = world;
    const { root, note } = receivable(world, 100_000n);
    const { loan, notes } = lend(world, [note], 60_000n);
    late(world, root, 10);
    const sent = payWith(world, notes[0] as Hash, 100_000n, 200n);
    const [paid] = events(sent.receipt, "allocation");
    expect(paid && paid.interest + paid.principal + paid.rest).toBe(100_200n);
    expect(chain.read("loan", loan).status).toBe("REPAID");
    const rest = chain.act(op("payment.late", lateBody(world, notes[0] as Hash, 300n)), bankOf(world));
    expect(events(rest.receipt, "allocation")).toMatchObject([{ interest: 300n, to: world.seller.id }]);
  });

  it("that is paid later pays the loan while it runs", () => {
    const world = alliance();
    const { root, note } = receivable(world, 100_000n);
    const { loan, notes } = lend(world, [note], 90_000n);
    late(world, root, 10);
    const [secured] = notes as [Hash];
    pay(world, [{ note: secured, amount: 50_000n }]);
    const before = world.chain.read("loan", loan);
    const [part] = world.chain.all("payment").at(-1)?.redeemed ?? [];
    world.chain.act(op("payment.late", lateBody(world, part?.note as Hash, 250n)), bankOf(world));
    const after = world.chain.read("loan", loan);
    expect(before.outstanding + before.interestDue - after.outstanding - after.interestDue).toBe(250n);
    holds(world.chain);
  });

  it("lies in deposit with the note's money while an order holds it", () => {
    const world = alliance();
    const { chain } = world;
    const { root, note } = receivable(world, 100_000n);
    const freeze = chain.act(op("freeze.place", freezeBody(world, note, 100_000n)), world.court).created();
    late(world, root, 10);
    payWith(world, note, 100_000n, 500n);
    expect(chain.read("freeze", freeze).deposited).toBe(100_500n);
    const { id } = chain.all("payment").at(-1) as { id: Hash };
    chain.act(op("payment.reverse", { payment: id, evidence: commitment("return") }), bankOf(world));
    expect(chain.read("freeze", freeze).deposited).toBe(0n);
    expect(sums(world, root)).toMatchObject({ live: 100_000n, lateDue: 0n, latePaid: 0n });
  });

  it("is as it was after payment and interest are reversed, the later first", () => {
    const world = alliance();
    const { chain, bank } = world;
    const { root, note } = endedLate(world);
    const body = lateBody(world, note, 500n);
    chain.act(op("payment.late", body), bankOf(world));
    const reverse = (payment: Hash) =>
      chain.act(op("payment.reverse", { payment, evidence: commitment("return") }), bankOf(world));
    reverse(paymentId(bank.id, body.reference));
    expect(sums(world, root)).toMatchObject({ lateDue: 500n, latePaid: 0n });
    reverse((chain.all("payment").find(({ kind }) => kind === "DEBT") as { id: Hash }).id);
    expect(sums(world, root)).toMatchObject({ live: 100_000n, redeemed: 0n, lateDue: 0n, latePaid: 0n, status: "OVERDUE" });
    holds(chain);
  });

  it("ends with a set-off, is not owed for what a dispute upholds, and runs on from the maturity for what it does not", () => {
    const world = alliance();
    const { chain, debtor, seller } = world;
    const { root, note } = receivable(world, 100_000n);
    const other = disputed(world, 100_000n, 40_000n);
    late(world, other.root, 10);
    late(world, root, 20);
    chain.act(op("note.setOff", setOffBody(world, note, 30_000n, { basis: "SAME_CONTRACT" })), debtor, seller);
    expect(sums(world, root)).toMatchObject({ live: 70_000n, lateDue: 300n });
    chain.act(op("dispute.settle", { dispute: other.dispute, upheld: 10_000n }), debtor, seller);
    expect(sums(world, other.root)).toMatchObject({ live: 90_000n, lateDue: 0n });
    const rest = chain.all("note").find((each) => each.receivable === other.root && each.amount === 30_000n);
    pay(world, [{ note: rest?.id as Hash, amount: 30_000n }]);
    const { maturityDay } = chain.read("receivable", other.root);
    const paidOn = chain.all("payment").at(-1)?.valueDay as number;
    expect(sums(world, other.root).lateDue).toBe((30_000n * BigInt(paidOn - maturityDay) * 5n) / 10_000n);
    holds(chain);
  });

  it("follows the note to the guarantor that paid in the debtor's stead", () => {
    const world = alliance();
    const { chain, bank, guarantor } = world;
    const { root, note } = receivable(world, 100_000n);
    const guarantee = guaranteed(world, root, 100_000n);
    late(world, root, 10);
    const body = { ...attestation(world, 100_000n), guarantee, note };
    chain.act(op("guarantee.pay", body), by(bank, bank.attester), guarantor);
    const got = chain.all("note").find(({ position }) => position === "OPEN");
    const sent = payWith(world, got?.id as Hash, 100_000n, 500n);
    expect(events(sent.receipt, "allocation")).toMatchObject([{ interest: 500n, to: guarantor.id }]);
  });

  it("runs at the rate of the receivable's birth, whatever members vote later; at none it is nothing", () => {
    const world = alliance();
    const before = receivable(world, 100_000n);
    withBusiness(world, { penaltyDailyBp: 0 });
    const after = receivable(world, 100_000n);
    late(world, after.root, 10);
    pay(world, [
      { note: before.note, amount: 100_000n },
      { note: after.note, amount: 100_000n },
    ]);
    expect([sums(world, before.root).lateDue, sums(world, after.root).lateDue]).toEqual([500n, 0n]);
  });
});
