import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CursorFile } from "../../src/agents/cursor-file.ts";
import { ModelDesk } from "../../src/agents/model/model-desk.ts";
import { simulatedHistory } from "../../src/agents/model/simulated-history.ts";
import { evaluate } from "../../src/agents/model/stumps.ts";
import { train } from "../../src/agents/model/train.ts";
import { RiskAgent } from "../../src/agents/risk-agent.ts";
import type { BodyOf } from "../../src/ledger/transitions.ts";
import type { Hash } from "../../src/types/scalars.ts";
import { type Alliance, allianceOn, receivable } from "../ledger/support/alliance.ts";
import { by, op } from "../ledger/support/chain.ts";
import { application, attestedNow, decideBodyBy, goodHistory, registerModel, scoreNow } from "../ledger/support/credit.ts";
import { applyBody } from "../ledger/support/finance.ts";
import { related } from "../ledger/support/gates.ts";
import { ProvingChain } from "../node/support/proving-chain.ts";
import { describeWithRuntime } from "./model-runtime.ts";
import { serve, signingKey } from "./serving-chain.ts";

const { model, file, card } = train(simulatedHistory(1_500, 9));

let world: Alliance & { readonly chain: ProvingChain };
let server: Awaited<ReturnType<typeof serve>>;
let folder: string;
let said: { line: string; data: Readonly<Record<string, unknown>> }[];

beforeEach(async () => {
  said = [];
  world = allianceOn((identity) => new ProvingChain(identity, "real"));
  server = await serve(world.chain);
  folder = mkdtempSync(join(tmpdir(), "zhonglian-risk-"));
});

afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

function agent(): RiskAgent {
  const { bank } = world;
  return new RiskAgent({
    client: server.client,
    lender: bank.id,
    engine: signingKey(bank, bank.engine),
    terms: {
      limit: 1_000_000n,
      ratePpm: { A: 38_000, B: 43_500, C: 52_000, D: 65_000 },
      security: "PLEDGE",
      recourse: true,
      tenorExtraDays: 5,
      decisionTtlMs: 3_600_000,
    },
    models: new ModelDesk({ client: server.client, lender: bank.id, folder }),
    cursor: new CursorFile(join(folder, "cursor.json")),
    report: (line, data) => void said.push({ line, data }),
  });
}

/** An application that the agent answers; the decision. */
async function decided() {
  const { chain, seller } = world;
  const { note } = receivable(world, 100_000n);
  const application = chain.act(op("finance.apply", applyBody(world, [note], 20_000n)), seller).created();
  await agent().decide(application);
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
