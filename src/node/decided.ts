import type { Block, Commit } from "../types/block.ts";
import type { BlockId } from "../types/scalars.ts";
import type { Envelope } from "../types/transaction.ts";
import type { Execution } from "./block-executor.ts";

/** A block that was decided, here or by others, with all that its batch needs. */
export interface Decided {
  readonly id: BlockId;
  readonly block: Block;
  readonly commit: Commit;
  readonly envelopes: readonly Envelope[];
  readonly execution: Execution;
}
