import { amount, choice, hash, int, list, nullable, optional, struct } from "../codec/schema.ts";
import { type Claim, type RuleSet, rank } from "../ledger/finance/priority.ts";
import type { ObjectOf } from "../ledger/objects.ts";
import { LIMITS } from "../types/limits.ts";
import type { Hash, TxId } from "../types/scalars.ts";
import type { LocalNode } from "./local-node.ts";
import { type Method, method } from "./method.ts";
import { RpcError } from "./rpc-error.ts";

const CLAIMS_MAX = 64;

/** A claim from outside the alliance, as a search in the registry or a letter shows it. */
const claimSchema = struct({
  id: hash,
  amount: amount({ min: 1n }),
  filing: nullable(struct({ timeMs: int(), number: hash })),
  notice: nullable(struct({ height: int(), index: int() })),
});

/** Who comes first among several creditors (art. 768): the node shows for each loan what its chain knows, and ranks all claims. */
export function priorityMethods(node: LocalNode): readonly Method[] {
  const find = <T>(kind: "loan" | "filing" | "note", id: Hash): T | undefined =>
    node.ledger.get(kind, id)?.object as T | undefined;

  /** The first notice by which the debtor of something that secures the loan learned of its lender. */
  const noticeOf = async ({ lender, notes }: ObjectOf<"loan">): Promise<Claim["notice"]> => {
    const arrivals: NonNullable<Claim["notice"]>[] = [];
    for (const id of notes) {
      const note = find<ObjectOf<"note">>("note", id);
      if (note === undefined) continue;
      const where = { receivable: note.receivable, by: lender };
      const listed = await node.ledger.list({ kind: "notice", where, limit: LIMITS.rpcListMax });
      for (const { object } of listed.ok ? listed.value.items : []) {
        const made = await node.ledger.history("notice", object.id as Hash, 1);
        const tx = made.ok ? made.value.items[0]?.tx : null;
        const place = tx == null ? undefined : node.transaction(tx as TxId);
        if (place !== undefined && "index" in place) arrivals.push({ height: place.height, index: place.index });
      }
    }
    arrivals.sort((left, right) => left.height - right.height || left.index - right.index);
    return arrivals[0] ?? null;
  };

  const claimOf = async (id: Hash): Promise<Claim> => {
    const loan = find<ObjectOf<"loan">>("loan", id);
    if (loan === undefined) throw new RpcError("notFound", "NOT_FOUND", "there is no loan with this id");
    const filing = loan.filing === null ? undefined : find<ObjectOf<"filing">>("filing", loan.filing);
    const isFiled = filing !== undefined && filing.status === "ACTIVE";
    return {
      id,
      amount: loan.principal,
      filing: isFiled ? { timeMs: filing.timeMs, number: filing.number } : null,
      notice: await noticeOf(loan),
    };
  };

  return [
    method({
      name: "ledger_priority",
      summary:
        "The order of several creditors: loans of this chain, with filing and notice as it knows them, and claims from outside",
      params: {
        loans: list(hash, { max: CLAIMS_MAX }),
        others: optional(list(claimSchema, { max: CLAIMS_MAX })),
        rules: optional(choice("CN768", "MLF2023")),
      },
      handle: async ({ loans, others, rules }) => {
        node.requireIndices();
        const known: Claim[] = [];
        for (const id of loans) known.push(await claimOf(id));
        const all = [...known, ...(others ?? [])];
        if (new Set(all.map(({ id }) => id)).size < all.length)
          throw new RpcError("params", "CLAIM_REPEATED", "params: expected each claim once");
        const chosen: RuleSet = rules ?? "CN768";
        const claims = rank(chosen, all).map((each) => ({
          ...each.claim,
          amount: each.claim.amount.toString(),
          rank: each.rank,
        }));
        return { rules: chosen, claims, at: node.at() };
      },
    }),
  ];
}
