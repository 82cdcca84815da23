import type { Height } from "../types/scalars.ts";

/**
 * Where a node keeps its snapshots: a folder of named pieces for each height. One is in the making at a time, and is not to be seen as a
 * snapshot before it is whole. Asynchronous, for what works beside the event loop.
 */
export interface SnapshotFiles {
  /** Heights of whole snapshots, ascending. */
  heights(): Promise<readonly Height[]>;
  /** A piece of a whole snapshot; undefined if there is none. */
  read(height: Height, name: string): Promise<Uint8Array | undefined>;
  /** Begins anew: what an earlier making left is gone. */
  begin(): Promise<void>;
  append(name: string, bytes: Uint8Array): Promise<void>;
  /** A piece of what is in the making, empty if nothing was appended to it. */
  readBack(name: string): Promise<Uint8Array>;
  discard(name: string): Promise<void>;
  /** What is in the making becomes the snapshot of this height, all at once. */
  complete(height: Height): Promise<void>;
  remove(height: Height): Promise<void>;
}
