import { describe, expect, it } from "vitest";
import { ALLIANCE_POLICY_ID } from "../../src/ledger/credit/cards.ts";
import { FIRST_CARD } from "../../src/ledger/credit/scorecard.ts";
import { alliance, commitment, DAY_MS, HOUR_MS, receivable } from "./support/alliance.ts";
import { by, op } from "./support/chain.ts";
import { goodHistory, scoreNow } from "./support/credit.ts";
import { applyBody } from "./support/finance.ts";
import { claimBody, claimCode, contractFor, reserveCode, reserved, rotated } from "./support/fingerprints.ts";
import { decide } from "./support/governance.ts";
import { behind } from "./support/refused.ts";

describe("an invoice that a verifier holds", () => {
  it("is registered by its seller alone, as verified, and is held no more", () => {
    const world = alliance();
    const { chain, seller } = world;
    const [contract, verification] = [contractFor(world, 5_000n), reserved(world)];
    const invoice = chain.act(op("invoice.registerVerified", { contract, verification }), seller).created();
    expect(chain.read("invoice", invoice)).toMatchObject({ total: 5_000n, taxStatus: "NORMAL", doubted: false });
    expect(chain.find("verification", verification)).toBeUndefined();
    expect(chain.all("fingerprint")).toMatchObject([{ invoice, verification: null }]);
  });

  it("is free again when its verifier releases it, or nobody registered it in time", () => {
    const world = alliance();
    const { chain, verifier } = world;
    const held = reserved(world);
    chain.act(op("fingerprint.release", { verification: held }), by(verifier, verifier.attester));
    expect(chain.all("fingerprint")).toEqual([]);
    reserved(world);
    chain.pass(11 * HOUR_MS);
    expect([...chain.all("fingerprint"), ...chain.all("verification")]).toEqual([]);
    expect(reserveCode(world, {})).toBe("OK");
  });

  it("may be held by another the moment its time is over, even if the due queue lags", () => {
    const world = alliance();
    const { chain, verifier } = world;
    const first = reserved(world);
    behind(world);
    chain.pass(11 * HOUR_MS);
    const second = reserved(world);
    expect(chain.all("fingerprint")).toMatchObject([{ verification: second }]);
    // The first one's end takes nothing from the second.
    chain.act(op("fingerprint.release", { verification: first }), by(verifier, verifier.attester));
    expect(chain.find("verification", first)).toBeUndefined();
    expect(chain.all("fingerprint")).toMatchObject([{ verification: second }]);
  });

  it("is in doubt if it looks like another under any key, or its verifier doubts it, until the buyer confirms", () => {
    const world = alliance();
    const { chain, seller, debtor } = world;
    const contract = contractFor(world, 50_000n);
    const register = (name: string, change: object): string => {
      const verification = reserved(world, { fingerprint: commitment(name), ...change });
      return chain.act(op("invoice.registerVerified", { contract, verification }), seller).created();
    };
    const doubted = (id: string): boolean => chain.read("invoice", id as never).doubted;
    const alike = [commitment("same day, same total")];
    expect(doubted(register("one", { likenesses: alike }))).toBe(false);
    const second = register("two", { likenesses: alike });
    expect(doubted(second)).toBe(true);
    expect(doubted(register("three", { likenesses: [commitment("under the new key")], earlierLikenesses: alike }))).toBe(true);
    expect(doubted(register("four", { doubted: true }))).toBe(true);
    expect(doubted(register("five", { likenesses: [commitment("of nothing else")] }))).toBe(false);
    chain.act(op("invoice.confirm", { invoice: second as never }), debtor);
    expect(doubted(second)).toBe(false);
  });
});

describe("epochs of the alliance's key", () => {
  it("are voted, and an invoice is looked for under every earlier key that was in force on its day or later", () => {
    const world = alliance();
    const issued = Math.floor((world.chain.timeMs + 8 * HOUR_MS) / DAY_MS);
    rotated(world, 1);
    world.chain.pass(40 * DAY_MS);
    rotated(world, 2);
    world.chain.pass(40 * DAY_MS);
    rotated(world, 3);
    const [second, first] = [commitment("under 2"), commitment("under 1")];
    const at = (issueDay: number, earlier: readonly ReturnType<typeof commitment>[]) =>
      reserveCode(world, { epoch: 3, issueDay, earlier, fingerprint: commitment(`${issueDay}/${earlier.length}`) });
    expect(at(issued, [second])).toBe("EPOCH_WRONG");
    expect(at(issued, [first, second])).toBe("OK");
    expect(at(issued + 60, [second])).toBe("OK");
    expect(at(issued + 60, [])).toBe("EPOCH_WRONG");
    world.chain.pass(2 * DAY_MS);
    expect(at(issued + 82, [])).toBe("OK");
  });

  it("are known to the chain by commitments alone, the newest sixteen of them", () => {
    const world = alliance();
    for (let epoch = 2; epoch <= 20; epoch++) rotated(world, epoch);
    const [{ epochs } = { epochs: [] }] = world.chain.all("fingerprintEpochs");
    expect(epochs.map(({ epoch }) => epoch)).toEqual(Array.from({ length: 16 }, (_, at) => at + 5));
    expect(epochs.at(-1)?.key).toBe(commitment("key 20"));
  });
});

describe("a claim outside the alliance", () => {
  it("keeps an invoice from finance until whoever saw it says that it is over, and raises an alarm", () => {
    const world = alliance();
    const { chain, bank, seller } = world;
    const { note, invoice } = receivable(world, 5_000n);
    const { fingerprint } = chain.read("invoice", invoice);
    const sent = chain.act(op("fingerprint.claim", claimBody(world, { fingerprint })), by(bank, bank.attester));
    const told = sent.receipt.events.map(({ data }) => new TextDecoder().decode(data));
    expect(told.some((event) => event.includes("invoice.alarm"))).toBe(true);
    const asks = () => chain.refusal(op("finance.apply", applyBody(world, [note], 1_000n)), seller);
    expect(asks()).toBe("FINGERPRINT_USED");
    chain.pass(HOUR_MS);
    expect(claimCode(world, { fingerprint, status: "LIFTED" })).toBe("OK");
    expect(asks()).toBe("OK");
  });
});

describe("the alliance's scorecard", () => {
  it("is what its members vote, for every lender that has none of its own", () => {
    const world = alliance();
    goodHistory(world, 3);
    const before = scoreNow(world)?.score ?? 0;
    decide(world, { kind: "setScorecard", card: { ...FIRST_CARD, base: 610 } });
    expect(scoreNow(world)?.score).toBe(before + 10);
    expect(world.chain.read("riskPolicy", ALLIANCE_POLICY_ID)).toMatchObject({ lender: null, version: 2 });
  });
});
