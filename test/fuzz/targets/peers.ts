import { decode } from "../../../src/codec/cbor.ts";
import { encode, type Schema } from "../../../src/codec/schema.ts";
import { snapshotsRequestSchema } from "../../../src/codec/snapshot.ts";
import { concatBytes, toHex } from "../../../src/lib/bytes.ts";
import { Prng } from "../../../src/lib/prng.ts";
import {
  blocksRequestSchema,
  bodiesRequestSchema,
  bodiesResponseSchema,
  encodeMessage,
  gossipSchema,
} from "../../../src/node/messages.ts";
import type { Transport } from "../../../src/ports/transport.ts";
import { Checkers } from "../../../src/simulator/checkers.ts";
import { ReferenceChain } from "../../../src/simulator/reference-chain.ts";
import { Scheduler } from "../../../src/simulator/scheduler.ts";
import { cheapScheme } from "../../../src/simulator/virtual-crypto.ts";
import { VirtualNetwork } from "../../../src/simulator/virtual-network.ts";
import { Workload } from "../../../src/simulator/workload.ts";
import { type Machine, World } from "../../../src/simulator/world.ts";
import type { Hash, PublicKey, TxId } from "../../../src/types/scalars.ts";
import { Finding, type Target } from "../target.ts";

const CHANNELS = ["consensus", "gossip", "blocks", "bodies", "snapshots", "answers"] as const;
const AUTHORITIES = 4;
const EVENTS_MAX = 2_000_000;
/** Virtual time that an input has to do its work in. */
const SETTLE_MS = 30;
/** Inputs between two looks at whether the network still decides. */
const PROBE_EVERY = 2_000;
const PROBE_MS = 120_000;
const CORPUS_MAX = 200;
const ASKING_MS = 10_000;

/**
 * Three nodes of four run, whole; the fourth member's place is taken by somebody who sends what the fuzzer makes, on every protocol.
 * No input may end a node, make it say what it should not, or keep the network from deciding.
 */
export function peerTarget(seed: number): Target {
  const random = new Prng(seed);
  const scheduler = new Scheduler();
  const checkers = new Checkers();
  const corpus: Uint8Array[] = [];
  const network = new VirtualNetwork(scheduler, random.fork(), (from, message) => {
    if (from === intruder.nodeKey) return;
    checkers.onMessage(from, message);
    if (corpus.length < CORPUS_MAX) corpus.push(concatBytes(Uint8Array.of(0), message));
  });
  const world = new World(
    { authorities: AUTHORITIES, follower: false, scheme: cheapScheme, byzantine: [] },
    { scheduler, network, checkers, random: random.fork() },
  );
  const intruder = world.machines[AUTHORITIES - 1] as Machine;
  const honest = world.machines.slice(0, -1);
  const reference = new ReferenceChain(world.identity, cheapScheme);
  checkers.watch({
    reference,
    memberOf: world.memberOf,
    guilty: new Set([intruder.name]),
    latestMs: () => world.latestMs,
  });
  for (const machine of honest) world.start(machine);
  const keys = honest.map(({ nodeKey }) => nodeKey);
  /** What the intruder answers when it is asked. */
  const answers: Answers = { next: null, asked: 0 };
  const transport = intrude(network, intruder.nodeKey, new Set(keys), corpus, answers);
  const workload = new Workload({ world, scheduler, checkers, reference, random: random.fork(), scheme: cheapScheme });
  const settle = (ms: number, until: () => boolean = () => false): void => {
    const enough = scheduler.run(scheduler.nowMs + ms, EVENTS_MAX, () => checkers.failure !== null || until());
    if (!enough) throw new Finding("the network goes round in circles");
    if (checkers.failure !== null) throw new Finding(checkers.failure);
  };
  const probe = (): void => {
    workload.plan(1, 10);
    settle(PROBE_MS, () => workload.isDone);
    if (!workload.isDone) throw new Finding("the network decides no more");
  };
  probe();
  for (const [index, schema, value] of [
    [2, blocksRequestSchema, { from: 1, count: 3 }],
    [3, bodiesRequestSchema, { height: 1, pairs: [{ id: "ab".repeat(32), sigs: "cd".repeat(32) }] }],
    [4, snapshotsRequestSchema, { what: "offer", height: 0, number: 0 }],
    [4, snapshotsRequestSchema, { what: "chunk", height: 1, number: 0 }],
    [4, snapshotsRequestSchema, { what: "pairs", height: 1, number: 1 }],
    [4, snapshotsRequestSchema, { what: "header", height: 1, number: 0 }],
    [5, bodiesResponseSchema, [new Uint8Array(40).fill(0xa1), new Uint8Array(0)]],
  ] as const)
    corpus.push(concatBytes(Uint8Array.of(index), encode(schema as unknown as Schema<unknown>, value)));
  // Answers are asked for indeed.
  answers.next = new Uint8Array(0);
  transport.sendConsensus(keys[0] as PublicKey, encodeMessage("announce", [unknownPair(random)]));
  settle(ASKING_MS, () => answers.asked > 0);
  if (answers.asked === 0) throw new Finding("nobody asks for a transaction that it does not know");
  let inputs = 0;
  return {
    name: "peer's protocols",
    form: "cbor",
    corpus,
    check: (input) => {
      const channel = CHANNELS[(input[0] ?? 0) % CHANNELS.length];
      const message = input.subarray(1);
      const peer = keys[inputs % keys.length] as PublicKey;
      switch (channel) {
        case "consensus":
          transport.sendConsensus(peer, message);
          break;
        case "gossip":
          transport.publish(message);
          break;
        case "blocks":
        case "bodies":
        case "snapshots":
          transport.request(peer, channel, message, () => undefined);
          break;
        case "answers":
          // Whoever hears of a transaction that it does not know asks for it.
          answers.next = message;
          transport.sendConsensus(peer, encodeMessage("announce", [unknownPair(random)]));
          break;
      }
      settle(SETTLE_MS);
      inputs += 1;
      if (inputs % PROBE_EVERY === 0) probe();
      return false;
    },
  };
}

interface Answers {
  next: Uint8Array | null;
  asked: number;
}

function unknownPair(random: Prng) {
  const digits = Uint8Array.from({ length: 32 }, () => random.below(256));
  return { id: toHex(digits) as TxId, sigs: toHex(digits) as Hash };
}

/** A member's connection without a node behind it; what it overhears becomes material. */
function intrude(
  network: VirtualNetwork,
  key: PublicKey,
  allowed: ReadonlySet<PublicKey>,
  corpus: Uint8Array[],
  answers: Answers,
): Transport {
  const transport = network.transport(key);
  transport.allow(allowed);
  transport.start({
    onConnected: () => undefined,
    onDisconnected: () => undefined,
    onConsensus: () => undefined,
    onGossip: (_, message) => {
      if (corpus.length < CORPUS_MAX && decode(gossipSchema, message, 1 << 20).ok)
        corpus.push(concatBytes(Uint8Array.of(1), message));
    },
    onRequest: (_peer, _protocol, _request, respond) => {
      answers.asked += 1;
      respond(answers.next);
    },
  });
  return transport;
}
