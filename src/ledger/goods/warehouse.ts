import { hash, list, text } from "../../codec/schema.ts";
import { LIMITS } from "../../types/limits.ts";
import { require } from "../codes.ts";
import { activeParty } from "../conditions.ts";
import { namedId } from "../ids.ts";
import { transition } from "../transition.ts";
import { zoneNameSchema } from "./objects.ts";
import { zoneId } from "./zone.ts";

/** An operator opens a warehouse with the zones that its devices will watch. `number` is a commitment to its licence. */
export const registerWarehouse = transition({
  kind: "warehouse.register",
  label: { zh: "登记仓库", en: "register a warehouse" },
  ground: "Civil Code art. 904, 908: the keeper that issues receipts",
  signedBy: "operator",
  body: {
    operator: hash,
    number: hash,
    city: text({ min: 6, max: 6, pattern: /^[0-9]+$/ }),
    zones: list(zoneNameSchema, { min: 1, max: LIMITS.zonesPerWarehouseMax, sortedBy: (name) => name }),
    document: hash,
  },
  signers: ({ operator }) => [operator],
  requires: [
    (call) => {
      activeParty(call, call.body.operator, "WAREHOUSE");
    },
    ({ body, book }) =>
      require(book.find("warehouseNumber", namedId("warehouseNumber", body.operator, body.number)) ===
        undefined, "REFERENCE_TAKEN"),
  ],
  effect: ({ body, book, newId }) => {
    const id = newId();
    const { operator } = body;
    book.add("warehouse", { id, ...body });
    book.create("warehouseNumber", { id: namedId("warehouseNumber", operator, body.number), warehouse: id });
    const zones = body.zones.map((name) => {
      const zone = { id: zoneId(id, name), warehouse: id, operator, name, frozen: "NONE", softUntilMs: 0 } as const;
      return book.create("zone", { ...zone, alarms: [], lenders: [] }).id;
    });
    return [id, ...zones];
  },
});
