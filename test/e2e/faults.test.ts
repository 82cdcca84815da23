import { afterAll, describe, expect, it } from "vitest";
import { checkField } from "../../src/testnet/faults/checks.ts";
import type { Fault } from "../../src/testnet/faults/fault.ts";
import { Field } from "../../src/testnet/faults/field.ts";
import { FAULTS } from "../../src/testnet/faults/manifest.ts";
import { freeBasePort } from "./support.ts";

const TIMEOUT_MS = 600_000;
/** The quickest of each kind; `npm run test:faults` tries all of them, each on a network of its own. */
const QUICKEST = [
  "crash-guard-written",
  "quorum-lost-and-back",
  "partition-three-one",
  "paused-authority",
  "dead-authority-loses-its-turn",
  "restored-data-folder",
  "same-key-on-two-machines",
  "flipped-bit-block",
  "disk-full",
  "clock-five-minutes-ahead",
  "flood-garbage-peer",
  "rolling-restart",
];

const named = (name: string): Fault => {
  const found = FAULTS.find((fault) => fault.name === name);
  if (found === undefined) throw new Error(`no fault ${name}`);
  return found;
};

/** A network for one fault after another; the next fault after one that did not hold finds a new one. */
let field: Field | null = null;
async function started(): Promise<Field> {
  if (field !== null) return field;
  const fresh = await Field.open({ proxied: true, outageMs: 3_000 }, await freeBasePort());
  field = fresh;
  await fresh.start();
  return fresh;
}
async function ended(): Promise<void> {
  const last = field;
  field = null;
  await last?.close();
}

describe("four authorities and a follower under load", () => {
  afterAll(ended, TIMEOUT_MS);

  for (const { name, does, holds, obstacle, run } of QUICKEST.map(named)) {
    it(`${name}: ${does}; ${holds}`, { timeout: TIMEOUT_MS }, async (context) => {
      const reason = obstacle?.() ?? null;
      if (reason !== null) context.skip(reason);
      const on = await started();
      try {
        await run(on);
        await checkField(on);
        on.load.start();
      } catch (error) {
        const logs = on.logs();
        await ended();
        throw new Error(`${(error as Error).message}\n${logs}`, { cause: error });
      }
    });
  }
});

describe("the list of faults", () => {
  it("has distinct names, at least ten places to crash, and says of each what is done and what holds", () => {
    expect(new Set(FAULTS.map(({ name }) => name)).size).toBe(FAULTS.length);
    expect(FAULTS.filter(({ name }) => name.startsWith("crash-")).length).toBeGreaterThanOrEqual(10);
    for (const { name, does, holds } of FAULTS) {
      expect(name).toMatch(/^[a-z0-9-]+$/);
      expect(
        [does, holds].every((text) => text.length > 10),
        name,
      ).toBe(true);
    }
  });
});
