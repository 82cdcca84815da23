declare const brand: unique symbol;

/** A base type that may not be mixed with another use of the same base type. */
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };

/** 32 bytes as 64 lower-case hex digits. Hashes and keys are hex in memory, since they are compared, sorted and used as map keys. */
export type Hash = Brand<string, "Hash">;
/** `H("tx", encoding without signatures)`. */
export type TxId = Hash & { readonly __tx?: never };
/** `H("block", header)`. */
export type BlockId = Hash & { readonly __block?: never };
/** Ed25519 public key, 32 bytes as 64 lower-case hex digits. */
export type PublicKey = Brand<string, "PublicKey">;
/** 64 bytes: R ‖ S of RFC 8032. */
export type Signature = Uint8Array;
/** Short name of a member organisation, `[a-z][a-z0-9-]{1,31}`. */
export type MemberId = Brand<string, "MemberId">;

/** Block number; the first block is 1, 0 is the genesis. */
export type Height = number;
/** Attempt within a height, from 0. */
export type Round = number;
/** Milliseconds since 1970-01-01T00:00:00Z, a safe integer. */
export type TimeMs = number;
/** Money or quantity in minor units, 0 … 2^63−1. */
export type Amount = bigint;
/** Days since 1970-01-01 in UTC+8 civil time. */
export type Day = number;

export const AMOUNT_MAX: Amount = 2n ** 63n - 1n;
export const ZERO_HASH = "0".repeat(64) as Hash;
