/** Structured log; `event` is a stable lower-case sentence, `data` holds no secrets. */
export interface Logger {
  debug(event: string, data?: Readonly<Record<string, unknown>>): void;
  info(event: string, data?: Readonly<Record<string, unknown>>): void;
  warn(event: string, data?: Readonly<Record<string, unknown>>): void;
  error(event: string, data?: Readonly<Record<string, unknown>>): void;
}

/** Names are declared once, in node/metrics.ts. */
export interface Metrics {
  add(counter: string, by?: number, labels?: Readonly<Record<string, string>>): void;
  set(gauge: string, value: number, labels?: Readonly<Record<string, string>>): void;
  observe(histogram: string, value: number, labels?: Readonly<Record<string, string>>): void;
}
