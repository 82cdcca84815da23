import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { SEEDED_FAULTS } from "./faults/list.ts";

const SRC = join(import.meta.dirname, "../../src");

/** Cheap, so that whoever edits a line of production code that a mistake is put into sees it before the simulator runs. */
describe("a mistake that is put into production code", () => {
  for (const { name, file, find, replace } of SEEDED_FAULTS) {
    it(`fits one place: ${name}`, () => {
      const source = readFileSync(join(SRC, file), "utf8");
      expect(source.split(find).length - 1, `"${find}" in ${file}`).toBe(1);
      expect(replace).not.toBe(find);
    });
  }

  it("has a name of its own", () => {
    expect(new Set(SEEDED_FAULTS.map(({ name }) => name)).size).toBe(SEEDED_FAULTS.length);
  });
});
