import { gradeDebtor, registerModel, retireModel, setRiskPolicy } from "./credit/cards.ts";
import { apply, decide, withdrawApplication } from "./finance/application.ts";
import { acceptDecision, disbursed, disbursementFailed, orderDisbursement, releaseNotes } from "./finance/loan.ts";
import { attestPayment, attestProRata, repayLoan } from "./finance/payment.ts";
import { fileClaim, searchRegistry } from "./finance/registry.ts";
import { propose, vote, withdrawProposal } from "./governance/proposals.ts";
import { ready } from "./governance/readiness.ts";
import { addKey, revokeKey } from "./parties/keys.ts";
import { setPolicy } from "./parties/policy.ts";
import { register } from "./parties/register.ts";
import { acceptIssue, cancel, confirm, issueByDebtor, issueBySeller, reject, withdraw } from "./receivables/issue.ts";
import { acceptOffer, offer, rejectOffer, split, transfer, withdrawOffer } from "./receivables/notes.ts";
import { registerContract } from "./trade/contract.ts";
import { acceptDelivery, recordDelivery, rejectDelivery } from "./trade/delivery.ts";
import { attestInvoice, registerInvoice } from "./trade/invoice.ts";
import type { Transition } from "./transition.ts";

/** Every operation of the ledger, by capability. A new one is added here and nowhere else. */
const ALL = [
  register,
  setPolicy,
  addKey,
  revokeKey,
  registerContract,
  recordDelivery,
  acceptDelivery,
  rejectDelivery,
  registerInvoice,
  attestInvoice,
  issueByDebtor,
  acceptIssue,
  issueBySeller,
  confirm,
  reject,
  withdraw,
  cancel,
  split,
  offer,
  acceptOffer,
  rejectOffer,
  withdrawOffer,
  transfer,
  apply,
  withdrawApplication,
  decide,
  acceptDecision,
  searchRegistry,
  fileClaim,
  orderDisbursement,
  disbursed,
  disbursementFailed,
  releaseNotes,
  attestPayment,
  attestProRata,
  repayLoan,
  propose,
  vote,
  withdrawProposal,
  ready,
  setRiskPolicy,
  gradeDebtor,
  registerModel,
  retireModel,
] as const;

type Declared = (typeof ALL)[number];
export type OperationKind = Declared["kind"];
/** The body that an operation of this kind takes. */
export type BodyOf<K extends OperationKind> = NonNullable<Extract<Declared, { readonly kind: K }>["bodyType"]>;

export const TRANSITIONS: ReadonlyMap<string, Transition> = new Map(
  ALL.map((transition) => [transition.kind, transition as Transition]),
);
