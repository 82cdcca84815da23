import { parentPort } from "node:worker_threads";
import { verifyNative } from "./ed25519-native.ts";
import { unpackItems } from "./verify-request.ts";

/** One batch, and the name that its answer bears. */
export interface WorkerRequest {
  readonly lane: string;
  readonly packed: Uint8Array<ArrayBuffer>;
}

export interface WorkerAnswer {
  readonly lane: string;
  /** 1 for each item that verifies, else 0. */
  readonly valid: Uint8Array;
}

parentPort?.on("message", ({ lane, packed }: WorkerRequest) => {
  const valid = unpackItems(packed).map(({ key, message, signature }) => (verifyNative(key, message, signature) ? 1 : 0));
  const answer: WorkerAnswer = { lane, valid: Uint8Array.from(valid) };
  parentPort?.postMessage(answer);
});
