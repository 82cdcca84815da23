import type { Transport } from "../../ports/transport.ts";
import type { Hash, Signature } from "../../types/scalars.ts";

/** What a faulty authority has: its place, its key, and a correct node of its own whose messages it may twist. */
export interface Byzantine {
  readonly chain: Hash;
  readonly index: number;
  readonly sign: (message: Uint8Array) => Signature;
}

/** Stands between a node and its network. What it does is bounded only by not having others' keys. */
export type Behaviour = (self: Byzantine, transport: Transport) => Transport;
