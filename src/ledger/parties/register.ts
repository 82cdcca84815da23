import { keyPurposeSchema, legalIdSchema } from "../../codec/genesis.ts";
import { choice, list, memberId, publicKey, struct } from "../../codec/schema.ts";
import { legalIdFault } from "../../types/legal-id.ts";
import { require } from "../codes.ts";
import { keyId, memberObjectId, namedId, partyId } from "../ids.ts";
import { transition } from "../transition.ts";
import { isFree } from "./keys.ts";
import { policyRuleSchema, roleSchema } from "./objects.ts";
import { isSatisfiable } from "./policy.ts";

/**
 * A member of the alliance sponsors a party. Each first key signs the transaction too: that proves possession, and is the one
 * case in which a key signs before it is on the chain (see `judge.ts`).
 */
export const register = transition({
  kind: "party.register",
  label: { zh: "主体注册", en: "register a party" },
  ground: "电子签名法 art. 13: exclusive and sole control, shown by each key's own signature",
  signedBy: "sponsoring member; each first key of the new party",
  body: {
    legalId: legalIdSchema,
    roles: list(roleSchema, { min: 1, max: 16, sortedBy: (role) => role }),
    size: choice("LARGE", "SME", "GOV", "NA"),
    sponsor: memberId,
    keys: list(struct({ key: publicKey, purpose: keyPurposeSchema }), { min: 1, max: 4 }),
    policy: list(policyRuleSchema, { max: 32 }),
  },
  signers: ({ legalId, sponsor }, { book }) => {
    const member = book.find("member", memberObjectId(sponsor));
    require(member !== undefined, "SPONSOR_NOT_MEMBER");
    return [member.party, partyId(legalId)];
  },
  requires: [
    ({ body }) => require(legalIdFault(body.legalId) === null, "LEGAL_ID_INVALID"),
    ({ body, book }) => require(book.find("party", partyId(body.legalId)) === undefined, "LEGAL_ID_TAKEN"),
    ({ body, book }) => require(body.keys.every(({ key }) => isFree(book, key)), "KEY_TAKEN"),
    ({ body }) => require(new Set(body.keys.map(({ key }) => key)).size === body.keys.length, "LIST_REPEATS"),
    ({ body, signers }) =>
      require(body.keys.every(({ key }) =>
        signers.some((signer) => signer.key === key && signer.party === partyId(body.legalId)),
      ), "SIGNER_MISSING"),
    ({ body }) => require(isSatisfiable(body.policy, body.keys), "POLICY_UNSATISFIABLE"),
    ({ body }) => require(body.roles.every((role) => TRADE_ROLES.has(role)), "ROLE_MISSING"),
  ],
  effect: ({ body, book, timeMs }) => {
    const { legalId, roles, size, sponsor, policy, keys } = body;
    const id = partyId(legalId);
    book.create("party", {
      id,
      legalId,
      roles,
      size,
      status: "ACTIVE",
      sponsor,
      policy,
      keys: keys.map(({ key }) => key),
      overdue: 0,
    });
    book.create("legalId", { id: namedId("legalId", legalId.scheme, legalId.value), party: id });
    for (const { key, purpose } of keys) book.create("key", { id: keyId(key), party: id, purpose, fromMs: timeMs });
    return [id];
  },
});

/**
 * What a sponsor may let a firm be. All others (PLATFORM, LENDER, BANK, VERIFIER, REGISTRY, and what later versions add for courts
 * and regulators) come with membership: nobody may register today for a power that a role gives tomorrow.
 */
export const TRADE_ROLES: ReadonlySet<string> = new Set(["SELLER", "DEBTOR", "CARRIER", "GUARANTOR", "WAREHOUSE"]);
