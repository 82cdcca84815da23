/** "2026-08-14", alone or before a time of day, as days since 1970-01-01; undefined unless it is a date of the calendar. */
export function dayFrom(text: string): number | undefined {
  const match = /^([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ].*)?$/.exec(text);
  if (match === null) return undefined;
  const timeMs = Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3]));
  const sound = timeMs >= 0 && new Date(timeMs).toISOString().startsWith(`${match[1]}-${match[2]}-${match[3]}`);
  return sound ? timeMs / 86_400_000 : undefined;
}

/** Days since 1970-01-01 as "2026-08-14". */
export function dateText(day: number): string {
  return new Date(day * 86_400_000).toISOString().slice(0, 10);
}
