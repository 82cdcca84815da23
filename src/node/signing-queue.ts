import type { Logger } from "../ports/observe.ts";
import type { Signature } from "../types/scalars.ts";
import type { DoubleSignGuard, SignRequest } from "./double-sign-guard.ts";
import type { EventLoop } from "./event-loop.ts";

/** Brings requests to the guard one at a time, in order; what it refuses is said and dropped. */
export class SigningQueue {
  readonly #m: {
    readonly guard: DoubleSignGuard;
    readonly loop: EventLoop;
    readonly logger: Logger;
    readonly fatal: (error: Error) => void;
  };
  readonly #waiting: { readonly request: SignRequest; readonly signed: (signature: Signature) => void }[] = [];
  #busy = false;
  #stopped = false;

  constructor(modules: {
    readonly guard: DoubleSignGuard;
    readonly loop: EventLoop;
    readonly logger: Logger;
    readonly fatal: (error: Error) => void;
  }) {
    this.#m = modules;
  }

  /** `signed` is called once the signature is durable in the guard; never if the guard refuses. */
  sign(request: SignRequest, signed: (signature: Signature) => void): void {
    this.#waiting.push({ request, signed });
    this.#next();
  }

  stop(): void {
    this.#stopped = true;
  }

  #next(): void {
    const first = this.#waiting[0];
    if (first === undefined || this.#busy || this.#stopped) return;
    this.#busy = true;
    const { request, signed } = first;
    this.#m.guard.sign(
      request,
      this.#m.loop.callback((fault: Error | null, signature: Signature | null) => {
        this.#busy = false;
        this.#waiting.shift();
        if (fault !== null) {
          this.#m.fatal(new Error("the double-sign guard could not be written", { cause: fault }));
          return;
        }
        const { height, round, step } = request;
        if (signature === null) this.#m.logger.warn("the guard refused to sign", { height, round, step });
        else signed(signature);
        this.#next();
      }),
    );
  }
}
