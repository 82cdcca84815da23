import { type Client, type LedgerJson, RpcFailure } from "../client/client.ts";
import { events } from "../client/event-stream.ts";
import { op, type SigningKey } from "../client/transaction-builder.ts";
import type { Hash } from "../types/scalars.ts";
import type { CursorFile } from "./cursor-file.ts";
import { persist, send } from "./errand.ts";

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
  readonly reasons: readonly string[];
  readonly terms: {
    readonly advanceBp: number;
    readonly tenorFreeDays: number;
    readonly tenorCutBpPerDay: number;
    readonly line: string;
    readonly borrowed: string;
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
}

/** Facts may move between the score and the decision; then it is taken again. */
const ATTEMPTS_MAX = 4;
const REASONS_MAX = 4;

/** The bank's engine (秒批): watches applications that ask this lender, and answers each once, by the scorecard that every node computes. */
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
    const known = cursor.read(chain);
    if (known === undefined) await this.sweep();
    const from = known ?? { height: height + 1, index: 0 };
    for await (const event of events(client, from, { what: "finance.apply", kind: "happened" }, signal)) {
      const [application] = event.event.objects as readonly Hash[];
      if (application !== undefined) await this.decide(application);
      cursor.write(chain, event.cursor);
    }
  }

  /** Answers every open application that has no answer of ours. */
  async sweep(): Promise<void> {
    for (const { id } of await this.#m.client.ledgerAll("application", { status: "OPEN" })) await this.decide(id);
  }

  /** Answers one application, unless that was done. */
  async decide(application: Hash): Promise<void> {
    const { client, lender, engine, report } = this.#m;
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      const asked = await client.ledgerGet("application", application);
      if (!(await this.#isOurs(asked))) return;
      const verdict = await this.#judge(asked);
      const body = await this.#body(asked, verdict);
      const sent = await send(client, op("finance.decide", { ...body, application, lender } as never), [engine]);
      if (sent.ok) {
        report("decided", {
          application,
          outcome: verdict.outcome,
          amount: verdict.amount.toString(),
          score: verdict.score?.score ?? null,
        });
        return;
      }
      if (sent.code !== "VERSION_MISMATCH" && sent.code !== "SCORE_MISMATCH" && sent.code !== "DAY_OUT_OF_RANGE") {
        report("not decided", { application, code: sent.code, reason: sent.message });
        return;
      }
    }
    report("not decided", { application, code: "FACTS_MOVE", reason: "the borrower's facts changed with every attempt" });
  }

  async #isOurs({ status, lenders, decisions }: LedgerJson): Promise<boolean> {
    const { client, lender } = this.#m;
    if (status !== "OPEN" || !(lenders as readonly Hash[]).includes(lender)) return false;
    for (const id of decisions as readonly Hash[]) {
      const decision = await client.ledgerGet("decision", id);
      if (decision.lender === lender && decision.status === "LIVE") return false;
    }
    return true;
  }

  async #judge({ borrower, currency, amount, notes }: LedgerJson): Promise<Verdict> {
    const { terms } = this.#m;
    const score = await this.#scoreOf(borrower as Hash, currency as string);
    const { total, lastDay } = await this.#eligible(notes as readonly Hash[]);
    const none = { amount: 0n, ratePpm: 0, tenorDays: 0, advanceBp: 0 };
    if (score === null) return { ...none, outcome: "REFER", reasons: ["NO_HISTORY"], score };
    const tenorDays = Math.max(1, lastDay - score.day) + terms.tenorExtraDays;
    const { advanceBp: most, tenorFreeDays, tenorCutBpPerDay, line, borrowed } = score.terms;
    const advanceBp = Math.max(0, most - tenorCutBpPerDay * Math.max(0, tenorDays - tenorFreeDays));
    const offered = least(BigInt(amount as string), (total * BigInt(advanceBp)) / 10_000n, BigInt(line) - BigInt(borrowed));
    const reasons = score.reasons.slice(0, REASONS_MAX);
    if (score.grade === "E" || offered <= 0n) return { ...none, outcome: "DECLINE", reasons, score };
    if (offered > terms.limit)
      return { ...none, outcome: "REFER", reasons: ["ABOVE_LIMIT", ...reasons].slice(0, REASONS_MAX), score };
    return { outcome: "APPROVED", amount: offered, ratePpm: terms.ratePpm[score.grade], tenorDays, advanceBp, reasons, score };
  }

  async #body({ expiresMs }: LedgerJson, { outcome, amount, ratePpm, tenorDays, advanceBp, reasons, score }: Verdict) {
    const { terms } = this.#m;
    const { clockMs } = await this.#m.client.status();
    const attested =
      score === null
        ? {}
        : {
            attested: {
              mode: "A",
              policy: score.policy,
              day: score.day,
              facts: score.facts,
              score: score.score,
              grade: score.grade,
              model: null,
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
  async #scoreOf(party: Hash, currency: string): Promise<ScoreJson | null> {
    try {
      return await this.#m.client.call<ScoreJson>("credit_score", { party, currency, lender: this.#m.lender });
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
