import { choice, hash, int } from "../../codec/schema.ts";
import { require } from "../codes.ts";
import { activeParty } from "../conditions.ts";
import { transition } from "../transition.ts";

/** A party lets another use its data. What it consents to is in a document, of which the chain holds the hash. */
export const grantConsent = transition({
  kind: "consent.grant",
  label: { zh: "授权查询", en: "grant consent" },
  ground: "个人信息保护法 art. 13–15; 数据安全法 art. 32",
  signedBy: "the party whose data they are",
  body: { party: hash, to: hash, purpose: choice("CREDIT", "TRADE", "AUDIT"), document: hash, untilMs: int() },
  signers: ({ party }) => [party],
  requires: [
    (call) => {
      activeParty(call, call.body.to);
    },
    ({ body }) => require(body.party !== body.to, "SAME_PARTY"),
    ({ body, timeMs }) => require(body.untilMs > timeMs, "EXPIRY_OUT_OF_RANGE"),
  ],
  effect: ({ body, book, newId }) => [book.add("consent", { id: newId(), ...body, status: "GRANTED" }).id],
});

/** From now on; what was done under it stays done. */
export const revokeConsent = transition({
  kind: "consent.revoke",
  label: { zh: "撤销授权", en: "revoke consent" },
  ground: "个人信息保护法 art. 15: consent may be withdrawn",
  signedBy: "the party that gave it",
  body: { consent: hash },
  signers: ({ consent }, { book }) => [book.get("consent", consent).party],
  requires: [({ body, book }) => require(book.get("consent", body.consent).status === "GRANTED", "WRONG_STATUS")],
  effect: ({ body, book }) => [book.update("consent", book.get("consent", body.consent), { status: "REVOKED" }).id],
});
