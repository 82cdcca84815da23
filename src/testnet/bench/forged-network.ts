import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { privateKeyObject, signNative } from "../../adapters/ed25519-native.ts";
import { openKeystore } from "../../adapters/keystore.ts";
import { LevelStore } from "../../adapters/level-store.ts";
import { nativeHasher } from "../../adapters/native-hasher.ts";
import { decodeTransaction } from "../../codec/transaction.ts";
import type { TxId } from "../../types/scalars.ts";
import type { Envelope } from "../../types/transaction.ts";
import { type AuthorityKey, ChainForge } from "../chain-forge.ts";
import type { MemberFolder, NetworkFolder } from "../network-folder.ts";
import { FolderWallets } from "../wallets.ts";
import { populate, signChain } from "./population.ts";

/** A chain of transfers and splits is so long; then another note's begins. */
const CHAIN_LENGTH = 32;
export const BLOCK_INTERVAL_MS = 50;

/** Fills the first member's data folder with a chain of blocks of transfers and splits, as if agreed on at full speed. */
export async function forgeChain(
  network: NetworkFolder,
  size: { readonly blocks: number; readonly transactions: number },
): Promise<{ readonly height: number; readonly timeMs: number }> {
  const { chain, genesis } = network.identity;
  const folder = chainFolder(network.members[0] as MemberFolder);
  const store = await LevelStore.open(folder);
  try {
    const forge = await ChainForge.open(network.identity, await authorityKeys(network), { store, hasher: nativeHasher });
    let { timeMs } = genesis;
    const append = async (envelopes: readonly Envelope[]) => {
      timeMs += BLOCK_INTERVAL_MS;
      return forge.append(timeMs, envelopes);
    };
    const client = {
      submitAndWait: async (id: TxId, bytes: Uint8Array) => {
        const { receipts } = await append([envelopeOf(bytes)]);
        const code = receipts[0]?.code ?? 0;
        return { id, status: code === 0 ? ("committed" as const) : ("failed" as const), code: String(code) };
      },
    };
    const sponsor = await new FolderWallets(network).member("zhongnong");
    const nowMs = (): number => timeMs;
    const chains = size.transactions * Math.ceil(size.blocks / CHAIN_LENGTH);
    const population = await populate({ client, chain, nowMs, sponsor, name: "forged" }, chains);
    let used = 0;
    const lanes: Envelope[][] = Array.from({ length: size.transactions }, () => []);
    for (let block = 0; block < size.blocks; block++) {
      const envelopes: Envelope[] = [];
      for (const lane of lanes) {
        if (lane.length === 0) {
          const start = population.chains[used++];
          if (start === undefined) throw new Error("no note is left to move");
          // Within the window of validity of the last block that will hold one of them.
          const notAfter = timeMs + 5 * 60_000;
          const signed = await signChain(start, CHAIN_LENGTH, population, { chain, notAfter });
          lane.push(...signed.map(({ hex }) => envelopeOf(new Uint8Array(Buffer.from(hex, "hex")))));
        }
        envelopes.push(lane.shift() as Envelope);
      }
      const { receipts } = await append(envelopes);
      if (receipts.some(({ code }) => code !== 0)) throw new Error(`a forged transaction failed in block ${block}`);
    }
    await forge.flush();
    return { height: forge.store.head.height, timeMs };
  } finally {
    await store.close();
  }
}

/** The second member gets what the first has. */
export function copyChain(from: MemberFolder, to: MemberFolder): void {
  cpSync(chainFolder(from), chainFolder(to), { recursive: true });
}

export function chainFolder(member: MemberFolder): string {
  return join(member.folder, "data", "chain");
}

export async function authorityKeys(network: NetworkFolder): Promise<readonly AuthorityKey[]> {
  const keys: AuthorityKey[] = [];
  for (const { id, authorityKey } of network.identity.genesis.members) {
    const member = network.members.find((each) => each.id === id);
    if (authorityKey === undefined || member === undefined) continue;
    const passphrase = readFileSync(join(member.folder, "passphrase"), "utf8").trim();
    const { seed } = await openKeystore(join(member.folder, "keys", "authority.json"), passphrase);
    const privateKey = privateKeyObject(seed);
    keys.push({ member: id, sign: (message) => signNative(privateKey, message) });
  }
  return keys;
}

function envelopeOf(bytes: Uint8Array): Envelope {
  const decoded = decodeTransaction(bytes, nativeHasher.sha256);
  if (!decoded.ok) throw new Error(decoded.error.detail);
  return decoded.value;
}
