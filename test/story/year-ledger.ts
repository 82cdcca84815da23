import type { LedgerJson } from "../../src/client/client.ts";
import { decodeTransaction } from "../../src/codec/transaction.ts";
import { dayOf } from "../../src/ledger/calendar.ts";
import { codeName } from "../../src/ledger/codes.ts";
import { paidLately } from "../../src/ledger/credit/attested.ts";
import { ALLIANCE_POLICY_ID, policyIdOf } from "../../src/ledger/credit/cards.ts";
import { factsId } from "../../src/ledger/credit/facts.ts";
import { debtorGradeId, featuresOf } from "../../src/ledger/credit/features.ts";
import { advanceBpOf, lineOf, scoreOf } from "../../src/ledger/credit/scorecard.ts";
import { partyId } from "../../src/ledger/ids.ts";
import { KINDS, type Kind } from "../../src/ledger/kinds.ts";
import type { ScoreAnswer, Scores } from "../../src/story/year/diary.ts";
import type { Prepared, YearNetwork } from "../../src/story/year/player.ts";
import type { ChainIdentity } from "../../src/types/genesis.ts";
import type { Hash, TimeMs } from "../../src/types/scalars.ts";
import type { Envelope } from "../../src/types/transaction.ts";
import { TestChain } from "../ledger/support/chain.ts";

/** The year's network as nothing but the ledger: what is sent in an hour comes in blocks of a given size, in an order that a test may choose. */
export class YearLedger implements YearNetwork {
  readonly ledger: TestChain;
  readonly chain: Hash;
  /** Transactions in blocks. */
  took = 0;
  readonly #blockTxMax: number;
  readonly #isReversed: boolean;
  readonly #codes = new Map<string, string>();
  readonly #ownPolicy: Hash;
  #nowMs: TimeMs;

  constructor(identity: ChainIdentity, blockTxMax = 100, isReversed = false) {
    this.ledger = new TestChain(identity, "none");
    this.chain = identity.chain;
    this.#nowMs = identity.genesis.timeMs;
    this.#blockTxMax = blockTxMax;
    this.#isReversed = isReversed;
    const bank = identity.genesis.members.find(({ id }) => id === "zbank");
    if (bank === undefined) throw new Error("the year's network has a bank");
    this.#ownPolicy = policyIdOf(partyId(bank.legalId));
  }

  nowMs(): TimeMs {
    return this.#nowMs;
  }

  async arriveAt(timeMs: TimeMs): Promise<void> {
    this.#nowMs = Math.max(this.#nowMs, timeMs);
  }

  async send(transactions: readonly Prepared[]): Promise<readonly string[]> {
    const fresh = transactions.filter(({ id }) => !this.#codes.has(id));
    const ordered = this.#isReversed ? fresh.reverse() : fresh;
    for (let from = 0; from < ordered.length; from += this.#blockTxMax)
      await this.#block(ordered.slice(from, from + this.#blockTxMax));
    return transactions.map(({ id }) => this.#codes.get(id) as string);
  }

  async #block(transactions: readonly Prepared[]): Promise<void> {
    const envelopes: Envelope[] = [];
    this.ledger.timeMs = Math.max(this.ledger.timeMs, this.#nowMs - 1_000);
    for (const { sign } of transactions) {
      const decoded = decodeTransaction(await sign());
      if (!decoded.ok) throw new Error(decoded.error.detail);
      const refusal = this.ledger.judge(decoded.value);
      if (refusal === null) envelopes.push(decoded.value);
      else this.#codes.set(decoded.value.pair.id, refusal.code);
    }
    const { receipts } = this.ledger.block(envelopes);
    for (const [index, { pair }] of envelopes.entries())
      this.#codes.set(pair.id, codeName(receipts[index]?.code ?? -1) as string);
    this.took += envelopes.length;
    this.#nowMs = Math.max(this.#nowMs, this.ledger.timeMs);
  }

  async scores(parties: readonly Hash[]): Promise<Scores> {
    return new Map(parties.map((party) => [party, this.#score(party)]));
  }

  readonly ledgerAll = async (kind: string): Promise<readonly LedgerJson[]> =>
    this.ledger.all(kind as Kind).map((object) => KINDS[kind as Kind].schema.toJson(object as never) as unknown as LedgerJson);

  /** As the node's `credit_score` computes it. */
  #score(party: Hash): ScoreAnswer | null {
    const facts = this.ledger.find("creditFacts", factsId(party, "CNY"));
    if (facts === undefined) return null;
    const { id: policy, card } =
      this.ledger.find("riskPolicy", this.#ownPolicy) ?? this.ledger.read("riskPolicy", ALLIANCE_POLICY_ID);
    const day = dayOf(this.ledger.timeMs);
    const features = featuresOf(facts, day, (debtor) => this.ledger.find("debtorGrade", debtorGradeId(debtor))?.grade ?? 0);
    const { score, grade, reasons } = scoreOf(card, features);
    return {
      policy,
      facts: facts.version,
      day,
      score,
      grade,
      reasons,
      tenureDays: features.tenureDays ?? 0,
      terms: {
        advanceBp: advanceBpOf(card, grade, features, 0),
        tenorFreeDays: card.tenorFreeDays,
        tenorCutBpPerDay: card.tenorCutBpPerDay,
        line: lineOf(card, grade, paidLately(facts, day)).toString(),
        borrowed: facts.borrowed.toString(),
      },
    };
  }
}
