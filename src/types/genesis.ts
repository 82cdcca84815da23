import type { Hash, MemberId, PublicKey, TimeMs } from "./scalars.ts";

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
}

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
