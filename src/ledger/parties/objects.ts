import { keyPurposeSchema, legalIdSchema } from "../../codec/genesis.ts";
import { amount, choice, hash, int, list, memberId, optional, publicKey, struct, text } from "../../codec/schema.ts";
import { LIMITS } from "../../types/limits.ts";
import { base, daySchema } from "../fields.ts";

export const roleSchema = text({ min: 2, max: 32, pattern: /^[A-Z_]+$/ });

export const policyRuleSchema = struct({
  /** An operation kind, a prefix such as "receivable.*", or "*". */
  action: text({ min: 1, max: LIMITS.kindCharsMax, pattern: /^(\*|[a-zA-Z.]+(\.\*)?)$/ }),
  amountMin: amount(),
  makers: int({ max: LIMITS.signersMax }),
  checkers: int({ max: LIMITS.signersMax }),
});

/** Kinds of objects of members, parties and their keys. */
export const PARTY_SCHEMAS = {
  /** An organisation of the alliance (成员). */
  member: struct({ ...base, name: memberId, party: hash, nodeKey: publicKey, authorityKey: optional(publicKey), order: int() }),
  /** Someone who can owe, hold, lend or attest. Names and addresses are never here. */
  party: struct({
    ...base,
    legalId: legalIdSchema,
    /** None is left to a former member that had only those of membership. */
    roles: list(roleSchema, { max: 16, sortedBy: (role) => role }),
    size: choice("LARGE", "SME", "GOV", "NA"),
    status: choice("ACTIVE", "SUSPENDED"),
    sponsor: memberId,
    policy: list(policyRuleSchema, { max: 32 }),
    keys: list(publicKey, { max: LIMITS.keysPerPartyMax }),
    /** Receivables that this party owes and that are overdue: the debtor gate (银发〔2025〕77号, art. 15). */
    overdue: int(),
    /** A commitment to the group of related parties. */
    group: optional(hash),
    /** Who suspended it last, and may let it act again. */
    suspendedBy: optional(hash),
  }),
  /** A party's data may be used by another. */
  consent: struct({
    ...base,
    party: hash,
    to: hash,
    purpose: choice("CREDIT", "TRADE", "AUDIT"),
    document: hash,
    untilMs: int(),
    status: choice("GRANTED", "REVOKED"),
  }),
  /** A new key waits to take the place of a party's lost ones. */
  recovery: struct({
    ...base,
    party: hash,
    key: publicKey,
    members: list(memberId, { min: 1, max: LIMITS.signersMax - 1, sortedBy: (name) => name }),
    document: hash,
    readyMs: int(),
    status: choice("PENDING", "DONE", "REFUSED"),
  }),
  /** Its id is the public key itself. */
  key: struct({
    ...base,
    party: hash,
    purpose: keyPurposeSchema,
    fromMs: int(),
    untilMs: optional(int()),
    revokedMs: optional(int()),
  }),
  /** Transactions that a party signed on a day, where members bound them. */
  quota: struct({ ...base, party: hash, day: daySchema, used: int() }),
  members: struct({ ...base, names: list(memberId, { max: LIMITS.membersMax }) }),
  legalId: struct({ ...base, party: hash }),
} as const;
