import { hash, list, memberId, publicKey } from "../../codec/schema.ts";
import { LIMITS } from "../../types/limits.ts";
import { require } from "../codes.ts";
import { schedule } from "../due.ts";
import { keyId, memberObjectId, namedId } from "../ids.ts";
import type { ObjectOf } from "../objects.ts";
import { type Situation, transition } from "../transition.ts";
import { isFree } from "./keys.ts";

/**
 * A party has lost its keys. Members vouch for it with a document (of a certification authority, say), and the new key signs. For some
 * days whoever still has a key of the party may object; then the new key takes the place of all others.
 */
export const recoverKey = transition({
  kind: "key.recover",
  label: { zh: "申请恢复密钥", en: "recover a key" },
  ground: "电子签名法 art. 15, 27; agreement among the members: m of n and a delay",
  signedBy: "members enough to vouch for it; the new key",
  body: {
    party: hash,
    key: publicKey,
    members: list(memberId, { min: 1, max: LIMITS.signersMax - 1, sortedBy: (name) => name }),
    document: hash,
  },
  signers: ({ members }, { book }) => members.map((name) => book.get("member", memberObjectId(name)).party),
  requires: [
    ({ body, business }) => require(body.members.length >= business.recoveryMembersMin, "MEMBERS_TOO_FEW"),
    ({ body, book }) =>
      require(body.members.every((name) => book.get("member", memberObjectId(name)).party !== body.party), "SAME_PARTY"),
    ({ body, book }) => require(isFree(book, body.key), "KEY_TAKEN"),
    ({ body, signers }) => require(signers.some(({ party, key }) => party === body.party && key === body.key), "SIGNER_MISSING"),
    ({ body, book }) => {
      book.get("party", body.party);
      require(book.find("recovery", recoveryId(body.party))?.status !== "PENDING", "RECOVERY_PENDING");
    },
  ],
  effect: (call) => {
    const { body, book, timeMs, business } = call;
    const id = recoveryId(body.party);
    const readyMs = timeMs + business.recoveryDelayMs;
    const fields = { ...body, readyMs, status: "PENDING" } as const;
    const known = book.find("recovery", id);
    if (known === undefined) book.create("recovery", { id, ...fields });
    else book.update("recovery", known, fields);
    schedule(call, readyMs, "recovery", id);
    return [id, body.party];
  },
});

/** The keys are not lost: any maker of the party says so. */
export const refuseRecovery = transition({
  kind: "key.refuseRecovery",
  label: { zh: "拒绝恢复密钥", en: "refuse the recovery of a key" },
  ground: "电子签名法 art. 15: the signatory guards its key, and its name",
  signedBy: "the party, by a key that it still has",
  body: { party: hash },
  signers: ({ party }) => [party],
  requires: [({ body, book }) => require(book.get("recovery", recoveryId(body.party)).status === "PENDING", "WRONG_STATUS")],
  effect: ({ body, book }) => [
    book.update("recovery", book.get("recovery", recoveryId(body.party)), { status: "REFUSED" }).id,
    body.party,
  ],
});

/** Falls due: nobody has objected. A key that somebody else has taken in the meantime recovers nothing. */
export function recoveryDue({ book, timeMs }: Situation, recovery: ObjectOf<"recovery">): void {
  if (recovery.status !== "PENDING" || timeMs < recovery.readyMs) return;
  if (!isFree(book, recovery.key)) {
    book.update("recovery", recovery, { status: "REFUSED" });
    return;
  }
  const party = book.get("party", recovery.party);
  for (const key of party.keys) {
    const old = book.get("key", keyId(key));
    if (old.revokedMs === undefined) book.update("key", old, { revokedMs: timeMs });
  }
  book.create("key", { id: keyId(recovery.key), party: party.id, purpose: "MAKER", fromMs: timeMs });
  // The policy asked for keys that are gone; the party sets another.
  book.update("party", party, { keys: [recovery.key], policy: [] });
  book.update("recovery", recovery, { status: "DONE" });
}

/** One at a time for each party. */
export function recoveryId(party: string) {
  return namedId("recovery", party);
}
