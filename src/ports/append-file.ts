/**
 * A raw append-only file: consensus log and double-sign guard. Framing, sequence numbers and checksums are node/'s own, so
 * that simulation exercises them: after a crash any suffix that was not reported durable may be missing or torn.
 */
export interface AppendFile {
  /** Everything in the file when it was opened. */
  readonly initial: Uint8Array;
  /** Appends and syncs; `done` is never called synchronously; after a fault the node must end. */
  append(bytes: Uint8Array, done: (fault: Error | null) => void): void;
  /** Atomically replaces the whole content (write aside, sync, rename, sync folder). */
  replace(bytes: Uint8Array, done: (fault: Error | null) => void): void;
}
