import { voteSignBytes } from "../../codec/vote.ts";
import { decodeMessage, encodeMessage } from "../../node/messages.ts";
import type { Round } from "../../types/scalars.ts";
import type { Behaviour, Byzantine } from "./behaviour.ts";

const ROUND_MAX = 2 ** 31 - 1;
const VOTES_PER_STATUS = 3;

/** With each status it sends come votes of rounds far ahead: up to f of them must neither move anybody nor fill anything. */
export const roundSpammer: Behaviour = {
  twist: (self, transport) => ({
    ...transport,
    sendConsensus: (peer, message) => {
      const decoded = decodeMessage(message);
      if (decoded.ok && decoded.value.kind === "status") {
        const { height, round } = decoded.value.body;
        for (let left = VOTES_PER_STATUS; left > 0; left--) {
          const ahead = self.random.pick([round + 1, round + 2, round + 100, ROUND_MAX - self.random.below(1_000)]);
          transport.sendConsensus(peer, vote(self, height, ahead));
          self.did("roundSpammer: a vote of a round ahead");
        }
      }
      return transport.sendConsensus(peer, message);
    },
  }),
};

function vote(self: Byzantine, height: number, round: Round): Uint8Array {
  const { chain, index, random, sign } = self;
  const kind = random.pick(["prevote", "precommit"] as const);
  const sig = sign(voteSignBytes(chain, { height, round, kind, block: null }));
  return encodeMessage("vote", { height, round, kind, block: null, index, sig });
}
