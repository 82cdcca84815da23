import { LIMITS } from "../types/limits.ts";

/**
 * What a valid signature by the own key means that the guard does not hold (protocol.md §4 "A node without its memory", "Same key on two
 * machines"). Soon after a start it is most likely this node's own, of a time that its folder does not remember: it was restored. But
 * what this node signed before it started lies at most one height above what was decided then; once so many blocks have been decided
 * under its eyes, somebody else must have signed.
 */
export class OwnSignatures {
  #blocksSeen = 0;

  /** A block was decided while this node followed consensus. */
  onDecided(): void {
    this.#blocksSeen += 1;
  }

  meaning(): "forgotten" | "foreign" {
    return this.#blocksSeen < LIMITS.memorylessBlocks ? "forgotten" : "foreign";
  }
}
