import type { Prng } from "../../src/lib/prng.ts";

/** Something that takes bytes from outside. */
export interface Target {
  readonly name: string;
  /** How inputs are changed: as CBOR, item by item, or as text, token by token. */
  readonly form: "cbor" | "text";
  /** Inputs to begin with; those that reach new code join them. */
  readonly corpus: readonly Uint8Array[];
  /** A sound input made from the grammar, where there is one. */
  readonly fresh?: (random: Prng) => Uint8Array;
  /**
   * Whether the input was taken. Throws what a decoder or handler must never do: an error that is no rejection, bytes taken that are not
   * the one encoding of what they mean, a node that ends.
   */
  readonly check: (input: Uint8Array) => boolean | Promise<boolean>;
}

export class Finding extends Error {
  override readonly name = "Finding";
}
