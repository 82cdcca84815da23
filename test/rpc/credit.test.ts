import { describe, expect, it } from "vitest";
import { policyIdOf } from "../../src/ledger/credit/cards.ts";
import { creditMethods } from "../../src/rpc/credit-methods.ts";
import type { Method } from "../../src/rpc/method.ts";
import { allianceOn } from "../ledger/support/alliance.ts";
import { op } from "../ledger/support/chain.ts";
import { card, factsOf, goodHistory, scoreNow } from "../ledger/support/credit.ts";
import { ProvingChain } from "../node/support/proving-chain.ts";

interface Answer {
  readonly score: number;
  readonly grade: string;
  readonly points: readonly { readonly points: number }[];
  readonly reasons: readonly string[];
  readonly policy: string;
  readonly facts: number;
  readonly currency: string;
}

describe("credit_score", () => {
  it("answers what the ledger itself computes, now and at any height kept, by the alliance's card or a lender's own", async () => {
    const world = allianceOn((identity) => new ProvingChain(identity));
    const { chain, seller, bank, verifier } = world;
    const [method] = creditMethods(chain.node) as [Method];
    const ask = (params: object): Promise<Answer> => method.call({ party: seller.id, ...params }) as Promise<Answer>;
    await expect(ask({})).rejects.toMatchObject({ code: "NOT_FOUND" });
    goodHistory(world, 3);
    const first = await ask({});
    expect(first).toMatchObject({ ...scoreNow(world), currency: "CNY", facts: factsOf(world)?.version });
    const base = first.points.reduce((sum, { points }) => sum + points, 600);
    expect(first.score).toBe(base);
    const { height } = chain;
    goodHistory(world, 2);
    expect((await ask({})).score).not.toBe(first.score);
    expect((await ask({ height })).score).toBe(first.score);
    await expect(ask({ height: chain.height + 1 })).rejects.toMatchObject({ code: "BLOCK_NOT_FOUND" });
    await expect(ask({ currency: "EUR" })).rejects.toMatchObject({ code: "NOT_FOUND" });
    const body = { lender: bank.id, validator: verifier.id, card: card({ base: 500 }) };
    chain.act(op("risk.policy", body), bank, verifier);
    const [ours, theirs] = [await ask({}), await ask({ lender: bank.id })];
    expect(theirs.policy).toBe(policyIdOf(bank.id));
    expect(theirs.score).toBe(ours.score - 100);
  });
});
