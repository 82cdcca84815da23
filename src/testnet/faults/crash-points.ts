import { FAILPOINT_WORDS } from "../../adapters/failpoints.ts";
import type { Fault } from "./fault.ts";
import type { Field } from "./field.ts";
import { until } from "./until.ts";

/** The place, and how often it is passed before the crash: another each time, so that crashes come at different steps of a height. */
const POINTS: readonly { readonly point: string; readonly count: number; readonly does: string }[] = [
  { point: "log.begin", count: 11, does: "before a record of the consensus log is written" },
  { point: "log.torn", count: 12, does: "when a write to the consensus log is torn: its last byte is not there" },
  { point: "log.written", count: 13, does: "when a record of the consensus log is written and not yet synced" },
  { point: "log.synced", count: 14, does: "when a record of the consensus log is durable and nothing has left for it" },
  { point: "signer.signed", count: 5, does: "when a signature is made and the guard does not have it" },
  { point: "guard.begin", count: 6, does: "before the guard writes what is about to be released" },
  { point: "guard.torn", count: 7, does: "when a write to the guard is torn: its last byte is not there" },
  { point: "guard.written", count: 8, does: "when the guard's record is written and not yet synced" },
  { point: "guard.synced", count: 9, does: "when the guard's record is durable and the signature has not left" },
  { point: "store.begin", count: 4, does: "when a block is decided and nothing of its batch is written" },
  { point: "store.written", count: 5, does: "when a block's batch is durable and the node does not know yet" },
  { point: "store.told", count: 6, does: "when a block's batch is durable and the next height has begun" },
];

/** Crashes in the repair after a crash: the torn tail that the first one leaves makes the next write a replacement of the whole file. */
const REPAIRS: readonly { readonly point: string; readonly after: string; readonly does: string }[] = [
  { point: "log.aside", after: "log.torn", does: "when the repaired consensus log is written aside" },
  {
    point: "log.renamed",
    after: "log.torn",
    does: "when the repaired consensus log has taken its name and the folder is not synced",
  },
  { point: "log.replaced", after: "log.torn", does: "when the repaired consensus log is durable and not yet in use" },
  { point: "guard.aside", after: "guard.torn", does: "when the repaired guard is written aside" },
  {
    point: "guard.renamed",
    after: "guard.torn",
    does: "when the repaired guard has taken its name and the folder is not synced",
  },
  { point: "guard.replaced", after: "guard.torn", does: "when the repaired guard is durable and not yet in use" },
];

const VICTIM = "huasu";
const HOLDS = "the node goes on from its log and signs nothing twice";

export const CRASH_POINTS: readonly Fault[] = [
  ...POINTS.map(
    ({ point, count, does }): Fault => ({
      name: `crash-${point.replace(".", "-")}`,
      does: `kill −9 ${does}`,
      holds: HOLDS,
      run: async (field) => {
        await field.node(VICTIM).terminate();
        await crashAt(field, VICTIM, point, count);
        await field.load.progress(5);
        await field.restart(VICTIM);
        await field.blocks(VICTIM, 3);
      },
    }),
  ),
  ...REPAIRS.map(
    ({ point, after, does }): Fault => ({
      name: `crash-${point.replace(".", "-")}`,
      does: `kill −9 ${does}`,
      holds: HOLDS,
      run: async (field) => {
        await field.node(VICTIM).terminate();
        await crashAt(field, VICTIM, after, 9);
        await crashAt(field, VICTIM, point, 1);
        await field.restart(VICTIM);
        await field.blocks(VICTIM, 3);
      },
    }),
  ),
  {
    name: "crash-all-at-once",
    does: "every authority crashes when a block's batch is durable and it does not know yet",
    holds: "the chain goes on from the logs of all",
    run: async (field) => {
      for (const id of field.authorities) await field.node(id).terminate();
      for (const id of field.authorities) field.node(id).start({ environment: { ZHONGLIAN_FAILPOINT: "store.written:3" } });
      // The first to stand still may leave the rest without a quorum: they are killed where they are.
      await until(() => field.authorities.filter((id) => standsStill(field, id)).length >= 2, "two authorities reach the place");
      await Promise.all(field.authorities.map((id) => field.node(id).kill()));
      for (const id of field.authorities) field.node(id).start();
      await field.connected();
      await field.load.progress(5);
    },
  },
];

/** Starts the node with a failpoint, waits until it stands still there, and kills it. */
async function crashAt(field: Field, id: string, point: string, count: number): Promise<void> {
  const node = field.node(id);
  node.start({ environment: { ZHONGLIAN_FAILPOINT: `${point}:${count}` } });
  await until(() => {
    if (!node.isRunning) throw new Error(`${id} ended before it reached ${point}`);
    return standsStill(field, id);
  }, `${id} reaches ${point}`);
  await node.kill();
}

function standsStill(field: Field, id: string): boolean {
  return field.node(id).log().includes(FAILPOINT_WORDS);
}
