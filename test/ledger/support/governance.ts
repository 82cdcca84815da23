import type { Change } from "../../../src/ledger/governance/change.ts";
import { TURNS_ID } from "../../../src/ledger/ids.ts";
import { validatorsOf } from "../../../src/ledger/validators.ts";
import type { BlockId, Hash, MemberId } from "../../../src/types/scalars.ts";
import { type Alliance, commitment, DAY_MS } from "./alliance.ts";
import { by, op, type Sent } from "./chain.ts";
import { type Firm, firm, testKey, testUscc } from "./firm.ts";

export const NAMES = ["zbank", "zhongnong", "zhuogang", "huasu"] as const;

/** The members' officers by name. */
export function officer(world: Alliance, name: string): Firm {
  const { bank, platform, verifier, lender } = world;
  const found = [bank, platform, verifier, lender].find((each) => each.name === name);
  return found ?? newcomer(name);
}

/** A firm that is no member of the genesis; the same name gives the same keys. */
export function newcomer(name: string): Firm {
  const serial = 500 + ([...name].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 0) % 9_000);
  return firm(name, testUscc(serial));
}

export function proposeBody({ chain }: Alliance, change: Change, by = "zbank") {
  return { member: by as MemberId, change, expiresMs: chain.timeMs + 10 * DAY_MS };
}

export function proposed(world: Alliance, change: Change, by = "zbank"): Hash {
  return world.chain.act(op("governance.propose", proposeBody(world, change, by)), officer(world, by)).created();
}

export function voteOf(world: Alliance, proposal: Hash, name: string, approve = true): Sent {
  return world.chain.send(op("governance.vote", { proposal, member: name as MemberId, approve }), [officer(world, name)]);
}

/** Proposes, and votes for it in this order until it is decided. Throws if a vote fails. */
export function decide(world: Alliance, change: Change, voters: readonly string[] = NAMES): Hash {
  const proposal = proposed(world, change, voters[0]);
  for (const name of voters) {
    if (world.chain.read("proposal", proposal).status !== "OPEN") break;
    const { code } = voteOf(world, proposal, name);
    if (code !== "OK") throw new Error(`the vote of ${name} failed: ${code}`);
  }
  return proposal;
}

/** A block that carries the precommits of these authorities, by default of all. */
export function precommits({ chain }: Pick<Alliance, "chain">, names?: readonly string[]): void {
  const order = chain.read("turns", TURNS_ID).order;
  const signers = order.flatMap((name, index) => (names === undefined || names.includes(name) ? [index] : []));
  chain.parent = { round: 0, proposer: order[0] as MemberId, block: blockAt(chain.height), signers, isChange: false };
  chain.block([]);
}

export function blockAt(height: number): BlockId {
  return commitment(`block ${height}`) as BlockId;
}

/** Goes on until the chain has just noted a block that readiness may name. */
export function waymark({ chain }: Pick<Alliance, "chain">): { readonly height: number; readonly block: Hash } {
  while (chain.height % 10 !== 1) chain.block([]);
  const { height } = chain;
  chain.parent = { ...chain.parent, block: blockAt(height) };
  chain.block([]);
  return { height, block: blockAt(height) };
}

/** The member shows that its authority key runs. */
export function showReady(world: Alliance, name: string, keyName = `${name} authority`): Sent {
  const key = testKey(keyName);
  const shown = waymark(world);
  const own = officer(world, name);
  return world.chain.act(op("authority.ready", { member: name as MemberId, key: key.key, ...shown }), own, by(own, key));
}

export function joining(name: string): Extract<Change, { readonly kind: "addMember" }> {
  const own = newcomer(name);
  return {
    kind: "addMember",
    name: name as MemberId,
    legalId: own.legalId,
    roles: ["PLATFORM"],
    nodeKey: testKey(`${name} node`).key,
    keys: [own.maker, own.checker].map(({ key, purpose }) => ({ key, purpose })),
  };
}

/** Joins, shows readiness, and is made an authority. */
export function admit(world: Alliance, name: string, voters: readonly string[]): void {
  decide(world, joining(name), voters);
  precommits(world);
  showReady(world, name);
  decide(world, { kind: "addAuthority", member: name as MemberId, authorityKey: testKey(`${name} authority`).key }, voters);
}

export function authorityNames({ chain }: Pick<Alliance, "chain">): readonly string[] {
  return validatorsOf(chain).map(({ member }) => member);
}
