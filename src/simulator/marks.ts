import type { StepObserver } from "../consensus/messages.ts";
import type { Logger, Metrics } from "../ports/observe.ts";

/**
 * What a run has been through, counted: each rule of consensus by its line in the paper, each way of recovering, each refusal. A run
 * of seeds in which one of them never happened has tested less than it says.
 */
export class Marks {
  readonly #counts = new Map<string, number>();

  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  add(mark: string): void {
    this.#counts.set(mark, (this.#counts.get(mark) ?? 0) + 1);
  }

  /** What a node tells its operator is a mark, with the code if there is one. */
  logger(heard: (event: string) => void = () => undefined): Logger {
    const said = (event: string, data?: Readonly<Record<string, unknown>>): void => {
      heard(event);
      const code = data?.code;
      this.add(typeof code === "string" ? `${event}: ${code}` : event);
    };
    return { debug: () => undefined, info: said, warn: said, error: said };
  }

  /** For one life of one node. Which rule fired follows from what went in and what came out. */
  observer(): StepObserver {
    let height = 0;
    let round = 0;
    /** Of the proposals heard, by round. */
    let validRounds = new Map<number, number>();
    let precommitted = new Map<number, string | null>();
    return (input, effects, now) => {
      if (input.kind === "start") {
        height = input.height;
        round = 0;
        validRounds = new Map();
        precommitted = new Map();
        this.add("11 start of a height");
      }
      if (input.kind === "proposal" && input.proposal.height === height)
        validRounds.set(input.proposal.round, input.proposal.validRound);
      const isTimeout = input.kind === "timeout";
      if (now > round) this.add(isTimeout ? "65 next round after the precommit timeout" : "55 jump to a later round");
      for (const effect of effects) {
        switch (effect.kind) {
          case "build":
            this.add("18 something fresh to propose");
            break;
          case "signProposal":
            if (effect.validRound < 0) this.add("19 fresh proposal");
            else {
              this.add("16 valid value proposed again");
              if ((precommitted.get(effect.validRound) ?? null) === null)
                this.add("42 valid value of a round without own precommit proposed again");
            }
            break;
          case "signVote":
            if (effect.vote === "precommit") {
              precommitted.set(effect.round, effect.block);
              this.add(
                effect.block !== null
                  ? "38 lock and precommit"
                  : isTimeout
                    ? "61 nil at the prevote timeout"
                    : "44 nil on a quorum of nil",
              );
            } else if (isTimeout && effect.block === null) this.add("57 nil at the propose timeout");
            else {
              const again = (validRounds.get(effect.round) ?? -1) >= 0;
              const line = again ? 28 : 22;
              this.add(`${line} prevote ${effect.block === null ? "nil" : "for the block"}`);
            }
            break;
          case "validate":
            this.add("validation asked for");
            break;
          case "timer":
            this.add(
              effect.step === "propose"
                ? "21 propose timer"
                : effect.step === "prevote"
                  ? "34 prevote timer"
                  : "47 precommit timer",
            );
            break;
          case "commit":
            this.add(effect.round === now ? "49 decision in the current round" : "49 decision in another round");
            break;
          case "announce":
            break;
          case "evidence":
            this.add(`evidence: two ${effect.offence.kind}s`);
            break;
        }
      }
      round = now;
    };
  }
}

export const UNMEASURED: Metrics = { add: () => undefined, set: () => undefined, observe: () => undefined };
