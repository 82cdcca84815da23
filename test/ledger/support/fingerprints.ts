import { dayOf } from "../../../src/ledger/calendar.ts";
import type { BodyOf } from "../../../src/ledger/transitions.ts";
import type { Hash } from "../../../src/types/scalars.ts";
import { type Alliance, commitment, HOUR_MS } from "./alliance.ts";
import { by, op, type Signing } from "./chain.ts";
import { acceptedDelivery, attestingVerifier } from "./changes.ts";
import { decide } from "./governance.ts";

export function reserveBody(
  { chain, verifier, seller, debtor }: Alliance,
  change: Partial<BodyOf<"fingerprint.reserve">> = {},
): BodyOf<"fingerprint.reserve"> {
  return {
    verifier: verifier.id,
    seller: seller.id,
    buyer: debtor.id,
    currency: "CNY",
    total: 5_000n,
    tax: 500n,
    issueDay: dayOf(chain.timeMs),
    document: commitment("invoice file"),
    epoch: 1,
    fingerprint: commitment("print"),
    earlier: [],
    likenesses: [],
    earlierLikenesses: [],
    doubted: false,
    expiresMs: chain.timeMs + 10 * HOUR_MS,
    ...change,
  };
}

/** What a verifier holds for the seller; its id. */
export function reserved(world: Alliance, change: Partial<BodyOf<"fingerprint.reserve">> = {}): Hash {
  return world.chain.act(op("fingerprint.reserve", reserveBody(world, change)), attestingVerifier(world)).created();
}

export function reserveCode(world: Alliance, change: Partial<BodyOf<"fingerprint.reserve">>, ...signings: readonly Signing[]) {
  const who = signings.length === 0 ? [attestingVerifier(world)] : signings;
  return world.chain.refusal(op("fingerprint.reserve", reserveBody(world, change)), ...who);
}

/** A contract under which `amount` was delivered and accepted. */
export function contractFor(world: Alliance, amount: bigint): Hash {
  return world.chain.read("delivery", acceptedDelivery(world, amount)).contract;
}

export function claimBody(
  { chain, bank }: Alliance,
  change: Partial<BodyOf<"fingerprint.claim">> = {},
): BodyOf<"fingerprint.claim"> {
  return {
    by: bank.id,
    fingerprint: commitment("print"),
    source: "REGISTRY",
    proof: commitment("extract of the registry"),
    seenMs: chain.timeMs,
    status: "ACTIVE",
    ...change,
  };
}

export function claimCode(world: Alliance, change: Partial<BodyOf<"fingerprint.claim">> = {}) {
  const { chain, bank } = world;
  return chain.refusal(op("fingerprint.claim", claimBody(world, change)), by(bank, bank.attester));
}

/** The members put the next key in force. */
export function rotated(world: Alliance, epoch: number): void {
  decide(world, { kind: "rotateFingerprintKey", epoch, key: commitment(`key ${epoch}`) });
}
