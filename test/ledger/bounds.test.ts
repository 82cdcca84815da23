import { describe, expect, it } from "vitest";
import type { Hash } from "../../src/types/scalars.ts";
import { type Alliance, alliance, commitment, DAY_MS, receivable } from "./support/alliance.ts";
import { op } from "./support/chain.ts";
import { apply, decide, late, pay } from "./support/finance.ts";
import { debtorOf, join, lentOn } from "./support/refusals-bounds.ts";
import { withBusiness } from "./support/refusals-titles.ts";

const ofGroups = ({ chain }: Alliance) =>
  new Map(
    chain
      .all("exposure")
      .filter(({ debtor, group }) => debtor === null && group !== null)
      .map(({ group, amount }) => [group, amount]),
  );

/** Whether the bank may lend on this debtor as well. */
function mayLend(world: Alliance, note: Hash): string {
  const { chain } = world;
  const decision = decide(world, apply(world, [note], 500n), 500n);
  return chain.attempt(op("finance.accept", { decision }), [world.seller]).code;
}

describe("concentration by group of debtors", () => {
  it("sums what the debtors of a group owe, of each lender, until it is paid", () => {
    const world = alliance({}, "none");
    const [one, other] = [debtorOf(world, 1, "group"), debtorOf(world, 2, "group")];
    lentOn(world, world.debtor, 1_000n);
    expect(ofGroups(world).size).toBe(0);
    lentOn(world, one, 2_000n);
    const loan = lentOn(world, other, 3_000n);
    expect(ofGroups(world)).toEqual(new Map([[commitment("group"), 5_000n]]));
    const [note] = world.chain.read("loan", loan).notes as [Hash];
    late(world, world.chain.read("note", note).receivable, 0);
    pay({ ...world, debtor: other }, [{ note, amount: 3_000n }]);
    expect(ofGroups(world)).toEqual(new Map([[commitment("group"), 2_000n]]));
  });

  it("takes a debtor along that goes to another group, and judges it as of the group that it is in", () => {
    const world = alliance({}, "none");
    const [one, other] = [debtorOf(world, 1, "old"), debtorOf(world, 2, "new")];
    lentOn(world, one, 5_000n);
    lentOn(world, other, 5_000n);
    lentOn(world, world.debtor, 1_000n);
    withBusiness(world, { concentrationGroupBp: 6_000, concentrationFreeMinorUnits: 1_000 });
    const more = receivable({ ...world, debtor: one }, 1_000n).note;
    const again = receivable({ ...world, debtor: one }, 1_000n).note;
    expect(mayLend(world, more)).toBe("OK");
    join(world, one, "new");
    // 5,000 of one's own and 1,000 more, with the other's 5,000: eleven twelfths.
    expect(mayLend(world, again)).toBe("CONCENTRATION_EXCEEDED");
    withBusiness(world, { concentrationGroupBp: 10_000, concentrationFreeMinorUnits: 1_000 });
    lentOn(world, one, 1_000n);
    expect(ofGroups(world)).toEqual(
      new Map([
        [commitment("old"), 0n],
        [commitment("new"), 11_000n],
      ]),
    );
  });

  it("does not limit a network that did not vote on it", () => {
    const world = alliance({}, "none");
    withBusiness(world, { concentrationFreeMinorUnits: 0 });
    const debtor = debtorOf(world, 1, "group");
    lentOn(world, debtor, 5_000n);
    expect(mayLend(world, receivable({ ...world, debtor }, 5_000n).note)).toBe("OK");
  });
});

describe("a party's transactions of a day", () => {
  it("are counted anew every day, not for members, and only those that took effect", () => {
    const world = alliance({}, "none");
    const { chain, seller, bank } = world;
    const { note } = receivable(world, 9_000n);
    withBusiness(world, { transactionsPerDayMax: 2 });
    const first = chain.act(op("note.split", { note, parts: [4_000n, 5_000n] }), seller);
    expect(chain.attempt(op("note.split", { note, parts: [4_000n, 5_000n] }), [seller]).code).toBe("NOTE_NOT_OPEN");
    chain.act(op("note.split", { note: first.created(), parts: [2_000n, 2_000n] }), seller);
    const more = op("note.split", { note: first.created(0, 1), parts: [2_000n, 3_000n] });
    const { code, facts } = chain.attempt(more, [seller]);
    expect([code, facts.map(({ field, value }) => [field, value])]).toEqual([
      "QUOTA_EXCEEDED",
      [
        ["used", "2"],
        ["transactionsPerDayMax", "2"],
      ],
    ]);
    for (const limit of [1n, 2n, 3n])
      chain.act(op("limit.line", { lender: bank.id, borrower: seller.id, currency: "CNY", limit }), bank);
    chain.pass(DAY_MS);
    chain.act(more, seller);
  });

  it("are not counted where nobody bounds them", () => {
    const world = alliance({}, "none");
    receivable(world, 5_000n);
    expect(world.chain.all("quota")).toEqual([]);
  });
});
