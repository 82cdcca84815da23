import { hash, int, text } from "../codec/schema.ts";

/** Fields that objects of every area have: each area declares its own kinds from them. */

/** Every object has its id and a version that starts at 1 and rises by one with each change. */
export const base = { id: hash, version: int({ min: 1 }) } as const;
export const currencySchema = text({ min: 3, max: 3, pattern: /^[A-Z]{3}$/ });
/** Days since 1970-01-01 in UTC+8: up to the year 2200. */
export const daySchema = int({ max: 84_000 });
export const ppm = int({ max: 1_000_000 });
export const bp = int({ max: 10_000 });
