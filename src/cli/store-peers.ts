import { openKeystore } from "../adapters/keystore.ts";
import { Libp2pTransport } from "../adapters/libp2p-transport.ts";
import { jsonLogger } from "../adapters/logger.ts";
import { encode } from "../codec/schema.ts";
import { snapshotsRequestSchema } from "../codec/snapshot.ts";
import { onlyAsk } from "../node/snapshot-sources.ts";
import type { RowSource } from "../node/store-repair.ts";
import type { ChainIdentity } from "../types/genesis.ts";
import { AddressBook } from "./address-book.ts";
import { nodesToAsk } from "./join-node.ts";
import { readAddresses, readPassphrase } from "./node-files.ts";
import { type Settings, SettingsError } from "./settings.ts";

const LOOK_MS = 250;
/** Who is connected first is not to be the only one. */
const SETTLE_MS = 2_000;

/** Rows of the other members' stores, for as long as `use` takes. Throws SettingsError if nobody is reached within `waitSeconds`. */
export async function withPeers<T>(
  settings: Settings,
  identity: ChainIdentity,
  waitSeconds: number,
  use: (sources: readonly RowSource[]) => Promise<T>,
): Promise<T> {
  const nodeKey = await openKeystore(settings.nodeKeystore, readPassphrase(settings.passphraseFile));
  const book = new AddressBook(readAddresses(settings.addressesFile));
  const memberOf = (peer: string) => identity.genesis.members.find((each) => each.nodeKey === peer)?.id;
  const transport = new Libp2pTransport({
    chain: identity.chain,
    seed: nodeKey.seed,
    self: nodeKey.publicKey,
    listen: [settings.listenAddress],
    addresses: { get: (peer) => book.of(peer, memberOf(peer)) },
    blocked: new Set(),
    logger: jsonLogger("error", { member: settings.member }),
  });
  await transport.open();
  try {
    onlyAsk(transport, nodesToAsk({ identity, self: nodeKey.publicKey, contacts: book.contacts }));
    const deadline = performance.now() + waitSeconds * 1_000;
    while (transport.peers().length === 0 && performance.now() < deadline) await passed(LOOK_MS);
    if (transport.peers().length === 0)
      throw new SettingsError(
        "PEERS_UNREACHABLE",
        `no other member's node answered within ${waitSeconds} s; nothing was let go of: try again, or mend --from a backup`,
      );
    await passed(SETTLE_MS);
    const sources = transport.peers().map(
      ({ nodeKey: peer }): RowSource => ({
        name: memberOf(peer) ?? peer,
        row: (height, key) =>
          new Promise((resolve) => {
            const request = encode(snapshotsRequestSchema, { what: "row", height, number: 0, key });
            transport.request(peer, "snapshots", request, (row) => resolve(row ?? undefined));
          }),
      }),
    );
    return await use(sources);
  } finally {
    await transport.stop();
  }
}

function passed(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
