import { equalBytes, toLatin1 } from "../lib/bytes.ts";
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
  /** By the signature's bytes. */
  readonly #items = new Map<string, VerifyItem>();
  readonly #envelopes = new WeakSet<Envelope>();

  /** A signature is sound only for a key and a message. */
  has({ key, message, signature }: VerifyItem): boolean {
    const known = this.#items.get(toLatin1(signature));
    return known !== undefined && known.key === key && equalBytes(known.message, message);
  }

  add(item: VerifyItem): void {
    if (this.#items.size >= KEPT_MAX) this.#items.delete(this.#items.keys().next().value as string);
    this.#items.set(toLatin1(item.signature), item);
  }

  hasEnvelope(envelope: Envelope): boolean {
    return this.#envelopes.has(envelope);
  }

  /** All signatures of this very envelope are sound. */
  addEnvelope(envelope: Envelope): void {
    this.#envelopes.add(envelope);
  }
}
