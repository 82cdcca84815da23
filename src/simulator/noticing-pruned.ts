import { decode } from "../codec/cbor.ts";
import { prunedResponseSchema } from "../node/messages.ts";
import type { Transport } from "../ports/transport.ts";
import { LIMITS } from "../types/limits.ts";
import type { Marks } from "./marks.ts";

/** Counts how often who asks for blocks is told that they are no longer kept. */
export function noticingPruned(transport: Transport, marks: Marks): Transport {
  return {
    ...transport,
    request: (peer, protocol, request, done) =>
      transport.request(peer, protocol, request, (response) => {
        const isPruned = protocol === "blocks" && response !== null;
        if (isPruned && decode(prunedResponseSchema, response, LIMITS.requestBytesMax).ok)
          marks.add("told that blocks are no longer kept");
        done(response);
      }),
  };
}
