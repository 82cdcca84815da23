import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { noise } from "@libp2p/noise";
import { tcp } from "@libp2p/tcp";
import { yamux } from "@libp2p/yamux";
import { multiaddr } from "@multiformats/multiaddr";
import { createLibp2p, type Libp2p } from "libp2p";
import { frame } from "../../adapters/frames.ts";
import { openKeystore } from "../../adapters/keystore.ts";
import { peerIdOf, privateKeyOf } from "../../adapters/libp2p-identity.ts";
import type { Hash, PublicKey } from "../../types/scalars.ts";
import type { MemberFolder } from "../network-folder.ts";

/** What a member's node speaks (adapters/libp2p-transport.ts), and what comes with libp2p. */
function protocolsOf(chain: Hash): readonly string[] {
  const own = ["consensus", "blocks", "bodies"].map((name) => `/zhonglian/${chain.slice(0, 16)}/${name}/1`);
  return [...own, "/meshsub/1.2.0", "/meshsub/1.1.0", "/ipfs/id/1.0.0", "/ipfs/ping/1.0.0", "/zhonglian/unknown/1"];
}

const FRAME_BYTES = [0, 1, 40, 1_000, 60_000];

/** A member gone bad: it has a key that everybody lets in, and says nothing that makes sense. */
export class HostilePeer {
  readonly #libp2p: Libp2p;
  readonly #chain: Hash;

  private constructor(libp2p: Libp2p, chain: Hash) {
    this.#libp2p = libp2p;
    this.#chain = chain;
  }

  /** With the node key of a member whose own node does not run. */
  static async open(member: MemberFolder, chain: Hash): Promise<HostilePeer> {
    const passphrase = readFileSync(join(member.folder, "passphrase"), "utf8").trim();
    const { seed } = await openKeystore(join(member.folder, "keys", "node.json"), passphrase);
    const libp2p = await createLibp2p({
      privateKey: await privateKeyOf(seed),
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
    });
    return new HostilePeer(libp2p, chain);
  }

  /** Connects and sends garbage on every protocol, framed and not; answers how many frames got away. What is refused is refused. */
  async attack(nodeKey: PublicKey, port: number): Promise<number> {
    let sent = 0;
    const connection = await this.#libp2p
      .dial(multiaddr(`/ip4/127.0.0.1/tcp/${port}/p2p/${peerIdOf(nodeKey).toString()}`), { signal: AbortSignal.timeout(5_000) })
      .catch(() => undefined);
    if (connection === undefined) return sent;
    for (const protocol of protocolsOf(this.#chain)) {
      for (const bytes of FRAME_BYTES) {
        try {
          const stream = await connection.newStream(protocol, { signal: AbortSignal.timeout(5_000) });
          const payload = randomBytes(bytes);
          // Of a known kind of message, so that it gets past the first look.
          if (payload.length > 0) payload[0] = bytes % 6;
          stream.send(frame(payload));
          stream.send(randomBytes(bytes + 1));
          sent += 1;
          stream.abort(new Error("enough"));
        } catch {
          if (connection.status !== "open") return sent;
        }
      }
    }
    return sent;
  }

  async close(): Promise<void> {
    await this.#libp2p.stop();
  }
}
