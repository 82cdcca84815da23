import { dayOf } from "../../../src/ledger/calendar.ts";
import type { Hash, MemberId } from "../../../src/types/scalars.ts";
import { commitment, invoiceBody, receivable, terms } from "./alliance.ts";
import { by, op } from "./chain.ts";
import { acceptedDelivery, attestingVerifier, consentBody, lookalike, recovering, recoveryBody, reliedUpon } from "./changes.ts";
import { applyBody } from "./finance.ts";
import { rotated } from "./fingerprints.ts";
import { testKey } from "./firm.ts";
import type { Refused } from "./refused.ts";

const reason = commitment("reason");
const newKey = testKey("key of a new card");

/** Who a party is, whether it may act, what it consented to; and what was a mistake. */
export const STANDING_REFUSALS: readonly Refused[] = [
  [
    "a role of the alliance does not come by an update",
    "ROLE_MISSING",
    ({ chain, supplier, platform }) => {
      const body = { party: supplier.id, roles: ["LENDER", "SELLER"], size: "SME" } as const;
      return chain.refusal(op("party.update", body), supplier, platform);
    },
  ],
  [
    "nobody suspends a member",
    "PARTY_IS_MEMBER",
    ({ chain, bank, court }) => chain.refusal(op("party.suspend", { party: bank.id, by: court.id, reason }), court),
  ],
  [
    "another platform suspends nobody",
    "ROLE_MISSING",
    ({ chain, supplier, lender }) => chain.refusal(op("party.suspend", { party: supplier.id, by: lender.id, reason }), lender),
  ],
  [
    "who is suspended is not suspended again",
    "PARTY_INACTIVE",
    ({ chain, supplier, platform, court }) => {
      chain.act(op("party.suspend", { party: supplier.id, by: platform.id, reason }), platform);
      return chain.refusal(op("party.suspend", { party: supplier.id, by: court.id, reason }), court);
    },
  ],
  [
    "a note does not go to who is suspended",
    "PARTY_INACTIVE",
    (world) => {
      const { chain, supplier, platform, seller } = world;
      const { note } = receivable(world, 5_000n);
      const expiresMs = chain.timeMs + 3_600_000;
      chain.act(op("party.suspend", { party: supplier.id, by: platform.id, reason }), platform);
      return chain.refusal(op("note.offer", { note, to: supplier.id, expiresMs }), seller);
    },
  ],
  [
    "who is not suspended does not resume",
    "WRONG_STATUS",
    ({ chain, supplier, platform }) =>
      chain.refusal(op("party.resume", { party: supplier.id, by: platform.id, reason }), platform),
  ],
  [
    "a platform does not lift what a regulator ordered",
    "ROLE_MISSING",
    ({ chain, supplier, platform, court }) => {
      chain.act(op("party.suspend", { party: supplier.id, by: court.id, reason }), court);
      return chain.refusal(op("party.resume", { party: supplier.id, by: platform.id, reason }), platform);
    },
  ],
  [
    "one member alone does not replace a party's keys",
    "MEMBERS_TOO_FEW",
    (world) => {
      const { chain, bank, supplier } = world;
      const body = recoveryBody(world, { members: ["zbank" as MemberId] });
      return chain.refusal(op("key.recover", body), bank, by(supplier, newKey));
    },
  ],
  [
    "a member does not vouch for itself",
    "SAME_PARTY",
    (world) => {
      const { chain, bank, court } = world;
      return chain.refusal(op("key.recover", recoveryBody(world, { party: bank.id })), bank, court, by(bank, newKey));
    },
  ],
  [
    "a key in use recovers nothing",
    "KEY_TAKEN",
    (world) => {
      const { chain, bank, court, supplier } = world;
      return chain.refusal(op("key.recover", recoveryBody(world, { key: supplier.maker.key })), bank, court, supplier);
    },
  ],
  [
    "the new key shows that it is held",
    "SIGNER_MISSING",
    (world) => world.chain.refusal(op("key.recover", recoveryBody(world)), world.bank, world.court),
  ],
  [
    "keys are recovered one at a time",
    "RECOVERY_PENDING",
    (world) => {
      recovering(world);
      const { chain, bank, court, supplier } = world;
      const other = testKey("key of another card");
      return chain.refusal(op("key.recover", recoveryBody(world, { key: other.key })), bank, court, by(supplier, other));
    },
  ],
  [
    "what was refused is not refused again",
    "WRONG_STATUS",
    (world) => {
      recovering(world);
      const { chain, supplier } = world;
      chain.act(op("key.refuseRecovery", { party: supplier.id }), supplier);
      return chain.refusal(op("key.refuseRecovery", { party: supplier.id }), supplier);
    },
  ],
  [
    "nobody consents to what it does itself",
    "SAME_PARTY",
    (world) => world.chain.refusal(op("consent.grant", consentBody(world, { to: world.seller.id })), world.seller),
  ],
  [
    "a consent is to somebody known",
    "NOT_FOUND",
    (world) => world.chain.refusal(op("consent.grant", consentBody(world, { to: commitment("nobody") })), world.seller),
  ],
  [
    "no consent begins after its end",
    "EXPIRY_OUT_OF_RANGE",
    (world) => world.chain.refusal(op("consent.grant", consentBody(world, { untilMs: world.chain.timeMs })), world.seller),
  ],
  [
    "a consent is revoked once",
    "WRONG_STATUS",
    (world) => {
      const consent = world.chain.act(op("consent.grant", consentBody(world)), world.seller).created();
      world.chain.act(op("consent.revoke", { consent }), world.seller);
      return world.chain.refusal(op("consent.revoke", { consent }), world.seller);
    },
  ],
  [
    "nobody applies on a consent that was revoked",
    "CONSENT_ENDED",
    (world) => {
      const consent = world.chain.act(op("consent.grant", consentBody(world)), world.seller).created();
      world.chain.act(op("consent.revoke", { consent }), world.seller);
      const body = applyBody(world, [receivable(world, 5_000n).note], 4_000n, { consent });
      return world.chain.refusal(op("finance.apply", body), world.seller);
    },
  ],
  [
    "an invoice that looks like another backs no finance",
    "INVOICE_DOUBTED",
    (world) => {
      const { contract, invoice } = lookalike(world);
      const { chain, seller, debtor } = world;
      const root = chain.act(op("receivable.issueBySeller", terms(world, { contract, invoice }, 5_000n)), seller).created();
      const note = chain.act(op("receivable.confirm", { receivable: root, mode: "EXISTENCE", amount: 5_000n }), debtor).created();
      return chain.refusal(op("finance.apply", applyBody(world, [note], 4_000n)), seller);
    },
  ],
  [
    "what nobody doubts needs no confirmation",
    "WRONG_STATUS",
    (world) => world.chain.refusal(op("invoice.confirm", { invoice: receivable(world, 5_000n).invoice }), world.debtor),
  ],
  [
    "an invoice of an earlier epoch is known as well",
    "FINGERPRINT_USED",
    (world) => {
      const { contract } = lookalike(world);
      const earlier = [world.chain.all("invoice")[0]?.fingerprint as Hash];
      rotated(world, 2);
      const body = invoiceBody(world, contract, 1n, { epoch: 2, earlier });
      return world.chain.refusal(op("invoice.register", body), world.seller, attestingVerifier(world));
    },
  ],
  [
    "what was not accepted is not returned to inspection",
    "WRONG_STATUS",
    (world) => {
      const delivery = acceptedDelivery(world);
      world.chain.act(op("delivery.returnAcceptance", { delivery }), world.debtor, world.seller);
      return world.chain.refusal(op("delivery.returnAcceptance", { delivery }), world.debtor, world.seller);
    },
  ],
  [
    "an acceptance on which an invoice rests stands",
    "INVOICE_EXCEEDS_ACCEPTED",
    (world) => {
      const delivery = acceptedDelivery(world);
      const { contract } = world.chain.read("delivery", delivery);
      world.chain.act(op("invoice.register", invoiceBody(world, contract, 1n)), world.seller, attestingVerifier(world));
      return world.chain.refusal(op("delivery.returnAcceptance", { delivery }), world.debtor, world.seller);
    },
  ],
  [
    "and so does one in whose place another delivery has come",
    "CONTRACT_EXCEEDED",
    (world) => {
      const { chain, seller, debtor } = world;
      const first = acceptedDelivery(world);
      const { contract } = chain.read("delivery", first);
      const rest = { contract, amount: 9_999_500n, day: dayOf(chain.timeMs), evidence: reason };
      const delivery = chain.act(op("delivery.record", rest), seller).created();
      chain.act(op("delivery.accept", { delivery, amount: 9_999_400n }), debtor);
      chain.act(op("delivery.record", { ...rest, amount: 100n }), seller);
      return chain.refusal(op("delivery.returnAcceptance", { delivery }), debtor, seller);
    },
  ],
  [
    "what was not transferred is not returned",
    "NOT_TRANSFERRED",
    (world) => world.chain.refusal(op("note.returnTransfer", { note: receivable(world, 5_000n).note }), world.seller),
  ],
  [
    "a transfer on which something was built stands",
    "NOTE_NOT_OPEN",
    (world) => {
      const { chain, supplier, seller, bank } = world;
      const { note } = reliedUpon(world);
      chain.act(op("finance.apply", applyBody(world, [note], 1_000n, { lenders: [bank.id] })), supplier);
      return chain.refusal(op("note.returnTransfer", { note }), supplier, seller);
    },
  ],
];
