import { generateKeyPairFromSeed, publicKeyFromRaw } from "@libp2p/crypto/keys";
import type { PeerId, PrivateKey } from "@libp2p/interface";
import { peerIdFromPublicKey, peerIdFromString } from "@libp2p/peer-id";
import { fromHex, toHex } from "../lib/bytes.ts";
import type { PublicKey } from "../types/scalars.ts";

/** The libp2p private key of a node's 32-byte Ed25519 seed. */
export async function privateKeyOf(seed: Uint8Array): Promise<PrivateKey> {
  return generateKeyPairFromSeed("Ed25519", seed);
}

/** The libp2p peer id of a node key. */
export function peerIdOf(nodeKey: PublicKey): PeerId {
  return peerIdFromPublicKey(publicKeyFromRaw(fromHex(nodeKey) as Uint8Array));
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
