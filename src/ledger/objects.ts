import { bool, choice, hash, type Infer, int, list, struct } from "../codec/schema.ts";
import { CREDIT_SCHEMAS } from "./credit/objects.ts";
import { base } from "./fields.ts";
import { FINANCE_SCHEMAS } from "./finance/objects.ts";
import { GOODS_SCHEMAS } from "./goods/objects.ts";
import { GOVERNANCE_SCHEMAS } from "./governance/objects.ts";
import { PARTY_SCHEMAS } from "./parties/objects.ts";
import { RECEIVABLE_SCHEMAS } from "./receivables/objects.ts";
import { TRADE_SCHEMAS } from "./trade/objects.ts";

/** The queue of what falls due (`due.ts`), readable without a scan. */
const DUE_SCHEMAS = {
  dueDays: struct({ ...base, days: list(int(), { max: 100_000 }) }),
  dueDay: struct({ ...base, minutes: list(int(), { max: 1_440 }) }),
  dueBucket: struct({
    ...base,
    /** Items in this bucket and below it. */
    count: int(),
    /** Whether its items lie in buckets below, by the next hex digit of the object's id. */
    divided: bool,
    items: list(
      struct({
        target: choice(
          "offer",
          "application",
          "decision",
          "loan",
          "receivable",
          "delivery",
          "recovery",
          "proposal",
          "verification",
          "device",
          "endedNote",
          "endedRoot",
        ),
        object: hash,
      }),
      {
        max: 64,
      },
    ),
  }),
} as const;

/** Every kind of object in the state: each capability declares its own. */
export const SCHEMAS = {
  ...PARTY_SCHEMAS,
  ...TRADE_SCHEMAS,
  ...RECEIVABLE_SCHEMAS,
  ...FINANCE_SCHEMAS,
  ...GOODS_SCHEMAS,
  ...CREDIT_SCHEMAS,
  ...GOVERNANCE_SCHEMAS,
  ...DUE_SCHEMAS,
} as const;

export type Kind = keyof typeof SCHEMAS;
export type ObjectOf<K extends Kind> = Infer<(typeof SCHEMAS)[K]>;
export type LedgerObject = { readonly id: string; readonly version: number };
