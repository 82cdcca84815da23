import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { privateKeyObject, signNative } from "../../adapters/ed25519-native.ts";
import { openKeystore } from "../../adapters/keystore.ts";
import { nativeHasher } from "../../adapters/native-hasher.ts";
import { decodeTransaction } from "../../codec/transaction.ts";
import type { ObjectChange } from "../../ledger/book.ts";
import type { Execution } from "../../node/block-executor.ts";
import type { ObjectView } from "../../state/view.ts";
import type { Hash, MemberId, TxId } from "../../types/scalars.ts";
import type { Envelope } from "../../types/transaction.ts";
import { type AuthorityKey, ChainForge } from "../chain-forge.ts";
import type { MemberFolder, NetworkFolder } from "../network-folder.ts";
import { FolderWallets } from "../wallets.ts";
import { CountedStore } from "./counted-store.ts";
import { crowd } from "./crowd.ts";
import { type Builder, type Population, populate, signChain } from "./population.ts";

/** A chain of transfers and splits is so long; then another note's begins. */
const CHAIN_LENGTH = 32;
export const BLOCK_INTERVAL_MS = 50;
/** No key of a store begins with 0xff. */
const EVERYTHING = { from: Uint8Array.of(0), to: Uint8Array.of(0xff) };

/** What a bench makes a chain with. */
export interface Forging {
  readonly chain: Hash;
  /** The ledger's objects as the last block left them. */
  readonly objects: ObjectView;
  readonly store: Pick<CountedStore, "reads">;
  readonly client: Builder["client"];
  readonly nowMs: () => number;
  readonly sponsor: Builder["sponsor"];
  append(envelopes: readonly Envelope[]): Promise<Execution>;
  /** A block whose state has all that is put beside what the last one left: see {@link ChainForge.import}. */
  import(fill: (put: (objects: readonly ObjectChange[]) => Promise<void>) => Promise<void>): Promise<void>;
}

/** A chain made in the first member's empty data folder; answers where it ends. */
export async function forge(
  network: NetworkFolder,
  make: (forging: Forging) => Promise<void>,
): Promise<{ readonly height: number; readonly timeMs: number }> {
  const store = await CountedStore.open(chainFolder(network.members[0] as MemberFolder));
  try {
    const chain = await ChainForge.open(network.identity, await authorityKeys(network), { store, hasher: nativeHasher });
    let { timeMs } = network.identity.genesis;
    const append = (envelopes: readonly Envelope[]): Promise<Execution> => {
      timeMs += BLOCK_INTERVAL_MS;
      return chain.append(timeMs, envelopes);
    };
    await make({
      chain: network.identity.chain,
      get objects() {
        return chain.objects;
      },
      store,
      append,
      import: async (fill) => {
        timeMs += BLOCK_INTERVAL_MS;
        await chain.import(timeMs, fill);
        await settle(store);
      },
      client: {
        submitAndWait: async (id: TxId, bytes: Uint8Array) => {
          const { receipts } = await append([envelopeOf(bytes)]);
          const code = receipts[0]?.code ?? 0;
          return { id, status: code === 0 ? ("committed" as const) : ("failed" as const), code: String(code) };
        },
      },
      nowMs: () => timeMs,
      sponsor: await new FolderWallets(network).member("zhongnong"),
    });
    await chain.flush();
    await settle(store);
    return { height: chain.store.head.height, timeMs };
  } finally {
    await store.close();
  }
}

/** As in a store that grew over years: what is measured next is not the sorting of what was just written, in every copy of it. */
function settle(store: CountedStore): Promise<void> {
  return store.compact(EVERYTHING);
}

/** Fills the first member's data folder with a chain of blocks of transfers and splits, as if agreed on at full speed. */
export function forgeChain(
  network: NetworkFolder,
  size: { readonly blocks: number; readonly transactions: number },
): Promise<{ readonly height: number; readonly timeMs: number }> {
  return forge(network, async (forging) => {
    const { chain } = forging;
    const chains = size.transactions * Math.ceil(size.blocks / CHAIN_LENGTH);
    const population = await populate({ ...forging, name: "forged" }, chains);
    let used = 0;
    const lanes: Envelope[][] = Array.from({ length: size.transactions }, () => []);
    for (let block = 0; block < size.blocks; block++) {
      const envelopes: Envelope[] = [];
      for (const lane of lanes) {
        if (lane.length === 0) {
          const start = population.chains[used++];
          if (start === undefined) throw new Error("no note is left to move");
          // Within the window of validity of the last block that will hold one of them.
          const notAfter = forging.nowMs() + 5 * 60_000;
          const signed = await signChain(start, CHAIN_LENGTH, population, { chain, notAfter });
          lane.push(...signed.map(({ hex }) => envelopeOf(new Uint8Array(Buffer.from(hex, "hex")))));
        }
        envelopes.push(lane.shift() as Envelope);
      }
      const { receipts } = await forging.append(envelopes);
      if (receipts.some(({ code }) => code !== 0)) throw new Error(`a forged transaction failed in block ${block}`);
    }
  });
}

/** Fills it with notes to move, and with so many objects of a crowd of receivables beside them. */
export async function forgeState(
  network: NetworkFolder,
  size: { readonly chains: number; readonly others: number },
): Promise<{ readonly population: Population; readonly timeMs: number }> {
  let population: Population = { chains: [], holders: [] };
  const { timeMs } = await forge(network, async (forging) => {
    population = await populate({ ...forging, name: "load" }, size.chains);
    const { holders } = population;
    const cast = { sponsor: forging.sponsor.member as MemberId, sellers: holders, debtors: holders.slice(1) };
    await forging.import((put) =>
      crowd("receivables", size.others, cast, { view: forging.objects, timeMs: forging.nowMs(), put }),
    );
  });
  return { population, timeMs };
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

export function envelopeOf(bytes: Uint8Array): Envelope {
  const decoded = decodeTransaction(bytes, nativeHasher.sha256);
  if (!decoded.ok) throw new Error(decoded.error.detail);
  return decoded.value;
}
