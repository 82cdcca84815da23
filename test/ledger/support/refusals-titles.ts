import { PARAM_ID } from "../../../src/ledger/ids.ts";
import type { LedgerObject } from "../../../src/ledger/kinds.ts";
import { BUSINESS_DEFAULTS, type BusinessParams } from "../../../src/types/genesis.ts";
import type { Hash } from "../../../src/types/scalars.ts";
import { type Alliance, commitment, receivable } from "./alliance.ts";
import { op } from "./chain.ts";
import { contested, passDays } from "./changes.ts";
import { apply, decide, lend } from "./finance.ts";
import type { Refused } from "./refused.ts";

const evidence = commitment("a letter");
const document = commitment("award");

function contest({ chain, seller }: Alliance, note: Hash) {
  return chain.refusal(op("title.contest", { note, evidence }), seller);
}

function released(world: Alliance) {
  const made = contested(world);
  passDays(world, 31);
  world.chain.act(op("title.release", { contest: made.contest }), world.supplier);
  return made;
}

/** As if the members had always wanted it so. */
export function withBusiness({ chain }: Alliance, change: Partial<BusinessParams>): void {
  const param = chain.read("param", PARAM_ID);
  const values = { ...param.values, business: { ...BUSINESS_DEFAULTS, ...param.values.business, ...change } };
  chain.objects.set(`param${PARAM_ID}`, { ...param, values } as unknown as LedgerObject);
}

export const TITLE_REFUSALS: readonly Refused[] = [
  [
    "a note whose title is contested is contested once at a time",
    "NOTE_FROZEN",
    (world) => contest(world, contested(world).note),
  ],
  [
    "a note that nobody transferred has no title to contest",
    "NOT_TRANSFERRED",
    (world) => contest(world, receivable(world, 5_000n).note),
  ],
  ["one passing of a note is contested once", "REFERENCE_TAKEN", (world) => contest(world, released(world).note)],
  [
    "a contest that is over is not settled",
    "WRONG_STATUS",
    (world) => {
      const settlement = op("title.settle", { contest: released(world).contest, returns: true });
      return world.chain.refusal(settlement, world.seller, world.supplier);
    },
  ],
  [
    "a bank decides no title",
    "ROLE_MISSING",
    (world) => {
      const body = { contest: contested(world).contest, authority: world.bank.id, returns: true, document };
      return world.chain.refusal(op("title.award", body), world.bank);
    },
  ],
  [
    "a contest that is over is not awarded",
    "WRONG_STATUS",
    (world) => {
      const body = { contest: released(world).contest, authority: world.court.id, returns: true, document };
      return world.chain.refusal(op("title.award", body), world.court);
    },
  ],
  [
    "a contest is released once",
    "WRONG_STATUS",
    (world) => world.chain.refusal(op("title.release", { contest: released(world).contest }), world.supplier),
  ],
  [
    "a holder waits until the time for a decision is over",
    "TERM_RUNNING",
    (world) => {
      const { contest: id } = contested(world);
      passDays(world, 29);
      return world.chain.refusal(op("title.release", { contest: id }), world.supplier);
    },
  ],
  [
    "who contests a title does not execute on it",
    "WRONG_STATUS",
    (world) => {
      const body = { freeze: contested(world).contest, to: world.seller.id, document };
      return world.chain.refusal(op("freeze.transfer", body), world.seller);
    },
  ],
  [
    "a contested note is not passed on",
    "NOTE_FROZEN",
    (world) => {
      const { note } = contested(world);
      return world.chain.refusal(op("note.transfer", { note, to: world.guarantor.id }), world.supplier, world.guarantor);
    },
  ],
  [
    "one debtor does not owe most of what secures a lender's loans",
    "CONCENTRATION_EXCEEDED",
    (world) => {
      withBusiness(world, { concentrationDebtorBp: 5_000, concentrationFreeMinorUnits: 8_000 });
      lend(world, [receivable(world, 5_000n).note], 4_000n);
      const decision = decide(world, apply(world, [receivable(world, 5_000n).note], 4_000n), 4_000n);
      return world.chain.refusal(op("finance.accept", { decision }), world.seller);
    },
  ],
];
