import { paramsFault, paramsSchema } from "../../codec/genesis.ts";
import { SchemaError } from "../../codec/schema.ts";
import { compareText } from "../../lib/bytes.ts";
import { BUSINESS_DEFAULTS, type ChainParams } from "../../types/genesis.ts";
import { legalIdFault } from "../../types/legal-id.ts";
import { LIMITS } from "../../types/limits.ts";
import type { MemberId, PublicKey } from "../../types/scalars.ts";
import type { ValidatorSet } from "../../types/validator-set.ts";
import { type Fact, LedgerRejection, require } from "../codes.ts";
import { ALLIANCE_POLICY_ID, isSound } from "../credit/cards.ts";
import { FEATURES_ID, featureId, MEMBERS_ID, memberObjectId, PARAM_ID, partyId, TURNS_ID } from "../ids.ts";
import type { ObjectOf } from "../objects.ts";
import { createMemberParty } from "../parties/founding.ts";
import { isAcceptable, isFree } from "../parties/keys.ts";
import { isSatisfiable } from "../parties/policy.ts";
import { TRADE_ROLES } from "../parties/register.ts";
import { mayRotate, rotate } from "../trade/fingerprints.ts";
import type { Situation } from "../transition.ts";
import { authoritiesOf, mayVote, type Strength, seatOf, strengthOf } from "./authorities.ts";
import { areOfTheYear, setBankDays } from "./bank-days.ts";
import type { Change, ChangeKind } from "./change.ts";
import { reseat, type Seat, seat } from "./turns.ts";
import { windowBefore } from "./window.ts";

type ChangeOf<K extends ChangeKind> = Extract<Change, { readonly kind: K }>;

/** A row of the table of changes. */
interface Rule<C> {
  /** What must hold when it is proposed, and again when it takes effect. */
  readonly holds: (situation: Situation, change: C) => void;
  /** The authorities it leaves, where it touches them. */
  readonly authorities?: (now: ValidatorSet, change: C) => ValidatorSet;
  readonly apply: (situation: Situation, change: C) => void;
}

const RULES: { readonly [K in ChangeKind]: Rule<ChangeOf<K>> } = {
  addMember: { holds: mayJoin, apply: join },
  removeMember: {
    holds: memberOf,
    authorities: without,
    apply: (situation, change) => {
      leave(situation, change.member);
      seatAll(situation);
    },
  },
  setNodeKey: {
    holds: (situation, change) => {
      memberOf(situation, change);
      keyMayEnter(situation, change.nodeKey);
    },
    apply: (situation, change) => {
      situation.book.update("member", memberOf(situation, change), { nodeKey: change.nodeKey });
    },
  },
  addAuthority: {
    holds: (situation, change) => {
      require(memberOf(situation, change).authorityKey === undefined, "AUTHORITY_ALREADY");
      keyMayEnter(situation, change.authorityKey);
    },
    authorities: (now, { member, authorityKey }) => [...now, { member, key: authorityKey }],
    apply: (situation, change) => {
      situation.book.update("member", memberOf(situation, change), { authorityKey: change.authorityKey });
      seatAll(situation);
    },
  },
  setAuthorityKey: {
    holds: (situation, change) => {
      authorityOf(situation, change);
      keyMayEnter(situation, change.authorityKey);
    },
    authorities: (now, { member, authorityKey }) =>
      now.map((authority) => (authority.member === member ? { member, key: authorityKey } : authority)),
    apply: (situation, change) => {
      situation.book.update("member", memberOf(situation, change), { authorityKey: change.authorityKey });
      seatAll(situation, change.member, { seen: 0 });
    },
  },
  removeAuthority: {
    holds: authorityOf,
    authorities: without,
    apply: (situation, change) => {
      dropAuthorityKey(situation, change.member);
      seatAll(situation);
    },
  },
  endTurns: {
    holds: (situation, change) => require(!authorityOf(situation, change).ended, "VOTE_ENDED"),
    apply: ({ book }, change) => {
      const { entries } = book.get("turns", TURNS_ID);
      reseat(
        book,
        entries.map((entry) => (entry.member === change.member ? { ...entry, ended: true } : entry)),
      );
    },
  },
  reinstate: {
    holds: (situation, change) => require(authorityOf(situation, change).ended, "WRONG_STATUS"),
    apply: (situation, change) => seatAll(situation, change.member, { ended: false, misses: 0, restUntil: 0 }),
  },
  setParams: {
    holds: (situation, change) => {
      paramsAfter(situation, change);
    },
    apply: (situation, change) => {
      const { book, timeMs } = situation;
      const values = paramsAfter(situation, change);
      const param = book.get("param", PARAM_ID);
      const before = windowBefore(param, values, timeMs);
      book.update("param", param, before === undefined ? { values } : { values, before });
    },
  },
  setBankDays: { holds: areOfTheYear, apply: setBankDays },
  rotateFingerprintKey: { holds: mayRotate, apply: rotate },
  setScorecard: {
    holds: (_, { card }) => require(isSound(card), "CARD_UNSOUND"),
    apply: ({ book }, { card }) => {
      book.update("riskPolicy", book.get("riskPolicy", ALLIANCE_POLICY_ID), { card });
    },
  },
  switchFeature: { holds: mayBeSwitched, apply: switchOn },
};

/** Whether the change could take effect now, by everything but votes and liveness. */
export function changeHolds(situation: Situation, change: Change): void {
  ruleOf(change).holds(situation, change);
}

/** What the authorities would be after it, as things stand. */
export function strengthAfter({ book, height }: Situation, change: Change): Strength {
  const now = authoritiesOf(book);
  const after = strengthOf(book, height, ruleOf(change).authorities?.(now, change) ?? now);
  const losesVote = change.kind === "endTurns" && mayVote(book, change.member);
  return losesVote ? { ...after, voters: after.voters - 1 } : after;
}

/** The quorum guard: a chain that could not go on, or could not govern itself any more, is not voted for. */
export function leavesQuorum(situation: Situation, change: Change): void {
  const touchesSet = ruleOf(change).authorities !== undefined;
  if (!touchesSet && change.kind !== "endTurns") return;
  const after = strengthAfter(situation, change);
  const facts = (): readonly Fact[] =>
    Object.entries(after).map(([field, value]) => ({ of: "afterwards", id: null, field, value: String(value) }));
  require(after.authorities > 0, "AUTHORITY_LAST", facts);
  require(after.authorities <= LIMITS.authoritiesMax, "AUTHORITIES_EXCEEDED", facts);
  require(!touchesSet || after.live >= after.quorum, "AUTHORITIES_NOT_LIVE", facts);
  require(after.voters >= after.quorum, "VOTERS_TOO_FEW", facts);
}

/** Takes effect at the next height: sets and parameters are read from the state that this block leaves. */
export function applyChange(situation: Situation, change: Change): void {
  changeHolds(situation, change);
  leavesQuorum(situation, change);
  ruleOf(change).apply(situation, change);
}

function ruleOf(change: Change): Rule<Change> {
  return RULES[change.kind] as unknown as Rule<Change>;
}

function memberOf({ book }: Situation, { member }: { readonly member: MemberId }): ObjectOf<"member"> {
  return book.get("member", memberObjectId(member));
}

function authorityOf(situation: Situation, change: { readonly member: MemberId }): Seat {
  memberOf(situation, change);
  const found = seatOf(situation.book, change.member);
  require(found !== undefined, "NOT_AUTHORITY");
  return found;
}

function without(now: ValidatorSet, { member }: { readonly member: MemberId }): ValidatorSet {
  return now.filter((authority) => authority.member !== member);
}

function keyMayEnter({ book }: Situation, key: PublicKey): void {
  require(isFree(book, key), "KEY_TAKEN");
  require(isAcceptable(key), "KEY_UNACCEPTABLE");
}

/** Seats every authority anew in member order; `changed` begins again in some respects. */
function seatAll({ book, height }: Situation, changed?: MemberId, anew: Partial<Seat> = {}): void {
  const known = new Map(book.get("turns", TURNS_ID).entries.map((entry) => [entry.member, entry]));
  const seats = authoritiesOf(book).map(({ member }) => {
    const entry = known.get(member) ?? seat(member, height + 1);
    return member === changed ? { ...entry, ...anew, since: height + 1 } : entry;
  });
  reseat(book, seats);
}

// — members —

function mayJoin(situation: Situation, { name, legalId, nodeKey, keys }: ChangeOf<"addMember">): void {
  const { book } = situation;
  require(book.find("member", memberObjectId(name)) === undefined, "MEMBER_TAKEN");
  const { names } = book.get("members", MEMBERS_ID);
  require(names.length < LIMITS.membersMax, "MEMBERS_EXCEEDED");
  require(legalIdFault(legalId) === null, "LEGAL_ID_INVALID");
  const party = partyId(legalId);
  const isMembers = names.some((other) => book.get("member", memberObjectId(other)).party === party);
  // Whoever is a party brings its keys along; nobody else gives it others.
  require(!isMembers && (keys.length === 0) === (book.find("party", party) !== undefined), "LEGAL_ID_TAKEN");
  const all = [nodeKey, ...keys.map(({ key }) => key)];
  require(new Set(all).size === all.length, "LIST_REPEATS");
  for (const key of all) keyMayEnter(situation, key);
  require(keys.length === 0 || isSatisfiable([], keys), "POLICY_UNSATISFIABLE");
}

function join({ book, timeMs }: Situation, { name, legalId, roles, nodeKey, keys }: ChangeOf<"addMember">): void {
  const id = partyId(legalId);
  const party = book.find("party", id);
  if (party === undefined) {
    createMemberParty(book, { name, legalId, roles, keys }, timeMs);
  } else {
    book.update("party", party, { roles: [...new Set([...party.roles, ...roles])].sort(compareText), sponsor: name });
  }
  const members = book.get("members", MEMBERS_ID);
  const last = members.names.at(-1);
  const order = last === undefined ? 0 : book.get("member", memberObjectId(last)).order + 1;
  book.create("member", { id: memberObjectId(name), name, party: id, nodeKey, order });
  book.update("members", members, { names: [...members.names, name] });
}

function leave({ book }: Situation, name: MemberId): void {
  const member = book.get("member", memberObjectId(name));
  const party = book.get("party", member.party);
  book.remove("member", member.id);
  const members = book.get("members", MEMBERS_ID);
  book.update("members", members, { names: members.names.filter((other) => other !== name) });
  book.update("party", party, { roles: party.roles.filter((role) => TRADE_ROLES.has(role)) });
}

function dropAuthorityKey({ book }: Situation, name: MemberId): void {
  const { authorityKey: _, version: __, ...rest } = book.get("member", memberObjectId(name));
  book.replace("member", rest);
}

// — parameters and features —

function paramsAfter({ book }: Situation, { params }: ChangeOf<"setParams">): ChainParams {
  let after = book.get("param", PARAM_ID).values;
  for (const { name, value } of params) after = withParam(after, name, value);
  require(isWithinBounds(after) && paramsFault(after) === null, "PARAM_OUT_OF_RANGE");
  return after;
}

function withParam(params: ChainParams, name: string, value: number): ChainParams {
  if (!name.startsWith(BUSINESS)) {
    require(Object.hasOwn(params, name) && name !== "business", "PARAM_UNKNOWN");
    return { ...params, [name]: value };
  }
  const field = name.slice(BUSINESS.length);
  require(Object.hasOwn(BUSINESS_DEFAULTS, field), "PARAM_UNKNOWN");
  return { ...params, business: { ...(params.business ?? BUSINESS_DEFAULTS), [field]: value } };
}

const BUSINESS = "business.";

function isWithinBounds(params: ChainParams): boolean {
  try {
    paramsSchema.fromJson(params, "");
    return true;
  } catch (error) {
    if (error instanceof SchemaError) return false;
    throw error;
  }
}

function mayBeSwitched({ book, height: now }: Situation, { feature, height }: ChangeOf<"switchFeature">): void {
  require(height > now, "FEATURE_HEIGHT_PAST");
  const known = book.find("feature", featureId(feature));
  require(known === undefined || known.height > now, "FEATURE_ACTIVE");
  require(known !== undefined || book.get("features", FEATURES_ID).names.length < LIMITS.featuresMax, "FEATURES_EXCEEDED");
}

function switchOn({ book }: Situation, { feature, height }: ChangeOf<"switchFeature">): void {
  const known = book.find("feature", featureId(feature));
  if (known !== undefined) {
    book.update("feature", known, { height });
    return;
  }
  book.create("feature", { id: featureId(feature), name: feature, height });
  const features = book.get("features", FEATURES_ID);
  book.update("features", features, { names: [...features.names, feature].sort(compareText) });
}

/** The code that would refuse the change now, liveness included; null if none would. */
export function obstacleTo(situation: Situation, change: Change): LedgerRejection["code"] | null {
  try {
    changeHolds(situation, change);
    leavesQuorum(situation, change);
    return null;
  } catch (error) {
    if (error instanceof LedgerRejection) return error.code;
    throw error;
  }
}
