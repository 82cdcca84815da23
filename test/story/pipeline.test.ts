import { describe, expect, it } from "vitest";
import { Client } from "../../src/client/client.ts";
import { Pipeline } from "../../src/story/year/pipeline.ts";
import type { Prepared } from "../../src/story/year/player.ts";
import type { TxId } from "../../src/types/scalars.ts";

interface Call {
  readonly id: unknown;
  readonly method: string;
  readonly params: { readonly tx?: string; readonly id?: TxId; readonly height?: number };
}

/** Nodes of one chain that makes a block of what is pending whenever somebody asks for the next one. */
class FakeChain {
  readonly blocks: (readonly TxId[])[] = [];
  readonly codes = new Map<TxId, string>();
  readonly received = new Map<TxId, string[]>();
  #pending = new Set<TxId>();

  /** `answer`: what a node says to a transaction instead of taking it; `isLost`: it takes it, and never passes it on. */
  node(
    name: string,
    options: { answer?: (id: TxId) => object | undefined; isDown?: () => boolean; isLost?: boolean } = {},
  ): Client {
    const fetch = async (_: unknown, init: { readonly body: string }): Promise<Response> => {
      if (options.isDown?.() === true) throw new TypeError("connection refused");
      const body = JSON.parse(init.body) as Call | readonly Call[];
      const one = ({ id, method, params }: Call): object => ({
        jsonrpc: "2.0",
        id,
        ...this.#answer(name, method, params, options),
      });
      const answers = Array.isArray(body) ? body.map(one) : one(body as Call);
      return new Response(JSON.stringify(answers));
    };
    return new Client({ endpoints: [`http://${name}/`], fetch: fetch as unknown as typeof globalThis.fetch });
  }

  #answer(node: string, method: string, params: Call["params"], options: Parameters<FakeChain["node"]>[1] = {}): object {
    switch (method) {
      case "node_status":
        return { result: { height: this.blocks.length } };
      case "tx_submit": {
        const id = params.tx as TxId;
        this.received.set(id, [...(this.received.get(id) ?? []), node]);
        const refused = options.answer?.(id);
        if (refused !== undefined) return { error: refused };
        if (options.isLost !== true) this.#pending.add(id);
        return { result: { id } };
      }
      case "chain_getBlock": {
        if (params.height === this.blocks.length + 1 && this.#pending.size > 0) {
          this.blocks.push([...this.#pending]);
          this.#pending = new Set();
        }
        const block = this.blocks[(params.height as number) - 1];
        return block === undefined ? refusal("BLOCK_NOT_FOUND") : { result: { transactions: block } };
      }
      case "events_page": {
        const effective = this.blocks.flat().filter((id) => this.codes.get(id) === undefined);
        return { result: { events: effective.map((tx) => ({ tx })), cursor: { height: this.blocks.length + 1, index: 0 } } };
      }
      case "tx_get": {
        const code = this.codes.get(params.id as TxId);
        return { result: code === undefined ? { status: "committed" } : { status: "failed", code } };
      }
      default:
        throw new Error(`unexpected ${method}`);
    }
  }
}

function refusal(code: string, retriable = false): { readonly error: object } {
  return { error: { code: -32_003, message: code, data: { code, retriable } } };
}

function transactions(count: number): readonly Prepared[] {
  return Array.from({ length: count }, (_, index) => {
    const id = index.toString(16).padStart(64, "0") as TxId;
    return { id, sign: async () => Uint8Array.from(Buffer.from(id, "hex")) };
  });
}

describe("the pipeline", () => {
  it("spreads batches over the nodes and answers each transaction's final code in their order", async () => {
    const chain = new FakeChain();
    const sent = transactions(230);
    chain.codes.set(sent[7]?.id as TxId, "NOTE_NOT_OPEN");
    const pipeline = new Pipeline([chain.node("a"), chain.node("b")], chain.node("reader"));
    const codes = await pipeline.send(sent);
    expect(codes.map((code, index) => (code === "OK" ? null : [index, code])).filter((each) => each !== null)).toEqual([
      [7, "NOTE_NOT_OPEN"],
    ]);
    expect(new Set([...chain.received.values()].flat())).toEqual(new Set(["a", "b"]));
    expect([...chain.received.values()].every((nodes) => nodes.length === 1)).toBe(true);
  });

  it("tells what is refused at the door, and looks up what a block held already", async () => {
    const chain = new FakeChain();
    const [first, second, third] = transactions(3) as readonly [Prepared, Prepared, Prepared];
    chain.codes.set(third.id, "WRONG_STATUS");
    const answer = (id: TxId) => {
      if (id === first.id) return refusal("KEY_INVALID").error;
      return id === second.id ? undefined : refusal("ALREADY_FINAL").error;
    };
    const pipeline = new Pipeline([chain.node("a", { answer })], chain.node("reader"));
    expect(await pipeline.send([first, second, third])).toEqual(["KEY_INVALID", "OK", "WRONG_STATUS"]);
  });

  it("goes round a node that is away, and tries again where waiting may help", async () => {
    const chain = new FakeChain();
    let busy = 2;
    const answer = () => (busy-- > 0 ? refusal("NODE_BUSY", true).error : undefined);
    const pipeline = new Pipeline([chain.node("a", { isDown: () => true }), chain.node("b", { answer })], chain.node("reader"));
    expect(await pipeline.send(transactions(60))).toEqual(Array(60).fill("OK"));
    expect(new Set([...chain.received.values()].flat())).toEqual(new Set(["b"]));
  });

  it("sends again, through whichever node is next, what no block has held for long", async () => {
    const chain = new FakeChain();
    const pipeline = new Pipeline([chain.node("loses", { isLost: true }), chain.node("b")], chain.node("reader"), 200);
    const sent = transactions(60);
    expect(await pipeline.send(sent)).toEqual(Array(60).fill("OK"));
    expect([...chain.received.values()].some((nodes) => nodes.includes("loses") && nodes.includes("b"))).toBe(true);
  });
});
