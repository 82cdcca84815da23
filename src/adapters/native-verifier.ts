import { Worker } from "node:worker_threads";
import { isAcceptablePublicKey, verify } from "../crypto/ed25519.ts";
import type { Verifier, VerifyItem } from "../ports/crypto.ts";
import type { PublicKey } from "../types/scalars.ts";
import { verifyNative } from "./ed25519-native.ts";
import { SELF_CHECK_CASES } from "./self-check-cases.ts";

/** So few signatures are verified faster here than by way of the worker: votes and proposals, on which latency hangs. */
const INLINE_MAX = 6;
/** Requests that came while the worker was busy go to it together, up to so many signatures. */
const BATCH_MAX = 2_000;

interface Request {
  readonly items: readonly VerifyItem[];
  readonly done: (valid: readonly boolean[]) => void;
}

/** The Verifier port: one worker thread, batches in submission order; few signatures at once on the main thread. */
export class NativeVerifier implements Verifier {
  readonly #worker: Worker;
  #waiting: Request[] = [];
  #running: Request[] | null = null;

  constructor(onFault: (error: Error) => void) {
    this.#worker = new Worker(new URL("./verifier-worker.ts", import.meta.url));
    this.#worker.unref();
    this.#worker.on("message", (valid: readonly boolean[]) => this.#answer(valid));
    this.#worker.on("error", onFault);
  }

  verify(items: readonly VerifyItem[], done: (valid: readonly boolean[]) => void): void {
    // With work under way a small request waits its turn, since answers come in submission order.
    if (items.length <= INLINE_MAX && this.#running === null && this.#waiting.length === 0) {
      const valid = items.map(({ key, message, signature }) => verifyNative(key, message, signature));
      setImmediate(() => done(valid));
      return;
    }
    this.#waiting.push({ items, done });
    this.#next();
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #next(): void {
    if (this.#running !== null || this.#waiting.length === 0) return;
    let count = 0;
    let taken = 0;
    while (taken < this.#waiting.length && (taken === 0 || count + (this.#waiting[taken] as Request).items.length <= BATCH_MAX)) {
      count += (this.#waiting[taken] as Request).items.length;
      taken += 1;
    }
    this.#running = this.#waiting.splice(0, taken);
    this.#worker.postMessage(this.#running.flatMap(({ items }) => items));
  }

  #answer(valid: readonly boolean[]): void {
    const running = this.#running ?? [];
    this.#running = null;
    this.#next();
    // By the same queue as the answers of small requests, so that none of those is overtaken.
    setImmediate(() => {
      let at = 0;
      for (const { items, done } of running) {
        done(valid.slice(at, at + items.length));
        at += items.length;
      }
    });
  }
}

/** Engines differ between releases: a node whose engine judges a crafted signature otherwise must not start. Throws. */
export function checkSignatureEngine(): void {
  for (const { name, key, message, signature, valid } of SELF_CHECK_CASES) {
    const judge = (engine: typeof verify) =>
      isAcceptablePublicKey(key as PublicKey) && engine(key as PublicKey, message, signature);
    if (judge(verifyNative) !== valid || judge(verify) !== valid) {
      throw new Error(
        `this machine's Ed25519 engine judges the case "${name}" otherwise than the network does: the node must not run on it`,
      );
    }
  }
}
