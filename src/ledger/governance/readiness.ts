import { hash, int, memberId, publicKey } from "../../codec/schema.ts";
import { require } from "../codes.ts";
import { memberObjectId, readinessId, TURNS_ID } from "../ids.ts";
import { isAcceptable, isFree } from "../parties/keys.ts";
import { transition } from "../transition.ts";

/**
 * A node shows that its authority key runs and follows the chain: the key signs a transaction that names a recent block. Until the key's
 * first precommit that is what the quorum guard counts.
 */
export const ready = transition({
  kind: "authority.ready",
  label: { zh: "共识节点就绪", en: "show an authority's readiness" },
  ground: "protocol.md §5: a change must leave a quorum of live authorities",
  signedBy: "member; its present or future authority key",
  body: { member: memberId, key: publicKey, height: int({ min: 1 }), block: hash },
  signers: ({ member }, { book }) => [book.get("member", memberObjectId(member)).party],
  requires: [
    ({ body, book, signers }) => {
      const { party } = book.get("member", memberObjectId(body.member));
      require(signers.some((signer) => signer.party === party && signer.key === body.key), "SIGNER_MISSING");
    },
    ({ body, book }) => {
      const isOwn = book.get("member", memberObjectId(body.member)).authorityKey === body.key;
      require(isOwn || isFree(book, body.key), "KEY_TAKEN");
    },
    ({ body }) => require(isAcceptable(body.key), "KEY_UNACCEPTABLE"),
    ({ body, book }) => {
      const { waymarks } = book.get("turns", TURNS_ID);
      require(waymarks.some(({ height, block }) => height === body.height && block === body.block), "WAYMARK_UNKNOWN");
    },
  ],
  effect: ({ body, book }) => {
    const { member, key, height } = body;
    const known = book.find("readiness", readinessId(key));
    const shown = { member, key, height };
    return [
      known === undefined
        ? book.create("readiness", { id: readinessId(key), ...shown }).id
        : book.update("readiness", known, shown).id,
    ];
  },
});
