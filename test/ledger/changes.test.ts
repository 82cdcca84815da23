import { describe, expect, it } from "vitest";
import { bankDaysBefore, dayOf, startOfDay } from "../../src/ledger/calendar.ts";
import { interest } from "../../src/ledger/money.ts";
import type { Hash } from "../../src/types/scalars.ts";
import { type Alliance, alliance, commitment, HOUR_MS, receivable } from "./support/alliance.ts";
import { by, op } from "./support/chain.ts";
import {
  attestation,
  attester,
  contractTerms,
  disputed,
  extendBody,
  freezeBody,
  frozen,
  guaranteed,
  overdueLoan,
  passDays,
  proposedAmendment,
  recovering,
  recoveryBody,
  reliedUpon,
} from "./support/changes.ts";
import { apply, divided, lend, mature, pay } from "./support/finance.ts";
import { testKey } from "./support/firm.ts";
import { decide as vote } from "./support/governance.ts";
import { encodes, holds } from "./support/invariants.ts";

const document = commitment("document");

function world(): Alliance {
  return alliance({}, "none");
}

function sound({ chain }: Alliance): void {
  holds(chain);
  encodes(chain);
}

const open = ({ chain }: Alliance, root: Hash) =>
  chain.all("note").filter(({ receivable: of, position }) => of === root && position === "OPEN");

describe("a dispute", () => {
  it("leaves the rest payable; what is upheld dilutes the debt, what is rejected is owed, and both make the disputed part", () => {
    const own = world();
    const { chain, debtor, seller } = own;
    const { root, dispute, contested } = disputed(own, 5_000n, 2_000n);
    const rest = open(own, root).find(({ id }) => id !== contested);
    mature(own, root);
    pay(own, [{ note: rest?.id as Hash, amount: 3_000n }]);
    chain.act(op("dispute.settle", { dispute, upheld: 500n }), debtor, seller);
    expect(chain.read("receivable", root)).toMatchObject({ live: 1_500n, diluted: 500n, redeemed: 3_000n, leaves: 1 });
    pay(own, [{ note: open(own, root)[0]?.id as Hash, amount: 1_500n }]);
    expect(chain.read("receivable", root).status).toBe("SETTLED");
    sound(own);
  });

  it("by a debtor that confirmed unconditionally is recorded and changes nothing", () => {
    const own = world();
    const { note } = receivable(own, 5_000n);
    const body = { note, amount: 500n, reason: "QTY", evidence: document } as const;
    const dispute = own.chain.act(op("dispute.raise", body), own.debtor).created();
    expect(own.chain.read("dispute", dispute).status).toBe("RECORDED");
    expect(own.chain.read("note", note)).toMatchObject({ amount: 5_000n, dispute: null });
  });

  it("ends an application on the note, and what is disputed backs no loan", () => {
    const own = world();
    const { chain, debtor, seller, bank } = own;
    const { contested } = disputed(own);
    const body = { lenders: [bank.id], notes: [contested], amount: 100n, consent: document, expiresMs: chain.timeMs + HOUR_MS };
    expect(chain.refusal(op("finance.apply", body), seller)).toBe("NOTE_DISPUTED");
    const free = chain.all("note").find(({ position, dispute }) => position === "OPEN" && dispute === null)?.id as Hash;
    const application = apply(own, [free], 1_000n);
    chain.act(op("dispute.raise", { note: free, amount: 3_000n, reason: "PRICE", evidence: document }), debtor);
    expect(chain.read("application", application).status).toBe("EXPIRED");
    sound(own);
  });
});

describe("a freeze", () => {
  it("takes part of a note, ends what waits on it, and keeps in deposit what is paid until the order is lifted", () => {
    const own = world();
    const { chain, court, supplier, seller } = own;
    const { root, note } = receivable(own, 5_000n);
    const expiresMs = chain.timeMs + HOUR_MS;
    const offer = chain.act(op("note.offer", { note, to: supplier.id, expiresMs }), seller).created();
    const { freeze, held } = frozen(own, note, 2_000n);
    expect(chain.read("offer", offer).status).toBe("EXPIRED");
    mature(own, root);
    pay(own, [{ note: held, amount: 2_000n }]);
    expect(chain.read("freeze", freeze)).toMatchObject({ deposited: 2_000n, owner: seller.id });
    chain.act(op("freeze.lift", { freeze, document }), court);
    expect(chain.read("freeze", freeze)).toMatchObject({ status: "LIFTED", deposited: 0n });
    sound(own);
  });

  it("on a pledged note keeps the lender from the money until it is lifted, and then the loan is paid", () => {
    const own = world();
    const { chain, court } = own;
    const { root, note } = receivable(own, 5_000n);
    const { loan, notes } = lend(own, [note], 2_000n, { ratePpm: 0 });
    const { freeze, held } = frozen(own, notes[0] as Hash, 5_000n);
    mature(own, root);
    pay(own, [{ note: held, amount: 5_000n }]);
    expect(chain.read("loan", loan)).toMatchObject({ outstanding: 2_000n, status: "ACTIVE" });
    chain.act(op("freeze.lift", { freeze, document }), court);
    expect(chain.read("loan", loan)).toMatchObject({ outstanding: 0n, status: "REPAID" });
    sound(own);
  });

  it("pays the loan out of deposit when it is lifted, which stays as a payment that nobody reverses", () => {
    const own = world();
    const { chain, court, debtor, bank } = own;
    const { root, note } = receivable(own, 5_000n);
    const { loan } = lend(own, [note], 4_000n, { ratePpm: 0 });
    const { freeze, held } = frozen(own, note, 3_000n);
    mature(own, root);
    pay(own, [{ note: held, amount: 3_000n }]);
    const [paid] = chain.all("payment").map(({ id }) => id) as [Hash];
    chain.act(op("freeze.lift", { freeze, document }), court);
    const kept = chain.all("payment").find(({ kind }) => kind === "DEPOSIT");
    expect(kept).toMatchObject({ bank: court.id, reference: freeze, payer: debtor.id, amount: 3_000n, lines: [], redeemed: [] });
    expect(kept?.loans).toMatchObject([{ loan, interest: 0n, principal: 3_000n, paidByBefore: null }]);
    expect(chain.read("loan", loan)).toMatchObject({ outstanding: 1_000n, paidBy: kept?.id });
    const reverse = (payment: Hash) => op("payment.reverse", { payment, evidence: document });
    expect(chain.refusal(reverse(kept?.id as Hash), court)).toBe("WRONG_STATUS");
    expect(chain.refusal(reverse(paid), by(bank, bank.attester))).toBe("PAYMENT_BUILT_UPON");
    sound(own);
  });

  it("ends in a compelled transfer, which brings the deposit along", () => {
    const own = world();
    const { chain, court, supplier } = own;
    const { note } = receivable(own, 5_000n);
    const { freeze } = frozen(own, note, 2_000n);
    const moved = chain.act(op("freeze.transfer", { freeze, to: supplier.id, document }), court).created();
    expect(chain.read("note", moved)).toMatchObject({ holder: supplier.id, amount: 2_000n, hold: null, position: "OPEN" });
    sound(own);
  });

  it("is placed by three members together where there is no authority with a key", () => {
    const own = world();
    const members = [own.bank, own.platform, own.lender];
    const { note } = receivable(own, 5_000n);
    const body = freezeBody(own, note, 5_000n, { kind: "GOVERNANCE", by: members.map(({ id }) => id).sort() });
    own.chain.act(op("freeze.place", body), ...members);
    expect(own.chain.read("note", note).hold).not.toBeNull();
  });
});

describe("the reversal of a payment", () => {
  it("leaves loan, receivable, debtor and title as they would be without it", () => {
    const own = world();
    const { chain, debtor, seller } = own;
    const { root, note } = receivable(own, 5_000n);
    const { loan } = lend(own, [note], 4_000n, { security: "ASSIGNMENT" });
    mature(own, root);
    passDays(own, 5);
    const before = { loan: chain.read("loan", loan), root: chain.read("receivable", root) };
    expect(chain.read("party", debtor.id).overdue).toBe(1);
    pay(own, [{ note: before.loan.notes[0] as Hash, amount: 5_000n }]);
    expect(chain.read("loan", loan).status).toBe("REPAID");
    expect(chain.read("party", debtor.id).overdue).toBe(0);
    const payment = chain.all("payment")[0]?.id as Hash;
    chain.act(op("payment.reverse", { payment, evidence: document }), attester(own));
    const after = { loan: chain.read("loan", loan), root: chain.read("receivable", root) };
    expect({ ...after.loan, version: 0, notes: 0 }).toEqual({ ...before.loan, version: 0, notes: 0 });
    expect({ ...after.root, version: 0 }).toEqual({ ...before.root, version: 0 });
    expect(chain.read("note", after.loan.notes[0] as Hash)).toMatchObject({ position: "ASSIGNED", amount: 5_000n });
    expect(chain.read("party", debtor.id).overdue).toBe(1);
    expect(chain.all("filing").map(({ status }) => status)).toEqual(["ACTIVE"]);
    expect(chain.read("line", chain.all("line")[0]?.id as Hash).used).toBe(4_000n);
    expect(open(own, root).filter(({ holder }) => holder === seller.id)).toEqual([]);
    sound(own);
  });

  it("brings no security back that has moved on since", () => {
    const own = world();
    const { chain, seller, supplier } = own;
    const first = divided(own, [3_000n, 3_000n]);
    const { loan, notes } = lend(own, first.notes, 4_000n, { ratePpm: 0 });
    const body = { ...attestation(own, 4_000n), loan };
    chain.act(op("loan.repay", body), attester(own), seller);
    chain.act(op("note.transfer", { note: notes[0] as Hash, to: supplier.id }), seller, supplier);
    const payment = chain.all("payment")[0]?.id as Hash;
    chain.act(op("payment.reverse", { payment, evidence: document }), attester(own));
    expect(chain.read("loan", loan)).toMatchObject({ status: "ACTIVE", outstanding: 4_000n, notes: [notes[1]] });
    sound(own);
  });

  it("takes out of deposit what was not paid, and the note is whole again under its order", () => {
    for (const secured of [false, true]) {
      const own = world();
      const { chain } = own;
      const { root, note } = receivable(own, 5_000n);
      const loan = secured ? lend(own, [note], 2_000n, { ratePpm: 0 }).loan : null;
      const { freeze, held } = frozen(own, note, 5_000n);
      mature(own, root);
      const seen = () => ({
        freeze: { ...chain.read("freeze", freeze), version: 0, note: 0 },
        root: { ...chain.read("receivable", root), version: 0, moved: 0 },
        note: { ...chain.read("note", chain.read("freeze", freeze).note), version: 0, id: 0, parent: 0 },
        loan: loan === null ? null : { ...chain.read("loan", loan), version: 0, notes: chain.read("loan", loan).notes.length },
      });
      const before = seen();
      pay(own, [{ note: held, amount: 2_000n }]);
      const first = chain.all("payment")[0]?.id as Hash;
      const partly = seen();
      pay(own, [{ note: chain.read("freeze", freeze).note, amount: 3_000n }]);
      expect(chain.read("receivable", root).status).toBe("SETTLED");
      expect(chain.read("freeze", freeze)).toMatchObject({ deposited: 5_000n, loan });
      const second = chain.all("payment").find(({ id }) => id !== first)?.id as Hash;
      // Either first: what is left of the deposit is under the same order.
      const [one, other] = secured ? [first, second] : [second, first];
      chain.act(op("payment.reverse", { payment: one, evidence: document }), attester(own));
      if (!secured) expect(seen()).toEqual(partly);
      sound(own);
      chain.act(op("payment.reverse", { payment: other, evidence: document }), attester(own));
      expect(seen()).toEqual(before);
      sound(own);
      chain.act(op("freeze.lift", { freeze, document }), own.court);
      sound(own);
    }
  });

  it("frees what was in deposit if the loan that it secured was paid otherwise since", () => {
    const own = world();
    const { chain, seller } = own;
    const { root, note } = receivable(own, 5_000n);
    const { loan, notes } = lend(own, [note], 2_000n, { ratePpm: 0, security: "ASSIGNMENT" });
    const { freeze, held } = frozen(own, notes[0] as Hash, 5_000n);
    mature(own, root);
    pay(own, [{ note: held, amount: 5_000n }]);
    const payment = chain.all("payment")[0]?.id as Hash;
    chain.act(op("loan.repay", { ...attestation(own, 2_000n), loan }), attester(own), seller);
    chain.act(op("payment.reverse", { payment, evidence: document }), attester(own));
    const again = chain.read("note", chain.read("freeze", freeze).note);
    expect(again).toMatchObject({ position: "OPEN", holder: seller.id, amount: 5_000n, hold: freeze });
    sound(own);
  });

  it("gives back to the creditor what the guarantor did not pay for, and to the guarantee what it covers", () => {
    for (const security of [null, "PLEDGE", "ASSIGNMENT"] as const) {
      const own = world();
      const { chain, guarantor } = own;
      const { root, note } = receivable(own, 5_000n);
      const loan = security === null ? null : lend(own, [note], 4_000n, { security }).loan;
      const secured = loan === null ? note : (chain.read("loan", loan).notes[0] as Hash);
      const guarantee = guaranteed(own, root, 5_000n);
      mature(own, root);
      passDays(own, 5);
      const seen = () => ({
        guarantee: { ...chain.read("guarantee", guarantee), version: 0 },
        loan: loan === null ? null : { ...chain.read("loan", loan), version: 0, notes: chain.read("loan", loan).notes.length },
        root: { ...chain.read("receivable", root), version: 0, noticed: 0, moved: 0 },
        live: chain.all("note").flatMap(({ position, holder, amount, ref }) => {
          return ["OPEN", "PLEDGED", "ASSIGNED"].includes(position) ? [{ position, holder, amount, ref }] : [];
        }),
        lines: chain.all("line").map(({ used }) => used),
      });
      const before = seen();
      const body = { ...attestation(own, 5_000n), guarantee, note: secured };
      chain.act(op("guarantee.pay", body), attester(own), guarantor);
      expect(seen().live).toMatchObject([{ holder: guarantor.id, amount: 5_000n, position: "OPEN" }]);
      if (loan !== null) expect(chain.read("loan", loan).status).toBe("REPAID");
      const payment = chain.all("payment")[0]?.id as Hash;
      chain.act(op("payment.reverse", { payment, evidence: document }), attester(own));
      expect(seen()).toEqual(before);
      sound(own);
      chain.act(
        op("guarantee.pay", { ...body, ...attestation(own, 5_000n), note: chain.all("note").at(-1)?.id as Hash }),
        attester(own),
        guarantor,
      );
      sound(own);
    }
  });

  it("paying in one go or in two redeems the same", () => {
    const [once, twice] = [world(), world()];
    for (const [own, amounts] of [
      [once, [3_000n]],
      [twice, [1_200n, 1_800n]],
    ] as const) {
      const { root } = receivable(own, 5_000n);
      mature(own, root);
      for (const amount of amounts) pay(own, [{ note: open(own, root)[0]?.id as Hash, amount }]);
    }
    const [left, right] = [once, twice].map(({ chain }) => chain.all("receivable")[0]);
    expect({ live: left?.live, redeemed: left?.redeemed }).toEqual({ live: right?.live, redeemed: right?.redeemed });
  });

  it("splitting and then transferring gives the same totals as transferring and then splitting", () => {
    const totals = (own: Alliance) =>
      own.chain
        .all("note")
        .filter(({ position }) => position === "OPEN")
        .map(({ holder, amount }) => `${holder} ${amount}`)
        .sort();
    const parts = [2_000n, 3_000n];
    const [one, other] = [world(), world()];
    const split = divided(one, parts);
    for (const note of split.notes) one.chain.act(op("note.transfer", { note, to: one.supplier.id }), one.seller, one.supplier);
    const { note } = receivable(other, 5_000n);
    const moved = other.chain.act(op("note.transfer", { note, to: other.supplier.id }), other.seller, other.supplier).created();
    other.chain.act(op("note.split", { note: moved, parts }), other.supplier);
    expect(totals(one)).toEqual(totals(other));
  });
});

describe("a loan that is late", () => {
  it("costs the penalty from the end of its tenor on", () => {
    const own = world();
    const { chain, seller } = own;
    const { loan } = lend(own, [receivable(own, 5_000n).note], 4_000n, { tenorDays: 10 });
    passDays(own, 30);
    const { startDay } = chain.read("loan", loan);
    const days = dayOf(chain.timeMs) - startDay;
    const due = interest(4_000n, 43_500 * days + 180_000 * (days - 10), 1);
    chain.act(op("loan.repay", { ...attestation(own, 4_000n + due), loan }), attester(own), seller);
    expect(chain.read("loan", loan)).toMatchObject({ status: "REPAID", interestPaid: due });
  });

  it("lets the lender demand recourse, the borrower buy back and claim from the debtor itself", () => {
    const own = world();
    const { chain, bank, seller } = own;
    const { root, loan, secured } = overdueLoan(own, { security: "ASSIGNMENT", ratePpm: 0 });
    chain.act(op("loan.demand", { loan, cause: secured }), bank);
    expect(chain.read("loan", loan).demandedDay).toBe(dayOf(chain.timeMs));
    const body = { ...attestation(own, 4_000n), loan, note: secured };
    chain.act(op("loan.buyBack", body), attester(own), seller, bank);
    expect(chain.read("loan", loan)).toMatchObject({ status: "REPAID", outstanding: 0n });
    expect(open(own, root)).toMatchObject([{ holder: seller.id, amount: 5_000n }]);
    sound(own);
  });

  it("is written off in the lender's books, and still owed and payable", () => {
    const own = world();
    const { chain, bank } = own;
    const { loan, secured } = overdueLoan(own, { ratePpm: 0 });
    passDays(own, 120);
    chain.act(op("loan.writeOff", { loan }), bank);
    expect(chain.read("loan", loan)).toMatchObject({ writtenOff: 4_000n, outstanding: 4_000n, status: "ACTIVE" });
    pay(own, [{ note: secured, amount: 1_000n }]);
    expect(chain.read("loan", loan).outstanding).toBeLessThan(4_000n + 200n);
    sound(own);
  });
});

describe("a guarantor", () => {
  it("that pays holds what it paid, and the lender is paid by as much", () => {
    const own = world();
    const { chain, guarantor } = own;
    const { root, note } = receivable(own, 5_000n);
    const guarantee = guaranteed(own, root, 3_000n);
    const { loan } = lend(own, [note], 4_000n, { ratePpm: 0 });
    mature(own, root);
    const body = { ...attestation(own, 3_000n), guarantee, note };
    chain.act(op("guarantee.pay", body), attester(own), guarantor);
    expect(open(own, root)).toMatchObject([{ holder: guarantor.id, amount: 3_000n }]);
    expect(chain.read("loan", loan).outstanding).toBe(1_000n);
    expect(chain.read("guarantee", guarantee).used).toBe(3_000n);
    expect(chain.all("notice").filter(({ to }) => to === guarantor.id)).not.toEqual([]);
    sound(own);
  });
});

describe("an amendment", () => {
  it("that harms who relies on the contract takes effect with the last consent and not before", () => {
    const own = world();
    const { chain, supplier } = own;
    const { contract, amendment } = proposedAmendment(own);
    expect(chain.read("contract", contract).payTermDays).toBe(180);
    chain.act(op("amendment.consent", { amendment, party: supplier.id }), supplier);
    expect(chain.read("contract", contract).payTermDays).toBe(200);
    expect(chain.read("amendment", amendment)).toMatchObject({ status: "EFFECTIVE", waiting: [] });
  });

  it("that harms nobody takes effect at once", () => {
    const own = world();
    const { chain, seller, debtor } = own;
    const { contract } = reliedUpon(own);
    const body = { contract, terms: contractTerms(own, contract, { total: 9_000n, payTermDays: 30 }), notes: [] };
    chain.act(op("contract.amend", body), seller, debtor);
    expect(chain.read("contract", contract)).toMatchObject({ total: 9_000n, payTermDays: 30 });
  });

  it("puts a maturity off with every holder's word; a guarantee lasts longer only with its guarantor's", () => {
    const own = world();
    const { chain, debtor, supplier, guarantor } = own;
    const { root, note } = reliedUpon(own);
    const [asked, silent] = [guaranteed(own, root, 1_000n), guaranteed(own, root, 1_000n)];
    const before = chain.read("guarantee", asked).untilDay;
    const { maturityDay } = chain.read("receivable", root);
    const amendment = chain
      .act(op("receivable.extend", extendBody(own, root, [note], { guarantees: [asked] })), debtor)
      .created();
    for (const party of [guarantor, supplier]) chain.act(op("amendment.consent", { amendment, party: party.id }), party);
    expect(chain.read("receivable", root)).toMatchObject({ maturityDay: maturityDay + 30, extensions: 1 });
    expect(chain.read("guarantee", asked).untilDay).toBe(before + 30);
    expect(chain.read("guarantee", silent).untilDay).toBe(before);
    chain.passTo(startOfDay(maturityDay + 5));
    expect(chain.read("receivable", root).status).toBe("EFFECTIVE");
    mature(own, root);
    expect(chain.read("receivable", root).status).toBe("MATURED");
  });
});

describe("keys and standing", () => {
  it("a recovery takes effect when its delay has passed: the new key acts, the old ones do not", () => {
    const own = world();
    const { chain, supplier, seller } = own;
    recovering(own);
    passDays(own, 4);
    expect(chain.read("party", supplier.id)).toMatchObject({ keys: [recoveryBody(own).key], policy: [] });
    const policy = op("party.policy", { party: supplier.id, policy: [] });
    expect(chain.judge(chain.sign(policy, [supplier]))?.code).toBe("KEY_INVALID");
    chain.act(policy, by(supplier, testKey("key of a new card")));
    expect(chain.read("party", seller.id).keys).toHaveLength(2);
  });

  it("a recovery that is refused in time changes nothing", () => {
    const own = world();
    const { chain, supplier } = own;
    const before = chain.read("party", supplier.id);
    recovering(own);
    chain.act(op("key.refuseRecovery", { party: supplier.id }), supplier);
    passDays(own, 4);
    expect(chain.read("party", supplier.id)).toEqual(before);
  });

  it("nothing that a suspended party signs gets onto the chain, until it may act again", () => {
    const own = world();
    const { chain, supplier, platform } = own;
    const body = { party: supplier.id, by: platform.id, reason: document };
    const policy = op("party.policy", { party: supplier.id, policy: [] });
    chain.act(op("party.suspend", body), platform);
    expect(chain.judge(chain.sign(policy, [supplier]))?.code).toBe("PARTY_INACTIVE");
    chain.act(op("party.resume", body), platform);
    chain.act(policy, supplier);
  });
});

describe("bank days", () => {
  it("are Monday to Friday until the members say otherwise of a year, and then move the cut-off", () => {
    const own = world();
    const { chain, seller, supplier } = own;
    const { root, note } = receivable(own, 5_000n);
    const { maturityDay } = chain.read("receivable", root);
    const usual = bankDaysBefore(maturityDay, 1);
    vote(own, { kind: "setBankDays", year: 2026, closed: [usual], open: [] });
    const earlier = bankDaysBefore(usual, 1);
    chain.passTo(startOfDay(earlier) + HOUR_MS);
    expect(chain.refusal(op("note.transfer", { note, to: supplier.id }), seller, supplier)).toBe("PAST_CUTOFF");
  });
});

describe("a change of medium", () => {
  it("ends the old record and begins another of the same amounts, holders and invoices, used once", () => {
    const own = world();
    const { chain, debtor, seller, platform } = own;
    const { root, notes, invoice } = divided(own, [2_000n, 3_000n]);
    const body = { receivable: root, notes: [...notes].sort(), medium: "PAPER", statement: document } as const;
    const next = chain.act(op("receivable.replace", body), debtor, seller, platform).created();
    expect(chain.read("receivable", root)).toMatchObject({ status: "REPLACED", live: 0n, cancelled: 5_000n });
    expect(chain.read("receivable", next)).toMatchObject({ status: "EFFECTIVE", live: 5_000n, replaces: root, leaves: 2 });
    expect(chain.read("invoice", invoice).used).toBe(5_000n);
    mature(own, next);
    expect(chain.read("receivable", next).status).toBe("MATURED");
    sound(own);
  });
});
