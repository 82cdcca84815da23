import type { JsonSchema } from "../codec/schema.ts";
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
  };
}
