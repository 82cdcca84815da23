import { Command, Option } from "commander";
import { GROWTH_OF, type GrowthOf } from "../../testnet/bench/growth-of.ts";
import { integer } from "../options.ts";

interface BenchFlags {
  readonly quick?: boolean;
  readonly json?: boolean;
  readonly basePort: number;
  readonly catchUp?: true | number;
  readonly join?: true | number;
  readonly growth?: true | string[];
  readonly of?: GrowthOf;
  readonly state?: boolean;
  readonly decisions?: true | number;
  readonly disk?: true | number;
}

const CATCH_UP_BLOCKS = 10_000;
const DECISIONS = 21;
const JOIN_OBJECTS = 100_000;
const DISK_TRANSACTIONS = 10_000;
const OBJECTS = [10_000, 100_000, 1_000_000];

export function benchCommand(done: (status: number) => void): Command {
  return new Command("bench")
    .description("measure a four-node network on this machine")
    .option("--quick", "end within a minute")
    .option("--json", "print one JSON object last")
    .option("--base-port <port>", "RPC ports from here", integer(1_100, 65_000), 7_800)
    .option("--catch-up [blocks]", "instead: how fast an empty node fetches so many blocks", integer(1, 1_000_000))
    .option("--join [objects]", "instead: how fast an empty node joins a state of so many objects", integer(1, 10_000_000))
    .option("--growth [objects...]", "instead: what a transaction costs among so many objects, and on so many notes of a root")
    .addOption(new Option("--of <what>", "of the growth, only this").choices(GROWTH_OF))
    .option("--decisions [count]", "instead: how long applications wait for the risk agent's decision", integer(2, 32))
    .option("--state", "instead: what the state tree costs per changed key as it grows")
    .option("--disk [transactions]", "instead: what the store takes per transaction and per idle day", integer(100, 1_000_000))
    .action(async ({ quick, json, basePort, catchUp, join, growth, of, state, decisions, disk }: BenchFlags) => {
      if (decisions !== undefined) {
        const { benchDecisions } = await import("../../testnet/bench/decisions.ts");
        done(await benchDecisions({ count: decisions === true ? DECISIONS : decisions, json: json === true, basePort }));
        return;
      }
      if (disk !== undefined) {
        const { benchDisk } = await import("../../testnet/bench/disk.ts");
        done(await benchDisk({ transactions: disk === true ? DISK_TRANSACTIONS : disk, json: json === true, basePort }));
        return;
      }
      if (join !== undefined) {
        const { benchJoin } = await import("../../testnet/bench/join.ts");
        done(await benchJoin({ objects: join === true ? JOIN_OBJECTS : join, json: json === true, basePort }));
        return;
      }
      if (catchUp !== undefined) {
        const { benchCatchUp } = await import("../../testnet/bench/catch-up.ts");
        done(await benchCatchUp({ blocks: catchUp === true ? CATCH_UP_BLOCKS : catchUp, json: json === true, basePort }));
        return;
      }
      if (growth !== undefined) {
        const { benchGrowth } = await import("../../testnet/bench/growth.ts");
        const objects = growth === true ? OBJECTS : growth.map(integer(1, 10_000_000));
        done(await benchGrowth({ objects, of: of === undefined ? GROWTH_OF : [of], json: json === true, basePort }));
        return;
      }
      if (state === true) {
        const { benchState } = await import("../../testnet/bench/state-cost.ts");
        done(await benchState({ keys: OBJECTS, json: json === true }));
        return;
      }
      const { bench } = await import("../../testnet/bench/bench.ts");
      done(await bench({ quick: quick === true, json: json === true, basePort }));
    });
}
