import { checkField } from "./checks.ts";
import type { Fault } from "./fault.ts";
import { Field } from "./field.ts";

export interface FaultResult {
  readonly fault: Fault;
  readonly commit: string;
  readonly seconds: number;
  /** `ok`, or the reason why not. */
  readonly result: string;
  readonly notes?: readonly string[];
  /** After a failure: what each node logged last. */
  readonly logs?: string;
}

/** What did not hold, with what the nodes said last. */
class FaultFailure extends Error {
  readonly logs: string;

  constructor(cause: unknown, logs: string) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.logs = logs;
  }
}

/** One fault on a network of its own, and the common checks after it. Answers what was noted; throws what did not hold. */
export async function tryFault(fault: Fault, basePort: number): Promise<readonly string[]> {
  const field = await Field.open(fault.field ?? {}, basePort);
  try {
    await field.start();
    await fault.run(field);
    await checkField(field);
    return field.notes;
  } catch (error) {
    throw new FaultFailure(error, field.logs());
  } finally {
    await field.close();
  }
}

/** As `tryFault`, with the failure as a result. */
export async function runFault(fault: Fault, basePort: number, commit: string): Promise<FaultResult> {
  const startedMs = performance.now();
  const seconds = (): number => Math.round((performance.now() - startedMs) / 100) / 10;
  const obstacle = fault.obstacle?.() ?? null;
  if (obstacle !== null) return { fault, commit, seconds: 0, result: `not tried: ${obstacle}` };
  try {
    const notes = await tryFault(fault, basePort);
    return { fault, commit, seconds: seconds(), result: "ok", notes };
  } catch (error) {
    const { message, logs = "" } = error as Partial<FaultFailure>;
    return { fault, commit, seconds: seconds(), result: message ?? String(error), logs };
  }
}
