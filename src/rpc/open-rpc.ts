import type { JsonSchema } from "../codec/schema.ts";
import { FIELD_LABELS } from "../ledger/labels/fields.ts";
import { KIND_LABELS } from "../ledger/labels/kinds.ts";
import { WORD_LABELS } from "../ledger/labels/words.ts";
import { TRANSITIONS } from "../ledger/transitions.ts";
import type { Method } from "./method.ts";
import { COMPONENTS } from "./results.ts";
import { RPC_NUMBERS } from "./rpc-error.ts";

/** The OpenRPC document of these methods: what they take, from the schemas that check it, and what they answer. */
export function openRpc(methods: readonly Method[], version: string): object {
  return {
    openrpc: "1.3.2",
    info: { title: "zhonglian", version },
    methods: methods.map(({ name, summary, paramsSchema, resultSchema }) => ({
      name,
      summary,
      paramStructure: "by-name",
      params: Object.entries(paramsSchema.properties as Readonly<Record<string, JsonSchema>>).map(([field, schema]) => ({
        name: field,
        required: (paramsSchema.required as readonly string[]).includes(field),
        schema,
      })),
      result: { name: "result", schema: resultSchema },
    })),
    components: {
      schemas: COMPONENTS,
      // Any method may answer any of them; `data.code` says which error it is.
      errors: Object.fromEntries(Object.entries(RPC_NUMBERS).map(([kind, code]) => [kind, { code, message: kind }])),
    },
    // For pages: what people read in the place of the ledger's names.
    "x-labels": {
      operations: Object.fromEntries([...TRANSITIONS].map(([kind, { label }]) => [kind, label])),
      kinds: Object.fromEntries(KIND_LABELS),
      fields: Object.fromEntries(FIELD_LABELS),
      words: Object.fromEntries(WORD_LABELS),
    },
  };
}
