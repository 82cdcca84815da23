import type { MemberId, PublicKey } from "../../../src/types/scalars.ts";
import { commitment, DAY_MS, TEST_PARAMS } from "./alliance.ts";
import { by, op } from "./chain.ts";
import { testKey } from "./firm.ts";
import { decide, joining, officer, precommits, proposeBody, proposed, voteOf, waymark } from "./governance.ts";
import type { Refused } from "./refused.ts";

const member = (name: string) => ({ member: name as MemberId });
const grace = { kind: "setParams", params: [{ name: "graceDays", value: 5 }] } as const;
/** A point of small order: every signature rule would let somebody sign for it. */
const SMALL_ORDER = `01${"00".repeat(31)}` as PublicKey;

export const GOVERNANCE_REFUSALS: readonly Refused[] = [
  [
    "a name belongs to one member",
    "MEMBER_TAKEN",
    (world) => {
      const change = { ...joining("newbank"), name: "huasu" as MemberId };
      return world.chain.refusal(op("governance.propose", proposeBody(world, change)), world.bank);
    },
  ],
  [
    "a member's keys are points of prime order",
    "KEY_UNACCEPTABLE",
    (world) => {
      const change = { ...joining("newbank"), nodeKey: SMALL_ORDER };
      return world.chain.refusal(op("governance.propose", proposeBody(world, change)), world.bank);
    },
  ],
  [
    "a party that becomes a member brings its own keys",
    "LEGAL_ID_TAKEN",
    (world) => {
      const change = { ...joining("newbank"), legalId: world.seller.legalId };
      return world.chain.refusal(op("governance.propose", proposeBody(world, change)), world.bank);
    },
  ],
  [
    "a new member has a maker",
    "POLICY_UNSATISFIABLE",
    (world) => {
      const change = joining("newbank");
      const keys = change.keys.filter(({ purpose }) => purpose === "CHECKER");
      return world.chain.refusal(op("governance.propose", proposeBody(world, { ...change, keys })), world.bank);
    },
  ],
  [
    "the key of a node is not that of an authority as well",
    "KEY_TAKEN",
    (world) => {
      const change = { kind: "setNodeKey", ...member("huasu"), nodeKey: testKey("zbank authority").key } as const;
      return world.chain.refusal(op("governance.propose", proposeBody(world, change)), world.bank);
    },
  ],
  [
    "who runs no authority does not vote",
    "NOT_AUTHORITY",
    (world) => {
      decide(world, joining("newbank"));
      return voteOf(world, proposed(world, grace), "newbank").code;
    },
  ],
  [
    "a member runs one authority",
    "AUTHORITY_ALREADY",
    (world) => {
      const change = { kind: "addAuthority", ...member("huasu"), authorityKey: testKey("second authority").key } as const;
      return world.chain.refusal(op("governance.propose", proposeBody(world, change)), world.bank);
    },
  ],
  [
    "the last authority is not removed",
    "AUTHORITY_LAST",
    (world) => {
      const voters = ["zbank", "zhongnong", "zhuogang", "huasu"];
      while (voters.length > 1) {
        precommits(world);
        decide(world, { kind: "removeAuthority", ...member(voters.at(-1) as string) }, voters);
        voters.pop();
      }
      precommits(world);
      return voteOf(world, proposed(world, { kind: "removeAuthority", ...member("zbank") }), "zbank").code;
    },
  ],
  [
    "an authority that nobody has seen does not count for the quorum that it raises",
    "AUTHORITIES_NOT_LIVE",
    (world) => {
      decide(world, joining("newbank"));
      precommits(world, ["zbank", "zhongnong", "zhuogang"]);
      const authorityKey = testKey("newbank authority").key;
      const proposal = proposed(world, { kind: "addAuthority", ...member("newbank"), authorityKey });
      voteOf(world, proposal, "zbank");
      voteOf(world, proposal, "zhongnong");
      return voteOf(world, proposal, "zhuogang").code;
    },
  ],
  [
    "so many keep their vote that they can still decide something",
    "VOTERS_TOO_FEW",
    (world) => {
      decide(world, { kind: "endTurns", ...member("huasu") });
      const proposal = proposed(world, { kind: "endTurns", ...member("zhuogang") });
      voteOf(world, proposal, "zbank");
      voteOf(world, proposal, "zhongnong");
      return voteOf(world, proposal, "zhuogang").code;
    },
  ],
  [
    "whose vote is ended does not vote",
    "VOTE_ENDED",
    (world) => {
      decide(world, { kind: "endTurns", ...member("huasu") });
      return voteOf(world, proposed(world, grace), "huasu").code;
    },
  ],
  ["a decided proposal takes no more votes", "PROPOSAL_CLOSED", (world) => voteOf(world, decide(world, grace), "huasu").code],
  [
    "a withdrawn proposal is not withdrawn again",
    "PROPOSAL_CLOSED",
    (world) => {
      const withdraw = op("governance.withdraw", { proposal: proposed(world, grace) });
      world.chain.act(withdraw, world.bank);
      return world.chain.refusal(withdraw, world.bank);
    },
  ],
  [
    "a proposal does not stay open for ever",
    "EXPIRY_OUT_OF_RANGE",
    (world) => {
      const body = { ...proposeBody(world, grace), expiresMs: world.chain.timeMs + 365 * DAY_MS };
      return world.chain.refusal(op("governance.propose", body), world.bank);
    },
  ],
  [
    "nobody becomes ready by a block that the chain did not have lately",
    "WAYMARK_UNKNOWN",
    (world) => {
      const key = testKey("zbank authority");
      const body = { ...member("zbank"), key: key.key, height: waymark(world).height, block: commitment("another block") };
      return world.chain.refusal(op("authority.ready", body), world.bank, by(world.bank, key));
    },
  ],
  [
    "nobody becomes ready with the authority key of another member",
    "KEY_TAKEN",
    (world) => {
      const key = testKey("huasu authority");
      const body = { ...member("zbank"), key: key.key, ...waymark(world) };
      return world.chain.refusal(op("authority.ready", body), world.bank, by(world.bank, key));
    },
  ],
  [
    "a parameter has a name that the chain knows",
    "PARAM_UNKNOWN",
    (world) => {
      const change = { kind: "setParams", params: [{ name: "graceDay", value: 5 }] } as const;
      return world.chain.refusal(op("governance.propose", proposeBody(world, change)), world.bank);
    },
  ],
  [
    "a parameter stays within its bounds",
    "PARAM_OUT_OF_RANGE",
    (world) => {
      const change = { kind: "setParams", params: [{ name: "blockIntervalMs", value: 60_000 }] } as const;
      return world.chain.refusal(op("governance.propose", proposeBody(world, change)), world.bank);
    },
  ],
  [
    "parameters that exclude each other are not set",
    "PARAM_OUT_OF_RANGE",
    (world) => {
      const params = [{ name: "tenorSoftMonths", value: TEST_PARAMS.tenorHardMonths + 1 }];
      return world.chain.refusal(op("governance.propose", proposeBody(world, { kind: "setParams", params })), world.bank);
    },
  ],
  [
    "a feature is not switched on in the past",
    "FEATURE_HEIGHT_PAST",
    (world) => {
      const change = { kind: "switchFeature", feature: "x-later", height: world.chain.height + 1 } as const;
      return world.chain.refusal(op("governance.propose", proposeBody(world, change)), world.bank);
    },
  ],
  [
    "an active feature is not switched again",
    "FEATURE_ACTIVE",
    (world) => {
      const { chain } = world;
      decide(world, { kind: "switchFeature", feature: "x-later", height: chain.height + 10 });
      while (chain.height < 30) chain.block([]);
      const again = { kind: "switchFeature", feature: "x-later", height: 100 } as const;
      return chain.refusal(op("governance.propose", proposeBody(world, again)), world.bank);
    },
  ],
  [
    "turns that were not ended do not come back",
    "WRONG_STATUS",
    (world) =>
      world.chain.refusal(
        op("governance.propose", proposeBody(world, { kind: "reinstate", ...member("huasu") })),
        officer(world, "zbank"),
      ),
  ],
];
