import { proposalSignBytes, voteSignBytes } from "../../codec/vote.ts";
import { type ConsensusMessage, decodeMessage, encodeMessage } from "../../node/messages.ts";
import type { Commit } from "../../types/block.ts";
import type { BlockId, Hash, Signature } from "../../types/scalars.ts";
import type { Behaviour, Byzantine } from "./behaviour.ts";

const AUTHORITIES_SAID = 4;

interface Forgery {
  readonly what: string;
  readonly message: Uint8Array;
}

/** Shows commits that nobody made, votes in others' names, and proposals that claim a proof of lock there never was. */
export const forger: Behaviour = {
  twist: (self, transport) => ({
    ...transport,
    sendConsensus: (peer, message) => {
      const decoded = decodeMessage(message);
      if (decoded.ok) {
        for (const forged of forgeries(self, decoded.value)) {
          self.did(`forger: ${forged.what}`);
          transport.sendConsensus(peer, forged.message);
        }
        if (decoded.value.kind === "proposal" && self.random.chance(500)) {
          const { proposal, block } = decoded.value.body;
          const claimed = claimOfProof(self, proposal);
          if (claimed !== null) {
            self.did("forger: a proof of lock there never was");
            return transport.sendConsensus(peer, encodeMessage("proposal", { proposal: claimed, block }));
          }
        }
      }
      return transport.sendConsensus(peer, message);
    },
  }),
};

function forgeries(self: Byzantine, message: ConsensusMessage): readonly Forgery[] {
  switch (message.kind) {
    case "vote": {
      const { height, round, block, index } = message.body;
      if (index !== self.index || block === null) return [];
      const others = indices().filter((each) => each !== self.index);
      const prevote = { height, round, kind: "precommit" as const, block };
      const own = self.sign(voteSignBytes(self.chain, prevote));
      return [
        {
          what: "another's vote with the own signature",
          message: encodeMessage("vote", { ...prevote, index: self.random.pick(others), sig: own }),
        },
        { what: "a commit", message: encodeMessage("commit", certificate(self, height, round, block as BlockId)) },
      ];
    }
    case "status": {
      if (!self.random.chance(300)) return [];
      const { height, round } = message.body;
      const ahead = height + self.random.pick([0, 1, 5, 1_000_000]);
      const commit = certificate(self, ahead, round, unheardOf(self));
      return [{ what: "a commit of no block", message: encodeMessage("commit", commit) }];
    }
    case "proposal":
    case "commit":
    case "announce":
    case "time":
      return [];
  }
}

/** A quorum of names under the own signature, or too few of them, or garbage. */
function certificate(self: Byzantine, height: number, round: number, block: BlockId): Commit {
  const own = self.sign(voteSignBytes(self.chain, { height, round, kind: "precommit", block }));
  const garbage = new Uint8Array(64).fill(self.random.below(256)) as Signature;
  const named = self.random.chance(300) ? indices().slice(0, 2) : indices();
  const sigs = named.map((index) => ({ index, sig: index === self.index || self.random.chance(500) ? own : garbage }));
  return { height, round, block, sigs };
}

/** The same block, said to have had a quorum of prevotes in an earlier round. */
function claimOfProof(
  self: Byzantine,
  said: {
    readonly height: number;
    readonly round: number;
    readonly block: Hash;
    readonly validRound: number;
    readonly index: number;
  },
) {
  if (said.index !== self.index || said.round === 0 || said.validRound !== -1) return null;
  const claimed = { height: said.height, round: said.round, block: said.block, validRound: self.random.below(said.round) };
  return {
    ...claimed,
    index: self.index,
    sig: self.sign(proposalSignBytes(self.chain, { ...claimed, block: said.block as BlockId })),
  };
}

function indices(): readonly number[] {
  return Array.from({ length: AUTHORITIES_SAID }, (_, index) => index);
}

function unheardOf(self: Byzantine): BlockId {
  return self.random.below(256).toString(16).padStart(2, "0").repeat(32) as BlockId;
}
