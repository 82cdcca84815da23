import { op } from "../client/transaction-builder.ts";
import { objectId } from "../ledger/ids.ts";
import type { BodyOf } from "../ledger/transitions.ts";
import type { Prng } from "../lib/prng.ts";
import type { Marks } from "./marks.ts";
import type { ReferenceChain } from "./reference-chain.ts";
import { signingOf, type Workload } from "./workload.ts";
import type { World } from "./world.ts";

export type Change = BodyOf<"governance.propose">["change"];

export interface VotingModules {
  readonly world: World;
  readonly workload: Workload;
  readonly reference: ReferenceChain;
  readonly random: Prng;
  readonly marks: Marks;
}

const DAY_MS = 86_400_000;

/** Proposed by one of the founding authorities and voted for by all of them at once. */
export function voteFor({ world, workload, reference, random, marks }: VotingModules, change: Change, voted: () => void): void {
  const founders = world.machines.filter(({ isAuthority }) => isAuthority);
  const proposer = random.pick(founders);
  const expiresMs = Math.max(world.wallMs(), reference.timeMs) + DAY_MS;
  let left = founders.length;
  const counted = (): void => {
    left -= 1;
    if (left > 0) return;
    marks.add(`the members voted: ${change.kind}`);
    voted();
  };
  workload.ask(op("governance.propose", { member: proposer.name, change, expiresMs }), [signingOf(proposer)], (id) => {
    const proposal = objectId(id, 0, 0);
    for (const founder of founders) {
      const vote = op("governance.vote", { proposal, member: founder.name, approve: true });
      workload.ask(vote, [signingOf(founder)], counted);
    }
  });
}
