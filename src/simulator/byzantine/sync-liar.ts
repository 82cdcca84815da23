import { decode } from "../../codec/cbor.ts";
import { encode } from "../../codec/schema.ts";
import { blocksResponseSchema, decodeMessage, encodeMessage, type StoredBlock, storedBlockSchema } from "../../node/messages.ts";
import { LIMITS } from "../../types/limits.ts";
import type { Behaviour, Byzantine } from "./behaviour.ts";

/** Answers who catches up, or joins, with blocks and snapshots that are wrong, cut short or none, and lies about its own height. */
export const syncLiar: Behaviour = {
  twist: (self, transport) => ({
    ...transport,
    start: (handlers) =>
      transport.start({
        ...handlers,
        onRequest: (peer, protocol, request, respond) =>
          handlers.onRequest(peer, protocol, request, (response) => {
            if (response === null || (protocol !== "blocks" && protocol !== "snapshots")) respond(response);
            else respond(protocol === "blocks" ? lie(self, response) : lieOfSnapshot(self, response));
          }),
      }),
    sendConsensus: (peer, message) => {
      const decoded = decodeMessage(message);
      if (!decoded.ok || decoded.value.kind !== "status" || !self.random.chance(300))
        return transport.sendConsensus(peer, message);
      const height = Math.max(1, decoded.value.body.height + self.random.pick([-3, -1, 1, 2, 1_000_000]));
      self.did("syncLiar: another height");
      return transport.sendConsensus(peer, encodeMessage("status", { ...decoded.value.body, height }));
    },
  }),
};

function lie(self: Byzantine, response: Uint8Array): Uint8Array | null {
  const decoded = decode(blocksResponseSchema, response, LIMITS.responseBytesMax);
  if (!decoded.ok) return response;
  const blocks = [...decoded.value];
  switch (self.random.below(6)) {
    case 0:
      self.did("syncLiar: no answer");
      return null;
    case 1:
      self.did("syncLiar: an answer cut short");
      return response.slice(0, self.random.below(response.length));
    case 2:
      self.did("syncLiar: blocks in another order");
      return encode(blocksResponseSchema, blocks.reverse());
    case 3: {
      const flipped = blocks.map((block) => block.slice());
      const victim = self.random.pick(flipped);
      const at = self.random.below(victim.length);
      victim[at] = (victim[at] as number) ^ (1 << self.random.below(8));
      self.did("syncLiar: a flipped bit");
      return encode(blocksResponseSchema, flipped);
    }
    case 4:
      return encode(
        blocksResponseSchema,
        blocks.map((block) => altered(self, block)),
      );
    default:
      return response;
  }
}

/** Of an offer, a chunk, or lists of used ids. */
function lieOfSnapshot(self: Byzantine, response: Uint8Array): Uint8Array | null {
  switch (self.random.below(4)) {
    case 0:
      self.did("snapshotLiar: no answer");
      return null;
    case 1:
      self.did("snapshotLiar: an answer cut short");
      return response.slice(0, self.random.below(response.length));
    case 2: {
      const flipped = response.slice();
      const at = self.random.below(flipped.length);
      flipped[at] = (flipped[at] as number) ^ (1 << self.random.below(8));
      self.did("snapshotLiar: a flipped bit");
      return flipped;
    }
    default:
      return response;
  }
}

/** A sound block under a commit that is none, or with a header that its commit does not name, or without its bodies. */
function altered(self: Byzantine, bytes: Uint8Array): Uint8Array {
  const decoded = decode(storedBlockSchema, bytes, LIMITS.responseBytesMax);
  if (!decoded.ok) return bytes;
  const stored = decoded.value;
  const { block, commit } = stored;
  const lies: Readonly<Record<string, StoredBlock>> = {
    "a commit with one signature less": { ...stored, commit: { ...commit, sigs: commit.sigs.slice(0, -1) } },
    "a commit with one signature under all names": {
      ...stored,
      commit: { ...commit, sigs: commit.sigs.map((entry) => ({ ...entry, sig: (commit.sigs[0] ?? entry).sig })) },
    },
    "another header": { ...stored, block: { ...block, header: { ...block.header, timeMs: block.header.timeMs + 1 } } },
    "a block without its bodies": { ...stored, bodies: [] },
    "a block without its transactions": { ...stored, block: { ...block, pairs: [] } },
  };
  const [name, told] = self.random.pick(Object.entries(lies));
  self.did(`syncLiar: ${name}`);
  return encode(storedBlockSchema, told);
}
