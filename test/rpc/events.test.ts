import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { Client } from "../../src/client/client.ts";
import { type EventCursor, type EventFilter, events, type StreamedEvent } from "../../src/client/event-stream.ts";
import type { Logger } from "../../src/ports/observe.ts";
import { RpcServer } from "../../src/rpc/server.ts";
import { Subscriptions } from "../../src/rpc/subscriptions.ts";
import type { Hash } from "../../src/types/scalars.ts";
import { until } from "../e2e/support.ts";
import { type Alliance, allianceOn, DAY_MS, receivable, registerFirm } from "../ledger/support/alliance.ts";
import { op } from "../ledger/support/chain.ts";
import { type Firm, firm, testUscc } from "../ledger/support/firm.ts";
import { ProvingChain } from "../node/support/proving-chain.ts";

const SILENT: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const START: EventCursor = { height: 0, index: 0 };

let world: Alliance & { readonly chain: ProvingChain };
let root: Hash;
let note: Hash;
const servers: RpcServer[] = [];

/** Trade up to a receivable whose note is split in one block together with other transactions, and which then falls due. */
beforeAll(() => {
  world = allianceOn((identity) => new ProvingChain(identity));
  const { chain, seller, supplier } = world;
  ({ root, note } = receivable(world, 1_000_000n));
  const refused = chain.sign(op("note.transfer", { note, to: seller.id }), [seller]);
  const split = chain.sign(op("note.split", { note, parts: [400_000n, 600_000n] }), [seller]);
  const another = firm("another", testUscc(50));
  registerFirm(world, another, ["SELLER"]);
  chain.block([refused, split]);
  const offer = chain.act(
    op("note.offer", { note: partOf(split.pair.id), to: supplier.id, expiresMs: chain.timeMs + 60_000 }),
    seller,
  );
  expect(offer.code).toBe("OK");
  chain.pass(100 * DAY_MS);
});

afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

function partOf(tx: Hash): Hash {
  const found = world.chain.all("note").find(({ parent, id }) => parent === note && id !== tx);
  if (found === undefined) throw new Error("the note was split");
  return found.id;
}

async function serve(port = 0): Promise<{ readonly url: string; readonly server: RpcServer; readonly port: number }> {
  const server = new RpcServer(
    { host: "127.0.0.1", port, requestsPerSecond: 10_000, version: "0", network: "test", directory: new Map() },
    { node: world.chain.node, metricsText: () => Promise.resolve(""), logger: SILENT },
  );
  servers.push(server);
  const bound = await server.listen();
  return { url: `http://127.0.0.1:${bound}/`, server, port: bound };
}

interface Page {
  readonly events: readonly StreamedEvent[];
  readonly cursor: EventCursor;
}

async function pages(client: Client, limit: number, filter: EventFilter = {}): Promise<readonly StreamedEvent[]> {
  const found: StreamedEvent[] = [];
  for (let from = START; ; ) {
    const page = await client.call<Page>("events_page", { from, limit, filter });
    found.push(...page.events);
    if (page.cursor.height > world.chain.height) return found;
    from = page.cursor;
  }
}

const placeOf = ({ height, index }: EventCursor): string => `${height}/${index}`;

describe("events_page", () => {
  it("has every event of every receipt once and in order, and what fell due, whatever the length of a page", async () => {
    const client = new Client({ endpoints: [(await serve()).url] });
    const all = await pages(client, 1_000);
    const { chain } = world;
    const receipts = Array.from({ length: chain.height }, (_, at) => chain.blocks.block(at + 1)?.pairs ?? []).flat();
    const expected = receipts.flatMap(({ id }) =>
      (chain.blocks.transaction(id)?.receipt.events ?? []).map((_, at) => `${id}/${at}`),
    );
    expect(all.filter(({ tx }) => tx !== null).map(({ id }) => id)).toEqual(expected);
    expect(expected.length).toBeGreaterThan(10);
    const due = all.filter(({ tx }) => tx === null);
    expect(due.every(({ what, event }) => what === "due" && event.kind === "changed")).toBe(true);
    expect(due.map(({ event }) => event.object)).toContainEqual({ kind: "receivable", id: root });
    const places = all.map(placeOf);
    expect(new Set(places).size).toBe(all.length);
    for (const limit of [1, 2, 7]) expect((await pages(client, limit)).map(placeOf)).toEqual(places);
    // Every event says where to go on.
    for (const at of [0, 5, all.length - 2]) {
      const { cursor } = all[at] as StreamedEvent;
      const page = await client.call<Page>("events_page", { from: cursor, limit: 1 });
      expect(placeOf(page.events[0] as StreamedEvent)).toBe(places[at + 1]);
    }
    const beyond = await client.call<Page>("events_page", { from: { height: 10_000, index: 3 }, limit: 5 });
    expect(beyond).toMatchObject({ events: [], cursor: { height: 10_000, index: 3 } });
  });

  it("filters by kind, operation, object and party", async () => {
    const client = new Client({ endpoints: [(await serve()).url] });
    const all = await pages(client, 1_000);
    const names = async (filter: EventFilter) => (await pages(client, 4, filter)).map(placeOf);
    const expected = (holds: (event: StreamedEvent) => boolean): readonly string[] => all.filter(holds).map(placeOf);
    const some = (places: readonly string[]): readonly string[] => {
      expect(places.length).toBeGreaterThan(0);
      expect(places.length).toBeLessThan(all.length);
      return places;
    };
    expect(await names({ kind: "posting" })).toEqual(some(expected(({ event }) => event.kind === "posting")));
    expect(await names({ what: "note.split" })).toEqual(some(expected(({ what }) => what === "note.split")));
    expect(await names({ what: "receivable.*" })).toEqual(some(expected(({ what }) => what.startsWith("receivable."))));
    expect(await names({ what: "due" })).toEqual(some(expected(({ tx }) => tx === null)));
    expect(await names({ object: root })).toEqual(some(expected((event) => JSON.stringify(event.event).includes(root))));
    // The debtor signed the confirmation; the receivable's own events name it through the object.
    const debtor = await pages(client, 50, { party: world.debtor.id });
    expect(debtor.map(({ what }) => what)).toEqual(
      expect.arrayContaining(["party.register", "receivable.confirm", "receivable.issueBySeller", "due"]),
    );
    expect(debtor.map(({ what }) => what)).not.toContain("note.offer");
    expect(await names({ party: world.debtor.id, what: "receivable.confirm" })).toEqual(
      some(expected(({ what }) => what === "receivable.confirm")),
    );
    expect(await names({ party: world.lender.id, kind: "allocation" })).toEqual([]);
  });
});

/** Messages of one connection, in order. */
async function connect(url: string) {
  const socket = new WebSocket(url.replace("http", "ws"));
  const messages: {
    readonly id?: number;
    readonly result?: unknown;
    readonly error?: { readonly data: object };
    readonly params?: Page & { readonly subscription: string };
  }[] = [];
  socket.on("message", (data) => messages.push(JSON.parse(String(data))));
  await new Promise((resolve) => socket.once("open", resolve));
  let id = 0;
  const call = async (method: string, params: object) => {
    const mine = ++id;
    socket.send(JSON.stringify({ jsonrpc: "2.0", id: mine, method, params }));
    await until(() => messages.some((message) => message.id === mine), `${method} is answered`);
    return messages.find((message) => message.id === mine);
  };
  const received = (): readonly string[] => messages.flatMap(({ params }) => params?.events ?? []).map(placeOf);
  return { socket, messages, call, received };
}

let transfers = 0;
/** One more block with an event. */
function happen(): void {
  const another: Firm = firm(`more ${transfers}`, testUscc(500 + transfers++));
  registerFirm(world, another, ["SELLER"]);
}

describe("events_subscribe", () => {
  it("sends what was, then what comes, in order and once; a client that comes back with a cursor loses nothing", async () => {
    const { url } = await serve();
    const client = new Client({ endpoints: [url] });
    const first = await connect(url);
    const answer = await first.call("events_subscribe", { from: START });
    expect(answer?.result).toEqual({ subscription: "1", cursor: START });
    const before = (await pages(client, 1_000)).map(placeOf);
    await until(() => first.received().length === before.length, "the past has come");
    happen();
    happen();
    await until(() => first.received().length === before.length + 2, "two more have come");
    first.socket.terminate();
    happen();
    const second = await connect(url);
    const cursor = first.messages.at(-1)?.params?.cursor;
    await second.call("events_subscribe", { from: cursor });
    await until(() => second.received().length === 1, "what was missed has come");
    const all = (await pages(client, 1_000)).map(placeOf);
    expect([...first.received(), ...second.received()]).toEqual(all);

    expect((await second.call("events_unsubscribe", { subscription: "1" }))?.result).toEqual({ subscription: "1" });
    expect((await second.call("events_unsubscribe", { subscription: "1" }))?.error?.data).toMatchObject({
      code: "SUBSCRIPTION_UNKNOWN",
    });
    happen();
    await second.call("events_page", { from: START, limit: 1 });
    expect(second.received()).toHaveLength(1);
    second.socket.terminate();
  });

  it("begins now without a cursor, and filters", async () => {
    const { url } = await serve();
    const { call, received, socket } = await connect(url);
    await call("events_subscribe", { filter: { what: "party.register", party: world.platform.id } });
    await call("events_subscribe", { filter: { what: "note.*" } });
    happen();
    await until(() => received().length === 1, "the event has come");
    expect(received()).toEqual([expect.stringMatching(`^${world.chain.height}/`)]);
    socket.terminate();
  });

  it("is bounded, and for connections only", async () => {
    const { url } = await serve();
    await expect(new Client({ endpoints: [url] }).call("events_subscribe", {})).rejects.toMatchObject({ code: "WEBSOCKET_ONLY" });
    const { call, socket } = await connect(url);
    const answers = [];
    for (let round = 0; round < 17; round++) answers.push(await call("events_subscribe", {}));
    expect(answers.at(-2)?.error).toBeUndefined();
    expect(answers.at(-1)?.error?.data).toMatchObject({ code: "TOO_MANY_SUBSCRIPTIONS" });
    socket.terminate();
  });

  it("reads no further for a client that takes nothing, drops it with a code, and its cursor leads to the rest", async () => {
    const { chain } = world;
    let buffered = 0;
    const sent: { readonly params: Page & { readonly error?: { readonly code: string } } }[] = [];
    const carrier = {
      // The first notification fills the connection.
      send: (message: string) => {
        buffered = 2 * 1024 * 1024;
        sent.push(JSON.parse(message));
      },
      buffered: () => buffered,
    };
    const subscriptions = new Subscriptions(chain.node, carrier, 200);
    subscriptions.open({ height: chain.height, index: 0 }, {});
    await until(() => sent.length === 1, "the first notification");
    happen();
    happen();
    await until(() => sent.length === 2, "the drop");
    expect(sent[1]?.params.error?.code).toBe("SUBSCRIBER_TOO_SLOW");
    const cursor = sent[1]?.params.cursor as EventCursor;
    expect(cursor).toEqual(sent[0]?.params.cursor);
    const rest = chain.events.page(cursor, 10, {});
    expect(rest.ok && rest.value.events.map(({ height }) => height)).toEqual([chain.height - 1, chain.height]);
    buffered = 0;
    happen();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(sent).toHaveLength(2);
    subscriptions.close();
  });
});

describe("the client's stream of events", () => {
  it("loses nothing and repeats nothing while nodes go away and come back", async () => {
    const [first, second] = [await serve(), await serve()];
    const client = new Client({ endpoints: [first.url, second.url] });
    const ended = new AbortController();
    const seen: string[] = [];
    const reading = (async () => {
      for await (const event of events(client, START, {}, ended.signal)) seen.push(placeOf(event));
    })();
    const everything = () => {
      const page = world.chain.events.page(START, 100_000, {});
      return page.ok ? page.value.events.map(placeOf) : [];
    };
    await until(() => seen.length === everything().length, "the past is read");
    happen();
    await until(() => seen.length === everything().length, "a new event is read");
    await first.server.close();
    happen();
    await until(() => seen.length === everything().length, "the other node goes on");
    await second.server.close();
    happen();
    happen();
    const again = await serve(second.port);
    await until(() => seen.length === everything().length, "what was missed is read");
    expect(seen).toEqual(everything());
    ended.abort();
    await reading;
    await again.server.close();
  });
});
