import type { PublicKey } from "../types/scalars.ts";
import type { ConsensusMessage } from "./messages.ts";

/** Votes of a peer that wait; more come again by the exchange once their height has begun. */
const VOTES_PER_PEER_MAX = 16;

interface Waiting {
  readonly votes: ConsensusMessage[];
  /** The newest: one proposal may be as large as a message can be. */
  proposal: ConsensusMessage | null;
}

/** Messages of heights that have not begun here, bounded for each peer. What is dropped is no loss: the exchange brings it again. */
export class EarlyMessages {
  #waiting = new Map<PublicKey, Waiting>();

  add(peer: PublicKey, message: ConsensusMessage): void {
    let own = this.#waiting.get(peer);
    if (own === undefined) {
      own = { votes: [], proposal: null };
      this.#waiting.set(peer, own);
    }
    if (message.kind === "proposal") own.proposal = message;
    else if (own.votes.length < VOTES_PER_PEER_MAX) own.votes.push(message);
  }

  /** All of them, proposals first; nothing is kept. */
  take(): readonly { readonly peer: PublicKey; readonly message: ConsensusMessage }[] {
    const all = [...this.#waiting].map(([peer, own]) => ({ peer, ...own }));
    this.#waiting = new Map();
    return [
      ...all.flatMap(({ peer, proposal }) => (proposal === null ? [] : [{ peer, message: proposal }])),
      ...all.flatMap(({ peer, votes }) => votes.map((message) => ({ peer, message }))),
    ];
  }
}
