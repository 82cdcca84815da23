import { paramsSchema } from "../../codec/genesis.ts";
import {
  bool,
  choice,
  hash,
  type Infer,
  int,
  list,
  memberId,
  optional,
  publicKey,
  type Schema,
  struct,
} from "../../codec/schema.ts";
import { LIMITS } from "../../types/limits.ts";
import { base, daySchema } from "../fields.ts";
import { changeSchema, featureNameSchema } from "./change.ts";

/** An open one is voted on; the others are what may become of it. */
export const PROPOSAL_STATUSES = ["OPEN", "PASSED", "REJECTED", "WITHDRAWN", "EXPIRED"] as const;

/** Kinds of objects of governance: what members vote on, and who of them is live. */
export const GOVERNANCE_SCHEMAS = {
  /** The bank days of a year that are not Monday to Friday, and the Mondays to Fridays that are none (调休). */
  bankDays: struct({
    ...base,
    year: int({ min: 1970, max: 2200 }),
    closed: list(daySchema, { max: 64 }),
    open: list(daySchema, { max: 64 }),
  }),
  /** The chain parameters in force, and of the window of transactions the one before (`window.ts`). */
  param: struct({
    ...base,
    values: paramsSchema as Schema<Infer<typeof paramsSchema>>,
    before: optional(struct({ txWindowMs: int(), lastMs: int() })),
  }),
  /** A change that members voted on, or vote on; `decided` is the height of its last vote, 0 while it is open. */
  proposal: struct({
    ...base,
    by: memberId,
    change: changeSchema,
    document: optional(hash),
    expiresMs: int(),
    votes: list(struct({ member: memberId, approve: bool }), { max: LIMITS.membersMax, sortedBy: ({ member }) => member }),
    status: choice(...PROPOSAL_STATUSES),
    decided: int(),
  }),
  /** A change of the rules themselves, from `height` on. */
  feature: struct({ ...base, name: featureNameSchema, height: int() }),
  /** An authority key has shown that it runs: it signed for a block that the chain had at `height`. Its id is made from the key. */
  readiness: struct({ ...base, member: memberId, key: publicKey, height: int() }),
  /** The turn table (protocol.md §4), and who of the authorities is live (§5). */
  turns: struct({
    ...base,
    /** The authorities of the next height, in member order. */
    entries: list(
      struct({
        member: memberId,
        misses: int(),
        restUntil: int(),
        ended: bool,
        /** The height of a precommit that a block carried; 0 if none did. Noted in steps, so it may be a little behind. */
        seen: int(),
        /** With this key, and forgiven what was before, since this height. */
        since: int(),
      }),
      { max: LIMITS.authoritiesMax },
    ),
    /** The authorities of the last height, and the positions of those that took turns there: for judging its commit a block later. */
    order: list(memberId, { max: LIMITS.authoritiesMax }),
    active: list(int({ max: LIMITS.authoritiesMax - 1 }), { max: LIMITS.authoritiesMax }),
    /** Blocks that readiness may name. */
    waymarks: list(struct({ height: int(), block: hash }), { max: LIMITS.livenessBlocks / LIMITS.livenessStepBlocks }),
    /** Over the ids of all blocks after which others signed: what a list of the changes of authorities is checked by. Absent before the first. */
    changes: optional(hash),
  }),
  evidence: struct({
    ...base,
    authority: memberId,
    height: int(),
    round: int(),
    offence: choice("prevote", "precommit", "proposal"),
    recorded: int(),
  }),
  features: struct({ ...base, names: list(featureNameSchema, { max: LIMITS.featuresMax, sortedBy: (name) => name }) }),
} as const;
