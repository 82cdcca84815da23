import type { SampleResult } from "../story/sample/story.ts";
import { formatMinorUnits } from "../types/currency.ts";
import type { NodesAfter } from "./story.ts";

export interface Summary extends NodesAfter {
  readonly result: SampleResult;
  readonly transactions: number;
  readonly rejected: number;
}

/** What a banker reads after the story. */
export function summaryText({ result, transactions, rejected, seconds, ...after }: Summary): string {
  const lines = ["", "  Sample alliance story", "  ─────────────────────"];
  lines.push(
    `  ${result.parties} firms, ${result.receivables} receivables, ${transactions} transactions in ${seconds.toFixed(1)} s; ${rejected} attempts refused`,
    "",
  );
  lines.push(row("currency", "receivables", "face", "financed", "repaid by debtors", "still owed"));
  for (const [currency, totals] of [...result.byCurrency].sort(([left], [right]) => (left < right ? -1 : 1))) {
    const money = (amount: bigint): string => grouped(formatMinorUnits(amount, currency));
    const { receivables, face, financed, repaid } = totals;
    lines.push(row(currency, String(receivables), money(face), money(financed), money(repaid), money(face - repaid)));
  }
  lines.push(
    "",
    `  still alive: ${result.openNotes} open and ${result.pledgedNotes} pledged notes of what is still owed`,
    `  applications: ${result.decisions.engine} approved by the bank's risk agent, ${result.decisions.officers} left by it to officers and approved, ${result.decisions.declined} declined`,
    "",
    `  goods: ${result.goods.storedKg / 1_000} t of coil stored, ${grouped(formatMinorUnits(result.goods.lent, "CNY"))} CNY lent on receipts and ${grouped(formatMinorUnits(result.goods.repaid, "CNY"))} repaid, ${result.goods.outKg / 1_000} t out by the gate`,
    "",
    "  Refused",
  );
  for (const { what, code, reason } of result.refusals) lines.push(`    ${what}: ${reason || code} [${code}]`);
  return `${lines.join("\n")}\n\n${nodesText(after)}`;
}

/** Where the nodes stand. */
export function nodesText({ nodes, down }: Pick<NodesAfter, "nodes" | "down">): string {
  const lines = ["  Nodes"];
  for (const { member, rpc, height, stateRoot } of nodes)
    lines.push(`    ${member.padEnd(10)} ${rpc}  height ${height}  state ${stateRoot}`);
  for (const member of down) lines.push(`    ${member.padEnd(10)} does not answer`);
  const roots = new Set(nodes.map(({ stateRoot }) => stateRoot));
  lines.push(`    ${roots.size === 1 ? `all ${nodes.length} nodes have the same state root` : "THE STATE ROOTS DIFFER"}`, "");
  return lines.join("\n");
}

/** One line for programs, in exactly the interface's shape: money in fen as decimal strings; what is in other currencies, the ledger tells. */
export function summaryJson({ result, nodes, transactions, rejected, seconds }: Summary): object {
  const fen = result.byCurrency.get("CNY") ?? { receivables: 0, face: 0n, financed: 0n, repaid: 0n };
  const [first] = nodes;
  return {
    height: first?.height ?? 0,
    stateRoot: first?.stateRoot ?? null,
    transactions,
    rejected,
    parties: result.parties,
    receivables: result.receivables,
    faceFen: fen.face.toString(),
    financedFen: fen.financed.toString(),
    repaidFen: fen.repaid.toString(),
    seconds: Math.round(seconds * 10) / 10,
    nodes: nodes.map(({ member, rpc, height, stateRoot }) => ({ member, rpc, height, stateRoot })),
  };
}

function row(...cells: readonly string[]): string {
  const [first = "", ...rest] = cells;
  return `  ${first.padEnd(9)}${rest.map((cell) => cell.padStart(20)).join("")}`;
}

function grouped(decimal: string): string {
  const [whole = "", fraction] = decimal.split(".");
  const grouping = whole.replace(/\B(?=([0-9]{3})+$)/g, ",");
  return fraction === undefined ? grouping : `${grouping}.${fraction}`;
}
