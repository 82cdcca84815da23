import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROOT, run, scratch } from "../e2e/support.ts";

const TIMEOUT = { timeout: 120_000 };
const FLAG = "--max-semi-space-size=48";

let folder: ReturnType<typeof scratch>;
const inFolder = (name: string): string => join(folder.path, name);

beforeAll(() => {
  folder = scratch();
  const enter = pathToFileURL(join(ROOT, "src/cli/enter.js")).href;
  const main = pathToFileURL(inFolder("main.mjs")).href;
  writeFileSync(
    inFolder("main.mjs"),
    `export async function main(argv) {
      console.log(JSON.stringify([process.pid, process.execArgv, argv]));
      return 3;
    }`,
  );
  writeFileSync(
    inFolder("entry.mjs"),
    `import { enter } from ${JSON.stringify(enter)};
    await enter(${JSON.stringify(main)}, ["${FLAG}"]);`,
  );
});
afterAll(() => folder.remove());

describe("a program that wants flags of the engine", () => {
  it("begins anew with them as the same process, with its arguments, its pipes and its own flags, once", TIMEOUT, async () => {
    const started = run(["--no-warnings", inFolder("entry.mjs"), "one", "--two"]);
    expect(await started.exit).toBe(3);
    expect([JSON.parse(started.out()), started.err()]).toEqual([
      [started.child.pid, [FLAG, "--no-warnings"], ["one", "--two"]],
      "",
    ]);
  });
});
