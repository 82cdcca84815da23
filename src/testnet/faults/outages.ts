import type { Fault } from "./fault.ts";
import type { Field } from "./field.ts";
import { sleep, until } from "./until.ts";

/** Of the capped rounds (propose, prevote, precommit) that protocol.md §4 allows after a quorum is back: f+1 of them, and slack for the machine. */
const CAPPED_ROUND_MS = 30_000;
const FAULTY = 1;
const SETTLE_MS = 3_000;

export const OUTAGES: readonly Fault[] = [
  {
    name: "kill-all-restart-in-every-order",
    does: "all are killed at once; for each authority, the other three are started in each of their six orders, and it last",
    holds: "three suffice, whichever is missing, and the missing one catches up",
    run: async (field) => {
      for (const [missing, ...order] of ordersOf(field.authorities)) {
        await Promise.all(field.nodes.map((node) => node.kill()));
        for (const id of [...order, field.follower]) {
          field.node(id).start();
          await sleep(300);
        }
        await field.load.progress(5);
        await field.restart(missing as string);
      }
    },
  },
  {
    name: "quorum-lost-and-back",
    does: "two of four authorities are killed for a while and started again; nobody else is touched",
    holds: "nothing is finalised meanwhile; the chain resumes within f+1 capped rounds of the quorum's return",
    run: async (field) => {
      const [first, second] = field.authorities as [string, string];
      await Promise.all([field.node(first).kill(), field.node(second).kill()]);
      await standsFor(field);
      field.node(first).start();
      await resumes(field, [first]);
      await field.restart(second);
    },
  },
  {
    name: "quorum-paused-and-back",
    does: "two of four authorities are stopped with SIGSTOP for a while and go on",
    holds: "the chain resumes within f+1 capped rounds of their return, although their clocks and timers jumped",
    run: async (field) => {
      const [first, second] = field.authorities as [string, string];
      field.node(first).pause();
      field.node(second).pause();
      await standsFor(field);
      field.node(first).resume();
      field.node(second).resume();
      await resumes(field, [first, second]);
    },
  },
];

/** For a while no block: there is no quorum. What was decided before may still arrive at first. */
export async function standsFor(field: Field): Promise<void> {
  const heightNow = async (): Promise<number> => (await field.client(field.follower).status()).height;
  let height = -1;
  await until(async () => {
    const before = height;
    await sleep(SETTLE_MS);
    height = await heightNow();
    return height === before;
  }, "the chain stands");
  await field.outage();
  const after = await heightNow();
  if (after !== height) throw new Error(`blocks ${height + 1} to ${after} were decided without a quorum`);
}

/** From when these answer again, the chain has to move within f+1 capped rounds. */
export async function resumes(field: Field, returned: readonly string[]): Promise<void> {
  for (const id of returned) await until(async () => (await field.status(id)) !== undefined, `${id} answers again`);
  const from = (await field.status(field.follower))?.height ?? 0;
  await until(
    async () => ((await field.status(field.follower))?.height ?? 0) > from + 1,
    "the chain resumes within f+1 capped rounds",
    (FAULTY + 1) * CAPPED_ROUND_MS,
  );
}

/** All ways to put them one after the other. */
function ordersOf(ids: readonly string[]): readonly (readonly string[])[] {
  if (ids.length === 0) return [[]];
  return ids.flatMap((first) => ordersOf(ids.filter((id) => id !== first)).map((rest) => [first, ...rest]));
}
