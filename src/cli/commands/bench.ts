import { Command } from "commander";
import { integer } from "../options.ts";

export function benchCommand(done: (status: number) => void): Command {
  return new Command("bench")
    .description("measure a four-node network on this machine")
    .option("--quick", "end within a minute")
    .option("--json", "print one JSON object last")
    .option("--base-port <port>", "RPC ports from here", integer(1_100, 65_000), 7_800)
    .action(async ({ quick, json, basePort }: { quick?: boolean; json?: boolean; basePort: number }) => {
      const { bench } = await import("../../testnet/bench/bench.ts");
      done(await bench({ quick: quick === true, json: json === true, basePort }));
    });
}
