import { Client } from "../../src/client/client.ts";
import type { SigningKey } from "../../src/client/transaction-builder.ts";
import { decodeTransaction } from "../../src/codec/transaction.ts";
import { ok } from "../../src/lib/result.ts";
import type { Logger } from "../../src/ports/observe.ts";
import type { LocalNode } from "../../src/rpc/local-node.ts";
import { RpcServer } from "../../src/rpc/server.ts";
import type { TxId } from "../../src/types/scalars.ts";
import type { Firm, TestKey } from "../ledger/support/firm.ts";
import type { ProvingChain } from "../node/support/proving-chain.ts";

const SILENT: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** An RPC server over a chain of the ledger's tests that makes a block of every transaction it is sent. */
export async function serve(chain: ProvingChain): Promise<{
  readonly client: Client;
  readonly url: string;
  /** The next transaction is taken, and runs out before a block holds it. */
  readonly loseNext: () => void;
  readonly close: () => Promise<void>;
}> {
  let losing = 0;
  const lost = new Set<TxId>();
  const status = (id: TxId) => {
    if (lost.has(id)) return { status: "expired" };
    const stored = chain.blocks.transaction(id);
    if (stored === undefined) return { status: "unknown" };
    const { height, index, receipt, body } = stored;
    return { status: receipt.code === 0 ? "committed" : "failed", height, index, receipt, refusal: null, body };
  };
  const node = {
    ...chain.node,
    status: () => ({ member: "zbank", chain: chain.identity.chain, height: chain.height, clockMs: chain.timeMs }),
    unreadyReasons: () => [],
    submit: async (bytes: Uint8Array) => {
      const decoded = decodeTransaction(bytes);
      if (!decoded.ok) return decoded;
      const { pair } = decoded.value;
      if (chain.blocks.transaction(pair.id) !== undefined) return ok(pair.id);
      const refusal = chain.judge(decoded.value);
      if (refusal !== null) return { ok: false, error: refusal };
      if (losing > 0) {
        losing -= 1;
        lost.add(pair.id);
        return ok(pair.id);
      }
      chain.block([decoded.value]);
      return ok(pair.id);
    },
    transaction: status,
    wait: async (id: TxId) => status(id),
  } as unknown as LocalNode;
  const server = new RpcServer(
    { host: "127.0.0.1", port: 0, requestsPerSecond: 100_000, version: "0", network: "test", directory: new Map() },
    { node, metricsText: () => Promise.resolve(""), logger: SILENT },
  );
  const url = `http://127.0.0.1:${await server.listen()}/`;
  const loseNext = (): void => {
    losing += 1;
  };
  return { client: new Client({ endpoints: [url] }), url, loseNext, close: () => server.close() };
}

export function signingKey(party: Firm, { key, sign }: TestKey): SigningKey {
  return { party: party.id, publicKey: key, sign };
}
