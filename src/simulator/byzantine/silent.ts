import type { Behaviour } from "./behaviour.ts";

/** Hears everything, says nothing, answers nobody. */
export const silent: Behaviour = {
  twist: (_self, transport) => ({
    ...transport,
    start: (handlers) => transport.start({ ...handlers, onRequest: () => undefined }),
    sendConsensus: () => true,
    publish: () => undefined,
  }),
};
