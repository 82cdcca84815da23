import { describe, expect, it } from "vitest";
import { dayOf } from "../../src/ledger/calendar.ts";
import { CODES, type Code } from "../../src/ledger/codes.ts";
import { MONEY_MAX } from "../../src/ledger/money.ts";
import { alliance, receivable } from "./support/alliance.ts";
import { op } from "./support/chain.ts";
import { lend, reference } from "./support/finance.ts";
import { REFUSALS } from "./support/refusals.ts";

/** BODY_INVALID and KIND_UNKNOWN are the judge's; NOTES_EXCEEDED has a test below, bounds of governance in governance.test.ts. */
const ELSEWHERE: ReadonlySet<Code> = new Set([
  "OK",
  "BODY_INVALID",
  "KIND_UNKNOWN",
  "NOTES_EXCEEDED",
  "MEMBERS_EXCEEDED",
  "AUTHORITIES_EXCEEDED",
  "FEATURES_EXCEEDED",
]);

describe("refusals", () => {
  for (const [title, code, run] of REFUSALS) {
    it(`${title}: ${code}`, () => {
      const world = alliance({}, "none");
      expect(run(world)).toBe(code);
      expect(world.chain.lastRefusal?.facts, "the facts that decided").not.toHaveLength(0);
    });
  }

  it("a root has only so many leaves: NOTES_EXCEEDED", () => {
    const world = alliance({ notesPerRootMax: 3 });
    const { note } = receivable(world, 5_000n);
    const refused = world.chain.refusal(op("note.split", { note, parts: [1_000n, 1_000n, 1_000n, 2_000n] }), world.seller);
    expect(refused).toBe("NOTES_EXCEEDED");
  });

  it("every code is reached by a test, and numbers are used once", () => {
    const reached = new Set(REFUSALS.map(([, code]) => code));
    const missing = (Object.keys(CODES) as Code[]).filter((code) => !reached.has(code) && !ELSEWHERE.has(code));
    expect(missing).toEqual([]);
    const numbers = Object.values(CODES).map(([number]) => number);
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  it("a transaction takes effect as a whole or not at all", () => {
    const world = alliance();
    const { note } = receivable(world, 5_000n);
    const split = op("note.split", { note, parts: [2_000n, 3_000n] });
    expect(world.chain.refusal([split, split], world.seller)).toBe("NOTE_NOT_OPEN");
    expect(world.chain.read("note", note).position).toBe("OPEN");
  });

  it("the largest amounts neither overflow nor fail to encode", () => {
    const world = alliance();
    const { chain, bank, seller } = world;
    const { note } = receivable(world, MONEY_MAX);
    const override = { reason: "LARGEST", document: reference() };
    const { loan } = lend(world, [note], (MONEY_MAX * 9n) / 10n, { ratePpm: 1_000_000, tenorDays: 380, override });
    chain.passTo(Date.UTC(2180, 0, 1));
    const body = {
      loan,
      bank: bank.id,
      reference: reference(),
      amount: 1n,
      valueDay: dayOf(chain.timeMs),
      evidence: reference(),
    };
    chain.act(op("loan.repay", body), seller, bank);
  });
});
