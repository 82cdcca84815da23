import type { ChainIdentity } from "../types/genesis.ts";
import { Book, type ObjectChange } from "./book.ts";
import { ALLIANCE_POLICY_ID } from "./credit/cards.ts";
import { FIRST_CARD } from "./credit/scorecard.ts";
import { seat } from "./governance/turns.ts";
import { FEATURES_ID, MEMBERS_ID, memberObjectId, PARAM_ID, partyId, TURNS_ID } from "./ids.ts";
import { createMemberParty } from "./parties/founding.ts";

/** The state before the first block: members with their parties and keys, parameters, an empty turn table. */
export function genesisObjects({ genesis }: ChainIdentity): readonly ObjectChange[] {
  const book = new Book({ get: () => undefined });
  for (const [order, member] of genesis.members.entries()) {
    const party = partyId(member.legalId);
    const { id: name, nodeKey, authorityKey, keys, legalId, roles } = member;
    const object = { id: memberObjectId(name), name, party, nodeKey, order };
    book.create("member", authorityKey === undefined ? object : { ...object, authorityKey });
    createMemberParty(book, { name, legalId, roles, keys }, 0);
  }
  book.create("members", { id: MEMBERS_ID, names: genesis.members.map(({ id }) => id) });
  book.create("features", { id: FEATURES_ID, names: [] });
  book.create("riskPolicy", { id: ALLIANCE_POLICY_ID, lender: null, validator: null, card: FIRST_CARD });
  book.create("param", { id: PARAM_ID, values: genesis.params });
  const authorities = genesis.members.filter((member) => member.authorityKey !== undefined);
  book.create("turns", {
    id: TURNS_ID,
    entries: authorities.map(({ id }) => seat(id, 1)),
    order: authorities.map(({ id }) => id),
    active: authorities.map((_, index) => index),
    waymarks: [],
  });
  book.commit(null);
  return book.finish().changes;
}
