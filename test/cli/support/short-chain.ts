import type { LevelStore } from "../../../src/adapters/level-store.ts";
import { nativeHasher } from "../../../src/adapters/native-hasher.ts";
import { authorityKeys } from "../../../src/testnet/bench/forged-network.ts";
import { ChainForge } from "../../../src/testnet/chain-forge.ts";
import type { NetworkFolder } from "../../../src/testnet/network-folder.ts";

/** Fills a store with so many empty blocks of a network, signed by all its authorities. */
export async function shortChain(network: NetworkFolder, store: LevelStore, blocks: number): Promise<ChainForge> {
  const { identity } = network;
  const forge = await ChainForge.open(identity, await authorityKeys(network), { store, hasher: nativeHasher });
  for (let height = 1; height <= blocks; height++) await forge.append(identity.genesis.timeMs + 50 * height, []);
  await forge.flush();
  return forge;
}
