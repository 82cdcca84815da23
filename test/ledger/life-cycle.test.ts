import { describe, expect, it } from "vitest";
import { dayOf } from "../../src/ledger/calendar.ts";
import { interest } from "../../src/ledger/money.ts";
import type { Hash } from "../../src/types/scalars.ts";
import { type Alliance, alliance, commitment, HOUR_MS, receivable, terms, trade } from "./support/alliance.ts";
import { by, op, type Sent } from "./support/chain.ts";
import { events } from "./support/events.ts";
import {
  commit,
  divided,
  file,
  filingBody,
  lend,
  mature,
  order,
  pay,
  proRataBody,
  reference,
  searchBody,
} from "./support/finance.ts";
import { encodes, holds } from "./support/invariants.ts";

function sound(world: Alliance): void {
  holds(world.chain);
  encodes(world.chain);
}

describe("a receivable's life", () => {
  it("goes from contract to settlement: delivery, invoice, confirmation, split, transfer, pledge, payment, release", () => {
    const world = alliance();
    const { chain, seller, supplier, bank, debtor } = world;
    const { root, note, invoice } = receivable(world, 1_000_000n);
    expect(chain.read("receivable", root)).toMatchObject({
      status: "EFFECTIVE",
      mode: "UNCONDITIONAL",
      confirmed: 1_000_000n,
      leaves: 1,
    });
    expect(chain.read("invoice", invoice).used).toBe(1_000_000n);

    const split = chain.act(op("note.split", { note, parts: [700_000n, 300_000n] }), seller);
    const [large, small] = [split.created(0, 0), split.created(0, 1)];
    const offer = chain
      .act(op("note.offer", { note: small, to: supplier.id, expiresMs: chain.timeMs + HOUR_MS }), seller)
      .created();
    expect(chain.read("note", small)).toMatchObject({ position: "OFFERED", ref: offer });
    const taken = chain.act(op("note.acceptOffer", { offer }), supplier).created();
    expect(chain.read("note", taken)).toMatchObject({ holder: supplier.id, amount: 300_000n, depth: 1, position: "OPEN" });
    expect(chain.all("notice")).toMatchObject([{ to: debtor.id, note: taken, reason: "TRANSFER", height: chain.height }]);

    const { loan } = lend(world, [large], 600_000n);
    expect(chain.read("note", large)).toMatchObject({ position: "PLEDGED", holder: seller.id, ref: loan });
    sound(world);

    const startDay = chain.read("loan", loan).startDay;
    mature(world, root);
    expect(chain.read("receivable", root).status).toBe("MATURED");
    const days = dayOf(chain.timeMs) - startDay;
    const paid = pay(world, [
      { note: large, amount: 700_000n },
      { note: taken, amount: 300_000n },
    ]);
    const due = interest(600_000n, 43_500, days);
    expect(events(paid.receipt, "allocation")).toEqual(
      expect.arrayContaining([
        { object: loan, interest: due, principal: 600_000n, rest: 100_000n - due, to: seller.id },
        { object: taken, interest: 0n, principal: 0n, rest: 300_000n, to: supplier.id },
      ]),
    );
    expect(events(paid.receipt, "posting")).toEqual([
      {
        receivable: root,
        currency: "CNY",
        entries: [
          { account: "live", delta: -1_000_000n },
          { account: "redeemed", delta: 1_000_000n },
        ],
      },
    ]);
    expect(chain.read("receivable", root)).toMatchObject({ status: "SETTLED", live: 0n, redeemed: 1_000_000n, leaves: 0 });
    expect(chain.read("loan", loan)).toMatchObject({ status: "REPAID", outstanding: 0n, interestPaid: due, notes: [] });
    expect(chain.all("filing")).toMatchObject([{ status: "CANCELLED", by: bank.id }]);
    sound(world);
  });

  it("issued by the debtor it takes effect with the seller's acceptance, unconditionally", () => {
    const world = alliance();
    const { chain, seller, debtor } = world;
    const root = chain.act(op("receivable.issueByDebtor", terms(world, trade(world, 5_000n), 5_000n)), debtor).created();
    expect(chain.read("receivable", root)).toMatchObject({ status: "PROPOSED", origin: "DEBTOR", confirmed: 0n });
    const note = chain.act(op("receivable.acceptIssue", { receivable: root }), seller).created();
    expect(chain.read("receivable", root)).toMatchObject({ status: "EFFECTIVE", mode: "UNCONDITIONAL", confirmed: 5_000n });
    expect(chain.read("note", note)).toMatchObject({ holder: seller.id, amount: 5_000n });
    sound(world);
  });

  it("confirmed in part it is owed in part, and the rest of the invoice is free again", () => {
    const world = alliance();
    const { chain, seller, debtor } = world;
    const traded = trade(world, 5_000n);
    const root = chain.act(op("receivable.issueBySeller", terms(world, traded, 5_000n)), seller).created();
    chain.act(op("receivable.confirm", { receivable: root, mode: "EXISTENCE", amount: 3_500n }), debtor);
    expect(chain.read("receivable", root)).toMatchObject({ confirmed: 3_500n, live: 3_500n, mode: "EXISTENCE" });
    expect(chain.read("invoice", traded.invoice).used).toBe(3_500n);
    chain.act(op("receivable.issueBySeller", terms(world, traded, 1_500n)), seller);
    sound(world);
  });

  it("rejected, withdrawn or cancelled it gives its invoice back", () => {
    const world = alliance();
    const { chain, seller, debtor } = world;
    const traded = trade(world, 5_000n);
    const issue = () => chain.act(op("receivable.issueBySeller", terms(world, traded, 5_000n)), seller).created();
    chain.act(op("receivable.reject", { receivable: issue() }), debtor);
    chain.act(op("receivable.withdraw", { receivable: issue() }), seller);
    const root = issue();
    const note = chain.act(op("receivable.confirm", { receivable: root, mode: "EXISTENCE", amount: 5_000n }), debtor).created();
    chain.act(op("receivable.cancel", { receivable: root, note }), seller, debtor);
    expect(chain.read("invoice", traded.invoice).used).toBe(0n);
    expect(chain.read("receivable", root)).toMatchObject({ status: "CANCELLED", cancelled: 5_000n, live: 0n });
    sound(world);
  });

  it("a note offered in part is split by the offer, and the rest stays free", () => {
    const world = alliance();
    const { chain, seller, supplier } = world;
    const { note } = receivable(world, 5_000n);
    const body = { note, to: supplier.id, expiresMs: chain.timeMs + HOUR_MS, amount: 2_000n };
    const made = chain.act(op("note.offer", body), seller);
    const [offer, part, rest] = [made.created(), made.created(0, 1), made.created(0, 2)];
    expect(chain.read("note", part)).toMatchObject({ amount: 2_000n, position: "OFFERED", ref: offer, depth: 1 });
    expect(chain.read("note", rest)).toMatchObject({ amount: 3_000n, position: "OPEN", holder: seller.id });
    chain.act(op("note.acceptOffer", { offer }), supplier);
    sound(world);
  });

  it("a delivery accepted in part can be completed by another", () => {
    const world = alliance();
    const { chain, seller, debtor } = world;
    const { contract } = trade(world, 1_000n, { total: 1_500n });
    const body = { contract, amount: 500n, day: dayOf(chain.timeMs), evidence: commitment("scale") };
    const delivery = chain.act(op("delivery.record", body), seller).created();
    chain.act(op("delivery.accept", { delivery, amount: 200n }), debtor);
    chain.act(op("delivery.record", { ...body, amount: 300n }), seller);
    expect(chain.read("contract", contract)).toMatchObject({ delivered: 1_500n, accepted: 1_200n });
  });
});

describe("loans", () => {
  it("by assignment with recourse the note goes to the lender and back when the loan is repaid", () => {
    const world = alliance();
    const { chain, seller, bank } = world;
    const { notes, loan } = lend(world, [receivable(world, 5_000n).note], 4_000n, { security: "ASSIGNMENT" });
    expect(chain.read("note", notes[0] as Hash)).toMatchObject({ position: "ASSIGNED", holder: bank.id, ref: loan });
    chain.pass(10 * 24 * HOUR_MS);
    const owing = 4_000n + interest(4_000n, 43_500, 10);
    const body = {
      loan,
      bank: bank.id,
      reference: reference(),
      amount: owing,
      valueDay: dayOf(chain.timeMs),
      evidence: reference(),
    };
    expect(chain.refusal(op("loan.repay", { ...body, amount: owing + 1n }), seller, bank)).toBe("AMOUNT_EXCEEDED");
    chain.act(op("loan.repay", body), seller, bank);
    expect(chain.all("note").filter(({ position }) => position === "OPEN")).toMatchObject([
      { holder: seller.id, amount: 5_000n },
    ]);
    sound(world);
  });

  it("without recourse the surplus and what is left of the note are the lender's", () => {
    const world = alliance();
    const { chain, bank } = world;
    const { root, note } = receivable(world, 500_000n);
    const { notes, loan } = lend(world, [note], 400_000n, { security: "ASSIGNMENT", recourse: false });
    mature(world, root);
    const paid = pay(world, [{ note: notes[0] as Hash, amount: 450_000n }]);
    expect(events(paid.receipt, "allocation")).toMatchObject([{ object: loan, principal: 400_000n, to: bank.id }]);
    expect(chain.all("note").filter(({ position }) => position === "OPEN")).toMatchObject([{ holder: bank.id, amount: 50_000n }]);
    sound(world);
  });

  it("one payment on two notes of one loan pays it once: the second line does not hit what the first one freed", () => {
    for (const terms of [{ security: "ASSIGNMENT" }, { security: "PLEDGE" }] as const) {
      const world = alliance();
      const { chain } = world;
      const { root, notes } = divided(world, [50_000n, 50_000n]);
      const lent = lend(world, notes, 40_000n, terms);
      mature(world, root);
      pay(
        world,
        lent.notes.map((note) => ({ note, amount: 50_000n })),
      );
      expect(chain.read("receivable", root)).toMatchObject({ status: "SETTLED", live: 0n, redeemed: 100_000n });
      expect(chain.read("loan", lent.loan)).toMatchObject({ status: "REPAID", outstanding: 0n });
      sound(world);
    }
  });

  it("a part payment shrinks the note in place and pays interest before principal", () => {
    const world = alliance();
    const { chain } = world;
    const { root, note } = receivable(world, 5_000_000n);
    const { loan } = lend(world, [note], 4_000_000n);
    const { startDay } = chain.read("loan", loan);
    mature(world, root);
    const due = interest(4_000_000n, 43_500, dayOf(chain.timeMs) - startDay);
    pay(world, [{ note, amount: due - 1n }]);
    expect(chain.read("loan", loan)).toMatchObject({
      outstanding: 4_000_000n,
      interestDue: 1n,
      interestPaid: due - 1n,
      status: "ACTIVE",
    });
    const [rest] = chain.read("loan", loan).notes as [Hash];
    expect(chain.read("note", rest)).toMatchObject({ amount: 5_000_000n - due + 1n, position: "PLEDGED", ref: loan });
    pay(world, [{ note: rest, amount: 11n }]);
    expect(chain.read("loan", loan)).toMatchObject({ outstanding: 3_999_990n, interestDue: 0n, interestPaid: due });
    sound(world);
  });

  it("a lender may let go of what it does not need", () => {
    const world = alliance();
    const { chain, bank } = world;
    const { notes } = divided(world, [3_000n, 3_000n]);
    const { loan } = lend(world, notes, 2_000n);
    const [first, second] = chain.read("loan", loan).notes as [Hash, Hash];
    chain.act(op("loan.release", { loan, notes: [first] }), bank);
    expect(chain.read("note", first)).toMatchObject({ position: "OPEN", ref: null });
    expect(chain.read("loan", loan).notes).toEqual([second]);
    sound(world);
  });

  it("a failed disbursement frees the notes and ends the filing", () => {
    const world = alliance();
    const { chain, bank } = world;
    const { note } = receivable(world, 5_000n);
    const loan = commit(world, [note], 4_000n);
    order(world, loan);
    chain.act(op("loan.fail", { loan, bank: bank.id, evidence: commitment("pacs.004") }), by(bank, bank.attester));
    expect(chain.read("loan", loan).status).toBe("VOID");
    expect(chain.read("note", note)).toMatchObject({ position: "OPEN", ref: null });
    expect(chain.all("filing")).toMatchObject([{ status: "CANCELLED" }]);
    sound(world);
  });

  it("of several lenders one is accepted and the others' terms are void; a referral may be followed by terms", () => {
    const world = alliance();
    const { chain, bank, lender, seller } = world;
    const { note } = receivable(world, 5_000n);
    const lenders = [bank.id, lender.id].sort();
    const body = { lenders, notes: [note], amount: 4_000n, consent: commitment("c"), expiresMs: chain.timeMs + HOUR_MS };
    const application = chain.act(op("finance.apply", body), seller).created();
    const quote = (by: typeof bank, outcome: "APPROVED" | "REFER", amount: bigint) =>
      op("finance.decide", {
        application,
        lender: by.id,
        outcome,
        amount,
        ratePpm: 40_000,
        tenorDays: 90,
        advanceBp: 9_000,
        recourse: true,
        security: "PLEDGE",
        policy: commitment("p"),
        reasons: [],
        expiresMs: chain.timeMs + HOUR_MS / 2,
      });
    const referral = chain.act(quote(bank, "REFER", 0n), bank).created();
    const first = chain.act(quote(bank, "APPROVED", 3_000n), bank).created();
    const second = chain.act(quote(lender, "APPROVED", 4_000n), lender).created();
    expect(chain.read("decision", referral).status).toBe("VOID");
    expect(chain.read("application", application).decisions).toEqual([first, second]);
    chain.act(op("finance.accept", { decision: second }), seller);
    expect(chain.read("decision", first).status).toBe("VOID");
    expect(chain.refusal(op("finance.accept", { decision: first }), seller)).toBe("DECISION_NOT_LIVE");
    sound(world);
  });

  it("a search that was on the chain before the filing does not do, even if it claims a later time", () => {
    const world = alliance();
    const { chain, bank } = world;
    const loan = commit(world, [receivable(world, 5_000n).note], 4_000n);
    const early = chain.act(op("registry.search", searchBody(world)), bank).created();
    const filed = filingBody(world, loan, { timeMs: chain.timeMs - HOUR_MS });
    chain.act(op("registry.file", filed), bank);
    expect(chain.read("search", early).timeMs).toBeGreaterThan(filed.timeMs);
    const order = (search: Hash) => op("loan.order", { loan, search, instruction: reference() });
    expect(chain.refusal(order(early), bank)).toBe("SEARCH_MISSING");
    chain.act(order(chain.act(op("registry.search", searchBody(world)), bank).created()), bank);
  });

  it("a search that is too old does not do", () => {
    const world = alliance({ payByTtlMs: 72 * HOUR_MS });
    const { chain, bank } = world;
    const loan = commit(world, [receivable(world, 5_000n).note], 4_000n);
    const search = file(world, loan);
    chain.passTo(chain.read("search", search).timeMs + 24 * HOUR_MS);
    expect(chain.refusal(op("loan.order", { loan, search, instruction: reference() }), bank)).toBe("SEARCH_MISSING");
  });
});

describe("payments", () => {
  it("pro rata over all leaves, the largest remainder first, sums exactly", () => {
    const world = alliance();
    const { chain } = world;
    const { root, notes } = divided(world, [1_000n, 1_000n, 1_000n]);
    mature(world, root);
    chain.act(op("payment.attestProRata", proRataBody(world, root, notes, 100n)), world.bank);
    const [payment] = chain.all("payment");
    expect(payment?.lines.map(({ amount }) => amount)).toEqual([34n, 33n, 33n]);
    expect(chain.read("receivable", root)).toMatchObject({ redeemed: 100n, live: 2_900n, leaves: 3 });
    sound(world);
  });

  it("two payments in turn redeem what one payment of the sum redeems", () => {
    const run = (amounts: readonly bigint[]) => {
      const world = alliance();
      const { root, note } = receivable(world, 5_000n);
      mature(world, root);
      let leaf = note;
      for (const amount of amounts) {
        pay(world, [{ note: leaf, amount }]);
        leaf = (world.chain.all("note").find(({ position }) => position === "OPEN")?.id ?? leaf) as Hash;
      }
      sound(world);
      const { live, redeemed, leaves } = world.chain.read("receivable", root);
      return { live, redeemed, leaves };
    };
    expect(run([1_000n, 2_500n])).toEqual(run([3_500n]));
  });

  it("a payment ends an offer or application on the note that it redeems", () => {
    const world = alliance({ cutoffDays: 0, reserveTtlMs: 72 * HOUR_MS });
    const { chain, seller, supplier } = world;
    const { root, notes } = divided(world, [2_000n, 3_000n]);
    const [first, second] = notes as [Hash, Hash];
    chain.passTo((chain.read("receivable", root).maturityDay * 24 - 10) * HOUR_MS);
    const expiresMs = chain.timeMs + 48 * HOUR_MS;
    const offer = chain.act(op("note.offer", { note: first, to: supplier.id, expiresMs }), seller).created();
    const application = chain
      .act(
        op("finance.apply", { lenders: [world.bank.id], notes: [second], amount: 2_000n, consent: commitment("c"), expiresMs }),
        seller,
      )
      .created();
    mature(world, root);
    pay(world, [
      { note: first, amount: 2_000n },
      { note: second, amount: 3_000n },
    ]);
    expect(chain.read("offer", offer).status).toBe("EXPIRED");
    expect(chain.read("application", application).status).toBe("EXPIRED");
    expect(chain.read("receivable", root).status).toBe("SETTLED");
    sound(world);
  });

  it("an overdue debtor may issue again once everything overdue is paid", () => {
    const world = alliance();
    const { chain, debtor } = world;
    const { root, note } = receivable(world, 5_000n);
    mature(world, root);
    chain.pass(4 * 24 * HOUR_MS);
    expect(chain.read("receivable", root).status).toBe("OVERDUE");
    expect(chain.read("party", debtor.id).overdue).toBe(1);
    pay(world, [{ note, amount: 5_000n }]);
    expect(chain.read("party", debtor.id).overdue).toBe(0);
    const issued: Sent = chain.act(op("receivable.issueByDebtor", terms(world, trade(world, 5_000n), 5_000n)), debtor);
    expect(issued.code).toBe("OK");
    sound(world);
  });
});
