import { Prng } from "../../../src/lib/prng.ts";
import type { Logger } from "../../../src/ports/observe.ts";
import { JsonRpc } from "../../../src/rpc/json-rpc.ts";
import { LocalNode } from "../../../src/rpc/local-node.ts";
import { methods } from "../../../src/rpc/methods.ts";
import { Checkers } from "../../../src/simulator/checkers.ts";
import { ReferenceChain } from "../../../src/simulator/reference-chain.ts";
import { Scheduler } from "../../../src/simulator/scheduler.ts";
import { cheapScheme, simulatedHasher } from "../../../src/simulator/virtual-crypto.ts";
import { VirtualNetwork } from "../../../src/simulator/virtual-network.ts";
import { Workload } from "../../../src/simulator/workload.ts";
import { type Machine, World } from "../../../src/simulator/world.ts";
import { randomJson } from "../random-value.ts";
import { Finding, type Target } from "../target.ts";

const text = new TextEncoder();
const EVENTS_MAX = 1_000_000;
/** Calls that wait would wait for virtual time. */
const WAITING = /tx_wait|tx_submit/;

/** JSON-RPC over a node that runs alone: whatever is asked is answered with a result or a code, and never with an internal error. */
export function rpcTarget(seed: number): Target {
  const random = new Prng(seed);
  const scheduler = new Scheduler();
  const checkers = new Checkers();
  const network = new VirtualNetwork(scheduler, random.fork(), () => undefined);
  const world = new World(
    { authorities: 1, follower: false, scheme: cheapScheme, byzantine: [] },
    { scheduler, network, checkers, random: random.fork() },
  );
  const machine = world.machines[0] as Machine;
  world.start(machine);
  const reference = new ReferenceChain(world.identity, cheapScheme);
  checkers.watch({ reference, memberOf: world.memberOf, guilty: new Set(), latestMs: () => world.latestMs });
  const workload = new Workload({ world, scheduler, checkers, reference, random: random.fork(), scheme: cheapScheme });
  workload.plan(20, 500);
  scheduler.run(60_000, EVENTS_MAX, () => workload.isDone);
  if (!workload.isDone || machine.node === null) throw new Error(`the node is not ready: ${checkers.failure}`);
  const node = new LocalNode({
    node: machine.node,
    wall: { nowMs: () => world.identity.genesis.timeMs },
    transport: network.transport(machine.nodeKey),
    store: machine.disk.store(),
    hasher: simulatedHasher,
    identity: world.identity,
    member: machine.name,
  });
  let internal: string | null = null;
  const logger: Logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: (event, data) => {
      internal = `${event}: ${JSON.stringify(data)}`;
    },
  };
  const known = methods(node, "0");
  const rpc = new JsonRpc(known, logger);
  const objects = node.status();
  const fresh = (drawn: Prng): Uint8Array => {
    const { name, paramsSchema } = drawn.pick([...known.values()].filter((method) => !WAITING.test(method.name)));
    const params = JSON.stringify(randomJson(paramsSchema, drawn.next()))
      .replace(/"kind":"[^"]*"/, () => `"kind":"${drawn.pick(["party", "key", "member", "note", "receivable", "param"])}"`)
      .replace(/"[0-9a-f]{64}"/, (id) =>
        drawn.chance(300) ? `"${drawn.pick([objects.blockId, world.identity.chain, machine.party])}"` : id,
      );
    return text.encode(`{"jsonrpc":"2.0","id":1,"method":"${name}","params":${params}}`);
  };
  return {
    name: "JSON-RPC",
    form: "text",
    corpus: Array.from({ length: 40 }, () => fresh(random)),
    fresh,
    check: async (input) => {
      const body = new TextDecoder().decode(input);
      if (WAITING.test(body)) return false;
      const parsed = rpc.parse(body);
      if (!("calls" in parsed)) return false;
      const answer = await rpc.answer(parsed.calls, parsed.batch);
      if (internal !== null) throw new Finding(internal);
      if (answer === null) return false;
      JSON.parse(answer.body);
      return answer.body.includes('"result"');
    },
  };
}
