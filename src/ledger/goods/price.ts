import { hash, int, list, struct } from "../../codec/schema.ts";
import { LIMITS } from "../../types/limits.ts";
import type { Amount, Hash } from "../../types/scalars.ts";
import { require } from "../codes.ts";
import { roleOf } from "../conditions.ts";
import { currencySchema } from "../fields.ts";
import { namedId } from "../ids.ts";
import { basisPoints } from "../money.ts";
import type { ObjectOf } from "../objects.ts";
import { type Situation, transition } from "../transition.ts";
import { GOODS, priceSchema } from "./objects.ts";

type Goods = Pick<ObjectOf<"warehouseReceipt">, "goods" | "grade" | "unit">;

/** What a thousand units: see `priceSchema`. */
const PRICE_UNITS = 1_000n;

/**
 * Several independent sources say what goods cost, and the median counts. One attestation moves the price within a band only, so that a slip of
 * the sources liquidates nobody: a true fall takes some attestations.
 */
export const attestPrice = transition({
  kind: "price.attest",
  label: { zh: "价格证明", en: "attest a price" },
  ground: "民法典 art. 389, 433: the value of what is pledged; price by k of n sources",
  signedBy: "every source that is quoted (verifiers)",
  makers: ["ATTEST"],
  body: {
    ...GOODS,
    currency: currencySchema,
    timeMs: int(),
    quotes: list(struct({ source: hash, price: priceSchema }), {
      min: LIMITS.priceSourcesMin,
      max: 8,
      sortedBy: ({ source }) => source,
    }),
  },
  signers: ({ quotes }) => quotes.map(({ source }) => source),
  requires: [
    (call) => {
      for (const { source } of call.body.quotes) roleOf(call, source, "VERIFIER");
    },
    ({ body, timeMs }) => require(body.timeMs <= timeMs && body.timeMs > timeMs - LIMITS.dayMs, "EXPIRY_OUT_OF_RANGE"),
    ({ body, book }) => {
      const last = book.find("price", priceId(body, body.currency));
      if (last === undefined) return;
      require(body.timeMs > last.timeMs, "ATTESTATION_STALE");
      const step = medianOf(body.quotes) - last.price;
      require((step < 0n ? -step : step) <= basisPoints(last.price, LIMITS.priceStepMaxBp), "PRICE_STEP_EXCEEDED");
    },
  ],
  effect: ({ body, book }) => {
    const { goods, grade, unit, currency, timeMs, quotes } = body;
    const id = priceId(body, currency);
    const now = { price: medianOf(quotes), timeMs, sources: quotes.map(({ source }) => source) };
    const last = book.find("price", id);
    if (last === undefined) book.create("price", { id, goods, grade, unit, currency, ...now });
    else book.update("price", last, now);
    return [id];
  },
});

/** At a price that is fresh, or the transaction fails. */
export function worthOf(situation: Situation, goods: Goods, quantity: number, currency: string): Amount {
  require(isPriced(situation, goods, currency), "PRICE_STALE");
  return lastWorthOf(situation.book, goods, quantity, currency);
}

export function isPriced({ book, timeMs }: Situation, goods: Goods, currency: string): boolean {
  const price = book.find("price", priceId(goods, currency));
  return price !== undefined && timeMs - price.timeMs <= LIMITS.priceTtlMs;
}

/** At the last price, however old; nothing where there never was one. */
export function lastWorthOf(book: Situation["book"], goods: Goods, quantity: number, currency: string): Amount {
  return (BigInt(quantity) * (book.find("price", priceId(goods, currency))?.price ?? 0n)) / PRICE_UNITS;
}

export function priceId({ goods, grade, unit }: Goods, currency: string): Hash {
  return namedId("price", goods, grade, unit, currency);
}

/** The lower of the two in the middle, so that it is a price that somebody quoted. */
function medianOf(quotes: readonly { readonly price: Amount }[]): Amount {
  const sorted = quotes.map(({ price }) => price).sort((one, other) => (one < other ? -1 : one > other ? 1 : 0));
  return sorted[Math.floor((sorted.length - 1) / 2)] as Amount;
}
