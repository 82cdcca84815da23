import { describe, expect, it } from "vitest";
import type { Method } from "../../src/rpc/method.ts";
import { priorityMethods } from "../../src/rpc/priority-methods.ts";
import { allianceOn, commitment, receivable } from "../ledger/support/alliance.ts";
import { lend } from "../ledger/support/finance.ts";
import { ProvingChain } from "../node/support/proving-chain.ts";

interface Answer {
  readonly rules: string;
  readonly claims: readonly {
    readonly id: string;
    readonly rank: number;
    readonly amount: string;
    readonly filing: { readonly timeMs: number } | null;
    readonly notice: { readonly height: number; readonly index: number } | null;
  }[];
}

describe("ledger_priority", () => {
  it("ranks loans by what the chain knows of them, together with claims from outside", async () => {
    const world = allianceOn((identity) => new ProvingChain(identity));
    const { chain } = world;
    const { loan } = lend(world, [receivable(world, 5_000n).note], 4_000n);
    const [method] = priorityMethods(chain.node) as [Method];
    const ask = (params: object): Promise<Answer> => method.call(params) as Promise<Answer>;
    const filed = chain.all("filing")[0];
    const notice = chain.all("notice")[0];
    const own = await ask({ loans: [loan] });
    expect(own.rules).toBe("CN768");
    expect(own.claims).toEqual([
      {
        id: loan,
        rank: 1,
        amount: "4000",
        filing: { timeMs: filed?.timeMs, number: filed?.number },
        notice: { height: notice?.height, index: 0 },
      },
    ]);
    const outside = (name: string, timeMs: number | null) => ({
      id: commitment(name),
      amount: "100",
      filing: timeMs === null ? null : { timeMs, number: commitment(name) },
      notice: null,
    });
    const others = [outside("unfiled", null), outside("filed before", 1)];
    const all = await ask({ loans: [loan], others });
    expect(all.claims.map(({ id, rank }) => [id, rank])).toEqual([
      [commitment("filed before"), 1],
      [loan, 2],
      [commitment("unfiled"), 3],
    ]);
    await expect(ask({ loans: [loan, loan] })).rejects.toMatchObject({ code: "CLAIM_REPEATED" });
    await expect(ask({ loans: [commitment("nothing")] })).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});
