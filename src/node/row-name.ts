import { toHex } from "../lib/bytes.ts";
import { nameOfChainRow } from "./chain-keys.ts";
import { nameOfLedgerRow } from "./store-keys.ts";

/** What a row of the store is, in words for an operator; its bytes if it is none that this version writes. */
export function nameOfRow(key: Uint8Array): string {
  return nameOfLedgerRow(key) ?? nameOfChainRow(key) ?? `row ${toHex(key)}`;
}
