/** A write of one batch: a value, or `null` to delete. */
export interface StoreWrite {
  readonly key: Uint8Array;
  readonly value: Uint8Array | null;
}

export interface StoreEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** Keys in [from, to), ascending, or descending with `reverse`; at most `limit` entries. */
export interface StoreRange {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
  readonly limit: number;
  readonly reverse?: boolean;
}

/** The store as it was at one moment, whatever is written since. Costs disk space while it is open: to be closed soon. */
export interface StoreSnapshot {
  get(key: Uint8Array): Uint8Array | undefined;
  range(range: StoreRange): Promise<readonly StoreEntry[]>;
  close(): Promise<void>;
}

/** The ordered key-value store of a node (LevelDB; in simulation a virtual disk). Keys compare bytewise. */
export interface Store {
  /** Synchronous, for execution; undefined if absent. Throws on a fault of the disk. */
  get(key: Uint8Array): Uint8Array | undefined;
  /** Asynchronous, for readers outside the event loop. */
  range(range: StoreRange): Promise<readonly StoreEntry[]>;
  /** What is durable now, kept still. */
  snapshot(): StoreSnapshot;
  /**
   * One atomic, synced batch; of a key that is written more than once the last counts. `done(null)` once it is durable; `done(fault)` if that is refused or doubtful, after which the node must end.
   * Never calls `done` synchronously. A `get` after the call and before `done` may see either state.
   */
  write(batch: readonly StoreWrite[], done: (fault: Error | null) => void): void;
  /** Gives the room of what was deleted between these keys back to the disk, beside everything else. */
  compact(range: Pick<StoreRange, "from" | "to">): Promise<void>;
}
