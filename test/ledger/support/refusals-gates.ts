import { LIMITS } from "../../../src/types/limits.ts";
import { commitment, DAY_MS, HOUR_MS, receivable } from "./alliance.ts";
import { by, op } from "./chain.ts";
import { application, attestedNow, decideBodyBy } from "./credit.ts";
import { decideBody, mature } from "./finance.ts";
import { approval, circle, related, sells, trader } from "./gates.ts";
import type { Refused } from "./refused.ts";

const override = { reason: "KNOWN_CUSTOMER", document: commitment("minutes") };

export const GATE_REFUSALS: readonly Refused[] = [
  [
    "an engine approves nothing without a score that it attests",
    "ATTESTATION_MISSING",
    (world) =>
      world.chain.refusal(op("finance.decide", decideBody(world, application(world), 1_000n)), by(world.bank, world.bank.engine)),
  ],
  [
    "nor does it decline without one",
    "ATTESTATION_MISSING",
    (world) => {
      const body = decideBody(world, application(world), 0n, { outcome: "DECLINE" });
      return world.chain.refusal(op("finance.decide", body), by(world.bank, world.bank.engine));
    },
  ],
  [
    "nobody lends against the score without a checker",
    "OVERRIDE_UNSIGNED",
    (world) => {
      const body = decideBodyBy(world, application(world), attestedNow(world), { override });
      return world.chain.refusal(op("finance.decide", body), by(world.bank, world.bank.engine));
    },
  ],
  [
    "only an approval goes against anything",
    "OVERRIDE_UNSIGNED",
    (world) => {
      const body = decideBody(world, application(world), 0n, { outcome: "DECLINE", override });
      return world.chain.refusal(op("finance.decide", body), world.bank, by(world.bank, world.bank.checker));
    },
  ],
  [
    "a borrower that was suspended meanwhile gets nothing",
    "PARTY_INACTIVE",
    (world) => {
      const { chain, platform, seller } = world;
      const applied = application(world);
      const body = { party: seller.id, by: platform.id, reason: commitment("suspicion") };
      chain.act(op("party.suspend", body), platform);
      return chain.refusal(op("finance.decide", decideBody(world, applied, 1_000n)), world.bank);
    },
  ],
  [
    "what a debtor in delay owes is not lent on",
    "DEBTOR_GATED",
    (world) => {
      const late = receivable(world, 100_000n);
      mature(world, late.root);
      world.chain.pass(10 * DAY_MS);
      return approval(world, [receivable(world, 100_000n).note]);
    },
  ],
  [
    "trade within a group is not financed",
    "RELATED_PARTIES",
    (world) => {
      related(world);
      return approval(world, [receivable(world, 100_000n).note]);
    },
  ],
  [
    "what the buyer sells straight back is not financed",
    "TRADE_CIRCULAR",
    (world) => approval(world, [circle(world, 0, 90_000n)]),
  ],
  ["nor what comes back over one more", "TRADE_CIRCULAR", (world) => approval(world, [circle(world, 1, 90_000n)])],
  ["nor over two more", "TRADE_CIRCULAR", (world) => approval(world, [circle(world, 2, 90_000n)])],
  [
    "an application over more pairs than are looked at is for a person",
    "TRADE_GRAPH_WIDE",
    (world) => {
      const notes = Array.from(
        { length: LIMITS.gatePairsMax + 1 },
        (_, index) => receivable({ ...world, debtor: trader(world, index) }, 100_000n).note,
      );
      return approval(world, notes);
    },
  ],
  [
    "invoicing far more than usual is looked at by a person",
    "VELOCITY_EXCEEDED",
    (world) => {
      for (let month = 0; month < 4; month++) {
        sells(world, world.seller, world.debtor, 100_000n);
        world.chain.pass(31 * DAY_MS);
      }
      return approval(world, [receivable(world, 900_000n).note]);
    },
  ],
  [
    "so is much between two that are new to each other",
    "NEW_PAIR_CAPPED",
    (world) => approval(world, [receivable(world, 500_000_001n).note]),
  ],
  [
    "and an invoice ten times the others",
    "TICKET_OUT_OF_BAND",
    (world) => {
      for (let count = 0; count < 3; count++) receivable(world, 10_000n);
      return approval(world, [receivable(world, 100_001n).note]);
    },
  ],
  [
    "the tax authority's word is of today",
    "INVOICE_STALE",
    (world) => {
      const { note } = receivable(world, 100_000n);
      world.chain.pass(25 * HOUR_MS);
      return approval(world, [note]);
    },
  ],
];
