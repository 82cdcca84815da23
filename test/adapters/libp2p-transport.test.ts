import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { Libp2pTransport, type TransportOptions } from "../../src/adapters/libp2p-transport.ts";
import { publicKeyOf } from "../../src/crypto/ed25519.ts";
import { sha256 } from "../../src/crypto/hash.ts";
import { toHex } from "../../src/lib/bytes.ts";
import type { Logger } from "../../src/ports/observe.ts";
import type { TransportHandlers } from "../../src/ports/transport.ts";
import { LIMITS } from "../../src/types/limits.ts";
import type { Hash, PublicKey } from "../../src/types/scalars.ts";
import { freeBasePort, run, until } from "../e2e/support.ts";

const SILENT: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const CHAIN = "c4".repeat(32) as Hash;
const TIMEOUT = { timeout: 600_000 };

/** A node's network and everything that came in by it. */
interface Peer {
  readonly key: PublicKey;
  readonly transport: Libp2pTransport;
  readonly connected: PublicKey[];
  readonly disconnected: PublicKey[];
  readonly consensus: { readonly from: PublicKey; readonly message: Uint8Array }[];
  readonly gossip: { readonly from: PublicKey; readonly message: Uint8Array }[];
}

const open = new Set<Peer>();

afterEach(async () => {
  await Promise.all([...open].map(({ transport }) => transport.stop()));
  open.clear();
});

const seedOf = (name: string): Uint8Array => sha256(new TextEncoder().encode(`transport ${name}`));
const keyOf = (name: string): PublicKey => publicKeyOf(seedOf(name));

/** Names share a network: each knows where the others listen. */
class Network {
  readonly #base = freeBasePort();
  readonly #names: readonly string[];

  constructor(...names: readonly string[]) {
    this.#names = names;
  }

  get keys(): ReadonlySet<PublicKey> {
    return new Set(this.#names.map(keyOf));
  }

  async addressOf(name: string): Promise<string> {
    return `/ip4/127.0.0.1/tcp/${(await this.#base) + this.#names.indexOf(name)}`;
  }

  async start(
    name: string,
    options: Partial<TransportOptions> & {
      readonly allowed?: ReadonlySet<PublicKey>;
      readonly onRequest?: TransportHandlers["onRequest"];
    } = {},
  ): Promise<Peer> {
    const base = await this.#base;
    const addressOf = (other: string): string => `/ip4/127.0.0.1/tcp/${base + this.#names.indexOf(other)}`;
    const transport = new Libp2pTransport({
      chain: CHAIN,
      seed: seedOf(name),
      self: keyOf(name),
      listen: [addressOf(name)],
      addresses: new Map(this.#names.filter((other) => other !== name).map((other) => [keyOf(other), [addressOf(other)]])),
      logger: SILENT,
      ...options,
    });
    const peer: Peer = { key: keyOf(name), transport, connected: [], disconnected: [], consensus: [], gossip: [] };
    await transport.open();
    open.add(peer);
    transport.allow(options.allowed ?? this.keys);
    transport.start({
      onConnected: (key) => peer.connected.push(key),
      onDisconnected: (key) => peer.disconnected.push(key),
      onConsensus: (from, message) => peer.consensus.push({ from, message }),
      onGossip: (from, message) => peer.gossip.push({ from, message }),
      onRequest: options.onRequest ?? ((_peer, _protocol, request, respond) => respond(request)),
    });
    return peer;
  }

  async stop(peer: Peer): Promise<void> {
    open.delete(peer);
    await peer.transport.stop();
  }
}

const isLinked = (left: Peer, right: Peer): boolean =>
  left.transport.peers().some(({ nodeKey }) => nodeKey === right.key) &&
  right.transport.peers().some(({ nodeKey }) => nodeKey === left.key);

const linked = (left: Peer, right: Peer): Promise<void> => until(() => isLinked(left, right), "the two are connected");

/** Long enough for several rounds of dialling. */
const aWhile = (): Promise<void> => new Promise((done) => setTimeout(done, 1_500));

function ask(from: Peer, to: PublicKey, request: Uint8Array): Promise<Uint8Array | null> {
  return new Promise((done) => from.transport.request(to, "bodies", request, done));
}

describe("the network", () => {
  it("carries consensus in order, small messages and those of 4 MiB alike", TIMEOUT, async () => {
    const network = new Network("a", "b");
    const [a, b] = [await network.start("a"), await network.start("b")];
    await linked(a, b);
    const sizes = [1, 70_000, 4 * 1024 * 1024, 3, 1_000_000, 2];
    for (const [index, size] of sizes.entries()) {
      expect(a.transport.sendConsensus(b.key, new Uint8Array(size).fill(index + 1))).toBe(true);
    }
    await until(() => b.consensus.length === sizes.length, "all messages have arrived");
    expect(b.consensus.map(({ from, message }) => [from, message.length, message[0], message.at(-1)])).toEqual(
      sizes.map((size, index) => [a.key, size, index + 1, index + 1]),
    );
  });

  it("carries gossip to every peer, once over each link, and hands it on to nobody", TIMEOUT, async () => {
    const network = new Network("a", "b", "c");
    const [a, b, c] = [await network.start("a"), await network.start("b"), await network.start("c")];
    await Promise.all([linked(a, b), linked(b, c), linked(a, c)]);
    const message = new Uint8Array(30_000).fill(9);
    await until(() => {
      a.transport.publish(message.map((byte) => byte + b.gossip.length));
      return b.gossip.length > 0 && c.gossip.length > 0;
    }, "gossip has found its way");
    await aWhile();
    b.gossip.length = 0;
    c.gossip.length = 0;
    a.transport.publish(new Uint8Array(20_000).fill(77));
    await until(() => b.gossip.length > 0 && c.gossip.length > 0, "the batch arrived at both");
    await aWhile();
    for (const peer of [b, c]) {
      expect(peer.gossip.map(({ from, message: got }) => [from, got.length, got[0]])).toEqual([[a.key, 20_000, 77]]);
    }
    expect(a.gossip.filter(({ message: got }) => got[0] === 77)).toEqual([]);
  });

  it("lets nobody in who is not of the table, whichever side dials", TIMEOUT, async () => {
    const network = new Network("a", "b", "stranger");
    const members = new Set([keyOf("a"), keyOf("b")]);
    const a = await network.start("a", { allowed: members });
    const b = await network.start("b", { allowed: members });
    const stranger = await network.start("stranger");
    await linked(a, b);
    await aWhile();
    expect(stranger.transport.peers()).toEqual([]);
    expect(stranger.connected).toEqual([]);
    expect([...a.connected, ...b.connected].includes(stranger.key)).toBe(false);
    expect(stranger.transport.sendConsensus(a.key, Uint8Array.of(1))).toBe(false);
    expect(await ask(stranger, a.key, Uint8Array.of(1))).toBeNull();
  });

  it("cuts a member off live when it leaves the table, and lets it back when it returns", TIMEOUT, async () => {
    const network = new Network("a", "b");
    const [a, b] = [await network.start("a"), await network.start("b")];
    await linked(a, b);
    a.transport.allow(new Set([a.key]));
    await until(() => a.transport.peers().length === 0 && b.transport.peers().length === 0, "the link is cut");
    await until(() => a.disconnected.includes(b.key) && b.disconnected.includes(a.key), "both were told");
    await aWhile();
    expect(isLinked(a, b)).toBe(false);
    a.transport.allow(network.keys);
    await linked(a, b);
  });

  it("keeps a blocked link cut for good while others work", TIMEOUT, async () => {
    const network = new Network("a", "b", "c");
    const a = await network.start("a", { blocked: new Set([keyOf("b")]) });
    const b = await network.start("b");
    const c = await network.start("c");
    await Promise.all([linked(a, c), linked(b, c)]);
    await aWhile();
    expect(isLinked(a, b)).toBe(false);
  });

  it("connects again after a restart of either side", TIMEOUT, async () => {
    const network = new Network("a", "b");
    const a = await network.start("a");
    let b = await network.start("b");
    for (let round = 0; round < 2; round++) {
      await linked(a, b);
      await network.stop(b);
      await until(() => a.transport.peers().length === 0, "a has seen that b is gone");
      b = await network.start("b");
    }
    await linked(a, b);
    expect(a.transport.sendConsensus(b.key, Uint8Array.of(5))).toBe(true);
    await until(() => b.consensus.length === 1, "the new link works");
  });

  it("gives an answer, or null for a refusal, for silence, and for a peer that is not there", TIMEOUT, async () => {
    const network = new Network("a", "b");
    const a = await network.start("a");
    const b = await network.start("b", {
      onRequest: (_peer, _protocol, request, respond) => {
        if (request[0] === 1) respond(request.map((byte) => byte + 1));
        if (request[0] === 2) respond(null);
        if (request[0] === 4) respond(new Uint8Array(2 * 1024 * 1024).fill(4));
      },
    });
    await linked(a, b);
    expect(await ask(a, b.key, Uint8Array.of(1, 7))).toEqual(Uint8Array.of(2, 8));
    expect(await ask(a, b.key, Uint8Array.of(2))).toBeNull();
    expect(await ask(a, b.key, Uint8Array.of(3))).toBeNull();
    expect((await ask(a, b.key, Uint8Array.of(4)))?.length).toBe(2 * 1024 * 1024);
    expect(await ask(a, keyOf("nobody"), Uint8Array.of(1))).toBeNull();
  });

  it("does not read a message that is longer than any may be, and goes on", TIMEOUT, async () => {
    const network = new Network("a", "b");
    const [a, b] = [await network.start("a"), await network.start("b")];
    await linked(a, b);
    a.transport.sendConsensus(b.key, new Uint8Array(LIMITS.consensusMessageBytesMax + 1));
    await until(() => b.disconnected.includes(a.key) || a.disconnected.includes(b.key), "the stream is reset");
    await linked(a, b);
    await until(() => a.transport.sendConsensus(b.key, Uint8Array.of(6)), "a new stream is open");
    await until(() => b.consensus.some(({ message }) => message.length === 1), "and works");
    expect(b.consensus.every(({ message }) => message.length === 1)).toBe(true);
  });

  it("cuts off a peer that goes on sending what no correct node sends, for a while", TIMEOUT, async () => {
    const network = new Network("a", "b");
    const [a, b] = [await network.start("a"), await network.start("b")];
    await linked(a, b);
    for (let fault = 0; fault < 49; fault++) a.transport.penalise(b.key, "garbage");
    expect(isLinked(a, b)).toBe(true);
    a.transport.penalise(b.key, "garbage");
    await until(() => a.transport.peers().length === 0, "the peer is cut off");
    await aWhile();
    expect(isLinked(a, b)).toBe(false);
  });

  it("carries gossip over a link whose other end stalled while it was made", TIMEOUT, async () => {
    const network = new Network("a", "b");
    const address = await network.addressOf("b");
    const other = run([join(import.meta.dirname, "stalled-peer.ts"), toHex(seedOf("b")), CHAIN, address, keyOf("a")]);
    try {
      await until(() => other.out().includes("listening"), "the other process listens", other);
      // The moment at which the transport hears of the connection, before libp2p has identified the peer.
      class Allowed extends Set<PublicKey> {
        override has(key: PublicKey): boolean {
          if (!stalled && new Error().stack?.includes("#onPeer") === true) {
            stalled = true;
            other.child.kill("SIGSTOP");
            setTimeout(() => other.child.kill("SIGCONT"), 6_000);
          }
          return super.has(key);
        }
      }
      let stalled = false;
      const a = await network.start("a", { allowed: new Allowed([keyOf("b")]) });
      let round = 0;
      await until(
        () => {
          a.transport.publish(new Uint8Array(100).fill(round++));
          return other.out().includes("gossip");
        },
        "gossip has arrived",
        other,
      );
      expect(stalled).toBe(true);
    } finally {
      other.child.kill("SIGKILL");
      await other.exit;
    }
  });

  it("says that an address is taken", TIMEOUT, async () => {
    const network = new Network("a", "b");
    await network.start("a");
    await expect(network.start("a")).rejects.toMatchObject({ code: "ADDRESS_IN_USE" });
  });
});
