import { objectId as ledgerObjectId, partyId as ledgerPartyId } from "../ledger/ids.ts";

/** The id of the `child`-th object that operation `op` of a transaction creates; known before it is signed. */
export const objectId = ledgerObjectId;
/** The id of the party with a legal identifier. */
export const partyId = ledgerPartyId;
