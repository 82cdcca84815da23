import { partyId } from "../../client/object-id.ts";
import type { Prng } from "../../lib/prng.ts";
import type { LegalId } from "../../types/genesis.ts";
import { usccCheckCharacter } from "../../types/legal-id.ts";
import type { Hash } from "../../types/scalars.ts";
import { LAST_DAY } from "./calendar.ts";
import type { YearSize } from "./size.ts";

/** A platform of the alliance and the trade that it brings. */
export interface Platform {
  readonly member: string;
  readonly title: string;
  readonly goods: readonly string[];
  /** Where its firms sit: name and the administrative division of their 统一社会信用代码. */
  readonly towns: readonly (readonly [name: string, division: string])[];
}

export interface Company {
  readonly index: number;
  readonly party: Hash;
  readonly legalId: LegalId;
  readonly name: string;
  readonly platform: Platform;
}

/** A small firm (SME) that sells on credit. */
export interface Supplier extends Company {
  /** Its customers, by index, most of the trade with the first. */
  readonly debtors: readonly number[];
}

/** How a debtor pays. FAILS: from a day on it pays nothing any more. */
export interface Debtor extends Company {
  readonly conduct: "PROMPT" | "SLOW" | "FAILS";
  /** 1 (best) to 6, as the bank's engine grades it at the beginning. */
  readonly grade: number;
  readonly failsDay: number;
}

/** Who keeps goods for others. */
export type Keeper = Company;

export interface People {
  readonly suppliers: readonly Supplier[];
  readonly debtors: readonly Debtor[];
  readonly keepers: readonly Keeper[];
  /** They belong to the keepers in turn. */
  readonly warehouses: number;
}

export const PLATFORMS: readonly Platform[] = [
  {
    member: "zhongnong",
    title: "sugar and silk",
    goods: ["糖业", "丝绸"],
    towns: [
      ["南宁", "450100"],
      ["崇左", "451400"],
      ["来宾", "451300"],
      ["河池", "451200"],
    ],
  },
  {
    member: "zhuogang",
    title: "steel",
    goods: ["钢材", "金属制品"],
    towns: [
      ["武汉", "420100"],
      ["黄石", "420200"],
      ["鄂州", "420700"],
      ["襄阳", "420600"],
    ],
  },
  {
    member: "huasu",
    title: "chemicals and plastics",
    goods: ["化工", "塑料"],
    towns: [
      ["宁波", "330200"],
      ["台州", "331000"],
      ["绍兴", "330600"],
      ["嘉兴", "330400"],
    ],
  },
];

const SYLLABLES = ["华", "瑞", "恒", "安", "盛", "泰", "丰", "源", "佳", "兴", "宏", "德", "永", "利", "诚", "信"] as const;
/** Debtors of each platform that fail: the second, in the middle of the year. */
const FAILING = 1;
/** And those that pay late: one of so many. */
const SLOW_EACH = 8;
const DIGITS = "0123456789";
const WAREHOUSES_PER_KEEPER = 10;

/** Who takes part, from the seed alone: suppliers and debtors by platform, names and codes like those of real firms. */
export function peopleOf(prng: Prng, size: YearSize): People {
  const debtors = Array.from({ length: size.debtors }, (_, index): Debtor => {
    const nth = Math.floor(index / PLATFORMS.length);
    const conduct = nth === FAILING ? "FAILS" : nth % SLOW_EACH === SLOW_EACH / 2 - 1 ? "SLOW" : "PROMPT";
    const grade = conduct === "PROMPT" ? prng.between(1, 2) : conduct === "SLOW" ? 3 : prng.between(2, 3);
    const failsDay = conduct === "FAILS" ? LAST_DAY - prng.between(185, 215) : Number.MAX_SAFE_INTEGER;
    return { ...companyOf(prng, index, "集团", index), conduct, grade, failsDay };
  });
  const suppliers = Array.from({ length: size.suppliers }, (_, index): Supplier => {
    const company = companyOf(prng, size.debtors + index, "有限公司", index);
    const own = debtors.filter(({ platform }) => platform === company.platform).map((debtor) => debtor.index);
    const count = Math.min(own.length, prng.between(1, 4));
    const first = prng.below(own.length);
    const customers = Array.from({ length: count }, (_, nth) => own[(first + nth) % own.length] as number);
    return { ...company, index, debtors: customers };
  });
  const from = size.debtors + size.suppliers;
  const keepers = Array.from({ length: Math.ceil(size.warehouses / WAREHOUSES_PER_KEEPER) }, (_, index) =>
    companyOf(prng, from + index, "仓储有限公司", index),
  );
  return { suppliers, debtors, keepers, warehouses: size.warehouses };
}

/** `serial` makes its code unique; `turn` says whose firm it is. */
function companyOf(prng: Prng, serial: number, kind: string, turn: number): Company {
  const platform = PLATFORMS[turn % PLATFORMS.length] as Platform;
  const [town, division] = prng.pick(platform.towns);
  const name = `${town}${prng.pick(SYLLABLES)}${prng.pick(SYLLABLES)}${prng.pick(platform.goods)}${kind}`;
  const legalId = { scheme: "USCC", value: usccOf(division, serial) };
  return { index: turn, party: partyId(legalId), legalId, name, platform };
}

/** 91: a firm registered for trade; the organisation code carries the serial number and its own check character (GB 11714). */
function usccOf(division: string, serial: number): string {
  const code = `MA${String(serial).padStart(6, "0")}`;
  const first17 = `91${division}${code}${organisationCheck(code)}`;
  return first17 + (usccCheckCharacter(first17) ?? "");
}

const ORGANISATION_WEIGHTS = [3, 7, 9, 10, 5, 8, 4, 2] as const;

function organisationCheck(code: string): string {
  let sum = 0;
  for (const [index, weight] of ORGANISATION_WEIGHTS.entries()) {
    const character = code[index] as string;
    sum += weight * (DIGITS.includes(character) ? Number(character) : character.charCodeAt(0) - 55);
  }
  const check = 11 - (sum % 11);
  return check === 10 ? "X" : check === 11 ? "0" : String(check);
}
