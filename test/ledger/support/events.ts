import { decode } from "../../../src/codec/cbor.ts";
import type { Schema } from "../../../src/codec/schema.ts";
import { EVENTS } from "../../../src/ledger/transition.ts";
import type { TxReceipt } from "../../../src/types/transaction.ts";

/** What of a kind the transaction reported. */
export function events<K extends keyof typeof EVENTS>(receipt: TxReceipt, kind: K) {
  return receipt.events
    .filter((event) => event.kind === kind)
    .map((event) => {
      const decoded = decode<unknown>(EVENTS[kind] as unknown as Schema<unknown>, event.data, 65_536);
      if (!decoded.ok) throw new Error(`event does not decode: ${decoded.error.detail}`);
      return decoded.value as ReturnType<(typeof EVENTS)[K]["read"]>;
    });
}
