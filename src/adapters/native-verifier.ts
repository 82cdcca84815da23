import { Worker } from "node:worker_threads";
import { isAcceptablePublicKey, verify } from "../crypto/ed25519.ts";
import type { Verifier, VerifyItem, VerifyLane } from "../ports/crypto.ts";
import type { PublicKey } from "../types/scalars.ts";
import { verifyNative } from "./ed25519-native.ts";
import { SELF_CHECK_CASES } from "./self-check-cases.ts";
import type { WorkerAnswer, WorkerRequest } from "./verifier-worker.ts";
import { packItems } from "./verify-request.ts";

/** So few signatures are verified faster here than by way of the worker: votes and proposals, on which latency hangs. */
const INLINE_MAX = 6;
/** What came while the worker was busy goes to it together, up to so many signatures: some ten milliseconds. */
const BATCH_MAX = 128;

interface Request {
  readonly items: readonly VerifyItem[];
  readonly done: (valid: readonly boolean[]) => void;
}

/** The Verifier port: one worker thread, batches in submission order per lane; few signatures on the main thread. */
export class NativeVerifier implements Verifier {
  readonly #worker: Worker;
  readonly #lanes: Readonly<Record<VerifyLane, Lane>>;

  constructor(onFault: (error: Error) => void) {
    this.#worker = new Worker(new URL("./verifier-worker.ts", import.meta.url));
    const lane = (name: VerifyLane): Lane =>
      new Lane((items) => {
        const request: WorkerRequest = { lane: name, packed: packItems(items) };
        this.#worker.postMessage(request, [request.packed.buffer]);
      });
    this.#lanes = { consensus: lane("consensus"), transactions: lane("transactions") };
    this.#worker.unref();
    this.#worker.on("message", ({ lane, valid }: WorkerAnswer) =>
      this.#lanes[lane as VerifyLane].answer(Array.from(valid, (each) => each === 1)),
    );
    this.#worker.on("error", onFault);
  }

  verify(items: readonly VerifyItem[], lane: VerifyLane, done: (valid: readonly boolean[]) => void): void {
    this.#lanes[lane].add({ items, done });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}

/**
 * Requests in order. Those of one turn of the event loop go together; the next go when the answer is back, or, as soon as they fill a batch,
 * behind the one that the worker has: it is not to stand still until this thread finds time for its answer.
 */
class Lane {
  readonly #post: (items: readonly VerifyItem[]) => void;
  #waiting: Request[] = [];
  #waitingItems = 0;
  /** Batches that the worker has: at most two. */
  readonly #running: (readonly Request[])[] = [];
  #scheduled = false;

  constructor(post: (items: readonly VerifyItem[]) => void) {
    this.#post = post;
  }

  add(request: Request): void {
    this.#waiting.push(request);
    this.#waitingItems += request.items.length;
    this.#schedule();
  }

  answer(valid: readonly boolean[]): void {
    const batch = this.#running.shift() ?? [];
    this.#schedule();
    answerAll(batch, valid);
  }

  get #isDue(): boolean {
    if (this.#running.length === 0) return this.#waiting.length > 0;
    return this.#running.length === 1 && this.#waitingItems >= BATCH_MAX;
  }

  #schedule(): void {
    if (this.#scheduled || !this.#isDue) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      // An answer that came meanwhile changes nothing but that there is more room.
      this.#next();
      this.#schedule();
    });
  }

  #next(): void {
    let count = 0;
    let taken = 0;
    while (taken < this.#waiting.length && (taken === 0 || count + (this.#waiting[taken] as Request).items.length <= BATCH_MAX)) {
      count += (this.#waiting[taken] as Request).items.length;
      taken += 1;
    }
    const batch = this.#waiting.splice(0, taken);
    this.#waitingItems -= count;
    const items = batch.flatMap((request) => request.items);
    if (count > INLINE_MAX || this.#running.length > 0) {
      this.#running.push(batch);
      this.#post(items);
    } else
      answerAll(
        batch,
        items.map(({ key, message, signature }) => verifyNative(key, message, signature)),
      );
  }
}

function answerAll(batch: readonly Request[], valid: readonly boolean[]): void {
  let at = 0;
  for (const { items, done } of batch) {
    done(valid.slice(at, at + items.length));
    at += items.length;
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
