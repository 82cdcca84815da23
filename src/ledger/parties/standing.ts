import { choice, hash, list, optional } from "../../codec/schema.ts";
import type { Hash } from "../../types/scalars.ts";
import { require } from "../codes.ts";
import { activeParty } from "../conditions.ts";
import { memberObjectId } from "../ids.ts";
import type { ObjectOf } from "../objects.ts";
import { type Call, type Situation, transition } from "../transition.ts";
import { roleSchema } from "./objects.ts";
import { TRADE_ROLES } from "./register.ts";

/** The member that answers for the party. */
function sponsorOf(party: ObjectOf<"party">, { book }: Pick<Situation, "book">): Hash {
  return book.get("member", memberObjectId(party.sponsor)).party;
}

/** A party changes what it is: its trading roles, its size by law, the group it belongs to. Its sponsor has checked it. */
export const updateParty = transition({
  kind: "party.update",
  label: { zh: "更新主体资料", en: "update a party" },
  ground: "中小企业划型标准规定; 反洗钱法 art. 28: customer data are kept up to date",
  signedBy: "the party; its sponsoring member",
  body: {
    party: hash,
    roles: list(roleSchema, { min: 1, max: 16, sortedBy: (role) => role }),
    size: choice("LARGE", "SME", "GOV", "NA"),
    /** A commitment to the group of related parties, the same for all of them. */
    group: optional(hash),
  },
  signers: ({ party }, situation) => [...new Set([party, sponsorOf(situation.book.get("party", party), situation)])],
  requires: [
    (call) => {
      activeParty(call, call.body.party);
    },
    ({ body, book }) => {
      // What membership gives is neither taken nor lost here.
      const given = (roles: readonly string[]) => roles.filter((role) => !TRADE_ROLES.has(role)).join();
      require(given(body.roles) === given(book.get("party", body.party).roles), "ROLE_MISSING");
    },
  ],
  effect: ({ body, book }) => {
    const { roles, size, group } = body;
    const change = group === undefined ? { roles, size } : { roles, size, group };
    return [book.update("party", book.get("party", body.party), change).id];
  },
});

const BY = { party: hash, by: hash, reason: hash } as const;

/** Its sponsor, or a regulator. A member answers to the members' votes instead (governance). */
function maySuspend({ body, book }: Call<{ readonly party: Hash; readonly by: Hash }>): void {
  const party = book.get("party", body.party);
  const sponsor = sponsorOf(party, { book });
  require(sponsor !== party.id, "PARTY_IS_MEMBER");
  require(body.by === sponsor || book.get("party", body.by).roles.includes("REGULATOR"), "ROLE_MISSING");
}

/** Nothing that it signs is accepted any more; what it holds and owes stays, and others may pay it. */
export const suspendParty = transition({
  kind: "party.suspend",
  label: { zh: "暂停主体", en: "suspend a party" },
  ground: "反洗钱法 art. 29, 40: business with a customer under suspicion is suspended",
  signedBy: "its sponsoring member, or a regulator",
  body: BY,
  signers: ({ by }) => [by],
  requires: [
    maySuspend,
    (call) => {
      activeParty(call, call.body.party);
    },
  ],
  effect: ({ body, book }) => [
    book.update("party", book.get("party", body.party), { status: "SUSPENDED", suspendedBy: body.by }).id,
  ],
});

/** By whoever suspended it. */
export const resumeParty = transition({
  kind: "party.resume",
  label: { zh: "恢复主体", en: "resume a party" },
  ground: "反洗钱法 art. 29, 40",
  signedBy: "who suspended it",
  body: BY,
  signers: ({ by }) => [by],
  requires: [
    ({ body, book }) => require(book.get("party", body.party).status === "SUSPENDED", "WRONG_STATUS"),
    ({ body, book }) => require(book.get("party", body.party).suspendedBy === body.by, "ROLE_MISSING"),
  ],
  effect: ({ body, book }) => [book.update("party", book.get("party", body.party), { status: "ACTIVE" }).id],
});
