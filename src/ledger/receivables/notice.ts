import { hash } from "../../codec/schema.ts";
import type { Hash } from "../../types/scalars.ts";
import { require } from "../codes.ts";
import type { ObjectOf } from "../objects.ts";
import { type Call, transition } from "../transition.ts";

/**
 * Notice of assignment to the debtor and to each guarantor. It arrives with the block that records it: by its time and height, and
 * within the block by the place of its transaction, which the transaction's proof shows and the state therefore need not. The record
 * never changes but for the acknowledgement, and there is no transition that takes it back. `child` numbers the debtor's.
 */
export function giveNotice(
  call: Call<unknown>,
  note: Hash,
  by: Hash,
  reason: ObjectOf<"notice">["reason"],
  child: number | "fresh",
): readonly Hash[] {
  const { book, height, timeMs } = call;
  const receivable = book.get("receivable", book.get("note", note).receivable);
  const guarantors = receivable.guarantees.map((id) => book.get("guarantee", id).guarantor);
  const ids = [receivable.debtor, ...new Set(guarantors)].map((to, index) => {
    const id = index === 0 && child !== "fresh" ? call.newId(child) : call.freshId();
    book.add("notice", { id, receivable: receivable.id, note, to, by, height, timeMs, reason });
    return id;
  });
  if (receivable.noticed) return ids;
  book.update("receivable", receivable, { moved: true, noticed: true });
  const contract = book.get("contract", receivable.contract);
  book.update("contract", contract, { relying: contract.relying + 1 });
  return ids;
}

/** Whoever was notified says that it has seen it. */
export const acknowledge = transition({
  kind: "notice.acknowledge",
  label: { zh: "确认收到转让通知", en: "acknowledge notice of assignment" },
  ground: "Civil Code art. 764; 合同编通则解释 art. 50: arrival is by the record of the system, not by this",
  signedBy: "the party notified",
  body: { notice: hash },
  signers: ({ notice }, { book }) => [book.get("notice", notice).to],
  requires: [({ body, book }) => require(book.get("notice", body.notice).acknowledgedMs === undefined, "WRONG_STATUS")],
  effect: ({ body, book, timeMs }) => [book.update("notice", book.get("notice", body.notice), { acknowledgedMs: timeMs }).id],
});
