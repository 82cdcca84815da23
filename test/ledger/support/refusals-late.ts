import { paymentId } from "../../../src/ledger/ids.ts";
import type { Hash } from "../../../src/types/scalars.ts";
import { type Alliance, commitment, receivable } from "./alliance.ts";
import { by, op } from "./chain.ts";
import { freezeBody } from "./changes.ts";
import { divided, endedLate, late, lateBody, pay, paymentBody, proRataBody } from "./finance.ts";
import type { Refused } from "./refused.ts";

const bankOf = ({ bank }: Alliance) => by(bank, bank.attester);

/** The first payment of the world is reversed. */
function reversal({ chain, bank }: Alliance, kind: string) {
  const payment = chain.all("payment").find((each) => each.kind === kind);
  if (payment === undefined) throw new Error("nothing was paid");
  return op("payment.reverse", { payment: paymentId(bank.id, payment.reference), evidence: commitment("return") });
}

/** Interest on what is paid late. */
export const LATE_REFUSALS: readonly Refused[] = [
  [
    "nobody takes more for being late than the part that is paid has earned",
    "LATE_INTEREST_EXCEEDED",
    (world) => {
      const { root, note } = receivable(world, 100_000n);
      late(world, root, 10);
      const body = paymentBody(world, [{ note, amount: 40_000n }], { amount: 40_201n, late: 201n });
      return world.chain.refusal(op("payment.attest", body), bankOf(world));
    },
  ],
  [
    "in the days of grace nothing is earned",
    "LATE_INTEREST_EXCEEDED",
    (world) => {
      const { root, note } = receivable(world, 100_000n);
      late(world, root, 3);
      const body = paymentBody(world, [{ note, amount: 100_000n }], { amount: 100_001n, late: 1n });
      return world.chain.refusal(op("payment.attest", body), bankOf(world));
    },
  ],
  [
    "what is for being late is beside the lines",
    "LINES_DO_NOT_ADD_UP",
    (world) => {
      const { root, note } = receivable(world, 100_000n);
      late(world, root, 10);
      const body = paymentBody(world, [{ note, amount: 100_000n }], { late: 500n });
      return world.chain.refusal(op("payment.attest", body), bankOf(world));
    },
  ],
  [
    "nor is more taken for the receivable as a whole",
    "LATE_INTEREST_EXCEEDED",
    (world) => {
      const { root, notes } = divided(world, [40_000n, 60_000n]);
      late(world, root, 10);
      const body = { ...proRataBody(world, root, notes, 100_501n), late: 501n };
      return world.chain.refusal(op("payment.attestProRata", body), bankOf(world));
    },
  ],
  [
    "a payment shared among notes pays some of them",
    "AMOUNT_ZERO",
    (world) => {
      const { root, notes } = divided(world, [40_000n, 60_000n]);
      late(world, root, 10);
      const body = { ...proRataBody(world, root, notes, 500n), late: 500n };
      return world.chain.refusal(op("payment.attestProRata", body), bankOf(world));
    },
  ],
  [
    "what is due for being late is not paid twice",
    "LATE_INTEREST_EXCEEDED",
    (world) => {
      const { note, due } = endedLate(world);
      world.chain.act(op("payment.late", lateBody(world, note, due)), bankOf(world));
      return world.chain.refusal(op("payment.late", lateBody(world, note, 1n)), bankOf(world));
    },
  ],
  [
    "on a note that is still owed interest is paid with it",
    "LATE_INTEREST_EXCEEDED",
    (world) => {
      const { root, note } = receivable(world, 100_000n);
      late(world, root, 10);
      return world.chain.refusal(op("payment.late", lateBody(world, note, 1n)), bankOf(world));
    },
  ],
  [
    "interest is attested by a bank",
    "ROLE_MISSING",
    (world) => {
      const { note, due } = endedLate(world);
      return world.chain.refusal(op("payment.late", { ...lateBody(world, note, due), bank: world.seller.id }), world.seller);
    },
  ],
  [
    "lines of interest add up",
    "LINES_DO_NOT_ADD_UP",
    (world) => {
      const { note, due } = endedLate(world);
      return world.chain.refusal(op("payment.late", { ...lateBody(world, note, due), amount: due + 1n }), bankOf(world));
    },
  ],
  [
    "interest is paid in the receivable's currency",
    "CURRENCY_MISMATCH",
    (world) => {
      const { note, due } = endedLate(world);
      return world.chain.refusal(op("payment.late", lateBody(world, note, due, { currency: "EUR" })), bankOf(world));
    },
  ],
  [
    "and by its debtor",
    "PAYER_WRONG",
    (world) => {
      const { note, due } = endedLate(world);
      return world.chain.refusal(op("payment.late", lateBody(world, note, due, { payer: world.seller.id })), bankOf(world));
    },
  ],
  [
    "while an order keeps the money of a note, its interest waits",
    "NOTE_FROZEN",
    (world) => {
      const { root, note } = receivable(world, 100_000n);
      world.chain.act(op("freeze.place", freezeBody(world, note, 100_000n)), world.court);
      late(world, root, 10);
      pay(world, [{ note, amount: 100_000n }]);
      return world.chain.refusal(op("payment.late", lateBody(world, note, 500n)), bankOf(world));
    },
  ],
  [
    "a payment on whose delay interest was paid since is reversed after that",
    "PAYMENT_BUILT_UPON",
    (world) => {
      const { note, due } = endedLate(world);
      world.chain.act(op("payment.late", lateBody(world, note, due)), bankOf(world));
      return world.chain.refusal(reversal(world, "DEBT"), bankOf(world));
    },
  ],
  [
    "interest is not taken back on a note that has left the state",
    "NOT_FOUND",
    (world) => {
      const { note, due } = endedLate(world);
      world.chain.act(op("payment.late", lateBody(world, note, due)), bankOf(world));
      world.chain.objects.delete(`note${note as Hash}`);
      return world.chain.refusal(reversal(world, "LATE"), bankOf(world));
    },
  ],
];
