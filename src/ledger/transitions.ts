import { gradeDebtor, registerModel, retireModel, setRiskPolicy } from "./credit/cards.ts";
import { snapshotScore } from "./credit/snapshot.ts";
import { apply, decide, withdrawApplication } from "./finance/application.ts";
import { payEarly } from "./finance/early-payment.ts";
import { attachGuarantee, payGuarantee } from "./finance/guarantee.ts";
import { payLate } from "./finance/late-payment.ts";
import { setLine, setProgramme } from "./finance/limits.ts";
import { acceptDecision, disbursed, disbursementFailed, orderDisbursement, releaseNotes } from "./finance/loan.ts";
import { attestPayment, attestProRata, repayLoan } from "./finance/payment.ts";
import { buyBack, demandRecourse, writeOff } from "./finance/recourse.ts";
import { cancelFiling, fileClaim, renewFiling, searchRegistry } from "./finance/registry.ts";
import { resell } from "./finance/resale.ts";
import { reversePayment } from "./finance/reversal.ts";
import { clearAlarm, raiseAlarm } from "./goods/alarm.ts";
import { attest } from "./goods/attest.ts";
import { bindDevice, unbindDevice } from "./goods/device.ts";
import { countStock, inboundLot } from "./goods/lot.ts";
import { callMargin, liquidate } from "./goods/margin.ts";
import { applyOnOrder } from "./goods/order.ts";
import { applyOnReceipts, pledgeReceipts, setFloor, substitute, topUp } from "./goods/pledge.ts";
import { openPrepayment, payMargin, redeemGoods, refund, refundDue } from "./goods/prepayment.ts";
import { attestPrice } from "./goods/price.ts";
import { issueReceipt, transferReceipt, voidReceipt } from "./goods/receipt.ts";
import { approveRelease, gateOut, requestRelease } from "./goods/release.ts";
import { registerWarehouse } from "./goods/warehouse.ts";
import { propose, vote, withdrawProposal } from "./governance/proposals.ts";
import { ready } from "./governance/readiness.ts";
import { grantConsent, revokeConsent } from "./parties/consent.ts";
import { addKey, revokeKey } from "./parties/keys.ts";
import { setPolicy } from "./parties/policy.ts";
import { recoverKey, refuseRecovery } from "./parties/recovery.ts";
import { register } from "./parties/register.ts";
import { resumeParty, suspendParty, updateParty } from "./parties/standing.ts";
import { consolidate } from "./receivables/consolidation.ts";
import { correctTransfer } from "./receivables/correction.ts";
import { awardDispute, raiseDispute, respondToDispute, settleDispute, withdrawDispute } from "./receivables/disputes.ts";
import { extend } from "./receivables/extension.ts";
import { compelTransfer, liftFreeze, placeFreeze } from "./receivables/freeze.ts";
import { acceptIssue, cancel, confirm, issueByDebtor, issueBySeller, reject, withdraw } from "./receivables/issue.ts";
import { acceptOffer, offer, rejectOffer, split, transfer, withdrawOffer } from "./receivables/notes.ts";
import { acknowledge } from "./receivables/notice.ts";
import { replaceReceivable } from "./receivables/replacement.ts";
import { setOff } from "./receivables/setoff.ts";
import { awardContest, contestTitle, releaseContest, settleContest } from "./receivables/title-contest.ts";
import { amendContract, terminateContract } from "./trade/amendment.ts";
import { consentToAmendment } from "./trade/consents.ts";
import { registerContract } from "./trade/contract.ts";
import { creditInvoice } from "./trade/credit.ts";
import { acceptDelivery, correctAcceptance, recordDelivery, rejectDelivery } from "./trade/delivery.ts";
import { attestInvoice, confirmInvoice, registerInvoice } from "./trade/invoice.ts";
import { attestOutsideClaim, registerVerified, releaseFingerprint, reserveFingerprint } from "./trade/verification.ts";
import type { Transition } from "./transition.ts";

/** Every operation of the ledger, by capability. A new one is added here and nowhere else. */
const ALL = [
  register,
  setPolicy,
  addKey,
  revokeKey,
  recoverKey,
  refuseRecovery,
  updateParty,
  suspendParty,
  resumeParty,
  grantConsent,
  revokeConsent,
  registerContract,
  amendContract,
  terminateContract,
  consentToAmendment,
  recordDelivery,
  acceptDelivery,
  rejectDelivery,
  correctAcceptance,
  registerInvoice,
  attestInvoice,
  creditInvoice,
  confirmInvoice,
  reserveFingerprint,
  releaseFingerprint,
  registerVerified,
  attestOutsideClaim,
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
  correctTransfer,
  consolidate,
  setOff,
  acknowledge,
  extend,
  replaceReceivable,
  raiseDispute,
  respondToDispute,
  withdrawDispute,
  settleDispute,
  awardDispute,
  placeFreeze,
  liftFreeze,
  compelTransfer,
  contestTitle,
  settleContest,
  awardContest,
  releaseContest,
  apply,
  withdrawApplication,
  decide,
  acceptDecision,
  searchRegistry,
  fileClaim,
  renewFiling,
  cancelFiling,
  orderDisbursement,
  disbursed,
  disbursementFailed,
  releaseNotes,
  attestPayment,
  attestProRata,
  payLate,
  repayLoan,
  propose,
  vote,
  withdrawProposal,
  ready,
  setRiskPolicy,
  gradeDebtor,
  registerModel,
  retireModel,
  snapshotScore,
  payEarly,
  reversePayment,
  demandRecourse,
  buyBack,
  writeOff,
  resell,
  attachGuarantee,
  payGuarantee,
  setLine,
  setProgramme,
  registerWarehouse,
  bindDevice,
  unbindDevice,
  attest,
  raiseAlarm,
  clearAlarm,
  inboundLot,
  countStock,
  issueReceipt,
  transferReceipt,
  voidReceipt,
  applyOnReceipts,
  pledgeReceipts,
  topUp,
  substitute,
  setFloor,
  requestRelease,
  approveRelease,
  gateOut,
  attestPrice,
  callMargin,
  liquidate,
  applyOnOrder,
  openPrepayment,
  payMargin,
  redeemGoods,
  refundDue,
  refund,
] as const;

type Declared = (typeof ALL)[number];
export type OperationKind = Declared["kind"];
/** The body that an operation of this kind takes. */
export type BodyOf<K extends OperationKind> = NonNullable<Extract<Declared, { readonly kind: K }>["bodyType"]>;

export const TRANSITIONS: ReadonlyMap<string, Transition> = new Map(
  ALL.map((transition) => [transition.kind, transition as Transition]),
);
