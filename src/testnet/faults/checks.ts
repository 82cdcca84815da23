import type { TxOutcome } from "../../client/client.ts";
import type { Field } from "./field.ts";
import { until } from "./until.ts";

const BATCH = 100;
/** What no log of a correct node holds, whatever happens around it. */
const NEVER_LOGGED = ["an authority signed two different messages", "AssertionError", "does not check here"];

/**
 * What must hold after every fault: the network finalises a fresh transaction on every node, all nodes stand on the same blocks and state,
 * nobody signed twice, and nothing that any node ever reported committed is lost or moved.
 */
export async function checkField(field: Field): Promise<void> {
  await field.load.stop();
  if (field.load.wrong.length > 0) throw new Error(`wrong outcomes: ${field.load.wrong.slice(0, 3).join("; ")}`);
  const fresh = await field.load.transaction();
  await field.load.finalise(fresh);
  for (const id of field.members)
    await until(
      async () =>
        (
          await field
            .client(id)
            .get(fresh.id)
            .catch(() => undefined)
        )?.status === "committed",
      `${id} has a fresh transaction`,
    );
  const height = await sameHead(field);
  await sameBlocks(field, height);
  await nothingLost(field);
  const evidence = await field.client(field.follower).ledgerList("evidence");
  if (evidence.items.length > 0)
    throw new Error(`an authority was found to have signed twice: ${JSON.stringify(evidence.items)}`);
  for (const node of field.nodes) {
    const found = NEVER_LOGGED.find((words) => node.log().includes(words));
    if (found !== undefined) throw new Error(`the log of ${node.member.id} says "${found}"`);
  }
}

async function sameHead(field: Field): Promise<number> {
  let height = 0;
  await until(async () => {
    const statuses = await Promise.all(field.members.map((id) => field.status(id)));
    const heads = new Set(statuses.map((status) => `${status?.height} ${status?.blockId} ${status?.stateRoot}`));
    height = statuses[0]?.height ?? 0;
    return heads.size === 1 && height > 0;
  }, "all nodes stand at the same height, block and state root");
  return height;
}

async function sameBlocks(field: Field, top: number): Promise<void> {
  for (let from = 1; from <= top; from += BATCH) {
    const heights = Array.from({ length: Math.min(BATCH, top - from + 1) }, (_, index) => from + index);
    const calls = heights.map((height) => ({ method: "chain_getBlock", params: { height } }));
    const perNode = await Promise.all(field.members.map((id) => batch<{ readonly id: string }>(field.folder(id).rpc, calls)));
    for (const [index, height] of heights.entries()) {
      const ids = new Set(perNode.map((answers) => answers[index]?.id));
      if (ids.size !== 1 || ids.has(undefined)) throw new Error(`block ${height} differs or is missing: ${[...ids].join(", ")}`);
    }
  }
}

async function nothingLost(field: Field): Promise<void> {
  const reports = [...field.load.reported];
  for (let from = 0; from < reports.length; from += BATCH) {
    const part = reports.slice(from, from + BATCH);
    const calls = part.map(([id]) => ({ method: "tx_get", params: { id } }));
    for (const member of field.members) {
      const outcomes = await batch<TxOutcome>(field.folder(member).rpc, calls);
      for (const [index, [id, { height, by }]] of part.entries()) {
        const outcome = outcomes[index];
        if (outcome?.status !== "committed" || outcome.height !== height)
          throw new Error(`${by} reported ${id} committed at ${height}; ${member} says ${outcome?.status} ${outcome?.height}`);
      }
    }
  }
}

async function batch<T>(
  rpc: string,
  calls: readonly { readonly method: string; readonly params: object }[],
): Promise<readonly (T | undefined)[]> {
  const body = JSON.stringify(calls.map(({ method, params }, id) => ({ jsonrpc: "2.0", id, method, params })));
  const response = await fetch(rpc, { method: "POST", body, headers: { "Content-Type": "application/json" } });
  const answers = (await response.json()) as readonly { readonly id: number; readonly result?: T }[];
  const byId = new Map(answers.map(({ id, result }) => [id, result]));
  return calls.map((_, id) => byId.get(id));
}
