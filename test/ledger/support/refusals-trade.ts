import { dayOf } from "../../../src/ledger/calendar.ts";
import type { Hash } from "../../../src/types/scalars.ts";
import { commitment, contractBody, invoiceBody, trade } from "./alliance.ts";
import { accepted, contractOf, delivered, deliveryBody } from "./catalog.ts";
import { op } from "./chain.ts";
import type { Refused } from "./refused.ts";

const _nobody = commitment("nobody");

export const TRADE_REFUSALS: readonly Refused[] = [
  [
    "only a verifier attests invoices",
    "ROLE_MISSING",
    (world) => {
      const { invoice } = trade(world, 5_000n);
      const body = { invoice, verifier: world.bank.id, status: "NORMAL", checkedMs: world.chain.timeMs } as const;
      return world.chain.refusal(op("invoice.attest", body), world.bank);
    },
  ],
  [
    "a contract's number is used once between two parties",
    "NUMBER_TAKEN",
    (world) => {
      contractOf(world);
      return world.chain.refusal(op("contract.register", contractBody(world)), world.seller, world.debtor);
    },
  ],
  [
    "a currency is one of ISO 4217",
    "CURRENCY_UNKNOWN",
    (world) => world.chain.refusal(op("contract.register", contractBody(world, { currency: "ABC" })), world.seller, world.debtor),
  ],
  [
    "nobody trades with itself",
    "SAME_PARTY",
    (world) => world.chain.refusal(op("contract.register", contractBody(world, { buyer: world.seller.id })), world.seller),
  ],
  [
    "no more is delivered than the contract covers",
    "CONTRACT_EXCEEDED",
    (world) => {
      const contract = contractOf(world);
      return world.chain.refusal(op("delivery.record", deliveryBody(world, contract, 10_000_001n)), world.seller);
    },
  ],
  [
    "a delivery is accepted or rejected once",
    "DELIVERY_SETTLED",
    (world) => {
      const { delivery } = accepted(world, 500n);
      return world.chain.refusal(op("delivery.reject", { delivery }), world.debtor);
    },
  ],
  [
    "no more is accepted than was delivered",
    "AMOUNT_EXCEEDED",
    (world) => world.chain.refusal(op("delivery.accept", { delivery: delivered(world, 500n), amount: 501n }), world.debtor),
  ],
  [
    "an invoice is registered once, on whatever platform",
    "FINGERPRINT_USED",
    (world) => {
      const { contract } = trade(world, 5_000n, { total: 10_000n });
      const { seller, verifier, chain, debtor } = world;
      const fingerprint = chain.all("invoice")[0]?.fingerprint as Hash;
      const delivery = chain.act(op("delivery.record", deliveryBody(world, contract, 5_000n)), seller).created();
      chain.act(op("delivery.accept", { delivery, amount: 5_000n }), debtor);
      return chain.refusal(op("invoice.register", invoiceBody(world, contract, 5_000n, { fingerprint })), seller, verifier);
    },
  ],
  [
    "an invoice does not exceed what was accepted",
    "INVOICE_EXCEEDS_ACCEPTED",
    (world) => {
      const { contract } = accepted(world, 500n);
      return world.chain.refusal(op("invoice.register", invoiceBody(world, contract, 501n)), world.seller, world.verifier);
    },
  ],
  [
    "an older answer of the tax authority does not replace a newer one",
    "ATTESTATION_STALE",
    (world) => {
      const { invoice } = trade(world, 5_000n);
      const { verifier, chain } = world;
      const checkedMs = chain.read("invoice", invoice).verifiedMs;
      return chain.refusal(op("invoice.attest", { invoice, verifier: verifier.id, status: "VOID", checkedMs }), verifier);
    },
  ],
  [
    "an invoice is not of tomorrow",
    "DAY_OUT_OF_RANGE",
    (world) => {
      const { contract } = accepted(world, 500n);
      const body = invoiceBody(world, contract, 500n, { issueDay: dayOf(world.chain.timeMs) + 1 });
      return world.chain.refusal(op("invoice.register", body), world.seller, world.verifier);
    },
  ],
];
