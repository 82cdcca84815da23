import { type Sha256, sha256 } from "../crypto/hash.ts";
import { assert } from "../lib/assert.ts";
import type { ObjectView } from "../state/view.ts";
import type { Evidence } from "../types/block.ts";
import { BUSINESS_DEFAULTS } from "../types/genesis.ts";
import type { Hash, Height, TimeMs, TxId } from "../types/scalars.ts";
import type { Envelope, LedgerEvent, Operation, TxReceipt } from "../types/transaction.ts";
import { Book, type HistoryEntry, type ObjectChange } from "./book.ts";
import { dayOf } from "./calendar.ts";
import { codeNumber, LedgerRejection, require } from "./codes.ts";
import { recordFacts } from "./credit/facts.ts";
import { type DueTarget, workOff } from "./due.ts";
import { recordAging } from "./finance/aging.ts";
import { applicationDue, decisionDue } from "./finance/application.ts";
import { recordExposures } from "./finance/exposures.ts";
import { loanDue } from "./finance/loan.ts";
import { deviceDue } from "./goods/device.ts";
import { recordEvidence } from "./governance/evidence.ts";
import { proposalExpires } from "./governance/proposals.ts";
import { type ParentTurn, takeTurn } from "./governance/turns.ts";
import { bodiesOf } from "./judge.ts";
import type { Kind } from "./objects.ts";
import { policyHolds } from "./parties/policy.ts";
import { countsAgainstQuota } from "./parties/quota.ts";
import { recoveryDue } from "./parties/recovery.ts";
import { register } from "./parties/register.ts";
import { maturityDue } from "./receivables/maturity.ts";
import { offerDue } from "./receivables/notes.ts";
import { endedNoteDue, endedRootDue, recordEndings } from "./receivables/removal.ts";
import { explained, type LedgerRefusal } from "./refusal.ts";
import { deliveryDue } from "./trade/delivery.ts";
import { verificationDue } from "./trade/verification.ts";
import { call, ledgerEvent, type Situation, type Transition } from "./transition.ts";
import { TRANSITIONS } from "./transitions.ts";
import { paramsOf } from "./validators.ts";

export interface BlockInput {
  readonly view: ObjectView;
  readonly chain: Hash;
  readonly height: Height;
  readonly timeMs: TimeMs;
  readonly parent: ParentTurn;
  readonly evidence: readonly Evidence[];
  /** Each passed `judgeAgainstParent` at this time, and its signatures were verified. */
  readonly transactions: readonly Envelope[];
  /** By default the portable one. */
  readonly digest?: Sha256;
}

type SituationInput = Pick<BlockInput, "view" | "chain" | "height" | "timeMs" | "digest">;

export interface BlockOutcome {
  readonly receipts: readonly TxReceipt[];
  /** Of those transactions that failed: why. Not of the receipts, and so not of consensus. */
  readonly refusals: ReadonlyMap<TxId, LedgerRefusal>;
  readonly changes: readonly ObjectChange[];
  readonly history: readonly HistoryEntry[];
}

/** A transition threw what is not a rejection: a bug, but of one transaction, which building can leave out. */
export class TransitionBug extends Error {
  override readonly name = "TransitionBug";
  readonly tx: Hash;
  constructor(tx: Hash, cause: unknown) {
    super(`transaction ${tx} made a transition fail`, { cause });
    this.tx = tx;
  }
}

/** A block's effect on its parent's state: turns, evidence, what fell due, then the transactions in order. Pure. */
export function executeBlock(input: BlockInput): BlockOutcome {
  const book = new Book(input.view);
  const situation = situationOf(input, book);
  takeTurn(book, input.height, input.parent, situation.digest);
  recordEvidence(situation, input.evidence);
  workOff(situation, DUE);
  recordFolds(situation);
  book.commit(null);
  const refusals = new Map<TxId, LedgerRefusal>();
  const receipts = input.transactions.map((envelope) => {
    const { receipt, refusal } = executeOne(situation, envelope);
    if (refusal !== null) refusals.set(envelope.pair.id, refusal);
    return receipt;
  });
  return { receipts, refusals, ...book.finish() };
}

/** What came of one transaction; `refusal` is null if it took effect. */
export interface Trial {
  readonly receipt: TxReceipt;
  readonly refusal: LedgerRefusal | null;
}

/** What one transaction would do alone in the next block; nothing is kept. */
export function tryTransaction(input: Pick<BlockInput, "view" | "chain" | "height" | "timeMs">, envelope: Envelope): Trial {
  return executeOne(situationOf(input, new Book(input.view)), envelope);
}

function situationOf({ view, chain, height, timeMs, digest }: SituationInput, book: Book): Situation {
  const params = paramsOf(view);
  const business = { ...BUSINESS_DEFAULTS, ...params.business };
  return { book, chain, height, timeMs, day: dayOf(timeMs), params, business, digest: digest ?? sha256 };
}

/** One transaction on the book: all of its operations, or none. */
function executeOne(situation: Situation, envelope: Envelope): Trial {
  const { book } = situation;
  const events: LedgerEvent[] = [];
  let operation = 0;
  try {
    expectationsHold(situation, envelope);
    countsAgainstQuota(situation, envelope.tx.signers);
    const bodies = bodiesOf(envelope);
    assert(!("code" in bodies), "only judged transactions are executed");
    for (const [op, { kind }] of envelope.tx.ops.entries()) {
      operation = op;
      executeOperation(situation, envelope, TRANSITIONS.get(kind) as Transition, bodies[op], op, events);
    }
    recordFolds(situation);
    book.commit(envelope.pair.id);
    return { receipt: { code: 0, events }, refusal: null };
  } catch (error) {
    book.rollback();
    if (!(error instanceof LedgerRejection)) throw new TransitionBug(envelope.pair.id, error);
    const { kind } = envelope.tx.ops[operation] as Operation;
    return { receipt: { code: codeNumber(error.code), events: [] }, refusal: { operation, kind, facts: error.facts } };
  }
}

/** What is kept of changes whatever made them: of the objects that changed, before they are committed. */
function recordFolds(situation: Situation): void {
  const changed = situation.book.changed();
  recordFacts(situation, changed);
  recordExposures(situation, changed);
  recordAging(situation, changed);
  recordEndings(situation, changed);
}

function executeOperation(
  situation: Situation,
  envelope: Envelope,
  transition: Transition,
  body: unknown,
  op: number,
  events: LedgerEvent[],
): void {
  const { book } = situation;
  const { signers } = envelope.tx;
  const running = call(situation, body, envelope.pair.id, op, signers, events);
  const required = explained((looked) => transition.signers(looked.body, looked), running);
  for (const party of required)
    require(signers.some((signer) => signer.party === party), "SIGNER_MISSING", () => [
      { of: "party", id: party, field: "signature", value: "missing" },
    ]);
  for (const condition of transition.requires) explained(condition, running);
  // Before the effect: a transaction is authorised by the keys and the policy that stood before it changed anything.
  const amount = explained((looked) => transition.stake(looked.body, looked), running);
  const act = { action: transition.kind, amount, makers: transition.makers };
  for (const id of required) {
    const party = book.find("party", id);
    // Only party.register names a party that is not there yet; all first keys of that party have signed.
    require(party !== undefined || transition.kind === register.kind, "NOT_FOUND", () => [
      { of: "party", id, field: "", value: "absent" },
    ]);
    if (party !== undefined) policyHolds(book, party, signers, act);
  }
  const objects = transition.effect(running);
  events.push(ledgerEvent("happened", { what: transition.kind, objects: objects.slice(0, 256) }));
}

function expectationsHold({ book }: Situation, { tx }: Envelope): void {
  if (tx.expect === undefined) return;
  for (const { id, version } of tx.expect) {
    // Which kind an id is of need not be said: ids are unique over kinds.
    const object = EXPECTED_KINDS.map((kind) => book.find(kind, id)).find((found) => found !== undefined);
    require(object?.version === version, "VERSION_MISMATCH", () => [
      { of: "expect", id, field: "version", value: String(version) },
      { of: "state", id, field: "version", value: object === undefined ? "absent" : String(object.version) },
    ]);
  }
}

/** Kinds whose objects transactions act on and change. */
const EXPECTED_KINDS: readonly Kind[] = [
  "note",
  "receivable",
  "loan",
  "application",
  "decision",
  "offer",
  "invoice",
  "contract",
  "delivery",
  "party",
  "key",
  "proposal",
  "member",
  "param",
  "payment",
  "dispute",
  "freeze",
  "guarantee",
  "amendment",
  "filing",
  "warehouseReceipt",
  "lot",
  "zone",
  "device",
  "alarm",
  "prepayment",
];

const DUE: Readonly<Record<DueTarget, (situation: Situation, id: Hash) => void>> = {
  offer: (situation, id) => offerDue(situation, situation.book.get("offer", id)),
  application: (situation, id) => applicationDue(situation, situation.book.get("application", id)),
  decision: (situation, id) => decisionDue(situation, situation.book.get("decision", id)),
  loan: (situation, id) => loanDue(situation, situation.book.get("loan", id)),
  receivable: maturityDue,
  endedNote: endedNoteDue,
  endedRoot: endedRootDue,
  delivery: deliveryDue,
  recovery: (situation, id) => recoveryDue(situation, situation.book.get("recovery", id)),
  device: (situation, id) => deviceDue(situation, situation.book.get("device", id)),
  verification: verificationDue,
  proposal: (situation, id) => proposalExpires(situation, situation.book.get("proposal", id)),
};
