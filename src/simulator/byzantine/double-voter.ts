import { voteSignBytes } from "../../codec/vote.ts";
import { decodeMessage, encodeMessage } from "../../node/messages.ts";
import type { Behaviour } from "./behaviour.ts";
import { isFooled } from "./fooled.ts";

/** Tells half of its peers nil whenever it votes for a block. */
export const doubleVoter: Behaviour = {
  twist: (self, transport) => ({
    ...transport,
    sendConsensus: (peer, message) => {
      const decoded = decodeMessage(message);
      if (!decoded.ok || decoded.value.kind !== "vote") return transport.sendConsensus(peer, message);
      const vote = decoded.value.body;
      if (vote.index !== self.index || vote.block === null || !isFooled(transport, peer))
        return transport.sendConsensus(peer, message);
      const { height, round, kind, index } = vote;
      self.did(`doubleVoter: another ${kind}`);
      const sig = self.sign(voteSignBytes(self.chain, { height, round, kind, block: null }));
      return transport.sendConsensus(peer, encodeMessage("vote", { height, round, kind, block: null, index, sig }));
    },
  }),
};
