import { op } from "../../client/transaction-builder.ts";
import { type Act, beginOf } from "./diary.ts";
import { platformOf, type Setting, type Trade } from "./setting.ts";

/** Invoices in one attestation: a transaction holds no more than sixteen operations. */
const PER_ACT = 16;

/**
 * Before money is asked for on an invoice its platform asks the tax authority about it again, since the bank's engine takes no answer that is
 * older than a day. A platform does so once a day, for all of them: what it found goes to the chain in few transactions of many operations.
 */
export function planCheck(setting: Setting, trade: Trade, day: number): void {
  const { member } = trade.supplier.platform;
  const slot = `${day}/${member}`;
  const planned = setting.checks.get(slot);
  if (planned !== undefined) {
    planned.push(trade);
    if (planned.length % PER_ACT === 1) planAct(setting, planned, day, member);
    return;
  }
  const trades = [trade];
  setting.checks.set(slot, trades);
  planAct(setting, trades, day, member);
}

function planAct(setting: Setting, trades: readonly Trade[], day: number, member: string): void {
  const from = trades.length - 1;
  setting.diary.at(day, "first", () => check(setting, trades.slice(from, from + PER_ACT), `${day}/${member}/${from}`, day));
}

function check(setting: Setting, trades: readonly Trade[], name: string, day: number): Act | null {
  const asked = trades.filter(({ phase, isVoided, leaves }) => phase === "OPEN" && !isVoided && leaves.length > 0);
  const [first] = asked;
  if (first === undefined) return null;
  const verifier = platformOf(setting, first.supplier);
  const ops = asked.map(({ invoice }) =>
    op("invoice.attest", {
      invoice: invoice as NonNullable<Trade["invoice"]>,
      verifier: verifier.party,
      status: "NORMAL",
      checkedMs: beginOf(day, "first"),
    }),
  );
  return { name: `check/${name}`, keys: [verifier.attester], ops, expected: "OK" };
}
