import type { PublicKey } from "../../types/scalars.ts";
import type { Behaviour } from "./behaviour.ts";

const KEPT_MAX = 400;
const EVERY_MS = 150;
const AT_ONCE = 4;

/** Sends what it ever heard or said again, to anybody, at any time: every message is genuine, and old. */
export const replayer: Behaviour = {
  twist: (self, transport) => {
    const heard: Uint8Array[] = [];
    const keep = (message: Uint8Array): void => {
      if (heard.length < KEPT_MAX) heard.push(message);
      else heard[self.random.below(KEPT_MAX)] = message;
    };
    const replay = (): void => {
      if (!self.isAlive()) return;
      const peers = transport.peers();
      for (let left = peers.length > 0 && heard.length > 0 ? AT_ONCE : 0; left > 0; left--) {
        transport.sendConsensus(self.random.pick(peers).nodeKey, self.random.pick(heard));
        self.did("replayer: an old message");
      }
      self.scheduler.at(EVERY_MS, "replay", replay);
    };
    return {
      ...transport,
      start: (handlers) => {
        transport.start({
          ...handlers,
          onConsensus: (peer: PublicKey, message: Uint8Array) => {
            keep(message);
            handlers.onConsensus(peer, message);
          },
        });
        replay();
      },
      sendConsensus: (peer, message) => {
        keep(message);
        return transport.sendConsensus(peer, message);
      },
    };
  },
};
