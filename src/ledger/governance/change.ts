import { firstKeySchema, legalIdSchema, memberRolesSchema } from "../../codec/genesis.ts";
import { hash, type Infer, int, list, memberId, publicKey, struct, text, union } from "../../codec/schema.ts";
import { LIMITS } from "../../types/limits.ts";
import { cardSchema } from "../credit/card.ts";

export const featureNameSchema = text({ min: 2, max: 48, pattern: /^[a-z][a-zA-Z0-9.-]+$/ });

const dayList = list(int({ max: 84_000 }), { max: 64, sortedBy: (day) => String(day).padStart(5, "0") });
const member = { member: memberId } as const;

/** Everything that members may vote on. `changes.ts` says of each what must hold and what it does. */
export const changeSchema = union({
  /** An organisation joins: a new party with its first keys, or a party that is there, and then with no keys. */
  addMember: {
    name: memberId,
    legalId: legalIdSchema,
    roles: memberRolesSchema,
    nodeKey: publicKey,
    keys: list(firstKeySchema, { max: LIMITS.keysPerPartyMax }),
  },
  /** It leaves: its node is cut off, its party keeps what it has and owes, and loses the roles that came with membership. */
  removeMember: member,
  setNodeKey: { ...member, nodeKey: publicKey },
  addAuthority: { ...member, authorityKey: publicKey },
  setAuthorityKey: { ...member, authorityKey: publicKey },
  removeAuthority: member,
  /** What evidence does, by vote: no turns, no governance vote; it stays in n. */
  endTurns: member,
  /** Turns and vote come back, and what was before is forgiven. */
  reinstate: member,
  /** By their names in the genesis, those of the business as `business.defaultDays`. */
  setParams: {
    params: list(struct({ name: text({ min: 1, max: 48, pattern: /^[a-zA-Z]+(\.[a-zA-Z]+)?$/ }), value: int() }), {
      min: 1,
      max: 32,
      sortedBy: ({ name }) => name,
    }),
  },
  /** Weekdays of a year on which banks are closed, and weekends on which they are open (调休); replaces what was said of that year. */
  setBankDays: { year: int({ min: 1970, max: 2200 }), closed: dayList, open: dayList },
  /** The next key under which verifiers make fingerprints of invoices: the chain knows its number and a commitment to it. */
  rotateFingerprintKey: { epoch: int({ min: 1 }), key: hash },
  /** The alliance's own scorecard, by which every lender's engine is judged that has none of its own. */
  setScorecard: { card: cardSchema },
  /** From `height` on the rules are those of a later version. A node that does not know them stops before. */
  switchFeature: { feature: featureNameSchema, height: int() },
});
export type Change = Infer<typeof changeSchema>;
export type ChangeKind = Change["kind"];
