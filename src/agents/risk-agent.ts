import { type Client, type LedgerJson, RpcFailure } from "../client/client.ts";
import { events } from "../client/event-stream.ts";
import { op, type SigningKey } from "../client/transaction-builder.ts";
import type { Hash } from "../types/scalars.ts";
import type { CursorFile } from "./cursor-file.ts";
import { persist, send } from "./errand.ts";
import type { ModelDesk, ModelWord } from "./model/model-desk.ts";
import { ModelError } from "./model/runtime.ts";
import { SideBySide } from "./side-by-side.ts";

export type LendingGrade = "A" | "B" | "C" | "D";

/** What the bank's own policy leaves to its engine. */
export interface LendingTerms {
  /** The largest loan that the engine approves alone, in minor units; above it an officer decides. */
  readonly limit: bigint;
  readonly ratePpm: Readonly<Record<LendingGrade, number>>;
  readonly security: "PLEDGE" | "ASSIGNMENT";
  readonly recourse: boolean;
  /** Days between the last maturity and the day on which the loan is to be repaid. */
  readonly tenorExtraDays: number;
  readonly decisionTtlMs: number;
}

export interface RiskAgentModules {
  readonly client: Client;
  readonly lender: Hash;
  /** Of purpose ENGINE. */
  readonly engine: SigningKey;
  readonly terms: LendingTerms;
  /** Asks the model that the lender has registered, if it has. */
  readonly models: Pick<ModelDesk, "ask" | "prepare">;
  readonly cursor: CursorFile;
  readonly report: (line: string, data: Readonly<Record<string, unknown>>) => void;
}

/** What `credit_score` answers. */
interface ScoreJson {
  readonly policy: Hash;
  readonly facts: number;
  readonly day: number;
  readonly score: number;
  readonly grade: LendingGrade | "E";
  readonly points: readonly { readonly feature: string; readonly value: number | null }[];
  /** The gates that are closed, then the features that cost most. */
  readonly reasons: readonly string[];
  readonly gates: readonly string[];
  readonly terms: {
    readonly tenorFreeDays: number;
    readonly tenorCutBpPerDay: number;
    readonly borrowed: string;
    readonly grades: readonly { readonly grade: string; readonly advanceBp: number; readonly line: string }[];
  };
}

interface Verdict {
  readonly outcome: "APPROVED" | "REFER" | "DECLINE";
  readonly amount: bigint;
  readonly ratePpm: number;
  readonly tenorDays: number;
  readonly advanceBp: number;
  readonly reasons: readonly string[];
  readonly score: ScoreJson | null;
  readonly model: ModelWord | null;
}

/** Facts may move between the score and the decision; then it is taken again. */
const ATTEMPTS_MAX = 4;
const REASONS_MAX = 4;
/** Applicants that wait for their blocks at once. */
const AT_ONCE_MAX = 16;

/** The bank's engine (秒批): watches applications that ask this lender, and answers each once, by the scorecard that every node computes and by its own model. */
export class RiskAgent {
  readonly #m: RiskAgentModules;

  constructor(modules: RiskAgentModules) {
    this.#m = modules;
  }

  /** Until `signal`: first what is open, then whatever comes. */
  run(signal: AbortSignal): Promise<void> {
    return persist(
      signal,
      () => this.#watch(signal),
      ({ message }) => this.#m.report("no node answers", { reason: message }),
    );
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { client, cursor } = this.#m;
    const { chain, height } = await client.status();
    // Loaded before the first applicant waits for it; or an operator learns now why all are referred.
    await this.#m.models.prepare().catch((error: unknown) => this.#modelFails(error));
    const known = cursor.read(chain);
    if (known === undefined) await this.sweep();
    const from = known ?? { height: height + 1, index: 0 };
    const desk = new SideBySide(AT_ONCE_MAX);
    const halt = new AbortController();
    const isOver = AbortSignal.any([signal, halt.signal]);
    let kept: Promise<unknown> = Promise.resolve();
    for await (const { event, cursor: next } of events(client, from, { what: "finance.apply", kind: "happened" }, isOver)) {
      const [application] = event.objects as readonly Hash[];
      if (application === undefined) continue;
      const { borrower } = await client.ledgerGet("application", application);
      const { done } = await desk.begin(borrower as string, () => this.decide(application));
      // The cursor stands behind nothing that is not answered.
      kept = Promise.all([kept, done]).then(() => cursor.write(chain, next));
      kept.catch(() => halt.abort());
    }
    await kept;
  }

  /** Answers every open application that has no answer of ours. */
  async sweep(): Promise<void> {
    for (const { id } of await this.#m.client.ledgerAll("application", { status: "OPEN" })) await this.decide(id);
  }

  /** Answers one application, unless that was done. */
  async decide(application: Hash): Promise<void> {
    const { client, lender, engine, report } = this.#m;
    let refusal = { code: "", message: "" };
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      const asked = await client.ledgerGet("application", application);
      if (!(await this.#isOurs(asked))) return;
      const verdict = await this.#judge(asked);
      const body = await this.#body(asked, verdict);
      const sent = await send(client, op("finance.decide", { ...body, application, lender } as never), [engine]);
      if (sent.ok) {
        const { outcome, amount, score, model, reasons } = verdict;
        report("decided", {
          application,
          outcome,
          amount: amount.toString(),
          score: score?.score ?? null,
          model: model?.outQ ?? null,
          reasons: reasons.join(" "),
        });
        return;
      }
      refusal = sent;
    }
    report("not decided", { application, code: refusal.code, reason: refusal.message });
  }

  /** Goods and orders are left to officers: what covers them is no matter of a score. */
  async #isOurs({ kind, status, lenders, decisions }: LedgerJson): Promise<boolean> {
    const { client, lender } = this.#m;
    if (kind !== "RECV" || status !== "OPEN" || !(lenders as readonly Hash[]).includes(lender)) return false;
    for (const id of decisions as readonly Hash[]) {
      const decision = await client.ledgerGet("decision", id);
      if (decision.lender === lender && decision.status === "LIVE") return false;
    }
    return true;
  }

  async #judge({ id, borrower, currency, amount, notes }: LedgerJson): Promise<Verdict> {
    const { terms } = this.#m;
    const none = { amount: 0n, ratePpm: 0, tenorDays: 0, advanceBp: 0 };
    const score = await this.#scoreOf(borrower as Hash, currency as string, id as Hash);
    if (score === null) return { ...none, outcome: "REFER", reasons: ["NO_HISTORY"], score, model: null };
    const said = await this.#askModel(score);
    const model = said === "UNAVAILABLE" ? null : said;
    const refer = (...words: readonly string[]): Verdict => {
      const reasons = [...new Set([...words, ...score.reasons])].slice(0, REASONS_MAX);
      return { ...none, outcome: "REFER", reasons, score, model };
    };
    if (score.gates.length > 0) return refer();
    if (said === "UNAVAILABLE") return refer("MODEL_UNAVAILABLE");
    const { grades, tenorFreeDays, tenorCutBpPerDay, borrowed } = score.terms;
    const isLast = (grade: string): boolean => grade === grades.at(-1)?.grade;
    // Near a cut-off a second run might say otherwise; unless the score alone is enough to decline.
    if (model?.isNear === true && !isLast(score.grade)) return refer("MODEL_NEAR_CUTOFF");
    const ranks = [score.grade, ...(model === null ? [] : [model.grade])].map((each) =>
      grades.findIndex(({ grade }) => grade === each),
    );
    // A grade that the card does not know is none to lend on.
    const rank = ranks.includes(-1) ? grades.length - 1 : Math.max(...ranks);
    const at = grades[rank];
    if (at === undefined || isLast(at.grade)) {
      const reasons = score.reasons.slice(0, REASONS_MAX);
      return { ...none, outcome: "DECLINE", reasons, score, model };
    }
    const { total, lastDay } = await this.#eligible(notes as readonly Hash[]);
    const tenorDays = Math.max(1, lastDay - score.day) + terms.tenorExtraDays;
    const advanceBp = Math.max(0, at.advanceBp - tenorCutBpPerDay * Math.max(0, tenorDays - tenorFreeDays));
    // A line is made of what debtors paid lately: a person looks at a firm that is good and has none yet.
    if (at.line === "0") return refer("NO_PAYMENTS_YET");
    const offered = least(BigInt(amount as string), (total * BigInt(advanceBp)) / 10_000n, BigInt(at.line) - BigInt(borrowed));
    const reasons = score.reasons.slice(0, REASONS_MAX);
    if (offered <= 0n) return { ...none, outcome: "DECLINE", reasons, score, model };
    if (offered > terms.limit) return refer("ABOVE_LIMIT");
    const ratePpm = terms.ratePpm[at.grade as LendingGrade];
    return { outcome: "APPROVED", amount: offered, ratePpm, tenorDays, advanceBp, reasons, score, model };
  }

  /** What the registered model says; nothing if none is registered. A model that cannot be asked approves nobody. */
  async #askModel({ points }: ScoreJson): Promise<ModelWord | null | "UNAVAILABLE"> {
    try {
      return await this.#m.models.ask(points);
    } catch (error) {
      return this.#modelFails(error);
    }
  }

  #modelFails(error: unknown): "UNAVAILABLE" {
    if (!(error instanceof ModelError)) throw error;
    this.#m.report("model not asked", { code: error.code, reason: error.message });
    return "UNAVAILABLE";
  }

  async #body({ expiresMs }: LedgerJson, verdict: Verdict) {
    const { outcome, amount, ratePpm, tenorDays, advanceBp, reasons, score, model } = verdict;
    const { terms } = this.#m;
    const { clockMs } = await this.#m.client.status();
    const attested =
      score === null
        ? {}
        : {
            attested: {
              mode: model === null ? "A" : "B",
              policy: score.policy,
              day: score.day,
              facts: score.facts,
              score: score.score,
              grade: score.grade,
              model: model === null ? null : { card: model.card, outQ: model.outQ, runtime: model.runtime },
            },
          };
    return {
      outcome,
      amount,
      ratePpm,
      tenorDays,
      advanceBp,
      recourse: terms.recourse,
      security: terms.security,
      policy: score?.policy ?? this.#m.lender,
      reasons,
      expiresMs: Math.min(clockMs + terms.decisionTtlMs, expiresMs as number),
      ...attested,
    };
  }

  /** null: the ledger has no facts about the borrower's trade. */
  async #scoreOf(party: Hash, currency: string, application: Hash): Promise<ScoreJson | null> {
    const { client, lender } = this.#m;
    try {
      return await client.call<ScoreJson>("credit_score", { party, currency, lender, application });
    } catch (error) {
      if (error instanceof RpcFailure && error.code === "NOT_FOUND") return null;
      throw error;
    }
  }

  /** What may be lent against, as the ledger will see it, and the last day on which any of it matures. */
  async #eligible(notes: readonly Hash[]): Promise<{ readonly total: bigint; readonly lastDay: number }> {
    let [total, lastDay] = [0n, 0];
    for (const id of notes) {
      const note = await this.#m.client.ledgerGet("note", id);
      const root = await this.#m.client.ledgerGet("receivable", note.receivable as Hash);
      if (root.status !== "EFFECTIVE" || note.hold !== null || note.dispute !== null) continue;
      total += BigInt(note.amount as string);
      lastDay = Math.max(lastDay, root.maturityDay as number);
    }
    return { total, lastDay };
  }
}

function least(...amounts: readonly [bigint, ...bigint[]]): bigint {
  return amounts.reduce((smallest, amount) => (amount < smallest ? amount : smallest));
}
