import type { GenesisKey, LegalId } from "../../types/genesis.ts";
import type { MemberId, TimeMs } from "../../types/scalars.ts";
import type { Book } from "../book.ts";
import { keyId, namedId, partyId } from "../ids.ts";

/** The party that an organisation of the alliance is, with its first keys: at the genesis, or when the members vote it in. */
export function createMemberParty(
  book: Book,
  member: {
    readonly name: MemberId;
    readonly legalId: LegalId;
    readonly roles: readonly string[];
    readonly keys: readonly GenesisKey[];
  },
  fromMs: TimeMs,
): void {
  const { name, legalId, roles, keys } = member;
  const id = partyId(legalId);
  book.create("party", {
    id,
    legalId,
    roles,
    size: "LARGE",
    status: "ACTIVE",
    sponsor: name,
    policy: [],
    keys: keys.map(({ key }) => key),
    overdue: 0,
  });
  book.create("legalId", { id: namedId("legalId", legalId.scheme, legalId.value), party: id });
  for (const { key, purpose } of keys) book.create("key", { id: keyId(key), party: id, purpose, fromMs });
}
