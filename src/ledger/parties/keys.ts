import { keyPurposeSchema } from "../../codec/genesis.ts";
import { hash, int, optional, publicKey } from "../../codec/schema.ts";
import { isAcceptablePublicKey } from "../../crypto/ed25519.ts";
import { LIMITS } from "../../types/limits.ts";
import type { PublicKey } from "../../types/scalars.ts";
import type { Book } from "../book.ts";
import { require } from "../codes.ts";
import { keyId, MEMBERS_ID, memberObjectId } from "../ids.ts";
import { transition } from "../transition.ts";
import { isSatisfiable, liveKeys } from "./policy.ts";

/** No party has or had the key, and no node: node, authority and party keys are distinct (protocol.md §1). */
export function isFree(book: Book, key: PublicKey): boolean {
  if (book.find("key", keyId(key)) !== undefined) return false;
  return book.get("members", MEMBERS_ID).names.every((name) => {
    const member = book.get("member", memberObjectId(name));
    return member.nodeKey !== key && member.authorityKey !== key;
  });
}

/** The check costs about a millisecond and its answer never changes; a transaction is judged several times. */
const acceptable = new Map<PublicKey, boolean>();
const ACCEPTABLE_KEPT_MAX = 10_000;

/** A canonical point of prime order: checked once, when a key enters the chain (protocol.md §1). */
export function isAcceptable(key: PublicKey): boolean {
  const known = acceptable.get(key);
  if (known !== undefined) return known;
  const answer = isAcceptablePublicKey(key);
  if (acceptable.size >= ACCEPTABLE_KEPT_MAX) acceptable.clear();
  acceptable.set(key, answer);
  return answer;
}

/** The new key signs as well: proof of possession, as at registration. Its form is judged with its signature (`judge.ts`). */
export const addKey = transition({
  kind: "key.add",
  label: { zh: "增加密钥", en: "add a key" },
  ground: "电子签名法 art. 13, 15",
  signedBy: "the party, by its policy; the new key",
  body: { party: hash, key: publicKey, purpose: keyPurposeSchema, untilMs: optional(int()) },
  signers: ({ party }) => [party],
  requires: [
    ({ body, book }) => require(book.get("party", body.party).status === "ACTIVE", "PARTY_INACTIVE"),
    ({ body, book }) => require(book.get("party", body.party).keys.length < LIMITS.keysPerPartyMax, "KEYS_EXCEEDED"),
    ({ body, book }) => require(isFree(book, body.key), "KEY_TAKEN"),
    ({ body, signers }) => require(signers.some(({ party, key }) => party === body.party && key === body.key), "SIGNER_MISSING"),
    ({ body, timeMs }) => require(body.untilMs === undefined || body.untilMs > timeMs, "DEADLINE_PASSED"),
  ],
  effect: ({ body, book, timeMs }) => {
    const party = book.get("party", body.party);
    const id = keyId(body.key);
    const key = { id, party: body.party, purpose: body.purpose, fromMs: timeMs };
    book.create("key", body.untilMs === undefined ? key : { ...key, untilMs: body.untilMs });
    book.update("party", party, { keys: [...party.keys, body.key] });
    return [body.party, id];
  },
});

/** Effective with the next block: keys are judged by the state of the parent. What the key signed until then stands. */
export const revokeKey = transition({
  kind: "key.revoke",
  label: { zh: "吊销密钥", en: "revoke a key" },
  ground: "电子签名法 art. 15: duty to report compromise",
  signedBy: "the party",
  body: { party: hash, key: publicKey },
  signers: ({ party }) => [party],
  requires: [
    ({ body, book }) => require(book.get("key", keyId(body.key)).party === body.party, "KEY_NOT_OWN"),
    ({ body, book }) => require(book.get("key", keyId(body.key)).revokedMs === undefined, "KEY_REVOKED"),
    ({ body, book, timeMs }) => {
      const party = book.get("party", body.party);
      const left = liveKeys(book, party, timeMs).filter(({ id }) => id !== keyId(body.key));
      require(left.some(({ purpose }) => purpose === "MAKER"), "KEY_LAST");
      require(isSatisfiable(party.policy, left), "POLICY_UNSATISFIABLE");
    },
  ],
  effect: ({ body, book, timeMs }) => {
    const party = book.get("party", body.party);
    // The key object stays for ever, so that the key never returns; its place among the party's keys is free again.
    book.update("party", party, { keys: party.keys.filter((key) => key !== body.key) });
    return [body.party, book.update("key", book.get("key", keyId(body.key)), { revokedMs: timeMs }).id];
  },
});
