/** Clients remembered at once; the one longest unseen is forgotten first and starts with a full bucket again. */
const CLIENTS_MAX = 10_000;

interface Bucket {
  tokens: number;
  atMs: number;
}

/** A token bucket per client; each item of a batch takes a token. */
export class RateLimit {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#burst = 2 * perSecond;
  }

  /** 0 if the tokens were taken, else after how many seconds to come again. */
  take(client: string, tokens: number, nowMs: number): number {
    const known = this.#buckets.get(client);
    const bucket = known ?? { tokens: this.#burst, atMs: nowMs };
    bucket.tokens = Math.min(this.#burst, bucket.tokens + ((nowMs - bucket.atMs) / 1000) * this.#perSecond);
    bucket.atMs = nowMs;
    this.#buckets.delete(client);
    this.#buckets.set(client, bucket);
    if (this.#buckets.size > CLIENTS_MAX) this.#buckets.delete(this.#buckets.keys().next().value as string);
    if (bucket.tokens >= tokens) {
      bucket.tokens -= tokens;
      return 0;
    }
    return Math.ceil((tokens - bucket.tokens) / this.#perSecond);
  }
}
