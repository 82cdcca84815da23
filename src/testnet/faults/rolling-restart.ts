import type { Fault } from "./fault.ts";

export const ROLLING_RESTART: readonly Fault[] = [
  {
    name: "rolling-restart",
    does: "every node in turn is ended with SIGTERM and started again, under load",
    holds: "each ends with status 0; the others go on without a pause longer than it takes to notice",
    run: async (field) => {
      for (const id of field.members) {
        const node = field.node(id);
        await node.terminate();
        if (node.exitCode !== 0) throw new Error(`${id} ended with status ${node.exitCode}`);
        await field.load.progress(10);
        await field.restart(id);
      }
    },
  },
];
