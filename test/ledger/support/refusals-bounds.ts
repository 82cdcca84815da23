import { dayOf } from "../../../src/ledger/calendar.ts";
import type { Hash } from "../../../src/types/scalars.ts";
import { type Alliance, commitment, receivable } from "./alliance.ts";
import { by, op } from "./chain.ts";
import { disputeBody } from "./changes.ts";
import { apply, decide, decideBody, late, lend } from "./finance.ts";
import type { Firm } from "./firm.ts";
import { trader } from "./gates.ts";
import { withBusiness } from "./refusals-titles.ts";
import type { Refused } from "./refused.ts";

/** A debtor that says which group it is of. */
export function debtorOf(world: Alliance, serial: number, group: string): Firm {
  const debtor = trader(world, serial);
  join(world, debtor, group);
  return debtor;
}

export function join({ chain, platform }: Alliance, debtor: Firm, group: string): void {
  const body = { party: debtor.id, roles: ["DEBTOR", "SELLER"], size: "LARGE", group: commitment(group) } as const;
  chain.act(op("party.update", body), debtor, platform);
}

/** Notes of this debtor secure a loan of the bank's. */
export function lentOn(world: Alliance, debtor: Firm, face: bigint): Hash {
  return lend(world, [receivable({ ...world, debtor }, face).note], face / 2n).loan;
}

/** Bounds that members may vote on, and that are not limiting until they do. */
export const BOUND_REFUSALS: readonly Refused[] = [
  [
    "the debtors of one group do not owe most of what secures a lender's loans, though none of them does",
    "CONCENTRATION_EXCEEDED",
    (world) => {
      withBusiness(world, { concentrationDebtorBp: 5_000, concentrationGroupBp: 6_000, concentrationFreeMinorUnits: 12_000 });
      lentOn(world, world.debtor, 6_000n);
      lentOn(world, debtorOf(world, 1, "group"), 5_000n);
      const other = { ...world, debtor: debtorOf(world, 2, "group") };
      const decision = decide(world, apply(world, [receivable(other, 5_000n).note], 4_000n), 4_000n);
      return world.chain.refusal(op("finance.accept", { decision }), world.seller);
    },
  ],
  [
    "nothing is lent on a debtor much of whose debt is overdue",
    "FINANCE_CAP_EXCEEDED",
    (world) => {
      withBusiness(world, { crossAgeBp: 2_000 });
      const behind = receivable(world, 2_001n, { maturityDay: dayOf(world.chain.timeMs) + 10 });
      late(world, behind.root, 10);
      const application = apply(world, [receivable(world, 8_000n).note], 4_000n);
      const override = { reason: "KNOWN_CUSTOMER", document: commitment("minutes") };
      const body = decideBody(world, application, 4_000n, { override });
      return world.chain.refusal(op("finance.decide", body), world.bank, by(world.bank, world.bank.checker));
    },
  ],
  [
    "what was due long ago is not contested any more, if members say so",
    "DEADLINE_PASSED",
    (world) => {
      withBusiness(world, { disputeDays: 5 });
      const { root, note } = receivable(world, 5_000n);
      late(world, root, 6);
      return world.chain.refusal(op("dispute.raise", disputeBody(note, 1_000n)), world.debtor);
    },
  ],
  [
    "a party signs only so many transactions a day",
    "QUOTA_EXCEEDED",
    (world) => {
      const { note } = receivable(world, 5_000n);
      withBusiness(world, { transactionsPerDayMax: 1 });
      const split = world.chain.act(op("note.split", { note, parts: [2_000n, 3_000n] }), world.seller);
      return world.chain.refusal(op("note.split", { note: split.created(), parts: [1_000n, 1_000n] }), world.seller);
    },
  ],
];
