import { generateKeyPairFromSeed, publicKeyFromRaw } from "@libp2p/crypto/keys";
import type { PeerId, PrivateKey } from "@libp2p/interface";
import { peerIdFromPublicKey, peerIdFromString } from "@libp2p/peer-id";
import { fromHex, toHex } from "../lib/bytes.ts";
import { LIMITS } from "../types/limits.ts";
import type { PublicKey } from "../types/scalars.ts";

/** The libp2p private key of a node's 32-byte Ed25519 seed. */
export async function privateKeyOf(seed: Uint8Array): Promise<PrivateKey> {
  return generateKeyPairFromSeed("Ed25519", seed);
}

const PEER_IDS_MAX = 4 * LIMITS.peersMax;
/** A peer id keeps its own text once it was made; making both for each message sent costs more than sending it. */
const peerIds = new Map<PublicKey, PeerId>();

/** The libp2p peer id of a node key. */
export function peerIdOf(nodeKey: PublicKey): PeerId {
  let peerId = peerIds.get(nodeKey);
  if (peerId === undefined) {
    peerId = peerIdFromPublicKey(publicKeyFromRaw(fromHex(nodeKey) as Uint8Array));
    if (peerIds.size >= PEER_IDS_MAX) peerIds.clear();
    peerIds.set(nodeKey, peerId);
  }
  return peerId;
}

/** The node key of a peer id as it stands in an address; undefined if it is none, or no Ed25519 one. */
export function nodeKeyOfText(peerId: string): PublicKey | undefined {
  try {
    return nodeKeyOf(peerIdFromString(peerId));
  } catch {
    return undefined;
  }
}

/** The node key behind a peer id; undefined unless it is an Ed25519 one. */
export function nodeKeyOf(peerId: PeerId): PublicKey | undefined {
  return peerId.type === "Ed25519" ? (toHex(peerId.publicKey.raw) as PublicKey) : undefined;
}
