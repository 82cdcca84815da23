import { isFingerprintKey, keyCommitment } from "../gateways/fingerprints.ts";
import { CodedError } from "../lib/coded-error.ts";

export class FingerprintKeyError extends CodedError<
  "FINGERPRINT_KEYS_WRONG" | "FINGERPRINT_KEY_MISSING" | "FINGERPRINT_KEY_OTHER"
> {
  override readonly name = "FingerprintKeyError";
}

/** An epoch as the chain shows it: `key` is a commitment, null where the members never voted on one. */
export interface ChainEpoch {
  readonly epoch: number;
  readonly fromMs: number;
  readonly key: string | null;
}

/** A chain on which nobody voted on a key yet. */
export const FIRST_EPOCH: ChainEpoch = { epoch: 1, fromMs: 0, key: null };

const EPOCHS_MAX = 64;

/** The alliance's keys by epoch, from a verifier's own secret file: `{"1": "64 hex digits", "2": …}`. Never logged, never sent. */
export class FingerprintKeys {
  readonly #keys: ReadonlyMap<number, Uint8Array>;

  constructor(keys: ReadonlyMap<number, Uint8Array>) {
    this.#keys = keys;
  }

  /** Throws FingerprintKeyError, without a word of what the text says. */
  static fromText(text: string): FingerprintKeys {
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      throw new FingerprintKeyError("FINGERPRINT_KEYS_WRONG", "the file of fingerprint keys is not JSON");
    }
    const entries = typeof parsed === "object" && parsed !== null ? Object.entries(parsed) : [];
    const keys = new Map<number, Uint8Array>();
    for (const [epoch, hex] of entries) {
      const key = typeof hex === "string" && /^[0-9a-f]*$/.test(hex) ? Uint8Array.from(Buffer.from(hex, "hex")) : undefined;
      if (!/^[1-9][0-9]{0,8}$/.test(epoch) || key === undefined || !isFingerprintKey(key))
        throw new FingerprintKeyError("FINGERPRINT_KEYS_WRONG", "expected keys of 64 hex digits by the number of their epoch");
      keys.set(Number(epoch), key);
    }
    if (keys.size === 0 || keys.size > EPOCHS_MAX)
      throw new FingerprintKeyError("FINGERPRINT_KEYS_WRONG", `expected from 1 to ${EPOCHS_MAX} keys`);
    return new FingerprintKeys(keys);
  }

  get epochs(): readonly number[] {
    return [...this.#keys.keys()].sort((left, right) => left - right);
  }

  /** The key of an epoch, if it is the one that the members voted for. Throws FingerprintKeyError. */
  keyOf({ epoch, key: commitment }: ChainEpoch): Uint8Array {
    const key = this.#keys.get(epoch);
    if (key === undefined)
      throw new FingerprintKeyError(
        "FINGERPRINT_KEY_MISSING",
        `the key of epoch ${epoch} is not in the file of fingerprint keys`,
      );
    if (commitment !== null && keyCommitment(key) !== commitment)
      throw new FingerprintKeyError(
        "FINGERPRINT_KEY_OTHER",
        `the key of epoch ${epoch} is not the one that the members voted for`,
      );
    return key;
  }
}
