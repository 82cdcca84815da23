import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { assert } from "../lib/assert.ts";
import type { Metrics } from "../ports/observe.ts";

interface Declaration {
  readonly name: string;
  readonly kind: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels?: readonly string[];
  readonly buckets?: readonly number[];
}

/** The Metrics port over prom-client: exactly the declared metrics, and the process's own (CPU, memory, event-loop lag, GC). */
export class PrometheusMetrics implements Metrics {
  readonly #registry = new Registry();
  readonly #counters = new Map<string, Counter>();
  readonly #gauges = new Map<string, Gauge>();
  readonly #histograms = new Map<string, Histogram>();

  constructor(declarations: readonly Declaration[]) {
    collectDefaultMetrics({ register: this.#registry });
    for (const { name, kind, help, labels = [], buckets } of declarations) {
      const common = { name, help, labelNames: [...labels], registers: [this.#registry] };
      if (kind === "counter") this.#counters.set(name, new Counter(common));
      else if (kind === "gauge") this.#gauges.set(name, new Gauge(common));
      else this.#histograms.set(name, new Histogram(buckets === undefined ? common : { ...common, buckets: [...buckets] }));
    }
  }

  add(counter: string, by = 1, labels: Readonly<Record<string, string>> = {}): void {
    known(this.#counters, counter).inc(labels, by);
  }

  set(gauge: string, value: number, labels: Readonly<Record<string, string>> = {}): void {
    known(this.#gauges, gauge).set(labels, value);
  }

  observe(histogram: string, value: number, labels: Readonly<Record<string, string>> = {}): void {
    known(this.#histograms, histogram).observe(labels, value);
  }

  /** The Prometheus text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }
}

function known<T>(metrics: ReadonlyMap<string, T>, name: string): T {
  const metric = metrics.get(name);
  assert(metric !== undefined, `the metric ${name} is declared`);
  return metric;
}
