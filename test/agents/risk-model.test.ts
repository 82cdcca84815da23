import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { simulatedHistory } from "../../src/agents/model/simulated-history.ts";
import { evaluate } from "../../src/agents/model/stumps.ts";
import { train } from "../../src/agents/model/train.ts";
import type { BodyOf } from "../../src/ledger/transitions.ts";
import type { Hash } from "../../src/types/scalars.ts";
import { by, op } from "../ledger/support/chain.ts";
import { application, attestedNow, decideBodyBy, goodHistory, registerModel, scoreNow } from "../ledger/support/credit.ts";
import { related } from "../ledger/support/gates.ts";
import { type AgentDesk, agentDesks, applied, riskAgent } from "./agent-desk.ts";
import { describeWithRuntime } from "./model-runtime.ts";

const { model, file, card } = train(simulatedHistory(1_500, 9));

const desks = agentDesks();
let world: AgentDesk["world"];
let folder: string;
let said: AgentDesk["said"];
beforeEach(() => {
  ({ world, folder, said } = desks.now());
});

/** An application that the agent answers; the decision. */
async function decided() {
  const { chain } = world;
  const application = applied(desks.now(), 20_000n);
  await riskAgent(desks.now()).decide(application);
  const [decision] = chain.read("application", application).decisions;
  return chain.read("decision", decision as Hash);
}

/** Registers the model with cut-offs of the test's own. */
function register(change: Partial<BodyOf<"model.register">>): Hash {
  return registerModel(world, { ...card, ...change });
}

const generous = [
  { fromQ: 1_000, grade: "A" },
  { fromQ: 0, grade: "E" },
] as const;
const strict = [
  { fromQ: 10_000, grade: "A" },
  { fromQ: 0, grade: "E" },
] as const;

describe("the risk agent without a model to ask", () => {
  it("refers what is not financed whatever the score, and says why", async () => {
    goodHistory(world, 4);
    related(world);
    expect(await decided()).toMatchObject({ outcome: "REFER", reasons: expect.arrayContaining(["RELATED_PARTIES"]) });
  });

  it("refers a firm that is good and was never paid, for a line is made of payments", async () => {
    const { chain, bank, debtor } = world;
    chain.act(op("risk.gradeDebtor", { lender: bank.id, debtor: debtor.id, grade: 1 }), by(bank, bank.engine));
    const decision = await decided();
    expect(decision.grade).not.toBe("E");
    expect(decision).toMatchObject({ outcome: "REFER", reasons: expect.arrayContaining(["NO_PAYMENTS_YET"]) });
  });

  it("refers everybody while the file of the model registered is missing, and says so", async () => {
    goodHistory(world, 4);
    register({});
    expect(await decided()).toMatchObject({ outcome: "REFER", model: null });
    expect(said.map(({ line }) => line)).toEqual(["model not asked", "decided"]);
    expect(said[0]?.data.code).toMatch(/^MODEL_(FILE|RUNTIME)_MISSING$/);
  });

  it("refers everybody while the model registered is for other features", async () => {
    goodHistory(world, 4);
    register({ inputSchema: card.onnx });
    expect(await decided()).toMatchObject({ outcome: "REFER", model: null });
    expect(said[0]?.data.code).toBe("MODEL_INPUT_UNKNOWN");
  });
});

describeWithRuntime("the risk agent with a model", () => {
  beforeEach(() => writeFileSync(join(folder, "model.onnx"), file));

  it("attests what the model registered said, which is what the trainer would say", async () => {
    goodHistory(world, 4);
    const registered = register({ calibration: generous });
    const decision = await decided();
    expect(decision).toMatchObject({ outcome: "APPROVED", model: { card: registered } });
    const row = scoreNow(world)?.points.map(({ value }) => value) ?? [];
    expect(Math.abs((decision.model?.outQ ?? 0) - 10_000 * evaluate(model, row))).toBeLessThanOrEqual(0.51);
  });

  it("declines whom the model alone would decline, and nobody the better for a good model", async () => {
    goodHistory(world, 4);
    register({ calibration: strict });
    expect(await decided()).toMatchObject({ outcome: "DECLINE" });
    const poor = world.chain.refusal(
      op("finance.decide", { ...body(), outcome: "APPROVED", amount: 1_000n, advanceBp: 5_000 }),
      by(world.bank, world.bank.engine),
    );
    expect(poor).toBe("SCORE_TOO_LOW");
  });

  it("refers an output so near a cut-off that an auditor's run might fall on the other side", async () => {
    goodHistory(world, 4);
    register({ calibration: generous, guardBandQ: 1_000 });
    const cut = (await decided()).model?.outQ ?? 0;
    world.chain.act(op("model.retire", { model: world.chain.all("modelCard")[0]?.id as Hash }), world.bank);
    register({
      calibration: [
        { fromQ: cut + 5, grade: "A" },
        { fromQ: 0, grade: "E" },
      ],
      guardBandQ: 100,
    });
    expect(await decided()).toMatchObject({ outcome: "REFER", reasons: expect.arrayContaining(["MODEL_NEAR_CUTOFF"]) });
  });

  it("asks the newest of several, and none that is retired", async () => {
    goodHistory(world, 4);
    const first = register({ calibration: generous });
    world.chain.pass(1_000);
    const second = register({ calibration: generous });
    expect((await decided()).model?.card).toBe(second);
    world.chain.act(op("model.retire", { model: second }), world.bank);
    expect((await decided()).model?.card).toBe(first);
    world.chain.act(op("model.retire", { model: first }), world.bank);
    expect(await decided()).toMatchObject({ outcome: "APPROVED", model: null });
  });
});

/** A further application with what an engine would attest to it, the model's output included. */
function body(): BodyOf<"finance.decide"> {
  const applied = application(world);
  const [registered] = world.chain.all("modelCard");
  const said = { card: registered?.id as Hash, outQ: 9_900, runtime: card.onnx };
  return decideBodyBy(world, applied, attestedNow(world, { mode: "B", model: said }));
}
