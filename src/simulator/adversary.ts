import type { Prng } from "../lib/prng.ts";
import { decodeMessage } from "../node/messages.ts";
import type { PublicKey } from "../types/scalars.ts";

type Seat = "a" | "b" | "c" | "d";
const SEATS: readonly Seat[] = ["a", "b", "c", "d"];

/** Who hears the proposal of a round, and whose votes each seat hears; own votes are always heard. */
interface RoundScript {
  readonly proposal: string;
  readonly prevotes: Readonly<Record<Seat, string>>;
  readonly precommits: Readonly<Record<Seat, string>>;
}

/** A schedule that the asynchronous model of the paper allows among four authorities, made to hurt one rule. */
interface Play {
  readonly rounds: readonly RoundScript[];
  /** Who hears the proposals of the rounds behind the script, until everything heals. */
  readonly later: string;
  /** Who takes seat d, counted in turns after the first round's proposer, who sits at `a`. */
  readonly turnsToD: number;
  /** Whether d goes for good when the rest heals. */
  readonly losesD: boolean;
}

const EACH: Readonly<Record<Seat, string>> = { a: "abcd", b: "abcd", c: "abcd", d: "abcd" };

export const PLAYS = {
  /**
   * a, b and c lock a value that a alone decides, and then d, who knows nothing of it, proposes another. Whoever does not look at its
   * lock (23, 29) forks the chain in the second round.
   */
  "a lock holds": {
    rounds: [
      {
        proposal: "abc",
        prevotes: { a: "abc", b: "abc", c: "abc", d: "abd" },
        precommits: { a: "abcd", b: "abd", c: "acd", d: "abd" },
      },
    ],
    later: "abcd",
    turnsToD: 1,
    losesD: false,
  },
  /**
   * a alone locks a value, b and c then lock another one that had d's prevote, and d is gone for good: the three that are left can only
   * decide if a gives up its lock for the newer proof (29).
   */
  "a lock yields": {
    rounds: [
      {
        proposal: "abc",
        prevotes: { a: "abc", b: "abd", c: "acd", d: "abd" },
        precommits: EACH,
      },
      {
        proposal: "abcd",
        prevotes: { a: "abc", b: "bcd", c: "bcd", d: "abd" },
        precommits: EACH,
      },
    ],
    later: "",
    turnsToD: 2,
    losesD: true,
  },
} as const satisfies Readonly<Record<string, Play>>;

/**
 * Plays one script at one height: drops by content what a seat is not to hear, whoever passes it on. Decisions of that height are told
 * to nobody before everything heals.
 */
export class Adversary {
  readonly #play: Play;
  readonly #height: number;
  readonly #order: readonly PublicKey[];
  #stage: { readonly round: number; readonly seatOf: ReadonlyMap<PublicKey, Seat>; readonly d: PublicKey } | null = null;
  #stopped = false;

  /** `order`: the node keys of the four authorities in member order. `height`: where it is played. */
  constructor(order: readonly PublicKey[], height: number, random: Prng) {
    this.#order = order;
    this.#play = random.pick(Object.values(PLAYS));
    this.#height = height;
  }

  /** Everything may be heard again. Answers who goes for good, if anybody. */
  stop(): PublicKey | null {
    this.#stopped = true;
    return this.#play.losesD && this.#stage !== null ? this.#stage.d : null;
  }

  /** Whether the message is to be lost on its way to `to`. */
  drops(to: PublicKey, message: Uint8Array): boolean {
    if (this.#stopped) return false;
    const decoded = decodeMessage(message);
    if (!decoded.ok) return false;
    const { kind, body } = decoded.value;
    switch (kind) {
      case "proposal": {
        const { height, round, index } = body.proposal;
        if (height !== this.#height) return false;
        const { proposal } = this.#scriptOf(round, index) ?? { proposal: this.#play.later };
        return !proposal.includes(this.#seatOf(to));
      }
      case "vote": {
        if (body.height !== this.#height) return false;
        const script = this.#scriptOf(body.round, null);
        if (script === null) return false;
        const heard = (body.kind === "prevote" ? script.prevotes : script.precommits)[this.#seatOf(to)];
        return !heard.includes(this.#seatOf(this.#order[body.index] as PublicKey));
      }
      case "commit":
        return body.height === this.#height;
      case "status":
      case "announce":
      case "time":
        return false;
    }
  }

  /** The first proposal seen at the height sets the stage: its proposer sits at `a`. */
  #scriptOf(round: number, proposer: number | null): RoundScript | null {
    if (this.#stage === null && proposer !== null) this.#setStage(round, proposer);
    return this.#stage === null ? null : (this.#play.rounds[round - this.#stage.round] ?? null);
  }

  #setStage(round: number, proposer: number): void {
    const after = (turns: number): PublicKey => this.#order[(proposer + turns) % this.#order.length] as PublicKey;
    const d = after(this.#play.turnsToD);
    const rest = [0, 1, 2, 3].map(after).filter((key) => key !== d);
    this.#stage = { round, d, seatOf: new Map([...rest, d].map((key, index) => [key, SEATS[index] as Seat])) };
  }

  #seatOf(key: PublicKey): Seat {
    return this.#stage?.seatOf.get(key) ?? "a";
  }
}
