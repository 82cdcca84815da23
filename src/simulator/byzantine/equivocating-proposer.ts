import { blockId } from "../../codec/block.ts";
import { proposalSignBytes } from "../../codec/vote.ts";
import { decodeMessage, encodeMessage } from "../../node/messages.ts";
import type { Behaviour } from "./behaviour.ts";
import { isFooled } from "./fooled.ts";

/** Proposes to half of its peers the same block a millisecond later: another id, equally well signed. */
export const equivocatingProposer: Behaviour = {
  twist: (self, transport) => ({
    ...transport,
    sendConsensus: (peer, message) => {
      const decoded = decodeMessage(message);
      if (!decoded.ok || decoded.value.kind !== "proposal") return transport.sendConsensus(peer, message);
      const { proposal, block } = decoded.value.body;
      if (proposal.index !== self.index || proposal.validRound !== -1 || !isFooled(transport, peer))
        return transport.sendConsensus(peer, message);
      self.did("equivocatingProposer: another proposal");
      const twin = { ...block, header: { ...block.header, timeMs: block.header.timeMs + 1 } };
      const { height, round, validRound, index } = proposal;
      const said = { height, round, block: blockId(twin.header), validRound };
      const sig = self.sign(proposalSignBytes(self.chain, said));
      return transport.sendConsensus(peer, encodeMessage("proposal", { proposal: { ...said, index, sig }, block: twin }));
    },
  }),
};
