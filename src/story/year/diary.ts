import { startOfDay } from "../../client/civil-day.ts";
import type { SigningKey } from "../../client/transaction-builder.ts";
import { assert } from "../../lib/assert.ts";
import type { Hash, TxId } from "../../types/scalars.ts";
import type { Operation } from "../../types/transaction.ts";

/**
 * The hours of a business day. What one hour does rests on what the hours before it left; within an hour nothing rests on anything else
 * of the same hour, so that it does not matter which block holds what. The last one is in the afternoon, so that a loan taken then is
 * paid out within 24 hours on the next day.
 */
export const HOURS = ["first", "second", "third", "fourth", "afternoon"] as const;
export type Hour = (typeof HOURS)[number];

const HOUR_MS = 3_600_000;
const MORNING_MS = 9 * HOUR_MS;
const AFTERNOON_MS = 15 * HOUR_MS;

/** What the clock shows when an hour begins. */
export function beginOf(day: number, hour: Hour): number {
  return startOfDay(day) + (hour === "afternoon" ? AFTERNOON_MS : MORNING_MS);
}

/** A transaction that somebody sends. */
export interface Act {
  /** Of its own in the whole year: what its salt, and so its id, is made from. */
  readonly name: string;
  readonly keys: readonly SigningKey[];
  readonly ops: readonly Operation[];
  /** "OK", or the code that it must be refused with. */
  readonly expected: string;
  /** Codes that it may be refused with instead: what closes a gate only the ledger knows. */
  readonly orElse?: ReadonlySet<string>;
  /** What follows from it; called with its final code. */
  readonly done?: (tx: TxId, code: string) => void;
}

/** What `credit_score` says of a party, as far as the bank's engine decides by it; null: there are no facts about its trade. */
export interface ScoreAnswer {
  readonly policy: Hash;
  readonly facts: number;
  readonly day: number;
  readonly score: number;
  readonly grade: "A" | "B" | "C" | "D" | "E";
  readonly reasons: readonly string[];
  readonly tenureDays: number;
  readonly terms: {
    readonly advanceBp: number;
    readonly tenorFreeDays: number;
    readonly tenorCutBpPerDay: number;
    readonly line: string;
    readonly borrowed: string;
  };
}
export type Scores = ReadonlyMap<Hash, ScoreAnswer | null>;

type Entry = (scores: Scores) => Act | null;

/** What is planned, by day and hour. What is drawn up once is gone: a diary is read forward. */
export class Diary {
  readonly #entries = new Map<string, Entry[]>();
  #drawnTo = -1;

  /** `draw` says at that hour what is to be sent, if anything. */
  at(day: number, hour: Hour, draw: Entry): void {
    assert(orderOf(day, hour) > this.#drawnTo, "what is planned lies ahead");
    const slot = `${day}/${hour}`;
    const entries = this.#entries.get(slot);
    if (entries === undefined) this.#entries.set(slot, [draw]);
    else entries.push(draw);
  }

  has(day: number, hour: Hour): boolean {
    return this.#entries.has(`${day}/${hour}`);
  }

  /** In the order in which they were planned. */
  draw(day: number, hour: Hour, scores: Scores): readonly Act[] {
    const slot = `${day}/${hour}`;
    const entries = this.#entries.get(slot) ?? [];
    this.#drawnTo = orderOf(day, hour);
    this.#entries.delete(slot);
    return entries.flatMap((entry) => entry(scores) ?? []);
  }
}

function orderOf(day: number, hour: Hour): number {
  return day * HOURS.length + HOURS.indexOf(hour);
}
