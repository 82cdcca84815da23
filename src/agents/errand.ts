import { setTimeout as sleep } from "node:timers/promises";
import { type Client, RpcFailure, type TxOutcome, UnreachableError } from "../client/client.ts";
import { type SigningKey, signTransaction } from "../client/transaction-builder.ts";
import type { Operation } from "../types/transaction.ts";

const NOT_AFTER_MS = 5 * 60_000;
const RETRY_MS = 1_000;

export type ErrandOutcome =
  | { readonly ok: true; readonly outcome: TxOutcome }
  /** Refused at the door or by the ledger, with its stable code; not `isFinal` where the same might succeed a moment later. */
  | { readonly ok: false; readonly code: string; readonly message: string; readonly isFinal: boolean };

/** JSON-RPC's number for a transaction that is refused at the door. */
const REFUSED = -32_003;

/** One operation, signed and sent, until it is final. Throws only if no node can be reached. */
export async function send(client: Client, operation: Operation, keys: readonly SigningKey[]): Promise<ErrandOutcome> {
  const { chain, clockMs } = await client.status();
  const { id, bytes } = await signTransaction({ chain, ops: [operation], notAfter: clockMs + NOT_AFTER_MS }, keys);
  try {
    const outcome = await client.submitAndWait(id, bytes);
    if (outcome.status === "committed") return { ok: true, outcome };
    const { status, code = status.toUpperCase(), message = status } = outcome;
    return { ok: false, code, message, isFinal: status === "failed" };
  } catch (error) {
    if (!(error instanceof RpcFailure)) throw error;
    const { code, message, number, data } = error;
    return { ok: false, code, message, isFinal: number === REFUSED && data.retriable !== true };
  }
}

export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}

/** Does the work until it ends or `signal`; while no node can be reached it is begun again. */
export async function persist(
  signal: AbortSignal,
  work: () => Promise<void>,
  unreachable: (error: UnreachableError) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error;
      unreachable(error);
      await pause(RETRY_MS, signal);
    }
  }
}
