import { describe, expect, it } from "vitest";
import { genesisFromJson, genesisToJson } from "../../src/codec/genesis.ts";
import { genesisObjects } from "../../src/ledger/genesis-objects.ts";
import { partyId } from "../../src/ledger/ids.ts";
import type { Genesis } from "../../src/types/genesis.ts";
import { alliance, testGenesis } from "./support/alliance.ts";
import { identityOf } from "./support/chain.ts";
import { testUscc } from "./support/firm.ts";
import { encodes, holds } from "./support/invariants.ts";

const { genesis } = testGenesis();

function withMember(index: number, change: Partial<Genesis["members"][number]>): Genesis {
  return { ...genesis, members: genesis.members.map((member, at) => (at === index ? { ...member, ...change } : member)) };
}

describe("the genesis", () => {
  it("makes each member a party with its keys and roles", () => {
    const { chain } = alliance();
    for (const [order, { id, legalId, roles, keys }] of genesis.members.entries()) {
      const party = partyId(legalId);
      expect(chain.all("member")).toContainEqual(expect.objectContaining({ name: id, party, order }));
      expect(chain.read("party", party)).toMatchObject({
        roles,
        sponsor: id,
        status: "ACTIVE",
        keys: keys.map(({ key }) => key),
      });
    }
    holds(chain);
    encodes(chain);
  });

  it("gives objects sorted by kind and id, all of version 1, and only them", () => {
    const changes = genesisObjects(identityOf(genesis));
    const keys = changes.map(({ kind, id }) => `${kind} ${id}`);
    expect(keys).toEqual([...keys].sort());
    expect(changes.every(({ before, after }) => before === undefined && after?.version === 1)).toBe(true);
  });

  it("is the same from its JSON form", () => {
    const read = genesisFromJson(genesisToJson(genesis));
    expect(read.ok && genesisObjects(read.value)).toEqual(genesisObjects(identityOf(genesis)));
  });

  it("is refused with a wrong legal id, or one that two members share", () => {
    const refused = (wrong: Genesis) => {
      const read = genesisFromJson(genesisToJson(wrong));
      return read.ok ? "accepted" : read.error.detail;
    };
    expect(refused(withMember(1, { legalId: { scheme: "USCC", value: "91110000100000001X" } }))).toMatch("CHECK_DIGIT");
    expect(refused(withMember(1, { legalId: testUscc(9_000) }))).toMatch("two members");
  });
});
