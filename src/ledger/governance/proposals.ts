import { bool, hash, int, memberId, optional } from "../../codec/schema.ts";
import { compareText } from "../../lib/bytes.ts";
import { LIMITS } from "../../types/limits.ts";
import type { Hash, MemberId } from "../../types/scalars.ts";
import { quorum } from "../../types/validator-set.ts";
import { require } from "../codes.ts";
import { expiresWithin } from "../conditions.ts";
import { schedule } from "../due.ts";
import { memberObjectId } from "../ids.ts";
import type { ObjectOf } from "../objects.ts";
import { type Call, type Situation, transition } from "../transition.ts";
import { authoritiesOf, mayVote } from "./authorities.ts";
import { changeSchema } from "./change.ts";
import { applyChange, changeHolds, obstacleTo, strengthAfter } from "./changes.ts";

type Proposal = ObjectOf<"proposal">;
const GROUND = "protocol.md §5: the members' agreement, on the chain itself";

/** Any member proposes. What could never take effect as things stand is refused here; liveness is judged by the vote that decides. */
export const propose = transition({
  kind: "governance.propose",
  label: { zh: "提出治理提案", en: "propose a change" },
  ground: GROUND,
  signedBy: "proposing member",
  body: { member: memberId, change: changeSchema, expiresMs: int(), document: optional(hash) },
  signers: partyOf,
  requires: [
    (call) => expiresWithin(call, call.body.expiresMs, LIMITS.proposalDaysMax * LIMITS.dayMs),
    (call) => changeHolds(call, call.body.change),
  ],
  effect: (call) => {
    const { member, change, expiresMs, document } = call.body;
    const id = call.newId();
    const open = { id, by: member, change, expiresMs, votes: [], status: "OPEN", decided: 0 } as const;
    const proposal = call.book.add("proposal", document === undefined ? open : { ...open, document });
    schedule(call, expiresMs, "proposal", id);
    tell(call, proposal);
    return [id];
  },
});

/**
 * A member that runs an authority says yes or no; its newest vote counts. The vote with which a quorum of all authorities has said yes
 * makes the change, or fails if the change cannot be made now; when a quorum cannot be reached any more the proposal is rejected.
 */
export const vote = transition({
  kind: "governance.vote",
  label: { zh: "投票", en: "vote on a proposal" },
  ground: GROUND,
  signedBy: "voting member",
  body: { proposal: hash, member: memberId, approve: bool },
  signers: partyOf,
  requires: [
    isOpen,
    ({ body, book }) => require(authoritiesOf(book).some(({ member }) => member === body.member), "NOT_AUTHORITY"),
    ({ body, book }) => require(mayVote(book, body.member), "VOTE_ENDED"),
  ],
  effect: (call) => {
    const { body, book, height } = call;
    const before = book.get("proposal", body.proposal);
    const own = { member: body.member, approve: body.approve };
    const votes = [...before.votes.filter(({ member }) => member !== body.member), own].sort((left, right) =>
      compareText(left.member, right.member),
    );
    const outcome = outcomeOf(call, votes);
    // Told before the change is made: afterwards the authorities may be others.
    tell(call, { ...before, votes, status: outcome });
    if (outcome === "PASSED") applyChange(call, before.change);
    book.update("proposal", before, { votes, status: outcome, decided: outcome === "OPEN" ? 0 : height });
    return [before.id];
  },
});

export const withdrawProposal = transition({
  kind: "governance.withdraw",
  label: { zh: "撤回提案", en: "withdraw a proposal" },
  ground: GROUND,
  signedBy: "member that proposed",
  body: { proposal: hash },
  signers: ({ proposal }, situation) => partyOf({ member: situation.book.get("proposal", proposal).by }, situation),
  requires: [isOpen],
  effect: ({ body, book, height }) => [
    book.update("proposal", book.get("proposal", body.proposal), { status: "WITHDRAWN", decided: height }).id,
  ],
});

/** Falls due: a proposal that was not decided in time. */
export function proposalExpires({ book, timeMs, height }: Situation, proposal: Proposal): void {
  if (proposal.status === "OPEN" && timeMs >= proposal.expiresMs)
    book.update("proposal", proposal, { status: "EXPIRED", decided: height });
}

function partyOf({ member }: { readonly member: MemberId }, { book }: Situation): readonly Hash[] {
  return [book.get("member", memberObjectId(member)).party];
}

function isOpen({ body, book, timeMs }: Call<{ readonly proposal: Hash }>): void {
  const { status, expiresMs } = book.get("proposal", body.proposal);
  require(status === "OPEN" && timeMs < expiresMs, "PROPOSAL_CLOSED");
}

/** By the authorities as they are now: a vote counts as long as its member has one. */
function outcomeOf({ book }: Situation, votes: Proposal["votes"]): Proposal["status"] {
  const set = authoritiesOf(book);
  const needed = quorum(set.length);
  if (approvalsOf(book, votes) >= needed) return "PASSED";
  const against = new Set(votes.filter(({ approve }) => !approve).map(({ member }) => member));
  const possible = set.filter(({ member }) => mayVote(book, member) && !against.has(member)).length;
  return possible >= needed ? "OPEN" : "REJECTED";
}

function approvalsOf(book: Situation["book"], votes: Proposal["votes"]): number {
  return votes.filter(({ member, approve }) => approve && mayVote(book, member)).length;
}

/** Where the votes stand and what the change would make of the authorities: with `tx_simulate`, the dry run. */
function tell(call: Call<unknown>, proposal: Proposal | Omit<Proposal, "version">): void {
  const { book } = call;
  const { authorities, quorum: after, faultsTolerated, live, voters } = strengthAfter(call, proposal.change);
  call.emit("prospect", {
    proposal: proposal.id,
    status: proposal.status,
    approvals: approvalsOf(book, proposal.votes),
    needed: quorum(authoritiesOf(book).length),
    authorities,
    quorum: after,
    faultsTolerated,
    live,
    voters,
    obstacle: obstacleTo(call, proposal.change) ?? "",
  });
}
