import { dayOf } from "../../../src/ledger/calendar.ts";
import { FIRST_CARD } from "../../../src/ledger/credit/scorecard.ts";
import { type Alliance, commitment, DAY_MS, HOUR_MS, invoiceBody, receivable } from "./alliance.ts";
import { op } from "./chain.ts";
import { attestingVerifier } from "./changes.ts";
import { applyBody } from "./finance.ts";
import { claimCode, contractFor, reserveCode, reserved, rotated } from "./fingerprints.ts";
import { trader } from "./gates.ts";
import { proposeBody } from "./governance.ts";
import { behind, type Refused } from "./refused.ts";

function registering(world: Alliance, contract = contractFor(world, 5_000n), verification = reserved(world)) {
  return world.chain.refusal(op("invoice.registerVerified", { contract, verification }), world.seller);
}

export const FINGERPRINT_REFUSALS: readonly Refused[] = [
  [
    "only a verifier holds an invoice",
    "ROLE_MISSING",
    (world) => reserveCode(world, { verifier: world.lender.id }, world.lender),
  ],
  ["for a firm that sells", "ROLE_MISSING", (world) => reserveCode(world, { seller: world.debtor.id, buyer: world.seller.id })],
  ["and another that buys", "SAME_PARTY", (world) => reserveCode(world, { buyer: world.seller.id })],
  ["in a currency that there is", "CURRENCY_UNKNOWN", (world) => reserveCode(world, { currency: "XYZ" })],
  ["with no more tax than total", "AMOUNT_EXCEEDED", (world) => reserveCode(world, { tax: 5_001n })],
  ["and not of tomorrow", "DAY_OUT_OF_RANGE", (world) => reserveCode(world, { issueDay: dayOf(world.chain.timeMs) + 1 })],
  [
    "nor for longer than is allowed",
    "EXPIRY_OUT_OF_RANGE",
    (world) => reserveCode(world, { expiresMs: world.chain.timeMs + 3 * DAY_MS }),
  ],
  ["fingerprints are of the epoch in force", "EPOCH_WRONG", (world) => reserveCode(world, { epoch: 2 })],
  [
    "and of every earlier one in which the invoice could have been registered",
    "EPOCH_WRONG",
    (world) => {
      const issueDay = dayOf(world.chain.timeMs);
      rotated(world, 2);
      return reserveCode(world, { epoch: 2, issueDay });
    },
  ],
  [
    "with a verifier an invoice is registered under the same rule",
    "EPOCH_WRONG",
    (world) => {
      rotated(world, 2);
      const body = invoiceBody(world, contractFor(world, 5_000n), 5_000n);
      return world.chain.refusal(op("invoice.register", body), world.seller, attestingVerifier(world));
    },
  ],
  [
    "what one verifier holds no other does",
    "FINGERPRINT_USED",
    (world) => {
      reserved(world);
      return reserveCode(world, {});
    },
  ],
  [
    "and nobody registers beside it",
    "FINGERPRINT_USED",
    (world) => {
      reserved(world);
      const body = invoiceBody(world, contractFor(world, 5_000n), 5_000n, { fingerprint: commitment("print") });
      return world.chain.refusal(op("invoice.register", body), world.seller, attestingVerifier(world));
    },
  ],
  [
    "what was registered under an earlier key is not held under the next",
    "FINGERPRINT_USED",
    (world) => {
      const contract = contractFor(world, 5_000n);
      world.chain.act(op("invoice.registerVerified", { contract, verification: reserved(world) }), world.seller);
      rotated(world, 2);
      return reserveCode(world, { epoch: 2, fingerprint: commitment("print 2"), earlier: [commitment("print")] });
    },
  ],
  [
    "what was seen financed outside is not held",
    "FINGERPRINT_USED",
    (world) => {
      claimCode(world);
      return reserveCode(world, {});
    },
  ],
  [
    "nor lent on, once that is known",
    "FINGERPRINT_USED",
    (world) => {
      const { note, invoice } = receivable(world, 5_000n);
      claimCode(world, { fingerprint: world.chain.read("invoice", invoice).fingerprint });
      return world.chain.refusal(op("finance.apply", applyBody(world, [note], 1_000n)), world.seller);
    },
  ],
  [
    "what is held is registered in time, even if the due queue lags",
    "DEADLINE_PASSED",
    (world) => {
      const contract = contractFor(world, 5_000n);
      const verification = reserved(world);
      behind(world);
      world.chain.pass(11 * HOUR_MS);
      return world.chain.refusal(op("invoice.registerVerified", { contract, verification }), world.seller);
    },
  ],
  [
    "under a contract of the same two",
    "INVOICE_MISMATCH",
    (world) => registering(world, contractFor({ ...world, debtor: trader(world, 9) }, 5_000n)),
  ],
  [
    "with accepted deliveries for all of it",
    "INVOICE_EXCEEDS_ACCEPTED",
    (world) => registering(world, contractFor(world, 4_999n)),
  ],
  [
    "and once",
    "NOT_FOUND",
    (world) => {
      const [contract, verification] = [contractFor(world, 50_000n), reserved(world)];
      world.chain.act(op("invoice.registerVerified", { contract, verification }), world.seller);
      return registering(world, contract, verification);
    },
  ],
  [
    "who neither verifies nor lends says nothing of claims outside",
    "ROLE_MISSING",
    (world) => {
      const body = {
        by: world.seller.id,
        fingerprint: commitment("p"),
        source: "BANK",
        proof: commitment("p"),
        seenMs: 1,
        status: "ACTIVE",
      } as const;
      return world.chain.refusal(op("fingerprint.claim", body), world.seller);
    },
  ],
  ["a claim is not of tomorrow", "EXPIRY_OUT_OF_RANGE", (world) => claimCode(world, { seenMs: world.chain.timeMs + HOUR_MS })],
  ["what nobody claims is not lifted", "NOT_FOUND", (world) => claimCode(world, { status: "LIFTED" })],
  [
    "a claim is lifted by a newer look",
    "ATTESTATION_STALE",
    (world) => {
      const seenMs = world.chain.timeMs;
      claimCode(world, { seenMs });
      return claimCode(world, { seenMs, status: "LIFTED" });
    },
  ],
  [
    "and by who saw it",
    "REFERENCE_TAKEN",
    (world) => {
      claimCode(world);
      return world.chain.refusal(
        op("fingerprint.claim", {
          by: world.lender.id,
          fingerprint: commitment("print"),
          source: "REGISTRY",
          proof: commitment("p"),
          seenMs: world.chain.timeMs,
          status: "LIFTED",
        }),
        world.lender,
      );
    },
  ],
  [
    "epochs follow one another",
    "EPOCH_WRONG",
    (world) => {
      const change = { kind: "rotateFingerprintKey", epoch: 3, key: commitment("key 3") } as const;
      return world.chain.refusal(op("governance.propose", proposeBody(world, change)), world.bank);
    },
  ],
  [
    "the alliance's scorecard has every feature",
    "CARD_UNSOUND",
    (world) => {
      const change = { kind: "setScorecard", card: { ...FIRST_CARD, tables: FIRST_CARD.tables.slice(1) } } as const;
      return world.chain.refusal(op("governance.propose", proposeBody(world, change)), world.bank);
    },
  ],
];
