import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isSound } from "../../src/ledger/credit/cards.ts";
import type { Facts } from "../../src/ledger/credit/facts.ts";
import { type Features, featuresOf } from "../../src/ledger/credit/features.ts";
import { advanceBpOf, FIRST_CARD, lineOf, scoreOf } from "../../src/ledger/credit/scorecard.ts";
import type { Hash } from "../../src/types/scalars.ts";
import { FEATURES, type Feature } from "../../src/types/score-features.ts";
import { alliance, commitment, DAY_MS, receivable, terms, trade } from "./support/alliance.ts";
import { by, op } from "./support/chain.ts";
import { application, attestedNow, card, decideBodyBy, factsOf, goodHistory, registerModel, scoreNow } from "./support/credit.ts";
import { lend, mature, pay, paymentBody } from "./support/finance.ts";

/** Best bins throughout, and worst ones. */
const BEST: Features = {
  tenureDays: 730,
  orders12m: 120,
  onTimeBp: 9_800,
  maxDpd12m: 0,
  dilutionBp: 99,
  top1Bp: 2_499,
  dbtDays: 0,
  debtorGradeX100: 200,
  evidenceBp: 9_500,
  utilBp: 2_999,
  openDisputeBp: 0,
};
const WORST: Features = {
  tenureDays: 89,
  orders12m: 2,
  onTimeBp: 7_999,
  maxDpd12m: 61,
  dilutionBp: 1_000,
  top1Bp: 7_500,
  dbtDays: 31,
  debtorGradeX100: 501,
  evidenceBp: 4_999,
  utilBp: 9_000,
  openDisputeBp: 1_000,
};

describe("the scorecard", () => {
  it("is sound, and spans from 118 to 798 as published", () => {
    expect(isSound(FIRST_CARD)).toBe(true);
    expect(scoreOf(FIRST_CARD, BEST).score).toBe(798);
    expect(scoreOf(FIRST_CARD, WORST).score).toBe(118);
  });

  it.each([
    [798, "A", 75],
    [700, "A", 130],
    [699, "B", 224],
    [660, "B", 224],
    [620, "C", 384],
    [600, "D", 500],
    [580, "D", 649],
    [579, "E", 1_079],
    [118, "E", 10_000],
  ])("gives %i the grade %s and a probability of %i basis points", (wanted, grade, pdBp) => {
    const score = scoreOf(card({ base: FIRST_CARD.base + wanted - 798 }), BEST);
    expect([score.score, score.grade, score.pdBp]).toEqual([wanted, grade, pdBp]);
  });

  it("names the four features that cost most, the costliest first", () => {
    const { reasons } = scoreOf(FIRST_CARD, {
      ...BEST,
      maxDpd12m: 20,
      dilutionBp: 400,
      top1Bp: 6_000,
      tenureDays: 200,
      utilBp: 5_000,
    });
    expect(reasons).toEqual(["maxDpd12m", "tenureDays", "dilutionBp", "top1Bp"]);
    expect(scoreOf(FIRST_CARD, BEST).reasons).toEqual([]);
  });

  it("takes from the advance for dilution, grade and tenor, and never below nothing", () => {
    expect(advanceBpOf(FIRST_CARD, "A", BEST, 90)).toBe(9_000);
    expect(advanceBpOf(FIRST_CARD, "C", { ...BEST, dilutionBp: 700 }, 180)).toBe(9_000 - 200 - 800 - 450);
    expect(advanceBpOf(FIRST_CARD, "E", WORST, 300)).toBe(0);
    expect(lineOf(FIRST_CARD, "B", 900n)).toBe(900n);
    expect(lineOf(FIRST_CARD, "A", 10n ** 18n)).toBe(5_000_000_000n);
  });

  it.each([
    ["a feature is missing", card({ tables: FIRST_CARD.tables.slice(1) })],
    ["features are out of order", card({ tables: [...FIRST_CARD.tables].reverse() })],
    ["bins do not ascend", card({ tables: FIRST_CARD.tables.map((table) => ({ ...table, bins: [...table.bins].reverse() })) })],
    ["grades do not end at zero", card({ grades: FIRST_CARD.grades.slice(0, -1) })],
    ["a grade stands twice", card({ grades: FIRST_CARD.grades.map((grade) => ({ ...grade, grade: "A" as const })) })],
    ["probabilities ascend", card({ pd: [...FIRST_CARD.pd].reverse() })],
  ])("is not sound if %s", (_, unsound) => {
    expect(isSound(unsound)).toBe(false);
  });
});

describe("facts of trade credit", () => {
  it("count orders, exposures, what was paid and when", () => {
    const world = alliance();
    const first = receivable(world, 600_000n);
    receivable(world, 400_000n);
    const opened = factsOf(world) as Facts;
    expect(opened.months.map(({ orders, invoiced, confirmed, evidenced }) => [orders, invoiced, confirmed, evidenced])).toEqual([
      [2, 1_000_000n, 1_000_000n, 1_000_000n],
    ]);
    expect(opened.debtors).toEqual([{ debtor: world.debtor.id, live: 1_000_000n }]);
    mature(world, first.root);
    pay(world, [{ note: first.note, amount: 600_000n }]);
    const paid = factsOf(world) as Facts;
    expect(paid.debtors).toEqual([{ debtor: world.debtor.id, live: 400_000n }]);
    expect(paid.months.at(-1)).toMatchObject({
      orders: 0,
      due: 600_000n,
      paid: 600_000n,
      paidOnTime: 600_000n,
      delay: 0n,
      maxDpd: 0,
    });
  });

  it("count what is late as due once, from the day on which it is overdue, and the delay when it is paid", () => {
    const world = alliance();
    const { root, note } = receivable(world, 500_000n);
    mature(world, root);
    world.chain.pass(10 * DAY_MS);
    const late = factsOf(world) as Facts;
    expect(late.overdue).toBe(1);
    expect(late.overdueSince).toBe(world.chain.read("receivable", root).maturityDay);
    expect(late.months.reduce((sum, { due }) => sum + due, 0n)).toBe(500_000n);
    pay(world, [{ note, amount: 500_000n }]);
    const paid = factsOf(world) as Facts;
    expect([paid.overdue, paid.overdueSince]).toEqual([0, null]);
    const month = paid.months.at(-1);
    expect([month?.paid, month?.paidOnTime, month?.delay]).toEqual([500_000n, 0n, 5_000_000n]);
    expect(paid.months.reduce((sum, { due }) => sum + due, 0n)).toBe(500_000n);
    expect(Math.max(...paid.months.map(({ maxDpd }) => maxDpd))).toBe(10);
  });

  it("follow what is borrowed", () => {
    const world = alliance();
    const { note } = receivable(world, 500_000n);
    lend(world, [note], 300_000n);
    expect(factsOf(world)?.borrowed).toBe(300_000n);
  });

  it("follow what is in dispute, and count what was upheld as dilution", () => {
    const world = alliance();
    const { chain, debtor, seller } = world;
    const root = chain.act(op("receivable.issueBySeller", terms(world, trade(world, 500_000n), 500_000n)), seller).created();
    const confirmed = op("receivable.confirm", { receivable: root, mode: "EXISTENCE", amount: 500_000n });
    const note = chain.act(confirmed, debtor).created();
    const raise = op("dispute.raise", { note, amount: 200_000n, reason: "QUALITY", evidence: commitment("complaint") });
    const dispute = chain.act(raise, debtor).created();
    expect(factsOf(world)?.disputed).toBe(200_000n);
    chain.act(op("dispute.settle", { dispute, upheld: 150_000n }), debtor, seller);
    const settled = factsOf(world) as Facts;
    expect(settled.disputed).toBe(0n);
    expect(settled.months.at(-1)?.diluted).toBe(150_000n);
    expect(settled.debtors).toEqual([{ debtor: debtor.id, live: 350_000n }]);
  });

  it("keep thirteen months and forget what is older", () => {
    const world = alliance();
    receivable(world, 100_000n);
    for (let month = 0; month < 15; month++) {
      world.chain.pass(31 * DAY_MS);
      receivable(world, 100_000n);
    }
    expect(factsOf(world)?.months.length).toBeLessThanOrEqual(13);
    expect(factsOf(world)?.firstDay).toBeLessThan((world.chain.timeMs / DAY_MS) | 0);
  });

  it("are touched by no transfer or split", () => {
    const world = alliance();
    const { note } = receivable(world, 500_000n);
    const before = factsOf(world);
    const split = world.chain.act(op("note.split", { note, parts: [200_000n, 300_000n] }), world.seller);
    world.chain.act(op("note.transfer", { note: split.created(0, 0), to: world.supplier.id }), world.seller, world.supplier);
    expect(factsOf(world)).toBe(before);
  });

  it("make better scores with payments on time and worse ones with late ones, all else alike", () => {
    const base = (facts: Partial<Facts["months"][number]>): Facts => ({
      id: "00".repeat(32) as Hash,
      version: 1,
      party: "11".repeat(32) as Hash,
      currency: "CNY",
      firstDay: 20_000,
      months: [
        {
          month: 12 * 2025,
          orders: 40,
          invoiced: 4_000_000n,
          confirmed: 4_000_000n,
          evidenced: 4_000_000n,
          due: 3_000_000n,
          paid: 2_900_000n,
          paidOnTime: 2_800_000n,
          delay: 0n,
          maxDpd: 2,
          diluted: 0n,
          ...facts,
        },
      ],
      debtors: [{ debtor: "22".repeat(32) as Hash, live: 1_000_000n }],
      others: 0n,
      disputed: 0n,
      overdue: 0,
      overdueSince: null,
      borrowed: 0n,
    });
    const day = 20_100;
    const score = (facts: Facts): number =>
      scoreOf(
        FIRST_CARD,
        featuresOf(facts, day, () => 2),
      ).score;
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 10n ** 9n }), fc.integer({ min: 1, max: 400 }), (amount, days) => {
        const before = base({});
        const [month] = before.months as [Facts["months"][number]];
        const onTime = base({ due: month.due + amount, paid: month.paid + amount, paidOnTime: month.paidOnTime + amount });
        const late = base({
          due: month.due + amount,
          paid: month.paid + amount,
          delay: month.delay + amount * BigInt(days),
          maxDpd: Math.max(month.maxDpd, days),
        });
        expect(score(onTime)).toBeGreaterThanOrEqual(score(before));
        expect(score(late)).toBeLessThanOrEqual(score(before));
      }),
    );
  });

  it("give features that are whole numbers or nothing, whatever the facts", () => {
    const amount = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
    const facts = fc.record({
      orders: fc.nat(),
      invoiced: amount,
      due: amount,
      paid: amount,
      paidOnTime: amount,
      diluted: amount,
      borrowed: amount,
      live: amount,
      disputed: amount,
    });
    fc.assert(
      fc.property(facts, ({ orders, invoiced, due, paid, paidOnTime, diluted, borrowed, live, disputed }) => {
        const features = featuresOf(
          {
            id: "00".repeat(32) as Hash,
            version: 1,
            party: "11".repeat(32) as Hash,
            currency: "CNY",
            firstDay: 20_000,
            months: [
              {
                month: 12 * 2024 + 9,
                orders,
                invoiced,
                confirmed: invoiced,
                evidenced: paid,
                due,
                paid,
                paidOnTime,
                delay: -paid,
                maxDpd: 0,
                diluted,
              },
            ],
            debtors: [{ debtor: "22".repeat(32) as Hash, live }],
            others: 0n,
            disputed,
            overdue: 0,
            overdueSince: null,
            borrowed,
          },
          20_030,
          () => 0,
        );
        for (const feature of FEATURES) expect(features[feature] === null || Number.isSafeInteger(features[feature])).toBe(true);
        const shares: readonly Feature[] = ["dilutionBp", "top1Bp", "evidenceBp", "utilBp", "openDisputeBp"];
        for (const feature of shares) expect(features[feature] ?? 0).toBeLessThanOrEqual(10_000);
      }),
    );
  });
});

describe("a decision by an engine", () => {
  it("is taken when every node computes the score that it attests, and carries it", () => {
    const world = alliance();
    goodHistory(world, 4);
    const applied = application(world);
    const attested = attestedNow(world);
    expect(scoreNow(world)?.grade).not.toBe("E");
    const { chain, bank } = world;
    const id = chain.act(op("finance.decide", decideBodyBy(world, applied, attested)), by(bank, bank.engine)).created();
    expect(chain.read("decision", id)).toMatchObject({ score: attested.score, grade: attested.grade, status: "LIVE" });
  });

  it("may follow a model as well, whose output stands for a grade that allows it", () => {
    const world = alliance();
    goodHistory(world, 4);
    const model = registerModel(world);
    const applied = application(world);
    const attested = attestedNow(world, { mode: "B", model: { card: model, outQ: 9_500, runtime: commitment("runtime") } });
    const { chain, bank } = world;
    chain.act(op("finance.decide", decideBodyBy(world, applied, attested)), by(bank, bank.engine));
  });

  it("may decline whom it has no facts about", () => {
    const world = alliance();
    const applied = application(world);
    const body = decideBodyBy(world, applied, attestedNow(world), { outcome: "DECLINE", amount: 0n });
    world.chain.act(op("finance.decide", body), by(world.bank, world.bank.engine));
  });

  it("is judged by a lender's own card once that is in force", () => {
    const world = alliance();
    goodHistory(world, 4);
    const { chain, bank, verifier } = world;
    const before = scoreNow(world)?.score ?? 0;
    chain.act(op("risk.policy", { lender: bank.id, validator: verifier.id, card: card({ base: 610 }) }), bank, verifier);
    expect(scoreNow(world)?.score).toBe(before + 10);
  });

  it("goes by the newest grade of a debtor", () => {
    const world = alliance();
    goodHistory(world, 1);
    receivable(world, 100_000n);
    const before = scoreNow(world)?.score ?? 0;
    world.chain.act(op("risk.gradeDebtor", { lender: world.bank.id, debtor: world.debtor.id, grade: 6 }), world.bank);
    expect(scoreNow(world)?.score).toBe(before - 78);
  });
});

describe("a snapshot of a score", () => {
  it("keeps what every node computes, by the alliance's card or a lender's own, and does not change afterwards", () => {
    const world = alliance();
    goodHistory(world, 4);
    const { chain, seller, bank, verifier } = world;
    chain.act(op("risk.policy", { lender: bank.id, validator: verifier.id, card: card({ base: 610 }) }), bank, verifier);
    const take = (lender: object) =>
      chain.read(
        "scoreSnapshot",
        chain.act(op("risk.snapshot", { by: seller.id, party: seller.id, currency: "CNY", ...lender }), seller).created(),
      );
    const [ours, theirs] = [take({}), take({ lender: bank.id })];
    expect(theirs).toMatchObject({
      score: scoreNow(world)?.score,
      grade: scoreNow(world)?.grade,
      reasons: scoreNow(world)?.reasons,
    });
    expect([theirs.score - ours.score, theirs.facts]).toEqual([10, factsOf(world)?.version]);
    receivable(world, 900_000n);
    expect(chain.read("scoreSnapshot", theirs.id)).toBe(theirs);
  });
});

describe("paying a note twice over", () => {
  it("counts nothing that did not take effect", () => {
    const world = alliance();
    const { root, note } = receivable(world, 100_000n);
    mature(world, root);
    const body = paymentBody(world, [{ note, amount: 100_000n }]);
    world.chain.act(op("payment.attest", body), by(world.bank, world.bank.attester));
    const before = factsOf(world);
    expect(world.chain.refusal(op("payment.attest", body), by(world.bank, world.bank.attester))).not.toBe("OK");
    expect(factsOf(world)).toBe(before);
  });
});
