import { dayOf as ledgerDayOf, startOfDay as ledgerStartOfDay } from "../ledger/calendar.ts";

/** The civil day of UTC+8 that a moment falls on, as the ledger counts days: since 1970-01-01. */
export const dayOf = ledgerDayOf;
/** The first moment of a civil day of UTC+8. */
export const startOfDay = ledgerStartOfDay;
