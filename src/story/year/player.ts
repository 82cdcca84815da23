import { createHash } from "node:crypto";
import { assemble, buildTransaction, signedMessage } from "../../client/transaction-builder.ts";
import type { Hash, PublicKey, Signature, TimeMs, TxId } from "../../types/scalars.ts";
import { StepFailure } from "../steps.ts";
import { FIRST_DAY, isoDay, LAST_DAY } from "./calendar.ts";
import { type Act, beginOf, HOURS, type Hour, type Scores } from "./diary.ts";
import type { Year } from "./year.ts";

/** A transaction whose id is known; it is signed when it is sent. */
export interface Prepared {
  readonly id: TxId;
  readonly sign: () => Promise<Uint8Array>;
}

/** The running network, as far as the year needs it. */
export interface YearNetwork {
  readonly chain: Hash;
  /** Every node's clock shows at least this. */
  arriveAt(timeMs: TimeMs): Promise<void>;
  nowMs(): TimeMs;
  /** Sends all of them; answers the final code of each, in their order: "OK", the ledger's, or "EXPIRED". */
  send(transactions: readonly Prepared[]): Promise<readonly string[]>;
  scores(parties: readonly Hash[]): Promise<Scores>;
}

/** What an interrupted year goes on from. All else follows from the seed. */
export interface YearJournal {
  /** The last day that was played to its end. */
  readonly lastDay: number | undefined;
  scores(day: number): Scores | undefined;
  keepScores(day: number, scores: Scores): void;
  /** Codes of acts that might have ended otherwise, by name. */
  codes(day: number, hour: Hour): Codes | undefined;
  keepCodes(day: number, hour: Hour, codes: Codes): void;
  /** Until when a transaction holds that once ran out, and was signed anew. */
  late(act: string): TimeMs | undefined;
  keepLate(act: string, notAfter: TimeMs): void;
  grades(day: number): Grades | undefined;
  keepGrades(day: number, grades: Grades): void;
  keepDay(day: number): void;
}

export type Codes = Readonly<Record<string, string>>;
/** The grade of each supplier, in their order; "-" where there is nothing to judge by. */
export type Grades = string;

/** The chain takes what holds for ten minutes at most. */
const VALID_MS = 9 * 60_000;
const ATTEMPTS_MAX = 4;
const NO_SCORES: Scores = new Map();

export interface PlayerModules {
  readonly year: Year;
  readonly network: YearNetwork;
  readonly journal: YearJournal;
  /** Days on which all suppliers' grades are noted. */
  readonly surveyDays: ReadonlySet<number>;
  readonly progress: (day: number, sent: number) => void;
}

/** What was played, whenever it was. */
export interface Played {
  /** Transactions that took effect, and attempts that were refused. */
  readonly committed: number;
  readonly refused: number;
  readonly surveys: ReadonlyMap<number, Grades>;
}

/**
 * Plays the year on the network, hour by hour: all transactions of an hour are under way at once, and the next hour begins when they are
 * final. Ids follow from names, bodies and keys, so a day that was interrupted is sent again as the same bytes, and what the chain has
 * is not done twice; days that were finished are not sent at all. Throws StepFailure if the ledger answers otherwise than the year tells.
 */
export class YearPlayer {
  readonly #m: PlayerModules;
  #committed = 0;
  #refused = 0;
  readonly #surveys = new Map<number, Grades>();

  constructor(modules: PlayerModules) {
    this.#m = modules;
  }

  async play(): Promise<Played> {
    const { journal, progress, surveyDays } = this.#m;
    for (let day = FIRST_DAY; day <= LAST_DAY; day++) {
      const isDone = journal.lastDay !== undefined && day <= journal.lastDay;
      for (const hour of HOURS) await this.#hour(day, hour, isDone);
      if (surveyDays.has(day)) await this.#survey(day);
      if (isDone) continue;
      journal.keepDay(day);
      progress(day, this.#committed + this.#refused);
    }
    return { committed: this.#committed, refused: this.#refused, surveys: this.#surveys };
  }

  async #hour(day: number, hour: Hour, isDone: boolean): Promise<void> {
    const { year, network, journal } = this.#m;
    if (!year.has(day, hour)) return;
    if (!isDone) await network.arriveAt(beginOf(day, hour));
    const acts = year.draw(day, hour, hour === "third" ? await this.#scores(day) : NO_SCORES);
    const ids = isDone ? acts.map((act) => this.#prepare(act, day, hour).id) : await this.#send(acts, day, hour);
    const codes = journal.codes(day, hour) ?? {};
    for (const [index, act] of acts.entries()) {
      const code = codes[act.name] ?? act.expected;
      if (code === "OK") this.#committed += 1;
      else this.#refused += 1;
      act.done?.(ids[index] as TxId, code);
    }
  }

  /** Looked up once: they would be others after half a day was played. */
  async #scores(day: number): Promise<Scores> {
    const { year, network, journal } = this.#m;
    const applicants = year.applicants();
    if (applicants.length === 0) return NO_SCORES;
    const known = journal.scores(day);
    if (known !== undefined) return known;
    const scores = await network.scores(applicants);
    journal.keepScores(day, scores);
    return scores;
  }

  async #survey(day: number): Promise<void> {
    const { year, network, journal } = this.#m;
    const known = journal.grades(day);
    if (known !== undefined) {
      this.#surveys.set(day, known);
      return;
    }
    const parties = year.people.suppliers.map(({ party }) => party);
    const scores = await network.scores(parties);
    const grades = parties.map((party) => scores.get(party)?.grade ?? "-").join("");
    journal.keepGrades(day, grades);
    this.#surveys.set(day, grades);
  }

  /** Sends, and sends anew what ran out before a block held it. Answers the ids under which they are final. */
  async #send(acts: readonly Act[], day: number, hour: Hour): Promise<readonly TxId[]> {
    const { network, journal } = this.#m;
    const ids: TxId[] = [];
    const open: Record<string, string> = {};
    let left = acts.map((act, index) => ({ act, index }));
    for (let attempt = 1; left.length > 0; attempt++) {
      const prepared = left.map(({ act }) => this.#prepare(act, day, hour));
      const codes = await network.send(prepared);
      const expired: typeof left = [];
      for (const [at, entry] of left.entries()) {
        const code = codes[at] as string;
        ids[entry.index] = (prepared[at] as Prepared).id;
        if (code === "EXPIRED" && attempt < ATTEMPTS_MAX) expired.push(entry);
        else if (entry.act.orElse?.has(code)) open[entry.act.name] = code;
        else if (code !== entry.act.expected)
          throw new StepFailure(entry.act.name, code, `on ${isoDay(day)} expected ${entry.act.expected}, got ${code}`);
      }
      for (const { act } of expired) journal.keepLate(act.name, network.nowMs() + VALID_MS);
      left = expired;
    }
    if (Object.keys(open).length > 0) journal.keepCodes(day, hour, open);
    return ids;
  }

  #prepare({ name, keys, ops }: Act, day: number, hour: Hour): Prepared {
    const notAfter = this.#m.journal.late(name) ?? beginOf(day, hour) + VALID_MS;
    const salt = new Uint8Array(createHash("sha256").update(name).digest().subarray(0, 16));
    const signers = keys.map(({ party, publicKey }) => ({ party, key: publicKey }));
    const { unsigned, id } = buildTransaction({ chain: this.#m.network.chain, ops, notAfter, signers, salt });
    const sign = async (): Promise<Uint8Array> => {
      const message = signedMessage(id);
      const signatures = new Map<PublicKey, Signature>();
      for (const key of keys) signatures.set(key.publicKey, await key.sign(message));
      return assemble(unsigned, signatures);
    };
    return { id, sign };
  }
}
