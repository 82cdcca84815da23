import type { ProofJson, ProofKind } from "../node/proof-reader.ts";
import type { LocalNode } from "./local-node.ts";
import { RpcError } from "./rpc-error.ts";

/** What a proof's refusal is as an error of JSON-RPC. */
const REFUSALS = {
  ID_INVALID: "params",
  NOT_FOUND: "notFound",
  BLOCK_NOT_FOUND: "notFound",
  HISTORY_PRUNED: "notFound",
  STATE_MOVING: "limit",
  PROOF_TOO_LARGE: "limit",
} as const;

/** The node's proof, or an RpcError that says why there is none. */
export async function proofOf(node: LocalNode, name: string, id: string, height?: number, since?: number): Promise<ProofJson> {
  const proof = await node.proofs.prove(kindOf(node, name), id, height, since);
  if (proof.ok) return proof.value;
  const { code, detail } = proof.error;
  throw new RpcError(REFUSALS[code], code, detail, { retriable: code === "STATE_MOVING" });
}

function kindOf(node: LocalNode, name: string): ProofKind {
  if (name === "transaction" || name === "txReceipt" || name === "event" || node.isKind(name)) return name;
  throw new RpcError("params", "KIND_UNKNOWN", `there is no kind "${name}"`);
}
