import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { Client } from "../../client/client.ts";
import type { Fault } from "./fault.ts";
import type { Field } from "./field.ts";
import { HostilePeer } from "./hostile-peer.ts";
import type { SignedTransaction } from "./steady-load.ts";
import { sleep, until } from "./until.ts";

const RSS_MIB_MAX = 1_200;
const BATCH = 100;
const VALID = 4_000;
const SIGNED_AT_ONCE = 200;

export const FLOODS: readonly Fault[] = [
  {
    name: "flood-valid",
    does: `${VALID} valid transactions at once, far more than a second's work, over every door`,
    holds: "what is taken is committed, what is not is refused; the load goes on; memory stays bounded",
    run: async (field) => {
      const transactions: SignedTransaction[] = [];
      while (transactions.length < VALID)
        transactions.push(...(await Promise.all(Array.from({ length: SIGNED_AT_ONCE }, () => field.load.transaction()))));
      const taken = await submitAll(field, transactions);
      if (taken.length === 0) throw new Error("no transaction of the flood was taken");
      await field.load.progress(10);
      boundedMemory(field);
      const last = taken.at(-1) as SignedTransaction;
      await until(
        async () => (await field.client(field.follower).get(last.id)).status === "committed",
        "the flood is worked off",
      );
    },
  },
  {
    name: "flood-invalid",
    does: "for a while, as fast as every door takes them: transactions with a wrong signature, of another chain, truncated, and noise",
    holds: "each is refused; none gets into a block; the load goes on; memory stays bounded",
    run: async (field) => {
      const { bytes } = await field.load.transaction();
      const wrongSignature = Uint8Array.from(bytes);
      wrongSignature[bytes.length - 1] = (bytes[bytes.length - 1] as number) ^ 1;
      const otherChain = Uint8Array.from(bytes);
      otherChain[12] = (otherChain[12] as number) ^ 1;
      const bad = [wrongSignature, otherChain, bytes.subarray(0, bytes.length - 7), new Uint8Array(randomBytes(300))];
      await forAWhile(field, async (rpc) => {
        const calls = Array.from({ length: BATCH }, (_, index) => ({
          method: "tx_submit",
          params: { tx: Buffer.from(bad[index % bad.length] as Uint8Array).toString("hex") },
        }));
        const answers = await new Client({ endpoints: [rpc] }).batch(calls).catch(() => []);
        if (answers.some(({ ok }) => ok)) throw new Error("an invalid transaction was taken");
      });
      boundedMemory(field);
      await field.load.progress(10);
    },
  },
  {
    name: "flood-garbage-rpc",
    does: "for a while: noise, broken HTTP, half requests that never end, deep and huge JSON on every node's RPC port",
    holds: "the node answers others all the while; memory stays bounded",
    run: async (field) => {
      const deep = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;
      const post = (body: string): string =>
        `POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
      const attacks = [
        randomBytes(2_000),
        Buffer.from("GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "),
        Buffer.from(post(deep)),
        Buffer.from(post(`{"jsonrpc":"2.0","id":1,"method":"${"x".repeat(900_000)}"}`)),
        Buffer.from("POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999999\r\n\r\n"),
        Buffer.from(post("[]".repeat(1_000))),
      ];
      await forAWhile(field, async (rpc) => {
        await Promise.all(attacks.map((bytes) => throwAt(Number(new URL(rpc).port), bytes)));
      });
      boundedMemory(field);
      await field.load.progress(10);
    },
  },
  {
    name: "flood-garbage-peer",
    does: "the follower's node is replaced by one that sends garbage on every protocol of every authority, as often as it is let in, for a while",
    holds: "authorities shut it out; the load goes on; memory stays bounded; the right follower gets in again",
    run: async (field) => {
      await field.node(field.follower).terminate();
      const { chain, genesis } = field.network.identity;
      const peer = await HostilePeer.open(field.folder(field.follower), chain);
      let sent = 0;
      try {
        const deadline = performance.now() + field.outageMs;
        while (performance.now() < deadline) {
          for (const id of field.authorities) {
            const nodeKey = genesis.members.find((member) => member.id === id)?.nodeKey;
            if (nodeKey !== undefined) sent += await peer.attack(nodeKey, field.folder(id).listenPort);
          }
          await sleep(200);
        }
      } finally {
        await peer.close();
      }
      if (sent === 0) throw new Error("no garbage got away");
      if (!field.authorities.some((id) => field.node(id).log().includes("a peer sent what no correct node sends")))
        throw new Error("no authority noticed the garbage");
      boundedMemory(field);
      await field.load.progress(10);
      await field.restart(field.follower);
    },
  },
];

/** Those that a node took. A node that sheds is asked again no more. */
async function submitAll(field: Field, transactions: readonly SignedTransaction[]): Promise<readonly SignedTransaction[]> {
  const taken: SignedTransaction[] = [];
  const doors = field.members.map((id) => new Client({ endpoints: [field.folder(id).rpc] }));
  await Promise.all(
    doors.map(async (door, lane) => {
      for (let from = lane * BATCH; from < transactions.length; from += doors.length * BATCH) {
        const part = transactions.slice(from, from + BATCH);
        const calls = part.map(({ bytes }) => ({ method: "tx_submit", params: { tx: Buffer.from(bytes).toString("hex") } }));
        const answers = await door.batch(calls).catch(() => []);
        for (const [index, answer] of answers.entries()) if (answer.ok) taken.push(part[index] as SignedTransaction);
      }
    }),
  );
  return taken;
}

/** Against every node at once, over and over. */
async function forAWhile(field: Field, attack: (rpc: string) => Promise<void>): Promise<void> {
  const deadline = performance.now() + field.outageMs;
  await Promise.all(
    field.members.map(async (id) => {
      while (performance.now() < deadline) await attack(field.folder(id).rpc);
    }),
  );
}

/** Sends bytes to a port and hangs up after a moment, whatever comes back. */
function throwAt(port: number, bytes: Buffer): Promise<void> {
  return new Promise((done) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    socket.on("error", () => undefined);
    socket.on("close", () => done());
    socket.setTimeout(500, () => socket.destroy());
    socket.resume();
  });
}

function boundedMemory(field: Field): void {
  for (const { member, pid, isRunning } of field.nodes) {
    if (!isRunning) continue;
    const kib = Number(/VmRSS:\s+([0-9]+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
    if (kib / 1024 > RSS_MIB_MAX) throw new Error(`${member.id} takes ${Math.round(kib / 1024)} MiB`);
  }
}
