import type { Schema } from "../codec/schema.ts";
import { type Kind, type LedgerObject, type ObjectOf, SCHEMAS } from "./objects.ts";

export type { Kind, LedgerObject, ObjectOf } from "./objects.ts";

/** A total that summaries read: counted and summed under a scope (a party or member) by status and currency. */
export interface Total {
  readonly scope: string;
  readonly status: string;
  readonly currency: string;
  readonly amount: bigint;
}

export interface KindDeclaration {
  readonly schema: Schema<LedgerObject>;
  /** Whether RPC lists it. */
  readonly public: boolean;
  /** Indexed fields: sortable text of the object; numbers padded by `sortable`. */
  readonly indices: Readonly<Record<string, (object: never) => string>>;
  readonly totals?: (object: never) => readonly Total[];
}

/** A number as text that sorts as the number does. */
export function sortable(value: number): string {
  return String(value).padStart(16, "0");
}

function declare<K extends Kind>(
  kind: K,
  indices: Readonly<Record<string, (object: ObjectOf<K>) => string>>,
  totals?: (object: ObjectOf<K>) => readonly Total[],
): KindDeclaration {
  const declaration = {
    schema: SCHEMAS[kind] as unknown as Schema<LedgerObject>,
    public: true,
    indices: indices as KindDeclaration["indices"],
  };
  return totals === undefined ? declaration : { ...declaration, totals: totals as (object: never) => readonly Total[] };
}

function internal(kind: Kind): KindDeclaration {
  return { schema: SCHEMAS[kind] as unknown as Schema<LedgerObject>, public: false, indices: {} };
}

/** Every kind of object, in one table: schema, what lists may ask for, what summaries add up. */
export const KINDS: Readonly<Record<Kind, KindDeclaration>> = {
  member: declare("member", {
    name: (member) => member.name,
    party: (member) => member.party,
    role: (member) => (member.authorityKey === undefined ? "follower" : "authority"),
  }),
  party: declare("party", {
    sponsor: (party) => party.sponsor,
    status: (party) => party.status,
    scheme: (party) => party.legalId.scheme,
    legalId: (party) => party.legalId.value,
  }),
  consent: declare("consent", { party: (consent) => consent.party, to: (consent) => consent.to }),
  recovery: declare("recovery", { party: (recovery) => recovery.party, status: (recovery) => recovery.status }),
  bankDays: declare("bankDays", { year: (days) => sortable(days.year) }),
  key: declare("key", { party: (key) => key.party }),
  contract: declare("contract", {
    seller: (contract) => contract.seller,
    buyer: (contract) => contract.buyer,
    status: (contract) => contract.status,
  }),
  amendment: declare("amendment", { target: (amendment) => amendment.target, status: (amendment) => amendment.status }),
  delivery: declare("delivery", { contract: (delivery) => delivery.contract, status: (delivery) => delivery.status }),
  invoice: declare("invoice", {
    seller: (invoice) => invoice.seller,
    buyer: (invoice) => invoice.buyer,
    contract: (invoice) => invoice.contract,
    fingerprint: (invoice) => invoice.fingerprint,
    taxStatus: (invoice) => invoice.taxStatus,
  }),
  verification: declare("verification", {
    verifier: (verification) => verification.verifier,
    seller: (verification) => verification.seller,
    fingerprint: (verification) => verification.fingerprint,
  }),
  outsideClaim: declare("outsideClaim", { by: (claim) => claim.by, status: (claim) => claim.status }),
  fingerprintEpochs: declare("fingerprintEpochs", {}),
  receivable: declare(
    "receivable",
    {
      seller: (receivable) => receivable.seller,
      debtor: (receivable) => receivable.debtor,
      status: (receivable) => receivable.status,
      maturityDay: (receivable) => sortable(receivable.maturityDay),
      contract: (receivable) => receivable.contract,
    },
    ({ seller, debtor, status, currency, face }) =>
      ["all", seller, debtor].map((scope) => ({ scope, status, currency, amount: face })),
  ),
  note: declare(
    "note",
    {
      holder: (note) => note.holder,
      receivable: (note) => note.receivable,
      position: (note) => note.position,
    },
    ({ holder, position, currency, amount: value }) =>
      ["all", holder].map((scope) => ({ scope, status: position, currency, amount: value })),
  ),
  offer: declare("offer", {
    note: (offer) => offer.note,
    from: (offer) => offer.from,
    to: (offer) => offer.to,
    status: (offer) => offer.status,
  }),
  notice: declare("notice", { receivable: (notice) => notice.receivable, to: (notice) => notice.to, by: (notice) => notice.by }),
  application: declare("application", {
    borrower: (application) => application.borrower,
    status: (application) => application.status,
  }),
  decision: declare("decision", {
    application: (decision) => decision.application,
    lender: (decision) => decision.lender,
    status: (decision) => decision.status,
  }),
  loan: declare(
    "loan",
    {
      lender: (loan) => loan.lender,
      borrower: (loan) => loan.borrower,
      status: (loan) => loan.status,
      application: (loan) => loan.application,
    },
    ({ lender, borrower, status, currency, principal }) =>
      ["all", lender, borrower].map((scope) => ({ scope, status, currency, amount: principal })),
  ),
  line: declare("line", { lender: (line) => line.lender, borrower: (line) => line.borrower }),
  exposure: declare("exposure", {
    lender: (exposure) => exposure.lender,
    debtor: (exposure) => exposure.debtor ?? (exposure.group === null ? "all" : "group"),
  }),
  debtorAge: declare("debtorAge", { debtor: (age) => age.debtor }),
  programme: declare("programme", { debtor: (programme) => programme.debtor }),
  dispute: declare("dispute", {
    receivable: (dispute) => dispute.receivable,
    note: (dispute) => dispute.note,
    status: (dispute) => dispute.status,
  }),
  freeze: declare("freeze", { note: (freeze) => freeze.note, status: (freeze) => freeze.status }),
  guarantee: declare("guarantee", {
    guarantor: (guarantee) => guarantee.guarantor,
    receivable: (guarantee) => guarantee.receivable,
  }),
  payment: declare(
    "payment",
    { payer: (payment) => payment.payer, bank: (payment) => payment.bank, valueDay: (payment) => sortable(payment.valueDay) },
    ({ payer, bank, status, currency, amount: value }) =>
      ["all", payer, bank].map((scope) => ({ scope, status, currency, amount: value })),
  ),
  filing: declare("filing", { by: (filing) => filing.by, loan: (filing) => filing.loan, status: (filing) => filing.status }),
  search: declare("search", { by: (search) => search.by, subject: (search) => search.subject }),
  param: declare("param", {}),
  proposal: declare("proposal", {
    status: (proposal) => proposal.status,
    by: (proposal) => proposal.by,
    change: (proposal) => proposal.change.kind,
  }),
  feature: declare("feature", { name: (feature) => feature.name, height: (feature) => sortable(feature.height) }),
  readiness: declare("readiness", { member: (readiness) => readiness.member }),
  turns: internal("turns"),
  creditFacts: declare("creditFacts", { party: (facts) => facts.party }),
  tradePair: declare("tradePair", { seller: (pair) => pair.seller, debtor: (pair) => pair.debtor }),
  tradeLinks: declare("tradeLinks", { party: (links) => links.party }),
  debtorGrade: declare("debtorGrade", { debtor: (grade) => grade.debtor }),
  riskPolicy: declare("riskPolicy", { lender: (policy) => policy.lender ?? "" }),
  scoreSnapshot: declare("scoreSnapshot", { party: (snapshot) => snapshot.party, grade: (snapshot) => snapshot.grade }),
  modelCard: declare("modelCard", {
    lender: (model) => model.lender,
    status: (model) => model.status,
    onnx: (model) => model.onnx,
  }),
  evidence: declare("evidence", { authority: (evidence) => evidence.authority }),
  warehouse: declare("warehouse", { operator: (warehouse) => warehouse.operator, city: (warehouse) => warehouse.city }),
  zone: declare("zone", {
    warehouse: (zone) => zone.warehouse,
    operator: (zone) => zone.operator,
    frozen: (zone) => zone.frozen,
  }),
  device: declare("device", {
    operator: (device) => device.operator,
    warehouse: (device) => device.warehouse,
    zone: (device) => device.zone,
    kind: (device) => device.kind,
    status: (device) => device.status,
  }),
  attestation: declare("attestation", {
    severity: (attestation) => attestation.severity,
    recordedMs: (attestation) => sortable(attestation.recordedMs),
  }),
  alarm: declare("alarm", {
    zone: (alarm) => alarm.zone,
    by: (alarm) => alarm.by,
    severity: (alarm) => alarm.severity,
    status: (alarm) => alarm.status,
  }),
  lot: declare("lot", {
    warehouse: (lot) => lot.warehouse,
    zone: (lot) => lot.zone,
    depositor: (lot) => lot.depositor,
    status: (lot) => lot.status,
  }),
  warehouseReceipt: declare("warehouseReceipt", {
    holder: (receipt) => receipt.holder,
    lot: (receipt) => receipt.lot,
    zone: (receipt) => receipt.zone,
    operator: (receipt) => receipt.operator,
    position: (receipt) => receipt.position,
    ref: (receipt) => receipt.ref ?? "",
  }),
  price: declare("price", { goods: (price) => price.goods, currency: (price) => price.currency }),
  prepayment: declare("prepayment", {
    buyer: (prepayment) => prepayment.buyer,
    seller: (prepayment) => prepayment.seller,
    lender: (prepayment) => prepayment.lender,
    status: (prepayment) => prepayment.status,
  }),
  lotTags: internal("lotTags"),
  warehouseNumber: internal("warehouseNumber"),
  quota: internal("quota"),
  members: internal("members"),
  features: internal("features"),
  legalId: internal("legalId"),
  contractNumber: internal("contractNumber"),
  bankReference: internal("bankReference"),
  fingerprint: internal("fingerprint"),
  dueDays: internal("dueDays"),
  dueDay: internal("dueDay"),
  dueBucket: internal("dueBucket"),
};
