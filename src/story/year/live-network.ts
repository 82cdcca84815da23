import type { Client } from "../../client/client.ts";
import type { Hash, TimeMs } from "../../types/scalars.ts";
import type { StoryClock } from "../steps.ts";
import type { ScoreAnswer, Scores } from "./diary.ts";
import { Pipeline } from "./pipeline.ts";
import type { Prepared, YearNetwork } from "./player.ts";

const POLL_MS = 5;
const CALLS_PER_BATCH = 100;

/** What `credit_score` answers, as far as it is read. */
interface ScoreJson extends Pick<ScoreAnswer, "policy" | "facts" | "day" | "score" | "grade" | "reasons"> {
  readonly points: readonly { readonly feature: string; readonly value: number | null }[];
  /** Gates that are closed to the party's trade: among its reasons, first. */
  readonly gates: readonly string[];
  readonly terms: Pick<ScoreAnswer["terms"], "tenorFreeDays" | "tenorCutBpPerDay" | "borrowed"> & {
    readonly grades: readonly { readonly grade: string; readonly advanceBp: number; readonly line: string }[];
  };
}

/** The year's network: four node processes, asked through the client alone, and the clock that the launcher drives. */
export class LiveNetwork implements YearNetwork {
  readonly chain: Hash;
  readonly #nodes: readonly Client[];
  readonly #client: Client;
  readonly #clock: StoryClock;
  readonly #lender: Hash;
  readonly #pipeline: Pipeline;

  constructor(modules: {
    readonly chain: Hash;
    /** One client for each node, and one over all. */
    readonly nodes: readonly Client[];
    readonly client: Client;
    readonly clock: StoryClock;
    /** By whose card parties are scored. */
    readonly lender: Hash;
  }) {
    this.chain = modules.chain;
    this.#nodes = modules.nodes;
    this.#client = modules.client;
    this.#clock = modules.clock;
    this.#lender = modules.lender;
    this.#pipeline = new Pipeline(modules.nodes, modules.client);
  }

  nowMs(): TimeMs {
    return this.#clock.nowMs();
  }

  /** Nothing is pending when an hour begins. A node that does not answer is not waited for. */
  async arriveAt(timeMs: TimeMs): Promise<void> {
    if (this.#clock.nowMs() >= timeMs) return;
    this.#clock.jumpTo(timeMs);
    await Promise.all(
      this.#nodes.map(async (node) => {
        for (;;) {
          const status = await node.status().catch(() => undefined);
          if (status === undefined || status.clockMs >= timeMs) return;
          await new Promise((done) => setTimeout(done, POLL_MS));
        }
      }),
    );
  }

  send(transactions: readonly Prepared[]): Promise<readonly string[]> {
    return this.#pipeline.send(transactions);
  }

  /** Of the node from which the newest blocks were read: another may be a block behind. */
  async scores(parties: readonly Hash[]): Promise<Scores> {
    const scores = new Map<Hash, ScoreAnswer | null>();
    for (let from = 0; from < parties.length; from += CALLS_PER_BATCH) {
      const asked = parties.slice(from, from + CALLS_PER_BATCH);
      const calls = asked.map((party) => ({ method: "credit_score", params: { party, currency: "CNY", lender: this.#lender } }));
      for (const [index, answer] of (await this.#client.batch(calls)).entries()) {
        const party = asked[index] as Hash;
        if (answer.ok) scores.set(party, scoreOf(answer.result as ScoreJson));
        else if (answer.error.code === "NOT_FOUND") scores.set(party, null);
        else throw answer.error;
      }
    }
    return scores;
  }
}

function scoreOf({ policy, facts, day, score, grade, reasons, gates, terms, points }: ScoreJson): ScoreAnswer {
  const tenureDays = points.find(({ feature }) => feature === "tenureDays")?.value ?? 0;
  const { tenorFreeDays, tenorCutBpPerDay, borrowed } = terms;
  const { advanceBp, line } = terms.grades.find((each) => each.grade === grade) ?? { advanceBp: 0, line: "0" };
  const kept = { advanceBp, tenorFreeDays, tenorCutBpPerDay, line, borrowed };
  return { policy, facts, day, score, grade, reasons: reasons.slice(gates.length), tenureDays, terms: kept };
}
