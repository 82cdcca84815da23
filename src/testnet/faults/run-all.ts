import type { Fault } from "./fault.ts";
import { FAULTS } from "./manifest.ts";
import { sourceCommit, writeTable } from "./report.ts";
import { type FaultResult, runFault } from "./run-fault.ts";

interface RunOptions {
  /** Faults whose name is this or begins with it; the table is written only by a run of all. */
  readonly only?: string;
  readonly json: boolean;
  readonly basePort: number;
}

/** Ports between the networks of two faults: a dying node may hold its own for a moment. */
const PORTS_PER_FAULT = 10;
/** RPC ports are counted from the base, libp2p ports from 100 below: so many networks fit before they meet. */
const NETWORKS = 8;

/** `zhonglian testnet faults`. Resolves to the exit status: 0 if every fault that could be tried held. */
export async function runFaults({ only, json, basePort }: RunOptions): Promise<number> {
  const chosen = FAULTS.filter(({ name }) => only === undefined || name === only || name.startsWith(`${only}-`));
  if (chosen.length === 0) throw new Error(`there is no fault "${only}"; there are ${FAULTS.map(({ name }) => name).join(", ")}`);
  const commit = sourceCommit();
  const results: FaultResult[] = [];
  for (const [index, fault] of chosen.entries()) {
    const result = await runFault(fault, basePort + (index % NETWORKS) * PORTS_PER_FAULT, commit);
    results.push(result);
    say(result, index, chosen);
    if (only === undefined) writeTable(results);
  }
  const failed = results.filter(({ result }) => !isAccepted(result));
  console.error(`${results.length - failed.length} of ${results.length} faults held`);
  if (json)
    console.log(JSON.stringify(results.map(({ fault, seconds, result }) => ({ fault: fault.name, commit, seconds, result }))));
  return failed.length === 0 ? 0 : 1;
}

function say({ fault, seconds, result, notes = [], logs }: FaultResult, index: number, all: readonly Fault[]): void {
  console.error(`[${index + 1}/${all.length}] ${fault.name.padEnd(36)} ${seconds.toFixed(1).padStart(6)} s  ${result}`);
  for (const note of notes) console.error(`        ${note}`);
  if (logs !== undefined) console.error(logs);
}

function isAccepted(result: string): boolean {
  return result === "ok" || result.startsWith("not tried: ");
}
