import { decodeMessage } from "../node/messages.ts";
import type { PublicKey } from "../types/scalars.ts";

type Seat = "a" | "b" | "c" | "d";
const SEATS: readonly Seat[] = ["a", "b", "c", "d"];

/** Who hears the proposal of a round, and whose votes each seat hears; own votes are always heard. */
interface RoundScript {
  readonly proposal: string;
  readonly prevotes: Readonly<Record<Seat, string>>;
  readonly precommits: Readonly<Record<Seat, string>>;
  /** Whose prevotes everybody hears once a proposal of so many rounds later is under way. */
  readonly late?: { readonly afterRounds: number; readonly prevotes: string };
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
  /**
   * c alone locks a value; a, b and d then lock another one, which a decides. Then c proposes its own again, with a proof that everybody has by
   * now and that is older than their locks: whoever gives up a lock for it (28, 29) forks the chain in the third round.
   */
  "an old proof frees no lock": {
    rounds: [
      {
        proposal: "abc",
        prevotes: { a: "abd", b: "abd", c: "abc", d: "abd" },
        precommits: EACH,
        late: { afterRounds: 2, prevotes: "c" },
      },
      {
        proposal: "abcd",
        prevotes: { a: "abcd", b: "abcd", c: "abc", d: "abcd" },
        precommits: { a: "abcd", b: "abc", c: "abc", d: "bcd" },
      },
    ],
    later: "abcd",
    turnsToD: 3,
    losesD: false,
  },
} as const satisfies Readonly<Record<string, Play>>;
export type PlayName = keyof typeof PLAYS;
export const PLAY_NAMES = Object.keys(PLAYS) as readonly PlayName[];

/**
 * Plays one script at one height: drops by content what a seat is not to hear, whoever passes it on. Decisions of that height are told
 * to nobody before everything heals.
 */
export class Adversary {
  readonly #play: Play;
  readonly #height: number;
  readonly #order: readonly PublicKey[];
  #stage: { readonly round: number; readonly seatOf: ReadonlyMap<PublicKey, Seat>; readonly d: PublicKey } | null = null;
  /** Of a proposal that was sent at the height. */
  #latestRound = -1;
  #stopped = false;

  /** `order`: the node keys of the four authorities in member order. `height`: where it is played. */
  constructor(order: readonly PublicKey[], height: number, play: PlayName) {
    this.#order = order;
    this.#play = PLAYS[play];
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
        this.#latestRound = Math.max(this.#latestRound, round);
        const { proposal } = this.#scriptOf(round, index) ?? { proposal: this.#play.later };
        return !proposal.includes(this.#seatOf(to));
      }
      case "vote": {
        if (body.height !== this.#height) return false;
        const script = this.#scriptOf(body.round, null);
        if (script === null) return false;
        const heard = (body.kind === "prevote" ? script.prevotes : script.precommits)[this.#seatOf(to)];
        const from = this.#seatOf(this.#order[body.index] as PublicKey);
        const { late } = script;
        const isLate = late !== undefined && this.#latestRound >= body.round + late.afterRounds;
        return !heard.includes(from) && !(isLate && body.kind === "prevote" && late.prevotes.includes(from));
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
