import type { Fault } from "./fault.ts";
import { sleep } from "./until.ts";

export const SLOW_NODES: readonly Fault[] = [
  {
    name: "paused-authority",
    does: "one authority is stopped with SIGSTOP for a while and goes on",
    holds: "the others go on; it catches up without a restart and signs on",
    run: async (field) => {
      const [id] = field.authorities as [string];
      field.node(id).pause();
      await field.load.progress(10);
      await field.outage();
      await field.load.progress(10);
      field.node(id).resume();
      await field.rejoined(id);
      await field.blocks(id, 3);
    },
  },
  {
    name: "stuttering-proposer",
    does: "one authority is stopped and let go again ten times for 0.7 s, so that it is late whenever its turn comes",
    holds: "the chain moves on all the while",
    run: async (field) => {
      const [id] = field.authorities as [string];
      for (let turn = 0; turn < 10; turn++) {
        field.node(id).pause();
        await sleep(700);
        field.node(id).resume();
        await sleep(700);
        if (turn % 3 === 2) await field.load.progress(5);
      }
    },
  },
  {
    name: "dead-authority-loses-its-turn",
    does: "one authority is killed and stays dead while 60 blocks are made",
    holds: "blocks do not wait for its turn each cycle: fewer than one in eight takes a second round",
    run: async (field) => {
      const [id, other] = field.authorities as [string, string];
      await field.node(id).kill();
      await field.load.progress(10);
      const from = (await field.client(other).status()).height;
      await field.blocks(other, 60);
      let late = 0;
      for (let height = from + 1; height <= from + 60; height++) {
        const { commit } = await field
          .client(other)
          .call<{ readonly commit: { readonly round: number } }>("chain_getBlock", { height });
        if (commit.round > 0) late += 1;
      }
      if (late > 60 / 8) throw new Error(`${late} of 60 blocks waited for the dead authority`);
      await field.restart(id);
    },
  },
];
