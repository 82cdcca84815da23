import type { BlockId, Hash, Height, MemberId, PublicKey, TimeMs } from "./scalars.ts";
import type { ValidatorSet } from "./validator-set.ts";

/** Chain parameters: numbers every node must share, changed only by governance. Units last in the names. */
export interface ChainParams {
  readonly txWindowMs: number;
  readonly blockBytesMax: number;
  readonly blockTxMax: number;
  readonly blockIntervalMs: number;
  readonly heartbeatMs: number;
  /** Days in which a debtor must confirm a receivable issued by its seller. */
  readonly confirmDays: number;
  readonly offerTtlMs: number;
  readonly reserveTtlMs: number;
  readonly payByTtlMs: number;
  readonly searchTtlMs: number;
  /** Bank days before maturity after which nothing moves. */
  readonly cutoffDays: number;
  readonly graceDays: number;
  readonly tenorSoftMonths: number;
  readonly tenorHardMonths: number;
  readonly splitDepthMax: number;
  readonly notesPerRootMax: number;
  readonly noteMinorUnitsMin: number;
  /** Numbers of the business alone; absent, `BUSINESS_DEFAULTS` hold. */
  readonly business?: BusinessParams;
}

/** Parameters that only the ledger's rules read (domain.md §2.3). */
export interface BusinessParams {
  /** Days after the maturity from which an unpaid receivable is in default. */
  readonly defaultDays: number;
  /** Penalty for each day of delay, on what is owed late. */
  readonly penaltyDailyBp: number;
  readonly reversalWindowDays: number;
  /** How often a maturity may be put off. */
  readonly extensionsMax: number;
  /** Discount of an early payment, of the face. */
  readonly earlyDiscountMaxBp: number;
  /** Fees that a borrower and a lender may be charged for a loan, of its principal. */
  readonly feeBorrowerMaxBp: number;
  readonly feeLenderMaxBp: number;
  /** How long a recovery of keys stands open to objection, and how many members must vouch for it. */
  readonly recoveryDelayMs: number;
  readonly recoveryMembersMin: number;
  /** How long who held a note before keeps it where it is by contesting that it passed. */
  readonly contestDays: number;
  /** Of what secures a lender's loans, how much one debtor may owe; and up to which sum that does not matter. */
  readonly concentrationDebtorBp: number;
  readonly concentrationFreeMinorUnits: number;
  /** Members that together stand for an authority that has no key. */
  readonly freezeMembersMin: number;
  readonly poAdvanceBp: number;
  readonly ltvCapBp: number;
  readonly ltvCallBp: number;
  readonly ltvLiquidateBp: number;
  readonly deviceHeartbeatMs: number;
  /** After how many days a note that has ended leaves the state; networks from before this number do not name it. */
  readonly terminalDays?: number;
  /** Of what secures a lender's loans, how much the debtors of one group may owe. This and what follows: as with `terminalDays`. */
  readonly concentrationGroupBp?: number;
  /** Of what a debtor owes, how much may be overdue before nothing of it is lent on. */
  readonly crossAgeBp?: number;
  /** How many days after the maturity a debtor may still contest. */
  readonly disputeDays?: number;
  /** How many transactions a party that is no member may sign in a day; 0: any number. */
  readonly transactionsPerDayMax?: number;
}

export const BUSINESS_DEFAULTS: Required<BusinessParams> = {
  defaultDays: 90,
  penaltyDailyBp: 5,
  reversalWindowDays: 30,
  extensionsMax: 1,
  earlyDiscountMaxBp: 1_000,
  // 银发〔2025〕77号 is read as: the holder of a certificate pays no fee.
  feeBorrowerMaxBp: 0,
  feeLenderMaxBp: 200,
  recoveryDelayMs: 72 * 3_600_000,
  recoveryMembersMin: 2,
  contestDays: 30,
  // All of it: a bound is for members to set.
  concentrationDebtorBp: 10_000,
  concentrationFreeMinorUnits: 100_000_000,
  freezeMembersMin: 3,
  poAdvanceBp: 5_000,
  ltvCapBp: 7_000,
  ltvCallBp: 8_000,
  ltvLiquidateBp: 9_000,
  deviceHeartbeatMs: 300_000,
  terminalDays: 400,
  // Not limiting: bounds are for members to set.
  concentrationGroupBp: 10_000,
  crossAgeBp: 10_000,
  disputeDays: 3_660,
  transactionsPerDayMax: 0,
};

export type KeyPurpose = "MAKER" | "CHECKER" | "ENGINE" | "DEVICE" | "ATTEST";

/** Who a firm is to the outside: Chinese firms by their USCC (统一社会信用代码), others by scheme and value. */
export interface LegalId {
  readonly scheme: string;
  readonly value: string;
}

export interface GenesisKey {
  readonly key: PublicKey;
  readonly purpose: KeyPurpose;
}

/** An organisation of the alliance. Its order in the genesis is the member order of protocol.md §4. */
export interface GenesisMember {
  readonly id: MemberId;
  readonly legalId: LegalId;
  /** Roles of the member as a party. */
  readonly roles: readonly string[];
  /** Ed25519 key of its libp2p node. */
  readonly nodeKey: PublicKey;
  /** Consensus key if the member is an authority. */
  readonly authorityKey?: PublicKey;
  /** First keys of the member's own party. */
  readonly keys: readonly GenesisKey[];
}

/** `chain = H("genesis", encoding)`. No addresses: those lie beside it. */
export interface Genesis {
  readonly v: 1;
  readonly network: string;
  readonly timeMs: TimeMs;
  /** "driven" takes wall time from one source that the launcher writes; only for local networks. */
  readonly clock: "wall" | "driven";
  readonly members: readonly GenesisMember[];
  readonly params: ChainParams;
}

export interface ChainIdentity {
  readonly chain: Hash;
  readonly genesis: Genesis;
}

/** A block that an operator knows to be final, from a source beside the network. */
export interface Checkpoint {
  readonly height: Height;
  readonly id: BlockId;
}

/** The authorities of the first height, in member order. */
export function authoritiesOf({ members }: Genesis): ValidatorSet {
  return members.flatMap(({ id, authorityKey }) => (authorityKey === undefined ? [] : [{ member: id, key: authorityKey }]));
}
