/** Numbers of orders, contracts and lots that an invoice names: by them two records of one trade find each other (domain.md §7, L3 and L4). */
export const ORDERS_MAX = 2;
export const LOTS_MAX = 5;

const CHARS_MAX = 128;
/** What people write where a form wants a number and there is none. */
const NONE: ReadonlySet<string> = new Set(["N/A", "NA", "NONE", "NIL", "-", "--", "/", "0", "无"]);

/** As everybody would write them: full width, case and spaces do not matter. Distinct and sorted, the first `max` of them. */
export function referencesOf(texts: readonly (string | undefined)[], max: number): readonly string[] {
  const numbers = texts
    .map((text) => (text ?? "").normalize("NFKC").toUpperCase().replace(/\s+/g, ""))
    .filter((text) => text !== "" && text.length <= CHARS_MAX && !NONE.has(text));
  return [...new Set(numbers)].sort().slice(0, max);
}

/** China's e-invoice has no field of its own for either: they stand in the remark (备注), in words that are usual there. */
const ORDERS_IN_REMARK = /(?:合同|订单|采购单)(?:编)?号[：:]?\s*([A-Za-z0-9./_-]+)/g;
const LOTS_IN_REMARK = /(?:批次?|仓单|提单|捆包)(?:编)?号[：:]?\s*([A-Za-z0-9./_-]+)/g;

export function ordersInRemark(remark: string): readonly string[] {
  return referencesOf(numbersIn(remark, ORDERS_IN_REMARK), ORDERS_MAX);
}

export function lotsInRemark(remark: string): readonly string[] {
  return referencesOf(numbersIn(remark, LOTS_IN_REMARK), LOTS_MAX);
}

function numbersIn(remark: string, pattern: RegExp): readonly (string | undefined)[] {
  return [...remark.normalize("NFKC").matchAll(pattern)].map((match) => match[1]);
}
