import { describe, expect, it } from "vitest";
import type { Hash } from "../../src/types/scalars.ts";
import { alliance, commitment, receivable } from "./support/alliance.ts";
import { op } from "./support/chain.ts";
import { contested, frozen, passDays } from "./support/changes.ts";
import { lend, mature, pay } from "./support/finance.ts";
import { withBusiness } from "./support/refusals-titles.ts";

const document = commitment("award");

describe("a contested title", () => {
  it("keeps what the debtor pays, which is discharged, until it is known to whom it goes", () => {
    const world = alliance({}, "none");
    const { chain, court, seller, supplier } = world;
    const { root, note, contest } = contested(world);
    mature(world, root);
    const { receipt } = pay(world, [{ note, amount: 5_000n }]);
    expect(receipt.code).toBe(0);
    expect(chain.read("receivable", root).status).toBe("SETTLED");
    expect(chain.read("freeze", contest)).toMatchObject({ status: "ACTIVE", deposited: 5_000n, owner: supplier.id });
    const award = { contest, authority: court.id, returns: true, document };
    const awarded = chain.act(op("title.award", award), court);
    expect(chain.read("freeze", contest)).toMatchObject({ status: "TRANSFERRED", deposited: 0n, by: [seller.id] });
    expect(awarded.receipt.events.map(({ kind }) => kind)).toContain("allocation");
  });

  it("goes back with the word of both, and the debtor is told", () => {
    const world = alliance({}, "none");
    const { chain, seller, supplier } = world;
    const { note, contest } = contested(world);
    chain.act(op("title.settle", { contest, returns: true }), seller, supplier);
    const back = chain.all("note").find(({ parent }) => parent === note);
    expect(back).toMatchObject({ holder: seller.id, position: "OPEN", hold: null });
    expect(chain.all("notice").some(({ note: of, reason }) => of === back?.id && reason === "COMPELLED")).toBe(true);
  });

  it("stays with its holder when nobody decides in time, or who contested gives in", () => {
    for (const givesIn of [true, false]) {
      const world = alliance({}, "none");
      const { chain, seller, supplier, guarantor } = world;
      const { note, contest } = contested(world);
      if (givesIn) chain.act(op("freeze.lift", { freeze: contest, document }), seller);
      else {
        passDays(world, 31);
        chain.act(op("title.release", { contest }), supplier);
      }
      chain.act(op("note.transfer", { note, to: guarantor.id }), supplier, guarantor);
    }
  });
});

describe("a court", () => {
  it("freezes a note whose title is contested, which ends the contest", () => {
    const world = alliance({}, "none");
    const { chain, court } = world;
    const { note, contest } = contested(world);
    const { freeze, held } = frozen(world, note, 5_000n);
    expect(chain.read("freeze", contest).status).toBe("LIFTED");
    expect(chain.read("note", held).hold).toBe(freeze);
    chain.act(op("freeze.lift", { freeze, document }), court);
    expect(chain.read("note", held).hold).toBeNull();
  });
});

describe("what secures a lender's loans", () => {
  const exposures = (world: ReturnType<typeof alliance>) =>
    new Map(
      world.chain
        .all("exposure")
        .filter(({ debtor, group }) => debtor !== null || group === null)
        .map(({ lender, debtor, amount }) => [`${lender} ${debtor}`, amount]),
    );

  it("is counted by debtor from the acceptance on, through payment, release and resale", () => {
    const world = alliance({}, "none");
    const { chain, bank, lender, debtor } = world;
    const { root, note } = receivable(world, 5_000n);
    const { loan } = lend(world, [note], 4_000n);
    expect(exposures(world).get(`${bank.id} ${debtor.id}`)).toBe(5_000n);
    chain.act(op("loan.resell", { loan, to: lender.id }), bank, lender);
    expect(exposures(world).get(`${bank.id} ${debtor.id}`)).toBe(0n);
    expect(exposures(world).get(`${lender.id} null`)).toBe(5_000n);
    mature(world, root);
    pay(world, [{ note: chain.read("loan", loan).notes[0] as Hash, amount: 2_000n }]);
    expect(exposures(world).get(`${lender.id} ${debtor.id}`)).toBe(3_000n);
    pay(world, [{ note: chain.read("loan", loan).notes[0] as Hash, amount: 3_000n }]);
    expect(exposures(world).get(`${lender.id} ${debtor.id}`)).toBe(0n);
  });

  it("may be concentrated while it is little", () => {
    const world = alliance({}, "none");
    withBusiness(world, { concentrationDebtorBp: 5_000, concentrationFreeMinorUnits: 10_000 });
    lend(world, [receivable(world, 5_000n).note], 4_000n);
    lend(world, [receivable(world, 5_000n).note], 4_000n);
    expect(exposures(world).get(`${world.bank.id} null`)).toBe(10_000n);
  });
});
