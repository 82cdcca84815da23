import type { Behaviour } from "./behaviour.ts";

/** Proposes and votes as it should, but nobody ever gets a transaction or a block from it. */
export const withholder: Behaviour = {
  twist: (self, transport) => ({
    ...transport,
    start: (handlers) => transport.start({ ...handlers, onRequest: () => self.did("withholder: no answer") }),
    publish: () => self.did("withholder: no transaction"),
  }),
};
