import { Prng } from "../../lib/prng.ts";
import type { LabelledRow } from "./stumps.ts";

const BP = 10_000;
const MONTHS = 12;

/**
 * A history of firms that never were: each has a care for its business that nobody sees, trades for a year with debtors of its own, and
 * then pays or does not. Its features are counted from what it did, as domain.md §4.1 counts them; what it does next follows from the
 * care, from its debtors, and from chance. An example to train on: a lender has its own.
 */
export function simulatedHistory(firms: number, seed: number): readonly LabelledRow[] {
  const prng = new Prng(seed);
  return Array.from({ length: firms }, () => firm(prng.fork()));
}

interface Debtor {
  /** 1 (best) to 6; 0: nobody rated it. */
  readonly grade: number;
  readonly weight: number;
}

function firm(prng: Prng): LabelledRow {
  const care = normal(prng);
  const size = Math.exp(normal(prng) * 0.8);
  const tenureDays = prng.between(20, 2_500);
  const debtors: readonly Debtor[] = Array.from({ length: prng.between(1, 8) }, () => ({
    grade: prng.chance(250) ? 0 : prng.between(1, 6),
    weight: prng.between(1, 10),
  }));
  const counted = trade(prng, care, size, Math.min(MONTHS, Math.ceil(tenureDays / 30)), debtors);
  const exposure = debtors.reduce((sum, { weight }) => sum + weight, 0);
  const largest = Math.max(...debtors.map(({ weight }) => weight));
  const rated = debtors.filter(({ grade }) => grade > 0);
  const ratedWeight = rated.reduce((sum, { weight }) => sum + weight, 0);
  const grade = rated.reduce((sum, each) => sum + each.grade * each.weight, 0) / Math.max(1, ratedWeight);
  const utilBp = clampBp(BP * (0.45 - 0.12 * care + 0.25 * normal(prng)));
  const openDisputeBp = prng.chance(clamp(120 - 60 * care, 5, 600)) ? prng.between(50, 3_000) : 0;
  const risk =
    -3.6 -
    1.15 * care +
    0.28 * (rated.length === 0 ? 4 : grade - 3) +
    (0.7 * largest) / exposure +
    (tenureDays < 180 ? 0.6 : 0) +
    0.00012 * openDisputeBp +
    0.00005 * (utilBp - 4_000);
  return {
    features: [
      tenureDays,
      counted.orders,
      counted.onTimeBp,
      counted.maxDpd,
      counted.dilutionBp,
      Math.floor((BP * largest) / exposure),
      counted.dbtDays,
      rated.length === 0 ? null : Math.floor(grade * 100),
      clampBp(BP * (0.88 + 0.06 * care + 0.1 * normal(prng))),
      utilBp,
      openDisputeBp,
    ],
    bad: prng.next() / 2 ** 32 < 1 / (1 + Math.exp(-risk)),
  };
}

/** A year of invoices: paid on the day, late, or in part taken back. */
function trade(prng: Prng, care: number, size: number, months: number, debtors: readonly Debtor[]) {
  let [orders, due, onTime, delay, maxDpd, diluted] = [0, 0, 0, 0, 0, 0];
  for (let month = 0; month < months; month++) {
    for (let count = prng.below(Math.max(1, Math.round(6 * size))); count > 0; count--) {
      const { grade } = prng.pick(debtors);
      const amount = prng.between(20, 400);
      orders += 1;
      due += amount;
      const lateness = 0.16 - 0.07 * care + 0.03 * ((grade === 0 ? 4 : grade) - 3);
      const isLate = prng.chance(Math.round(clamp(1_000 * lateness, 8, 700)));
      const days = isLate ? 1 + Math.floor(Math.exp(normal(prng) * 1.1 + 1.6 - 0.35 * care)) : -prng.below(3);
      delay += amount * Math.min(days, 400);
      if (days <= 0) onTime += amount;
      maxDpd = Math.max(maxDpd, Math.min(days, 400));
      if (prng.chance(Math.round(clamp(60 - 25 * care, 5, 300)))) diluted += (amount * prng.between(50, 400)) / 1_000;
    }
  }
  const ticket = orders === 0 ? 0 : due / orders;
  return {
    orders,
    onTimeBp: due === 0 ? null : Math.floor((BP * (onTime + 0.95 * ticket)) / (due + ticket)),
    maxDpd: due === 0 ? null : Math.max(0, maxDpd),
    dilutionBp: due === 0 ? 0 : clampBp((BP * diluted) / due),
    dbtDays: due === 0 ? null : Math.trunc(delay / due),
  };
}

/** Near enough to a normal distribution: the sum of twelve even ones (Irwin–Hall). */
function normal(prng: Prng): number {
  let sum = -6;
  for (let draw = 0; draw < 12; draw++) sum += prng.next() / 2 ** 32;
  return sum;
}

function clamp(value: number, min: number, max: number): number {
  return Math.max(min, Math.min(max, value));
}

function clampBp(value: number): number {
  return Math.floor(clamp(value, 0, BP));
}
