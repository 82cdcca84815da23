import type { Hash } from "../../../src/types/scalars.ts";
import { type Alliance, HOUR_MS } from "./alliance.ts";
import { op } from "./chain.ts";

/** A later answer of the tax authority on an invoice. */
export function attest({ chain, verifier }: Alliance, invoice: Hash, status: "NORMAL" | "RED" | "VOID"): void {
  chain.pass(HOUR_MS);
  chain.act(op("invoice.attest", { invoice, verifier: verifier.id, status, checkedMs: chain.timeMs }), verifier);
}
