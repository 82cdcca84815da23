import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { encode, int, list } from "../../src/codec/schema.ts";
import { fromHex, toHex } from "../../src/lib/bytes.ts";
import { fuzz } from "./fuzzer.ts";
import { Finding, type Target } from "./target.ts";
import { allTargets } from "./targets/all.ts";
import { WIRE } from "./targets/structures.ts";

const SEED = 20_261_125;
const INPUTS_PER_WEIGHT = 6;
const REGRESSIONS = join(import.meta.dirname, "regressions");
const SRC = join(import.meta.dirname, "../../src");
const targets = allTargets(SEED);
/** What is decoded inside something else that is a target, or is one integer or a list of them in an own row. */
const WITHIN: Readonly<Record<string, string>> = {
  birth: "guard file",
  confirmation: "guard file",
  record: "guard file",
  snapshotChunk: "wire snapshotChunk",
  head: "wire header",
  changes: "wire dueChanges",
  total: "wire dueChanges",
};

describe("bytes from outside", () => {
  it("come in at many places", () => {
    expect(targets.length).toBeGreaterThan(80);
  });

  it("are decoded by nothing that is not fuzzed", () => {
    const seen = new Set<string>();
    for (const file of readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"))) {
      const source = readFileSync(join(SRC, file), "utf8");
      for (const [, name] of source.matchAll(
        /\b(?:decode\(|readRecord\([^()]*(?:\([^()]*\))?[^()]*, |#read\([^()]*\([^()]*\), )(\w+)Schema\b/g,
      ))
        seen.add(name as string);
    }
    expect(seen.size).toBeGreaterThan(20);
    const targeted = new Set(targets.map(({ target }) => target.name));
    const unknown = [...seen].filter((name) => !Object.hasOwn(WIRE, name) && !targeted.has(WITHIN[name] ?? ""));
    expect(unknown).toEqual([]);
  });

  it.each(targets.map((each) => [each.target.name, each] as const))("break nothing: %s", async (_, { target, weight }) => {
    const { finding } = await fuzz(target, { inputs: weight * INPUTS_PER_WEIGHT, seed: SEED });
    expect(finding === null ? null : `${toHex(finding.input)}: ${finding.error.stack}`).toBeNull();
  });

  it("that once broke something do so no more", async () => {
    for (const file of readdirSync(REGRESSIONS).filter((name) => name.endsWith(".hex"))) {
      const input = fromHex(readFileSync(join(REGRESSIONS, file), "utf8").trim());
      expect(input, file).toBeDefined();
      const slug = file.replace(/-[0-9a-f]{12}\.hex$/, "");
      const own = targets.filter(({ target }) => target.name.replace(/[^A-Za-z0-9]+/g, "-") === slug);
      expect(own, file).toHaveLength(1);
      for (const { target } of own) await target.check(input as Uint8Array);
    }
  });
});

describe("the fuzzer", () => {
  const numbers = list(int({ max: 1_000 }), { max: 8 });
  const target = (rule: (input: Uint8Array) => boolean): Target => ({
    name: "numbers",
    form: "cbor",
    corpus: [encode(numbers, [1, 2, 3])],
    check: rule,
  });

  it("finds a rule that breaks only behind a certain head", async () => {
    const { finding } = await fuzz(
      target((input) => {
        if (input[0] === 0x84 && input.length > 4) throw new Finding("planted");
        return true;
      }),
      { inputs: 50_000, seed: 1 },
    );
    expect(finding?.error.message).toBe("planted");
  });

  it("makes the same inputs from the same seed", async () => {
    const trace = async (seed: number): Promise<string> => {
      const seen: string[] = [];
      await fuzz(
        target((input) => {
          seen.push(toHex(input));
          return input.length % 2 === 0;
        }),
        { inputs: 500, seed },
      );
      return seen.join();
    };
    expect(await trace(7)).toBe(await trace(7));
    expect(await trace(7)).not.toBe(await trace(8));
  });
});
