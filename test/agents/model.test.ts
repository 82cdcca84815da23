import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FEATURE_PROGRAM, type FeatureRow, INPUT_SCHEMA, inputOf, rowOf, sha256Hex } from "../../src/agents/model/input.ts";
import { areaUnderCurve, kolmogorovSmirnov, stabilityIndex } from "../../src/agents/model/metrics.ts";
import { onnxFile } from "../../src/agents/model/onnx-file.ts";
import { Message } from "../../src/agents/model/protobuf.ts";
import { loadModel, ModelError } from "../../src/agents/model/runtime.ts";
import { simulatedHistory } from "../../src/agents/model/simulated-history.ts";
import { boost, evaluate } from "../../src/agents/model/stumps.ts";
import { TrainingError, train } from "../../src/agents/model/train.ts";
import { toHex } from "../../src/lib/bytes.ts";
import type { Hash } from "../../src/types/scalars.ts";
import { FEATURES } from "../../src/types/score-features.ts";
import { describeWithRuntime } from "./model-runtime.ts";

const EXAMPLE = resolve(import.meta.dirname, "../../network-configs/local/model");
const rows = simulatedHistory(2_000, 5);
const trained = train(rows);

const anyRow: fc.Arbitrary<FeatureRow> = fc.array(fc.option(fc.integer({ min: -4_000, max: 20_000 })), {
  minLength: FEATURES.length,
  maxLength: FEATURES.length,
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "zhonglian-model-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("messages of Protocol Buffers", () => {
  it("are written as their documentation's examples are", () => {
    // https://protobuf.dev/programming-guides/encoding: field 1 is 150; field 2 is "testing"; field 3 holds the first.
    expect(toHex(new Message().int(1, 150).encode())).toBe("089601");
    expect(toHex(new Message().text(2, "testing").encode())).toBe("120774657374696e67");
    expect(toHex(new Message().message(3, new Message().int(1, 150)).encode())).toBe("1a03089601");
    expect(toHex(new Message().float(7, 1).encode())).toBe("3d0000803f");
    expect(toHex(new Message().int(20, 2 ** 40).encode())).toBe("a001808080808020");
  });
});

describe("training", () => {
  it("makes the same file of the same history, and another of another", () => {
    expect(train(simulatedHistory(2_000, 5)).card).toEqual(trained.card);
    expect(train(simulatedHistory(2_000, 6)).card.onnx).not.toBe(trained.card.onnx);
    expect(trained.card.onnx).toBe(sha256Hex(trained.file));
  });

  it("learns something that holds for rows it has not seen", () => {
    expect(trained.metrics.aucQ).toBeGreaterThan(6_800);
    expect(trained.metrics.ksQ).toBeGreaterThan(2_500);
    expect(trained.metrics.psiQ).toBeLessThan(1_000);
  });

  it("learns nothing from what is chance", () => {
    const noise = rows.map(({ features }, at) => ({ features, bad: (at * 7_919) % 13 === 0 }));
    expect(Math.abs(train(noise).metrics.aucQ - 5_000)).toBeLessThan(1_000);
  });

  it("holds each feature to its direction: more delay never helps a firm, more payments on time never harm it", () => {
    const directions = [1, 1, 1, -1, -1, -1, -1, -1, 1, -1, -1];
    fc.assert(
      fc.property(anyRow, fc.nat({ max: FEATURES.length - 1 }), fc.integer({ min: 1, max: 9_000 }), (row, at, more) => {
        const value = row[at] ?? null;
        if (value === null) return;
        const changed = row.map((each, index) => (index === at ? value + more : each));
        const change = evaluate(trained.model, changed) - evaluate(trained.model, row);
        expect(change * (directions[at] as number)).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it("refuses a history that no model could be fitted to", () => {
    expect(() => train(rows.slice(0, 100))).toThrow(TrainingError);
    expect(() => train(rows.map(({ features }) => ({ features, bad: false })))).toThrow("one kind only");
  });

  it("is asked in the ledger's own order of features", () => {
    const points = FEATURES.map((feature, value) => ({ feature, value }));
    expect(rowOf(points)).toEqual(points.map(({ value }) => value));
    expect(rowOf([...points].reverse())).toBeUndefined();
    expect(rowOf(points.slice(1))).toBeUndefined();
    expect([...inputOf([1, null, 2 ** 40])]).toEqual([1, Number.NaN, 1_000_000]);
  });
});

describe("metrics", () => {
  const scored = [
    { paysDown: 0.1, bad: true },
    { paysDown: 0.4, bad: false },
    { paysDown: 0.4, bad: true },
    { paysDown: 0.8, bad: false },
  ];

  it("count ranks, distances and shifts as published", () => {
    expect(areaUnderCurve(scored)).toBe(0.875);
    expect(kolmogorovSmirnov(scored)).toBe(0.5);
    const values = Array.from({ length: 1_000 }, (_, at) => at);
    expect(stabilityIndex(values, values)).toBeCloseTo(0);
    expect(
      stabilityIndex(
        values,
        values.map((value) => value + 300),
      ),
    ).toBeGreaterThan(0.25);
  });
});

describe("the example model of the repository", () => {
  it("is what the trainer makes of its simulated history", () => {
    const { file, card } = train(simulatedHistory(6_000, 1));
    expect(sha256Hex(readFileSync(join(EXAMPLE, "model.onnx")))).toBe(sha256Hex(file));
    expect(JSON.parse(readFileSync(join(EXAMPLE, "card.json"), "utf8"))).toEqual(card);
    expect([card.featureProgram, card.inputSchema]).toEqual([FEATURE_PROGRAM, INPUT_SCHEMA]);
  });
});

describe("a model's file", () => {
  it("cannot be run without its runtime, which says what to do", async () => {
    writeFileSync(join(folder, "model.onnx"), trained.file);
    await expect(loadModel(folder, trained.card.onnx, "no-such-runtime")).rejects.toMatchObject({
      code: "MODEL_RUNTIME_MISSING",
      message: expect.stringContaining("npm install --no-save"),
    });
  });
});

describeWithRuntime("onnxruntime", () => {
  it("loads the file and gives the trainer's own numbers", async () => {
    writeFileSync(join(folder, "any name.onnx"), trained.file);
    const model = await loadModel(folder, trained.card.onnx);
    for (const { features } of rows.slice(0, 300))
      expect(Math.abs((await model.outputQ(features)) - 10_000 * evaluate(trained.model, features))).toBeLessThanOrEqual(0.51);
    await fc.assert(
      fc.asyncProperty(anyRow, async (row) => {
        expect(Math.abs((await model.outputQ(row)) - 10_000 * evaluate(trained.model, row))).toBeLessThanOrEqual(0.51);
      }),
    );
    await model.release();
  });

  it("gives a probability whatever is asked", async () => {
    writeFileSync(join(folder, "model.onnx"), trained.file);
    const model = await loadModel(folder, trained.card.onnx);
    const extreme = fc.array(fc.option(fc.double({ noNaN: false })), { minLength: 11, maxLength: 11 });
    await fc.assert(
      fc.asyncProperty(extreme, async (row) => {
        const outQ = await model.outputQ(row);
        expect(Number.isInteger(outQ) && outQ >= 0 && outQ <= 10_000).toBe(true);
      }),
    );
    await model.release();
  });

  it("is given no other file than the one registered, and no broken one", async () => {
    writeFileSync(join(folder, "model.onnx"), trained.file);
    writeFileSync(
      join(folder, "changed.onnx"),
      Uint8Array.from(trained.file, (byte, at) => (at === 100 ? byte ^ 1 : byte)),
    );
    writeFileSync(join(folder, "large.onnx"), new Uint8Array(5 * 1024 * 1024));
    mkdirSync(join(folder, "folder.onnx.d"));
    const other = sha256Hex("another file");
    await expect(loadModel(folder, other)).rejects.toMatchObject({ code: "MODEL_FILE_MISSING" });
    await expect(loadModel(folder, sha256Hex(new Uint8Array(5 * 1024 * 1024)))).rejects.toMatchObject({
      code: "MODEL_FILE_MISSING",
    });
    const broken = trained.file.slice(0, 500);
    writeFileSync(join(folder, "broken.onnx"), broken);
    await expect(loadModel(folder, sha256Hex(broken))).rejects.toBeInstanceOf(ModelError);
    await expect(loadModel(folder, sha256Hex(broken))).rejects.toMatchObject({ code: "MODEL_FILE_BROKEN" });
    const none = onnxFile(boost(rows.slice(0, 40)));
    writeFileSync(join(folder, "none.onnx"), none);
    expect((await loadModel(folder, sha256Hex(none) as Hash)).hash).toBe(sha256Hex(none));
  });
});
