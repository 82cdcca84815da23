import { Command } from "commander";
import { nodeCommand } from "./commands/node.ts";
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
  program.addCommand(nodeCommand(done));
  try {
    await program.parseAsync([...argv], { from: "user" });
    return status;
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code === "commander.helpDisplayed" || code === "commander.version" || code === "commander.help") return 0;
    if (code?.startsWith("commander.")) return 2;
    console.error(`zhonglian: ${message}${code === undefined ? "" : ` [${code}]`}`);
    return 1;
  }
}
