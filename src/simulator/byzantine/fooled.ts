import type { Transport } from "../../ports/transport.ts";
import type { PublicKey } from "../../types/scalars.ts";

/** Whether this peer is of the half that is told another story. */
export function isFooled(transport: Transport, peer: PublicKey): boolean {
  const peers = transport.peers();
  return peers.findIndex(({ nodeKey }) => nodeKey === peer) < peers.length / 2;
}
