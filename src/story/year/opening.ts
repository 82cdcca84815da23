import { objectId } from "../../client/object-id.ts";
import { op } from "../../client/transaction-builder.ts";
import type { bankCard } from "./bank-card.ts";
import { FIRST_DAY } from "./calendar.ts";
import type { Company } from "./people.ts";
import { CHECKED_FROM, platformOf, type Setting, signersOf, type Trade } from "./setting.ts";

/** Longest term that a contract gives its seller, in days. */
const PAY_TERM_DAYS = 240;
export const INSPECTION_DAYS = 7;

/** The first day: the platforms register their firms, sellers and buyers their framework contracts, the bank grades the debtors and puts a card of its own in force. */
export function planOpening(setting: Setting, card: ReturnType<typeof bankCard>): void {
  const { people, diary, bank } = setting;
  diary.at(FIRST_DAY, "second", () => policy(setting, card));
  for (const company of [...people.debtors, ...people.suppliers]) {
    const isDebtor = (people.debtors as readonly Company[]).includes(company);
    diary.at(FIRST_DAY, "first", () => registration(setting, company, isDebtor));
  }
  for (const debtor of people.debtors) {
    const body = { lender: bank.party, debtor: debtor.party, grade: debtor.grade };
    const act = { name: `grade/${debtor.index}`, keys: [bank.engine], ops: [op("risk.gradeDebtor", body)], expected: "OK" };
    diary.at(FIRST_DAY, "second", () => act);
  }
  const pairs = new Map<string, Trade[]>();
  for (const trade of setting.trades) {
    const pair = `${trade.supplier.index}/${trade.debtor.index}`;
    const known = pairs.get(pair);
    if (known === undefined) pairs.set(pair, [trade]);
    else known.push(trade);
  }
  for (const [pair, trades] of pairs) diary.at(FIRST_DAY, "second", () => contract(setting, pair, trades));
}

/** A platform has looked at the card: who built it does not vouch for it alone. */
function policy({ bank, platforms }: Setting, card: ReturnType<typeof bankCard>) {
  const [validator] = [...platforms.values()];
  if (validator === undefined) throw new Error("an alliance has platforms");
  const body = { lender: bank.party, validator: validator.party, card: card as never };
  return { name: "policy", keys: [bank.maker, bank.checker, validator.maker], ops: [op("risk.policy", body)], expected: "OK" };
}

function registration(setting: Setting, company: Company, isDebtor: boolean) {
  const { maker, checker } = setting.keysOf(company);
  const body = {
    legalId: company.legalId,
    roles: isDebtor ? ["DEBTOR"] : ["SELLER"],
    size: isDebtor ? ("LARGE" as const) : ("SME" as const),
    sponsor: company.platform.member as never,
    keys: [
      { key: maker.publicKey, purpose: "MAKER" as const },
      { key: checker.publicKey, purpose: "CHECKER" as const },
    ],
    policy: [{ action: "*", amountMin: CHECKED_FROM, makers: 1, checkers: 1 }],
  };
  const keys = [platformOf(setting, company).maker, maker, checker];
  return { name: `register/${company.legalId.value}`, keys, ops: [op("party.register", body)], expected: "OK" };
}

/** One contract for a year's deliveries between two firms, a tenth above what will be delivered. */
function contract(setting: Setting, pair: string, trades: readonly Trade[]) {
  const { supplier, debtor } = trades[0] as Trade;
  const planned = trades.reduce((sum, { plan }) => sum + plan.face, 0n);
  const total = planned + planned / 10n;
  const body = {
    number: setting.commit("contract", pair),
    seller: supplier.party,
    buyer: debtor.party,
    currency: "CNY",
    total,
    toleranceBp: 0,
    payTermDays: PAY_TERM_DAYS,
    inspectionDays: INSPECTION_DAYS,
    document: setting.commit("contract document", pair),
  };
  return {
    name: `contract/${pair}`,
    keys: [...signersOf(setting, supplier, total), ...signersOf(setting, debtor, total)],
    ops: [op("contract.register", body)],
    expected: "OK",
    done: (tx: Parameters<typeof objectId>[0]) => {
      for (const trade of trades) trade.contract = objectId(tx, 0, 0);
    },
  };
}
