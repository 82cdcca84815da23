import { isAcceptablePublicKey } from "../crypto/ed25519.ts";
import { type Sha256, sha256, taggedHash } from "../crypto/hash.ts";
import { err, ok, type Result } from "../lib/result.ts";
import type { BusinessParams, ChainIdentity, ChainParams, Genesis } from "../types/genesis.ts";
import { legalIdFault } from "../types/legal-id.ts";
import { LIMITS } from "../types/limits.ts";
import type { Hash } from "../types/scalars.ts";
import {
  choice,
  encode,
  type Infer,
  int,
  list,
  memberId,
  optional,
  publicKey,
  type Schema,
  SchemaError,
  struct,
  text,
} from "./schema.ts";

/** No parameter may be a longer time. */
export const DURATION_MS_MAX = 10 * 366 * LIMITS.dayMs;

const bp = int({ max: 10_000 });

const businessSchema: Schema<BusinessParams> = struct({
  defaultDays: int({ min: 1, max: 3_660 }),
  // Bounded so that interest over centuries stays within an amount (ledger/money.ts).
  penaltyDailyBp: int({ max: 10 }),
  reversalWindowDays: int({ max: 366 }),
  extensionsMax: int({ max: 16 }),
  earlyDiscountMaxBp: bp,
  feeBorrowerMaxBp: bp,
  feeLenderMaxBp: bp,
  recoveryDelayMs: int({ min: 1_000, max: DURATION_MS_MAX }),
  recoveryMembersMin: int({ min: 1, max: LIMITS.signersMax - 1 }),
  contestDays: int({ min: 1, max: 366 }),
  concentrationDebtorBp: int({ min: 1, max: 10_000 }),
  concentrationFreeMinorUnits: int(),
  freezeMembersMin: int({ min: 1, max: LIMITS.signersMax }),
  poAdvanceBp: bp,
  ltvCapBp: bp,
  ltvCallBp: bp,
  ltvLiquidateBp: bp,
  deviceHeartbeatMs: int({ min: 1_000, max: DURATION_MS_MAX }),
  // More than any reversalWindowDays: a reversal finds what the payment redeemed.
  terminalDays: optional(int({ min: 367, max: 3_660 })),
  concentrationGroupBp: optional(int({ min: 1, max: 10_000 })),
  crossAgeBp: optional(bp),
  disputeDays: optional(int({ max: 3_660 })),
  transactionsPerDayMax: optional(int({ max: 1_000_000 })),
});

export const paramsSchema: Schema<ChainParams> = struct({
  txWindowMs: int({ min: 1_000, max: DURATION_MS_MAX }),
  blockBytesMax: int({ min: LIMITS.txBytesMax, max: LIMITS.blockBytesMax }),
  blockTxMax: int({ min: 1, max: LIMITS.blockTxMax }),
  blockIntervalMs: int({ max: LIMITS.proposeTimeoutMs - 1 }),
  heartbeatMs: int({ min: 1_000, max: DURATION_MS_MAX }),
  confirmDays: int({ min: 1, max: 366 }),
  offerTtlMs: int({ min: 1_000, max: DURATION_MS_MAX }),
  reserveTtlMs: int({ min: 1_000, max: DURATION_MS_MAX }),
  payByTtlMs: int({ min: 1_000, max: DURATION_MS_MAX }),
  searchTtlMs: int({ min: 1_000, max: DURATION_MS_MAX }),
  cutoffDays: int({ max: 30 }),
  graceDays: int({ max: 366 }),
  tenorSoftMonths: int({ min: 1, max: 120 }),
  tenorHardMonths: int({ min: 1, max: 120 }),
  splitDepthMax: int({ min: 1, max: 64 }),
  notesPerRootMax: int({ min: 1, max: 65_536 }),
  noteMinorUnitsMin: int({ min: 1 }),
  business: optional(businessSchema),
});

export const keyPurposeSchema = choice("MAKER", "CHECKER", "ENGINE", "DEVICE", "ATTEST");
export const legalIdSchema = struct({
  scheme: text({ min: 1, max: 16, pattern: /^[A-Z0-9:-]{1,16}$/ }),
  value: text({ min: 1, max: 64, pattern: /^[\x21-\x7e]+$/ }),
});

export const memberRolesSchema = list(text({ min: 2, max: 32, pattern: /^[A-Z_]+$/ }), {
  min: 1,
  max: 16,
  sortedBy: (role) => role,
});
export const firstKeySchema = struct({ key: publicKey, purpose: keyPurposeSchema });

const memberSchema = struct({
  id: memberId,
  legalId: legalIdSchema,
  roles: memberRolesSchema,
  nodeKey: publicKey,
  authorityKey: optional(publicKey),
  keys: list(firstKeySchema, { min: 1, max: LIMITS.keysPerPartyMax }),
});

export const genesisSchema = struct({
  v: int({ min: 1, max: 1 }) as Schema<1>,
  network: text({ min: 1, max: 64, pattern: /^[a-z][a-z0-9-]*$/ }),
  timeMs: int(),
  clock: choice("wall", "driven"),
  members: list(memberSchema, { min: 1, max: LIMITS.membersMax }),
  params: paramsSchema,
});
export type GenesisValue = Infer<typeof genesisSchema>;

export interface GenesisRejection {
  readonly code: "GENESIS_INVALID";
  readonly detail: string;
}

/** `H("genesis", encoding)`. */
export function chainId(genesis: Genesis, digest: Sha256 = sha256): Hash {
  return taggedHash("genesis", encode(genesisSchema, genesis), digest);
}

/** `header.params`. */
export function paramsHash(params: ChainParams, digest: Sha256 = sha256): Hash {
  return taggedHash("params", encode(paramsSchema, params), digest);
}

export function genesisToJson(genesis: Genesis): unknown {
  return genesisSchema.toJson(genesis);
}

/** Checks a genesis file's parsed JSON: form, distinct names and keys, keys of prime order, at least one authority. */
export function genesisFromJson(json: unknown, digest: Sha256 = sha256): Result<ChainIdentity, GenesisRejection> {
  let genesis: Genesis;
  try {
    genesis = genesisSchema.fromJson(json, "genesis");
  } catch (error) {
    if (error instanceof SchemaError) return err({ code: "GENESIS_INVALID", detail: error.message });
    throw error;
  }
  const detail = inconsistency(genesis);
  return detail === null ? ok({ chain: chainId(genesis, digest), genesis }) : err({ code: "GENESIS_INVALID", detail });
}

/** What no single bound says about parameters. */
export function paramsFault({ tenorSoftMonths, tenorHardMonths, business }: ChainParams): string | null {
  if (tenorSoftMonths > tenorHardMonths) return "tenorSoftMonths exceeds tenorHardMonths";
  if (business === undefined) return null;
  const { ltvCapBp, ltvCallBp, ltvLiquidateBp } = business;
  return ltvCapBp <= ltvCallBp && ltvCallBp <= ltvLiquidateBp ? null : "ltvCapBp, ltvCallBp and ltvLiquidateBp do not rise";
}

function inconsistency(genesis: Genesis): string | null {
  const names = new Set<string>();
  const legalIds = new Set<string>();
  const keys = new Set<string>();
  for (const member of genesis.members) {
    if (names.has(member.id)) return `member ${member.id} is named twice`;
    names.add(member.id);
    const fault = legalIdFault(member.legalId);
    if (fault !== null) return `the legal id of ${member.id} is wrong: ${fault}`;
    const legalId = `${member.legalId.scheme} ${member.legalId.value}`;
    if (legalIds.has(legalId)) return `two members have the legal id ${legalId}`;
    legalIds.add(legalId);
    const all = [
      member.nodeKey,
      ...(member.authorityKey === undefined ? [] : [member.authorityKey]),
      ...member.keys.map(({ key }) => key),
    ];
    for (const key of all) {
      if (keys.has(key)) return `key ${key} is used twice: authority, node and party keys are distinct`;
      if (!isAcceptablePublicKey(key)) return `key ${key} of ${member.id} is not a canonical point of prime order`;
      keys.add(key);
    }
  }
  const authorities = genesis.members.filter((member) => member.authorityKey !== undefined).length;
  if (authorities === 0) return "no member is an authority";
  if (authorities > LIMITS.authoritiesMax) return `more than ${LIMITS.authoritiesMax} authorities`;
  return paramsFault(genesis.params);
}
