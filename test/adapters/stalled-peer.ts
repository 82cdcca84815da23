import { Libp2pTransport } from "../../src/adapters/libp2p-transport.ts";
import { publicKeyOf } from "../../src/crypto/ed25519.ts";
import { fromHex } from "../../src/lib/bytes.ts";
import type { Logger } from "../../src/ports/observe.ts";
import type { Hash, PublicKey } from "../../src/types/scalars.ts";

/** A peer in a process of its own, so that it can be stopped: seed, chain, address, peer. Says on standard output when it listens and when gossip comes. */
const [seedHex, chain, address, peer] = process.argv.slice(2) as [string, Hash, string, PublicKey];
const SILENT: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const seed = fromHex(seedHex) as Uint8Array;
const transport = new Libp2pTransport({
  chain,
  seed,
  self: publicKeyOf(seed),
  listen: [address],
  addresses: new Map(),
  logger: SILENT,
});
await transport.open();
transport.allow(new Set([peer]));
transport.start({
  onConnected: () => undefined,
  onDisconnected: () => undefined,
  onConsensus: () => undefined,
  onGossip: () => console.log("gossip"),
  onRequest: (_peer, _protocol, _request, respond) => respond(null),
});
console.log("listening");
