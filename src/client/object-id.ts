import { attestationId as ledgerAttestationId } from "../ledger/goods/device.ts";
import { receiptId as ledgerReceiptId } from "../ledger/goods/receipt.ts";
import { zoneId as ledgerZoneId } from "../ledger/goods/zone.ts";
import {
  freshObjectId as ledgerFreshObjectId,
  objectId as ledgerObjectId,
  partyId as ledgerPartyId,
  paymentId as ledgerPaymentId,
} from "../ledger/ids.ts";

/** The id of the `child`-th object that operation `op` of a transaction creates; known before it is signed. */
export const objectId = ledgerObjectId;
/** The id of the `nth` object that an operation creates beside its numbered ones: parts carved out of a note, notes that come back. */
export const freshObjectId = ledgerFreshObjectId;
/** The id of the party with a legal identifier. */
export const partyId = ledgerPartyId;
/** The id of the payment that a bank attests under a reference. */
export const paymentId = ledgerPaymentId;
/** The id of the receipt that a keeper issues under a number. */
export const receiptId = ledgerReceiptId;
/** The id of a zone of a warehouse, by its name. */
export const zoneId = ledgerZoneId;
/** The id of a device's newest word, by the device's id, which is its key. */
export const attestationId = ledgerAttestationId;
