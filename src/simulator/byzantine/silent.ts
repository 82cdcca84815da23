import type { Behaviour } from "./behaviour.ts";

/** Hears everything, says nothing, answers nobody. */
export const silent: Behaviour = {
  twist: (self, transport) => ({
    ...transport,
    start: (handlers) => transport.start({ ...handlers, onRequest: () => self.did("silent: no answer") }),
    sendConsensus: () => {
      self.did("silent: nothing said");
      return true;
    },
    publish: () => undefined,
  }),
};
