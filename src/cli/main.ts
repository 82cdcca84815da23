import { Command } from "commander";
import { errorLine } from "./advice.ts";
import { agentCommand } from "./commands/agent.ts";
import { benchCommand } from "./commands/bench.ts";
import { genesisCommand } from "./commands/genesis.ts";
import { governanceCommand } from "./commands/governance.ts";
import { invoiceCommand } from "./commands/invoice.ts";
import { keyCommand } from "./commands/key.ts";
import { ledgerCommand } from "./commands/ledger.ts";
import { nodeCommand } from "./commands/node.ts";
import { simulateCommand } from "./commands/simulate.ts";
import { snapshotCommand } from "./commands/snapshot.ts";
import { storeCommand } from "./commands/store.ts";
import { testnetCommand } from "./commands/testnet.ts";
import { txCommand } from "./commands/tx.ts";
import { verifyCommand } from "./commands/verify.ts";
import { VERSION } from "./version.ts";

/** The command line. Resolves to the exit status; errors with a code are one line on standard error. */
export async function main(argv: readonly string[]): Promise<number> {
  const program = new Command("zhonglian")
    .description("Node and tools of the supply-chain-finance alliance chain")
    .version(VERSION)
    .exitOverride();
  let status = 0;
  const done = (result: number): void => {
    status = result;
  };
  for (const command of [
    nodeCommand(done),
    genesisCommand(),
    testnetCommand(done),
    snapshotCommand(),
    storeCommand(done),
    keyCommand(),
    txCommand(done),
    invoiceCommand(done),
    ledgerCommand(),
    governanceCommand(done),
    verifyCommand(done),
    benchCommand(done),
    simulateCommand(done),
    agentCommand(),
  ])
    program.addCommand(command);
  // Commander's own errors of commands below the first level are to be thrown, too.
  const everywhere = (command: Command): void => {
    command.exitOverride();
    for (const sub of command.commands) everywhere(sub);
  };
  everywhere(program);
  try {
    await program.parseAsync([...argv], { from: "user" });
    return status;
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code === "commander.helpDisplayed" || code === "commander.version" || code === "commander.help") return 0;
    if (code?.startsWith("commander.")) return 2;
    console.error(errorLine(message, code));
    return 1;
  }
}
