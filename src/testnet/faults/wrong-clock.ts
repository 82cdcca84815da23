import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Fault } from "./fault.ts";
import type { Field } from "./field.ts";
import { until } from "./until.ts";

const LIBRARIES = "/usr/lib";

export const WRONG_CLOCK: readonly Fault[] = [
  {
    name: "clock-five-minutes-ahead",
    does: "one authority runs with a wall clock that is 5 min ahead (libfaketime)",
    holds: "the others go on; its /readyz fails and says by how much; with the right clock it is ready again",
    obstacle: noFaketime,
    run: (field) => runWith(field, "+300s", "ahead of"),
  },
  {
    name: "clock-five-minutes-behind",
    does: "one authority runs with a wall clock that is 5 min behind (libfaketime)",
    holds: "the others go on; its /readyz fails and says by how much; with the right clock it is ready again",
    obstacle: noFaketime,
    run: (field) => runWith(field, "-300s", "behind"),
  },
];

async function runWith(field: Field, shift: string, words: string): Promise<void> {
  const id = field.authorities[2] as string;
  await field.node(id).terminate();
  await field.restart(id, {
    environment: {
      LD_PRELOAD: library() as string,
      FAKETIME: shift,
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      DONT_FAKE_MONOTONIC: "1",
    },
  });
  await until(async () => {
    const { status, text } = await field.readiness(id);
    return status === 503 && text.includes("the clock is") && text.includes(words);
  }, `/readyz of ${id} says that its clock is wrong`);
  await field.load.progress(40);
  await field.node(id).terminate();
  await field.restart(id);
  await until(async () => (await field.readiness(id)).status === 200, `${id} is ready with the right clock`);
}

function noFaketime(): string | null {
  return library() === null ? "libfaketime is not installed" : null;
}

function library(): string | null {
  if (!existsSync(LIBRARIES)) return null;
  for (const name of ["", ...readdirSync(LIBRARIES)]) {
    const path = join(LIBRARIES, name, "faketime", "libfaketime.so.1");
    if (existsSync(path)) return path;
  }
  return null;
}
