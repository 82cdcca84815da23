/** A probability of paying, and what became of it. */
export interface Scored {
  readonly paysDown: number;
  readonly bad: boolean;
}

/** The chance that a good firm is ranked above a bad one; ties count half. */
export function areaUnderCurve(scored: readonly Scored[]): number {
  const sorted = [...scored].sort((left, right) => left.paysDown - right.paysDown);
  const bads = sorted.filter(({ bad }) => bad).length;
  let [pairs, badsBelow] = [0, 0];
  for (let from = 0; from < sorted.length; ) {
    let to = from;
    while (to < sorted.length && sorted[to]?.paysDown === sorted[from]?.paysDown) to++;
    const tied = sorted.slice(from, to);
    const tiedBads = tied.filter(({ bad }) => bad).length;
    pairs += (tied.length - tiedBads) * (badsBelow + tiedBads / 2);
    badsBelow += tiedBads;
    from = to;
  }
  return pairs / (bads * (sorted.length - bads));
}

/** The largest distance between the two cumulated distributions (Kolmogorov–Smirnov). */
export function kolmogorovSmirnov(scored: readonly Scored[]): number {
  const sorted = [...scored].sort((left, right) => left.paysDown - right.paysDown);
  const bads = sorted.filter(({ bad }) => bad).length;
  const goods = sorted.length - bads;
  let [most, badsSeen, goodsSeen] = [0, 0, 0];
  for (const [at, { bad, paysDown }] of sorted.entries()) {
    if (bad) badsSeen += 1;
    else goodsSeen += 1;
    if (sorted[at + 1]?.paysDown !== paysDown) most = Math.max(most, Math.abs(badsSeen / bads - goodsSeen / goods));
  }
  return most;
}

/** How far the scores of one population lie from another's, over tenths of the first (population stability index). */
export function stabilityIndex(expected: readonly number[], actual: readonly number[]): number {
  const sorted = [...expected].sort((left, right) => left - right);
  const cuts = Array.from({ length: 9 }, (_, at) => sorted[Math.floor((sorted.length * (at + 1)) / 10)] as number);
  const shares = (values: readonly number[]): readonly number[] => {
    const counts = new Array<number>(10).fill(0.5);
    for (const value of values) {
      const bin = cuts.filter((cut) => value >= cut).length;
      counts[bin] = (counts[bin] as number) + 1;
    }
    return counts.map((count) => count / (values.length + 5));
  };
  const [first, second] = [shares(expected), shares(actual)];
  return first.reduce((sum, share, at) => sum + ((second[at] as number) - share) * Math.log((second[at] as number) / share), 0);
}
