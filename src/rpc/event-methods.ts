import { hash, int, optional, struct, text } from "../codec/schema.ts";
import type { EventFilter } from "../node/event-reader.ts";
import { LIMITS } from "../types/limits.ts";
import type { LocalNode } from "./local-node.ts";
import { type Method, method } from "./method.ts";
import { chainEventJson } from "./presentation.ts";
import { RpcError } from "./rpc-error.ts";
import type { Subscriptions } from "./subscriptions.ts";

const cursor = struct({ height: int(), index: int() });
const filter = optional(
  struct({
    kind: optional(text({ min: 1, max: 32, pattern: /^[a-z][A-Za-z]*$/ })),
    what: optional(text({ min: 1, max: LIMITS.kindCharsMax, pattern: /^[a-zA-Z]+(\.[a-zA-Z]+)*(\.\*)?$/ })),
    object: optional(hash),
    party: optional(hash),
  }),
);
const limit = int({ min: 1, max: LIMITS.rpcListMax });

/** Events of finalised blocks, in order, from any cursor on. */
export function eventMethods(node: LocalNode): readonly Method[] {
  return [
    method({
      name: "events_page",
      summary:
        "Events from a cursor on, in order, and the next cursor; by kind, operation (what: note.transfer, note.*), object or party",
      params: { from: cursor, limit, filter },
      handle: ({ from, limit: most, filter: wanted }) => {
        const page = node.events.page(from, most, filterOf(wanted));
        if (!page.ok) {
          const detail = `this node no longer keeps the events at this cursor: it keeps heights from ${node.base} on`;
          throw new RpcError("notFound", page.error, detail, { retriable: false });
        }
        return { events: page.value.events.map(chainEventJson), cursor: page.value.cursor, at: node.at() };
      },
    }),
    method({
      name: "events_subscribe",
      summary: "Over WebSocket: events as they become final, from a cursor or from now on; notifications carry the next cursor",
      params: { from: optional(cursor), filter },
      handle: ({ from, filter: wanted }, subscriptions) => carried(subscriptions).open(from, filterOf(wanted)),
    }),
    method({
      name: "events_unsubscribe",
      summary: "Over WebSocket: ends a subscription of this connection",
      params: { subscription: text({ min: 1, max: 16 }) },
      handle: ({ subscription }, subscriptions) => {
        if (!carried(subscriptions).end(subscription))
          throw new RpcError("notFound", "SUBSCRIPTION_UNKNOWN", "this connection has no such subscription");
        return { subscription };
      },
    }),
  ];
}

function carried(subscriptions: Subscriptions | undefined): Subscriptions {
  if (subscriptions === undefined)
    throw new RpcError(
      "request",
      "WEBSOCKET_ONLY",
      "subscriptions are for WebSocket connections; over HTTP there is events_page",
    );
  return subscriptions;
}

function filterOf(wanted: EventFilter | undefined): EventFilter {
  return wanted ?? {};
}
