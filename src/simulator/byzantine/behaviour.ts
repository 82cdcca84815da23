import type { Prng } from "../../lib/prng.ts";
import type { Transport } from "../../ports/transport.ts";
import type { Block } from "../../types/block.ts";
import type { Hash, MemberId, Signature, TimeMs } from "../../types/scalars.ts";
import type { Envelope } from "../../types/transaction.ts";
import type { Scheduler } from "../scheduler.ts";

/** What a faulty authority has: its place, its keys, all knowledge of the chain, and a correct node of its own to twist. */
export interface Byzantine {
  readonly chain: Hash;
  readonly index: number;
  readonly member: MemberId;
  readonly random: Prng;
  readonly scheduler: Scheduler;
  /** Whether the node that it twists still runs: what it does by itself ends with it. */
  readonly isAlive: () => boolean;
  /** Counts what it did: a way of being faulty that is never gone tests nothing. */
  readonly did: (what: string) => void;
  readonly sign: (message: Uint8Array) => Signature;
  /** A transaction of its own organisation, sound but for being valid until then, or with signatures that nobody made. */
  readonly transaction: (notAfter: TimeMs, signatures?: "sound" | "forged") => Envelope;
  /** Transactions of blocks that were finalised. */
  readonly finalised: () => readonly Envelope[];
  /** The header made true of a changed content, by executing it whether or not it may stand in a block; null if that cannot be done. */
  readonly reseal: (block: Block, envelopes: readonly Envelope[]) => Block | null;
}

/** One way of being faulty. What it does is bounded only by not having others' keys. */
export interface Behaviour {
  /** Stands between the node and its network. */
  readonly twist?: (self: Byzantine, transport: Transport) => Transport;
  /** Comes back from every crash, and it crashes often, without log and guard, and signs at once. */
  readonly forgets?: true;
}
