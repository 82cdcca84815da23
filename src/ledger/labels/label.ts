/** What people read in the place of a name of the ledger, in Chinese and English. */
export interface Label {
  readonly zh: string;
  readonly en: string;
}

/** A table of labels as it is written: Chinese first. */
export function labels<K extends string>(
  table: Readonly<Record<K, readonly [zh: string, en: string]>>,
): ReadonlyMap<string, Label> {
  return new Map(Object.entries<readonly [string, string]>(table).map(([name, [zh, en]]) => [name, { zh, en }]));
}
