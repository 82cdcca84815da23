import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { json, YearTheatre } from "../story/year-theatre.ts";
import { freeBasePort, type Run, scratch, start, until } from "./support.ts";

const FRACTION = 500;
const SEED = "e2e";
/** Interrupted in the middle and started again: takes half as long again. */
const WITH_INTERRUPTION = process.env.ZHONGLIAN_YEAR !== undefined;

const open: { readonly run: Run; readonly folder: ReturnType<typeof scratch> }[] = [];
afterEach(async () => {
  for (const { run, folder } of open.splice(0)) {
    run.child.kill("SIGTERM");
    await run.exit;
    folder.remove();
  }
});

describe("npm start -- --story year", () => {
  it("ends with the report that the ledger alone makes of the same seed", { timeout: 600_000 }, async () => {
    const folder = scratch();
    const base = String(await freeBasePort());
    const flags = ["--story", "year", "--seed", SEED, "--scale", `1/${FRACTION}`, "--dir", folder.path, "--base-port", base];
    if (WITH_INTERRUPTION) {
      const first = start(...flags, "--exit");
      open.push({ run: first, folder });
      await until(() => first.err().includes("] 2026-04-"), "the year is under way", first);
      first.child.kill("SIGINT");
      expect(await first.exit).toBe(130);
      expect(first.err()).toContain("interrupted; the next start goes on where the story was left");
    }
    const last = start(...flags, "--exit", "--json");
    open.push({ run: last, folder });
    expect(await last.exit, last.err()).toBe(0);
    expect(/the year was played to 2026-0[3-9]-[0-9]+; it goes on from there/.test(last.err())).toBe(WITH_INTERRUPTION);
    const summary = JSON.parse(last.out()) as Record<string, unknown>;
    expect(summary).toMatchObject({ transactions: expect.any(Number), report: { balanced: true } });

    const theatre = await YearTheatre.open();
    try {
      const { report } = await theatre.play({ seed: SEED, fraction: FRACTION });
      expect(readFileSync(join(folder.path, "year-report.json"), "utf8")).toBe(`${json(report)}\n`);
      expect(summary).toMatchObject({ transactions: report.transactions, rejected: report.refused, parties: report.parties });
    } finally {
      theatre.close();
    }
  });
});
