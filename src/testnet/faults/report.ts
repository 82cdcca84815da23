import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { FaultResult } from "./run-fault.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const TABLE = fileURLToPath(new URL("../../../test/e2e/README.md", import.meta.url));

const HEAD = `# Faults on real processes

Written by \`npm run test:faults\` and by nothing else. Each fault is done to a network of four authorities and a follower, each a process of
its own, under a steady load of transactions. After each: the same blocks at every height on all nodes, equal state roots, nothing that
any node reported committed is lost or moved, nobody signed twice, a fresh transaction is finalised everywhere, no process is left.
\`src/testnet/faults/\` declares them; \`npm test\` runs the quickest of each kind.
`;

/** The table of a whole run. Seconds are this run's, on a shared machine; tests assert order and generous bounds. */
export function writeTable(results: readonly FaultResult[]): void {
  const lines = results.map(({ fault, seconds, commit, result }) =>
    row(fault.name, `${fault.does}; ${fault.holds}`, `\`${commandOf(fault.name)}\``, commit, seconds.toFixed(1), result),
  );
  const head = [row("fault", "what is done; what holds", "command", "commit", "seconds", "result"), row(...Array(6).fill("---"))];
  writeFileSync(TABLE, `${HEAD}\n${[...head, ...lines].join("\n")}\n`);
}

/** Which sources ran: the commit, and whether they were changed since. */
export function sourceCommit(): string {
  const git = (...args: readonly string[]): string =>
    spawnSync("git", ["-C", ROOT, ...args], { encoding: "utf8" }).stdout?.trim() ?? "";
  const commit = git("rev-parse", "--short=10", "HEAD");
  if (commit === "") return "unknown";
  return git("status", "--porcelain", "--", "src") === "" ? commit : `${commit} and changes`;
}

function commandOf(name: string): string {
  return `npm run test:faults -- --only ${name}`;
}

function row(...cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
}
