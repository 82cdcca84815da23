import { describe, expect, it } from "vitest";
import { owed } from "../../src/ledger/finance/waterfall.ts";
import type { Method } from "../../src/rpc/method.ts";
import { owedMethods } from "../../src/rpc/owed-methods.ts";
import type { Hash } from "../../src/types/scalars.ts";
import { allianceOn, commitment, receivable } from "../ledger/support/alliance.ts";
import { disputed } from "../ledger/support/changes.ts";
import { late, lend, pay } from "../ledger/support/finance.ts";
import { ProvingChain } from "../node/support/proving-chain.ts";

interface Answer {
  readonly principal: string;
  readonly interest: string;
  readonly disputed: string;
  readonly currency: string;
  readonly day: number;
}

describe("ledger_owed", () => {
  it("answers principal and late interest of a receivable, to any day and as of any height kept", async () => {
    const world = allianceOn((identity) => new ProvingChain(identity));
    const { chain } = world;
    const [method] = owedMethods(chain.node) as [Method];
    const ask = (id: Hash, more: object = {}) => method.call({ kind: "receivable", id, ...more }) as Promise<Answer>;
    const { root, dispute } = disputed(world, 100_000n, 40_000n);
    const { maturityDay } = chain.read("receivable", root);
    late(world, root, 10);
    chain.block([]);
    expect(await ask(root)).toMatchObject({
      principal: "100000",
      interest: "300",
      disputed: "40000",
      currency: "CNY",
      day: maturityDay + 10,
    });
    expect((await ask(root, { day: maturityDay + 20 })).interest).toBe("600");
    expect((await ask(root, { day: maturityDay })).interest).toBe("0");
    const before = chain.height;
    const open = chain.all("note").find(({ position, dispute: own }) => position === "OPEN" && own === null);
    pay(world, [{ note: open?.id as Hash, amount: 60_000n }]);
    expect(await ask(root)).toMatchObject({ principal: "40000", interest: "300", disputed: "40000" });
    // What ended late earns no more; what is contested earns nothing yet.
    expect((await ask(root, { day: maturityDay + 20 })).interest).toBe("300");
    expect(await ask(root, { height: before })).toMatchObject({ principal: "100000", interest: "300" });
    expect(chain.read("dispute", dispute).status).toBe("RAISED");
    await expect(ask(root, { height: chain.height + 1 })).rejects.toMatchObject({ code: "BLOCK_NOT_FOUND" });
    await expect(ask(commitment("nothing"))).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("answers of a loan what repaying it takes", async () => {
    const world = allianceOn((identity) => new ProvingChain(identity));
    const { chain } = world;
    const [method] = owedMethods(chain.node) as [Method];
    const { loan } = lend(world, [receivable(world, 100_000n).note], 80_000n);
    const object = chain.read("loan", loan);
    const day = object.startDay + 120;
    const answer = (await method.call({ kind: "loan", id: loan, day })) as Answer;
    expect(BigInt(answer.principal) + BigInt(answer.interest)).toBe(owed(object, day));
    expect(BigInt(answer.interest)).toBeGreaterThan(0n);
    await expect(method.call({ kind: "loan", id: commitment("nothing") })).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});
