import { bool, hash } from "../../codec/schema.ts";
import type { Hash } from "../../types/scalars.ts";
import { require } from "../codes.ts";
import { isOpen } from "../conditions.ts";
import { namedId } from "../ids.ts";
import type { ObjectOf } from "../objects.ts";
import { type Call, type Situation, transition } from "../transition.ts";
import { before } from "./correction.ts";
import { handOver, letGo } from "./freeze.ts";

type Freeze = ObjectOf<"freeze">;
const DAY_MS = 86_400_000;

interface OfContest {
  readonly contest: Hash;
}

const contestOf = ({ contest }: OfContest, { book }: Situation): Freeze => book.get("freeze", contest);

function stands({ body, book }: Call<OfContest>): void {
  const { kind, status } = book.get("freeze", body.contest);
  require(kind === "CONTEST" && status === "ACTIVE", "WRONG_STATUS");
}

/**
 * Who held the note before its holder says that it never passed, or not for good: it stays where it is, and what the debtor pays on it is
 * kept, until the two agree, an arbitrator decides, or the time for that is over. Once for each passing of a note, and only while the
 * new holder has it still: whoever took it from that one trusted the record.
 */
export const contestTitle = transition({
  kind: "title.contest",
  label: { zh: "提出权属异议", en: "contest a title" },
  ground: "Civil Code art. 146–151: acts that may be void or voided; art. 570: deposit where the creditor is not certain",
  signedBy: "the holder before the note's holder",
  body: { note: hash, evidence: hash },
  signers: ({ note }, situation) => [before(situation, situation.book.get("note", note)).holder],
  stake: ({ note }, { book }) => book.get("note", note).amount,
  requires: [
    ({ body, book }) => isOpen(book.get("note", body.note)),
    (call) => {
      const note = call.book.get("note", call.body.note);
      require(before(call, note).holder !== note.holder, "NOT_TRANSFERRED");
    },
    ({ body, book }) => require(book.find("freeze", contestId(body.note)) === undefined, "REFERENCE_TAKEN"),
  ],
  effect: (call) => {
    const { book, body, business, timeMs } = call;
    const note = book.get("note", body.note);
    const id = contestId(note.id);
    const by = [before(call, note).holder];
    const untilMs = timeMs + business.contestDays * DAY_MS;
    const what = { kind: "CONTEST", by, document: body.evidence, note: note.id, amount: note.amount, untilMs } as const;
    book.create("freeze", { id, ...what, deposited: 0n, owner: note.holder, loan: null, status: "ACTIVE" });
    book.update("note", note, { hold: id });
    return [id, note.id];
  },
});

/** The two agree whose the note is. */
export const settleContest = transition({
  kind: "title.settle",
  label: { zh: "权属和解", en: "settle a contest of title" },
  ground: "Civil Code art. 143: an act of free will binds; 民事诉讼法 art. 53: parties may settle",
  signedBy: "who contested; holder",
  body: { contest: hash, returns: bool },
  signers: (body, situation) => {
    const contest = contestOf(body, situation);
    return [...contest.by, situation.book.get("note", contest.note).holder];
  },
  stake: (body, situation) => contestOf(body, situation).amount,
  requires: [stands],
  effect: (call) => decide(call, call.body.returns),
});

/** An arbitrator or court decides whose it is. */
export const awardContest = transition({
  kind: "title.award",
  label: { zh: "裁决权属", en: "award on a title" },
  ground: "仲裁法 art. 57; 民事诉讼法 art. 155: an award or judgment in force",
  signedBy: "an arbitrator or court",
  body: { contest: hash, authority: hash, returns: bool, document: hash },
  signers: ({ authority }) => [authority],
  requires: [
    ({ body, book }) => {
      const { roles } = book.get("party", body.authority);
      require(roles.includes("ARBITRATOR") || roles.includes("COURT"), "ROLE_MISSING");
    },
    stands,
  ],
  effect: (call) => decide(call, call.body.returns),
});

/** Nobody decided in time, so the record stands. An authority that needs longer has freezes of its own. */
export const releaseContest = transition({
  kind: "title.release",
  label: { zh: "释放权属异议", en: "release a contested title" },
  ground: "Civil Code art. 188, 199: who does not pursue a right in time cannot rely on it",
  signedBy: "holder",
  body: { contest: hash },
  signers: (body, situation) => [situation.book.get("note", contestOf(body, situation).note).holder],
  requires: [
    stands,
    ({ body, book, timeMs }) => require(timeMs >= (book.get("freeze", body.contest).untilMs ?? 0), "TERM_RUNNING"),
  ],
  effect: (call) => letGo(call, contestOf(call.body, call)),
});

function decide(call: Call<OfContest>, returns: boolean): readonly Hash[] {
  const contest = contestOf(call.body, call);
  return returns ? handOver(call, contest, contest.by[0] as Hash) : letGo(call, contest);
}

function contestId(note: Hash): Hash {
  return namedId("contest", note);
}
