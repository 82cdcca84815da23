import { appendFileSync, existsSync, readFileSync } from "node:fs";
import type { Hour, ScoreAnswer, Scores } from "../story/year/diary.ts";
import type { Codes, Grades, YearJournal } from "../story/year/player.ts";
import type { Hash, TimeMs } from "../types/scalars.ts";

/** Which year a folder holds. */
export interface YearName {
  readonly seed: string;
  readonly fraction: number;
}

type Entry =
  | ({ readonly kind: "year" } & YearName)
  | { readonly kind: "day"; readonly day: number }
  | { readonly kind: "scores"; readonly day: number; readonly scores: readonly (readonly [Hash, ScoreAnswer | null])[] }
  | { readonly kind: "grades"; readonly day: number; readonly grades: Grades }
  | { readonly kind: "codes"; readonly day: number; readonly hour: Hour; readonly codes: Codes }
  | { readonly kind: "late"; readonly act: string; readonly notAfter: TimeMs };

/** What the ledger answered in the year, in a file of JSON lines; a torn last line does not count. */
export class YearJournalFile implements YearJournal {
  readonly #path: string;
  readonly #scores = new Map<number, Scores>();
  readonly #grades = new Map<number, Grades>();
  readonly #codes = new Map<string, Codes>();
  readonly #late = new Map<string, TimeMs>();
  #name: YearName | undefined;
  #lastDay: number | undefined;

  /** Throws if the file is of another year. */
  constructor(path: string, name: YearName) {
    this.#path = path;
    this.#read(path);
    if (this.#name === undefined) this.#keep({ kind: "year", ...name });
    else if (this.#name.seed !== name.seed || this.#name.fraction !== name.fraction)
      throw new Error(
        `${path} is of the year of seed ${this.#name.seed} at scale 1/${this.#name.fraction}: choose another --dir`,
      );
  }

  #read(path: string): void {
    if (!existsSync(path)) return;
    const text = readFileSync(path, "utf8");
    // What follows a torn line begins on a line of its own.
    if (text !== "" && !text.endsWith("\n")) appendFileSync(path, "\n");
    for (const line of text.split("\n")) {
      try {
        this.#take(JSON.parse(line) as Entry);
      } catch {
        // The line under way when the launcher was killed: what it said is asked again.
      }
    }
  }

  get lastDay(): number | undefined {
    return this.#lastDay;
  }

  scores(day: number): Scores | undefined {
    return this.#scores.get(day);
  }

  keepScores(day: number, scores: Scores): void {
    this.#keep({ kind: "scores", day, scores: [...scores] });
  }

  grades(day: number): Grades | undefined {
    return this.#grades.get(day);
  }

  keepGrades(day: number, grades: Grades): void {
    this.#keep({ kind: "grades", day, grades });
  }

  codes(day: number, hour: Hour): Codes | undefined {
    return this.#codes.get(`${day}/${hour}`);
  }

  keepCodes(day: number, hour: Hour, codes: Codes): void {
    this.#keep({ kind: "codes", day, hour, codes });
  }

  late(act: string): TimeMs | undefined {
    return this.#late.get(act);
  }

  keepLate(act: string, notAfter: TimeMs): void {
    this.#keep({ kind: "late", act, notAfter });
  }

  keepDay(day: number): void {
    this.#keep({ kind: "day", day });
  }

  #keep(entry: Entry): void {
    this.#take(entry);
    appendFileSync(this.#path, `${JSON.stringify(entry)}\n`, { mode: 0o600 });
  }

  #take(entry: Entry): void {
    switch (entry.kind) {
      case "year":
        this.#name = { seed: entry.seed, fraction: entry.fraction };
        break;
      case "day":
        this.#lastDay = entry.day;
        break;
      case "scores":
        this.#scores.set(entry.day, new Map(entry.scores));
        break;
      case "grades":
        this.#grades.set(entry.day, entry.grades);
        break;
      case "codes":
        this.#codes.set(`${entry.day}/${entry.hour}`, entry.codes);
        break;
      case "late":
        this.#late.set(entry.act, entry.notAfter);
        break;
    }
  }
}
