/**
 * The node's one event loop: everything that the world brings (messages, timers, answers of effects) enters as a task and runs to
 * completion before the next; nothing re-enters. An exception in a task that nobody expected is a bug: the node stops, fail closed.
 */
export class EventLoop {
  #tasks: (() => void)[] = [];
  #running = false;
  #stopped = false;
  readonly #fatal: (error: Error) => void;

  constructor(fatal: (error: Error) => void) {
    this.#fatal = fatal;
  }

  post(task: () => void): void {
    if (this.#stopped) return;
    this.#tasks.push(task);
    if (!this.#running) this.#run();
  }

  /** Wraps a callback for a port: its answer becomes a task. */
  callback<Args extends readonly unknown[]>(handle: (...args: Args) => void): (...args: Args) => void {
    return (...args) => this.post(() => handle(...args));
  }

  stop(): void {
    this.#stopped = true;
    this.#tasks = [];
  }

  #run(): void {
    this.#running = true;
    try {
      for (let index = 0; index < this.#tasks.length; index++) (this.#tasks[index] as () => void)();
    } catch (error) {
      this.stop();
      this.#fatal(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.#tasks = [];
      this.#running = false;
    }
  }
}
