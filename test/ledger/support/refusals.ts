import { BOUND_REFUSALS } from "./refusals-bounds.ts";
import { CHANGES_REFUSALS } from "./refusals-changes.ts";
import { CONDITION_REFUSALS } from "./refusals-conditions.ts";
import { CREDIT_REFUSALS } from "./refusals-credit.ts";
import { FINANCE_REFUSALS } from "./refusals-finance.ts";
import { FINGERPRINT_REFUSALS } from "./refusals-fingerprints.ts";
import { GATE_REFUSALS } from "./refusals-gates.ts";
import { GOODS_REFUSALS } from "./refusals-goods.ts";
import { GOVERNANCE_REFUSALS } from "./refusals-governance.ts";
import { LATE_REFUSALS } from "./refusals-late.ts";
import { LOANS_REFUSALS } from "./refusals-loans.ts";
import { PARTIES_REFUSALS } from "./refusals-parties.ts";
import { PLEDGE_REFUSALS } from "./refusals-pledges.ts";
import { RECEIVABLES_REFUSALS } from "./refusals-receivables.ts";
import { STANDING_REFUSALS } from "./refusals-standing.ts";
import { TITLE_REFUSALS } from "./refusals-titles.ts";
import { TRADE_REFUSALS } from "./refusals-trade.ts";
import type { Refused } from "./refused.ts";

/** Everything that a user might try in vain. */
export const REFUSALS: readonly Refused[] = [
  ...PARTIES_REFUSALS,
  ...STANDING_REFUSALS,
  ...TRADE_REFUSALS,
  ...RECEIVABLES_REFUSALS,
  ...CHANGES_REFUSALS,
  ...FINANCE_REFUSALS,
  ...LOANS_REFUSALS,
  ...LATE_REFUSALS,
  ...GOVERNANCE_REFUSALS,
  ...CREDIT_REFUSALS,
  ...GATE_REFUSALS,
  ...FINGERPRINT_REFUSALS,
  ...CONDITION_REFUSALS,
  ...GOODS_REFUSALS,
  ...PLEDGE_REFUSALS,
  ...TITLE_REFUSALS,
  ...BOUND_REFUSALS,
];
