/** Outcome codes of ledger rules: name → [frozen integer, sentence for people]. Integers are part of receipts and never reused. */
export const CODES = {
  OK: [0, "The transaction took effect."],
  VERSION_MISMATCH: [1, "An object changed since the signers looked at it."],
  SIGNER_MISSING: [2, "A party that must sign has not signed."],
  POLICY_NOT_MET: [3, "The party's key policy asks for more makers or checkers."],
  BODY_INVALID: [4, "The operation's body does not have the form of its kind."],
  KIND_UNKNOWN: [5, "There is no operation of this kind."],
  NOT_FOUND: [6, "An object that the operation names does not exist."],
  ROLE_MISSING: [7, "The party does not have the role that this takes."],
  PARTY_INACTIVE: [8, "The party is not active."],
  LEGAL_ID_INVALID: [9, "The legal identifier has a wrong form or check digit."],
  LEGAL_ID_TAKEN: [10, "A party with this legal identifier is registered already."],
  KEY_TAKEN: [11, "The key is on the chain already."],
  KEY_NOT_OWN: [13, "The key belongs to another party."],
  KEY_REVOKED: [14, "The key is revoked already."],
  KEY_LAST: [15, "A party keeps at least one maker key."],
  POLICY_UNSATISFIABLE: [16, "The party has not the keys that the policy asks for."],
  SPONSOR_NOT_MEMBER: [17, "Only a member of the alliance sponsors a party."],
  NUMBER_TAKEN: [18, "A contract with this number exists between the two parties."],
  CURRENCY_UNKNOWN: [19, "ISO 4217 does not list the currency."],
  SAME_PARTY: [20, "The two parties are the same."],
  CONTRACT_CLOSED: [21, "The contract is not open."],
  CONTRACT_EXCEEDED: [22, "The amount exceeds what the contract covers with its tolerance."],
  DELIVERY_SETTLED: [23, "The delivery was accepted or rejected already."],
  AMOUNT_EXCEEDED: [24, "The amount exceeds what is there."],
  AMOUNT_ZERO: [25, "The amount must be positive."],
  FINGERPRINT_USED: [26, "There is a conflict with another record of this invoice: it cannot be financed twice."],
  INVOICE_EXCEEDS_ACCEPTED: [27, "The invoice exceeds the deliveries accepted and not yet invoiced."],
  INVOICE_MISMATCH: [28, "The invoice names other parties or another currency."],
  INVOICE_NOT_NORMAL: [29, "The invoice's tax status is not normal or was not verified."],
  INVOICE_USED_UP: [30, "The invoice's free amount does not cover this."],
  ATTESTATION_STALE: [31, "A newer attestation is on the chain."],
  TENOR_EXCEEDED: [32, "The maturity lies beyond the longest tenor."],
  TENOR_REASON_MISSING: [33, "A tenor beyond the usual limit needs a reason."],
  MATURITY_PAST: [34, "The maturity does not lie in the future."],
  DEBTOR_GATED: [35, "The debtor is overdue: it issues nothing, and no engine lends on what it owes."],
  WRONG_STATUS: [36, "The object's status does not allow this."],
  DEADLINE_PASSED: [37, "The deadline has passed."],
  CONFIRMED_EXCEEDS_FACE: [39, "No more than the face amount can be confirmed."],
  NOTE_NOT_OPEN: [40, "The note is not open: it is offered, reserved, pledged, assigned or spent."],
  NOTE_MOVED: [41, "A note of the receivable was moved or encumbered."],
  NOT_HOLDER: [42, "The note belongs to another holder."],
  PARTS_DO_NOT_ADD_UP: [43, "The parts do not add up to the note's amount."],
  PART_TOO_SMALL: [44, "A part is below the smallest amount of a note."],
  DEPTH_EXCEEDED: [45, "The note was split as deep as is allowed."],
  NOTES_EXCEEDED: [46, "The receivable has as many notes as is allowed."],
  PAST_CUTOFF: [47, "The maturity is too near or past: nothing moves any more."],
  TRANSFER_TO_DEBTOR: [48, "A note is not transferred to its own debtor."],
  TRANSFER_TO_SELF: [49, "The note is held by that party already."],
  EXPIRY_OUT_OF_RANGE: [50, "The expiry lies in the past or beyond the longest allowed."],
  APPLICATION_CLOSED: [51, "The application is not open any more."],
  LENDER_NOT_ASKED: [52, "The application does not ask this lender."],
  DECISION_EXISTS: [53, "The lender has a live decision on this application."],
  DECISION_NOT_LIVE: [54, "The decision is not live any more."],
  FINANCE_CAP_EXCEEDED: [55, "The amount exceeds the advance rate on the eligible notes."],
  FILING_MISSING: [56, "The loan has no registry filing."],
  FILING_TERM_SHORT: [57, "The filing ends before the loan."],
  SEARCH_MISSING: [58, "There is no fresh registry search after the filing."],
  SEARCH_NOT_CLEAN: [59, "The registry search shows other claims."],
  DISBURSEMENT_MISMATCH: [60, "The amount attested is not the amount ordered."],
  PAYMENT_DUPLICATE: [61, "This bank reference was attested already."],
  LINES_DO_NOT_ADD_UP: [62, "The payment's lines do not add up to its amount."],
  CURRENCY_MISMATCH: [63, "The currencies differ."],
  NOT_MATURED: [64, "The receivable has not matured."],
  PAYER_WRONG: [65, "The payment is not by a party that owes it."],
  LOAN_OUTSTANDING: [66, "The loan is not paid off."],
  LIST_REPEATS: [67, "The list names the same object twice."],
  REFERENCE_TAKEN: [69, "An object with this reference exists already."],
  DAY_OUT_OF_RANGE: [70, "The day lies outside what is allowed."],
  LEAVES_INCOMPLETE: [73, "The list does not name every live note of the receivable."],
  KEYS_EXCEEDED: [72, "The party has as many keys as is allowed."],
  MEMBER_TAKEN: [80, "There is a member of this name."],
  MEMBERS_EXCEEDED: [81, "The alliance has as many members as is allowed."],
  KEY_UNACCEPTABLE: [82, "The key is no canonical point of prime order."],
  NOT_AUTHORITY: [83, "The member runs no authority."],
  AUTHORITY_ALREADY: [84, "The member runs an authority already."],
  AUTHORITY_LAST: [85, "The last authority stays."],
  AUTHORITIES_EXCEEDED: [86, "There are as many authorities as is allowed."],
  AUTHORITIES_NOT_LIVE: [87, "Fewer authorities than the new quorum have shown within the last blocks that they run."],
  VOTERS_TOO_FEW: [88, "Fewer members than the new quorum would keep their governance vote."],
  VOTE_ENDED: [89, "The member's turns and governance vote are ended."],
  PROPOSAL_CLOSED: [90, "The proposal is not open any more."],
  WAYMARK_UNKNOWN: [91, "The block is none of those that readiness may name now."],
  PARAM_UNKNOWN: [92, "There is no chain parameter of this name."],
  PARAM_OUT_OF_RANGE: [93, "The parameters would be out of their bounds, or exclude each other."],
  FEATURE_HEIGHT_PAST: [94, "A feature is switched on at a height to come."],
  FEATURE_ACTIVE: [95, "The feature is active already."],
  FEATURES_EXCEEDED: [96, "There are as many features as is allowed."],
  SCORE_MISMATCH: [201, "The score is not the one that the ledger computes."],
  SCORE_TOO_LOW: [202, "The grade does not allow an approval."],
  ADVANCE_TOO_HIGH: [203, "The advance rate exceeds what grade, dilution and tenor allow."],
  LINE_EXCEEDED: [204, "The borrower would owe more than its line."],
  POLICY_NOT_IN_FORCE: [205, "The scorecard is not the one in force for this lender."],
  MODEL_NOT_IN_FORCE: [
    206,
    "The model is not registered, not this lender's, retired or out of date, or mode and model do not agree.",
  ],
  CARD_UNSOUND: [207, "The card's tables are incomplete or out of order."],
  NOTE_FROZEN: [74, "An authority has frozen the note."],
  NOTE_DISPUTED: [75, "The note is in dispute."],
  TERMS_BELOW_DELIVERED: [76, "The contract cannot cover less than was delivered under it."],
  CLAIMS_INCOMPLETE: [77, "The list does not name every note that relies on the contract or receivable."],
  CONSENT_NOT_ASKED: [78, "The party is not asked for its consent, or has given it."],
  AMENDMENT_STALE: [79, "What the amendment touches has changed since it was proposed."],
  CREDIT_EXCEEDS_INVOICE: [100, "The credit exceeds what is left of the invoice."],
  DILUTION_MISMATCH: [101, "The dilutions named are not what the credit takes from receivables."],
  EXTENSIONS_EXCEEDED: [102, "The maturity was put off as often as is allowed."],
  SETOFF_UNFOUNDED: [103, "The debtor's claim falls due later than the note and is not of the same contract."],
  DISCOUNT_EXCEEDED: [104, "The discount exceeds what is allowed."],
  PAYMENT_BUILT_UPON: [105, "Something later rests on the payment: reverse that first."],
  RECOURSE_NONE: [106, "The loan has no recourse to the borrower."],
  RECOURSE_PREMATURE: [107, "Nothing that secures the loan is overdue or was upheld in dispute."],
  PRICE_WRONG: [108, "The amount is not the price of buying back."],
  NOT_IN_DEFAULT: [109, "Neither the loan nor what secures it is in default."],
  GUARANTEE_EXHAUSTED: [110, "The guarantee does not cover this amount any more."],
  GUARANTEE_ENDED: [111, "The guarantee has run out."],
  GUARANTEES_EXCEEDED: [112, "The receivable has as many guarantees as is allowed."],
  LENDING_LINE_EXCEEDED: [113, "The lender's line to the borrower does not cover this."],
  PROGRAMME_EXCEEDED: [114, "The debtor's programme does not cover this."],
  FEE_NOT_ALLOWED: [115, "The fee is charged to somebody, or to an amount, that is not allowed."],
  FILING_ENDED: [116, "The filing is not active."],
  FILING_NEEDED: [117, "The loan still rests on the filing."],
  MEMBERS_TOO_FEW: [119, "Too few members stand for this."],
  PARTY_IS_MEMBER: [120, "A member answers to the members' votes."],
  RECOVERY_PENDING: [121, "A recovery of the party's keys is under way."],
  NOT_TRANSFERRED: [122, "The note did not come to its holder by a transfer."],
  INVOICE_DOUBTED: [123, "The invoice looks like another one, and its buyer has not confirmed it."],
  CONSENT_ENDED: [124, "The consent was revoked, has run out or is another party's."],
  ATTESTATION_MISSING: [210, "An engine decides by a score that it attests, or not at all."],
  OVERRIDE_UNSIGNED: [211, "Only an approval is made against gates, score or model, and a checker of the lender signs it."],
  RELATED_PARTIES: [212, "Seller and debtor, or borrower and debtor, belong to one group."],
  TRADE_CIRCULAR: [213, "What the seller sold comes back to it over other parties."],
  TRADE_GRAPH_WIDE: [214, "There are more counterparties than a search for circular trade looks at."],
  VELOCITY_EXCEEDED: [215, "The seller invoiced far more in a month than it usually does."],
  NEW_PAIR_CAPPED: [216, "More is open between seller and debtor than before a first payment may be."],
  TICKET_OUT_OF_BAND: [217, "The invoice is far above what the two parties usually trade."],
  INVOICE_STALE: [218, "The tax authority was last asked about the invoice too long ago."],
  EPOCH_WRONG: [219, "The fingerprints are not of the epoch in force, or not of every earlier one that counts."],
  TERM_RUNNING: [125, "The time that was given for this is not over yet."],
  CONCENTRATION_EXCEEDED: [126, "One debtor would owe too much of what secures the lender's loans."],
  RECEIVABLES_DIFFER: [118, "The notes are of different receivables."],
  GOODS_FROZEN: [230, "An alarm keeps the goods where they are."],
  GOODS_RECEIPTED: [231, "Receipts stand for these goods already."],
  GOODS_DIFFER: [232, "The goods are not of the kind that is asked for."],
  QUANTITY_EXCEEDED: [233, "The quantity exceeds what is there, was attested or was asked for."],
  MEASURE_INCOMPLETE: [234, "The measure is missing, or is not of these goods."],
  DEVICE_SEQ_WRONG: [235, "The device's sequence number does not follow its last one."],
  DEVICE_ELSEWHERE: [236, "No bound device that is named watches this zone."],
  ZONE_NOT_GREEN: [237, "An alarm is open where the goods lie."],
  ALARM_OPEN: [238, "An alarm of this party is open in the zone already."],
  INSPECTOR_MISSING: [239, "Nobody relies on the goods, so an inspector must say that all is well."],
  LENDERS_EXCEEDED: [240, "As many lenders have pledges in the zone as is allowed."],
  RECEIPT_NOT_OPEN: [241, "The receipt is not open: it is reserved, pledged or ended."],
  RECEIPT_ENDED: [242, "The time of storage is over."],
  RELEASE_PENDING: [243, "Goods of the receipt are asked for or about to leave."],
  RELEASE_NOT_APPROVED: [244, "No more leaves than was let go."],
  RELEASE_UNPAID: [245, "Margin and repayments do not reach so far."],
  PRICE_STALE: [246, "There is no fresh price of these goods."],
  PRICE_STEP_EXCEEDED: [247, "One attestation moves a price within a band only."],
  VALUE_TOO_LOW: [248, "What takes the place of pledged goods is worth no less."],
  MARGIN_CALLED: [249, "A margin call is running."],
  MARGIN_SUFFICIENT: [250, "The goods still cover the loan."],
  MARGIN_UNPAID: [251, "The buyer's margin is not paid."],
  LIQUIDATION_PREMATURE: [252, "Neither is a margin call unanswered nor is the loan long over."],
  PROCEEDS_TOO_LOW: [253, "Pledged goods are sold below the market only with a court."],
  KEEPER_MISSING: [254, "The keeper has not signed that it holds the goods for this lender."],
  ORDER_ENCUMBERED: [255, "The order is financed already, in advance, by its goods or as what it will bring."],
  SECURITY_NOT_PLEDGE: [256, "Goods and orders are pledged, not assigned."],
  DEADLINE_AHEAD: [257, "The day that was agreed has not passed."],
  LATE_INTEREST_EXCEEDED: [258, "More is paid for being late than is due for it."],
  QUOTA_EXCEEDED: [259, "A signer has signed as many transactions today as a party may."],
} as const satisfies Record<string, readonly [number, string]>;

export type Code = keyof typeof CODES;

const NAMES: ReadonlyMap<number, Code> = new Map((Object.keys(CODES) as Code[]).map((name) => [CODES[name][0], name]));

export function codeNumber(code: Code): number {
  return CODES[code][0];
}

/** The name of a receipt's integer; undefined for one that this version does not know. */
export function codeName(number: number): Code | undefined {
  return NAMES.get(number);
}

export function codeMessage(code: Code): string {
  return CODES[code][1];
}

/** Something that a rule looked at: a field of an object, of the operation's body, of the parameters or of the block. */
export interface Fact {
  /** The object's kind, or where else it was seen. */
  readonly of: string;
  readonly id: string | null;
  /** Empty: the object as a whole. */
  readonly field: string;
  readonly value: string;
}

/** Ends a transition: nothing of its transaction takes effect. Thrown inside the ledger only, and always caught by `execute.ts`. */
export class LedgerRejection extends Error {
  override readonly name = "LedgerRejection";
  readonly code: Code;
  /** What decided, as far as it is known where it is thrown; `refusal.ts` finds it for rules. */
  readonly facts: readonly Fact[];
  constructor(code: Code, facts: readonly Fact[] = []) {
    super(code);
    this.code = code;
    this.facts = facts;
  }
}

/** `condition` or the transaction fails with `code`. `facts` only where no rule is watched (`refusal.ts`). */
export function require(condition: boolean, code: Code, facts?: () => readonly Fact[]): asserts condition {
  if (!condition) throw new LedgerRejection(code, facts?.());
}
