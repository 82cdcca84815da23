import { blockId, commitHash, evidenceRoot, txRoot } from "../../codec/block.ts";
import { decode } from "../../codec/cbor.ts";
import { encode } from "../../codec/schema.ts";
import { proposalSignBytes, voteSignBytes } from "../../codec/vote.ts";
import { bodiesRequestSchema, bodiesResponseSchema, decodeMessage, encodeMessage } from "../../node/messages.ts";
import type { Block, Evidence, Header } from "../../types/block.ts";
import { LIMITS } from "../../types/limits.ts";
import type { BlockId, Hash, MemberId } from "../../types/scalars.ts";
import type { Envelope } from "../../types/transaction.ts";
import type { Behaviour, Byzantine } from "./behaviour.ts";

/** A block that no correct node may vote for, and the bodies that it needs beside those that everybody has. */
interface Invalid {
  readonly block: Block;
  readonly bodies: readonly Envelope[];
}

type Spoiler = (self: Byzantine, block: Block) => Invalid | null;

const WRONG = "ab".repeat(32) as Hash;
const SECOND_MS = 1_000;

/** Each breaks one rule of protocol.md §2–§3, the header true of the content but for that. */
const SPOILERS: Readonly<Record<string, Spoiler>> = {
  "another state root": (_self, block) => withHeader(block, { stateRoot: WRONG }),
  "another receipt root": (_self, block) => withHeader(block, { receiptRoot: WRONG }),
  "another transaction root": (_self, block) => withHeader(block, { txRoot: WRONG }),
  "other next authorities": (_self, block) => withHeader(block, { nextValidators: WRONG }),
  "other authorities": (_self, block) => withHeader(block, { validators: WRONG }),
  "other parameters": (_self, block) => withHeader(block, { params: WRONG }),
  "another parent": (_self, block) => withHeader(block, { parent: WRONG as BlockId }),
  "a time long past": (_self, block) => withHeader(block, { timeMs: block.header.timeMs - 3_600 * SECOND_MS }),
  "a time that has not come": (self, block) =>
    resealed(self, { ...block, header: { ...block.header, timeMs: block.header.timeMs + 60 * SECOND_MS } }, []),
  "a parent's commit with too few signatures": (self, block) => {
    const lastCommit = { ...block.lastCommit, sigs: block.lastCommit.sigs.slice(0, 1) };
    return lastCommit.sigs.length === block.lastCommit.sigs.length ? null : resealed(self, { ...block, lastCommit }, []);
  },
  // Whoever missed its turns would be another.
  "a parent's commit of another round": (self, block) => {
    const lastCommit = { ...block.lastCommit, round: block.lastCommit.round + 1 };
    return block.header.height === 1 ? null : resealed(self, { ...block, lastCommit }, []);
  },
  "evidence against the innocent": (self, block) =>
    resealed(self, { ...block, evidence: [slander(self, block.header.height)] }, []),
  "a transaction that ran out": (self, block) => {
    const late = self.transaction(block.header.timeMs - SECOND_MS);
    return resealed(self, { ...block, pairs: [...block.pairs, late.pair] }, [late]);
  },
  "a transaction that a block holds already": (self, block) => {
    const old = self.finalised();
    if (old.length === 0) return null;
    const again = self.random.pick(old);
    return resealed(self, { ...block, pairs: [...block.pairs, again.pair] }, [again]);
  },
  "a transaction whose signatures nobody made": (self, block) => {
    const forged = self.transaction(block.header.timeMs + 60 * SECOND_MS, "forged");
    return resealed(self, { ...block, pairs: [...block.pairs, forged.pair] }, [forged]);
  },
};

/** Proposes, in place of every other block of its own, one that must not stand, and votes for it as if it were sound. */
export const invalidBlocks: Behaviour = {
  twist: (self, transport) => {
    /** By the block that its correct node made. */
    const spoiled = new Map<Hash, Invalid | null>();
    const bodies = new Map<Hash, Envelope>();
    const spoil = (block: Block, id: Hash): Invalid | null => {
      const known = spoiled.get(id);
      if (known !== undefined) return known;
      const made = self.random.chance(500) ? spoiledBy(self, block) : null;
      spoiled.set(id, made);
      for (const body of made?.bodies ?? []) bodies.set(body.pair.id, body);
      return made;
    };
    return {
      ...transport,
      start: (handlers) =>
        transport.start({
          ...handlers,
          onRequest: (peer, protocol, request, respond) => {
            const own = protocol === "bodies" ? answerOf(request, bodies) : null;
            if (own === null) handlers.onRequest(peer, protocol, request, respond);
            else respond(own);
          },
        }),
      sendConsensus: (peer, message) => transport.sendConsensus(peer, twisted(self, message, spoil, spoiled)),
    };
  },
};

function spoiledBy(self: Byzantine, block: Block): Invalid | null {
  const [name, spoil] = self.random.pick(Object.entries(SPOILERS));
  const made = spoil(self, block);
  if (made !== null) self.did(`invalidBlocks: ${name}`);
  return made;
}

function twisted(
  self: Byzantine,
  message: Uint8Array,
  spoil: (block: Block, id: Hash) => Invalid | null,
  spoiled: ReadonlyMap<Hash, Invalid | null>,
): Uint8Array {
  const decoded = decodeMessage(message);
  if (!decoded.ok) return message;
  if (decoded.value.kind === "proposal") {
    const { proposal, block } = decoded.value.body;
    if (proposal.index !== self.index || proposal.validRound !== -1) return message;
    const invalid = spoil(block as Block, proposal.block);
    if (invalid === null) return message;
    const { height, round, validRound, index } = proposal;
    const said = { height, round, block: blockId(invalid.block.header), validRound };
    const sig = self.sign(proposalSignBytes(self.chain, said));
    return encodeMessage("proposal", { proposal: { ...said, index, sig }, block: invalid.block });
  }
  if (decoded.value.kind !== "vote") return message;
  const { height, round, kind, block, index } = decoded.value.body;
  const invalid = index === self.index && block !== null ? spoiled.get(block) : undefined;
  if (invalid == null) return message;
  const said = { height, round, kind, block: blockId(invalid.block.header) };
  return encodeMessage("vote", { ...said, index, sig: self.sign(voteSignBytes(self.chain, said)) });
}

function withHeader(block: Block, change: Partial<Header>): Invalid {
  return { block: { ...block, header: { ...block.header, ...change } }, bodies: [] };
}

function resealed(self: Byzantine, block: Block, bodies: readonly Envelope[]): Invalid | null {
  const { header, pairs, lastCommit, evidence } = block;
  const told: Header = {
    ...header,
    count: pairs.length,
    txRoot: txRoot(pairs),
    lastCommit: commitHash(lastCommit),
    evidenceRoot: evidenceRoot(evidence),
  };
  const sealed = self.reseal({ ...block, header: told }, bodies);
  return sealed === null ? null : { block: sealed, bodies };
}

function slander(self: Byzantine, height: number): Evidence {
  const victim = `member-${self.index + 1}` as MemberId;
  const choice = (block: Hash | null) => ({
    block: block as BlockId | null,
    validRound: null,
    sig: self.sign(voteSignBytes(self.chain, { height, round: 0, kind: "prevote", block: block as BlockId | null })),
  });
  return { authority: victim, height, round: 0, kind: "prevote", first: choice(WRONG), second: choice(null) };
}

/** Bodies of the own inventions; null if the request is about others. */
function answerOf(request: Uint8Array, bodies: ReadonlyMap<Hash, Envelope>): Uint8Array | null {
  const decoded = decode(bodiesRequestSchema, request, LIMITS.requestBytesMax);
  if (!decoded.ok) return null;
  const found = decoded.value.pairs.map(({ id }) => bodies.get(id));
  if (!found.some((body) => body !== undefined)) return null;
  return encode(
    bodiesResponseSchema,
    found.map((body) => body?.bytes ?? new Uint8Array(0)),
  );
}
