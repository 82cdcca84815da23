import { toHex } from "../lib/bytes.ts";
import type { VerifyItem } from "../ports/crypto.ts";
import { LIMITS } from "../types/limits.ts";
import type { Envelope } from "../types/transaction.ts";

/** Two commits of the largest set for each block that is checked ahead. */
const KEPT_MAX = 2 * LIMITS.authoritiesMax * LIMITS.syncCheckAheadMax;

/**
 * What this node verified a moment ago and need not verify again: a block carries its parent's commit, which came with the parent; a
 * fetched block's transactions are verified before its turn. Bounded; what is forgotten is verified once more.
 */
export class VerifiedSignatures {
  readonly #items = new Set<string>();
  readonly #envelopes = new WeakSet<Envelope>();

  has(item: VerifyItem): boolean {
    return this.#items.has(nameOf(item));
  }

  add(item: VerifyItem): void {
    if (this.#items.size >= KEPT_MAX) this.#items.delete(this.#items.values().next().value as string);
    this.#items.add(nameOf(item));
  }

  hasEnvelope(envelope: Envelope): boolean {
    return this.#envelopes.has(envelope);
  }

  /** All signatures of this very envelope are sound. */
  addEnvelope(envelope: Envelope): void {
    this.#envelopes.add(envelope);
  }
}

/** All three, since a signature is sound only for a key and a message. */
function nameOf({ key, message, signature }: VerifyItem): string {
  return key + toHex(message) + toHex(signature);
}
