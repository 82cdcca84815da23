import { type JsonSchema, type Schema, SchemaError, type StructValue, struct } from "../codec/schema.ts";
import { RESULTS } from "./results.ts";
import { RpcError } from "./rpc-error.ts";
import type { Subscriptions } from "./subscriptions.ts";

/** A method: what it takes, what it answers, how it is described. The OpenRPC document comes from the same declaration. */
export interface Method {
  readonly name: string;
  readonly summary: string;
  readonly paramsSchema: JsonSchema;
  readonly resultSchema: JsonSchema;
  /** `subscriptions` are those of the connection that asks, where the carrier has any. */
  readonly call: (params: unknown, subscriptions?: Subscriptions) => Promise<unknown>;
}

type Fields = Parameters<typeof struct>[0];

export function method<const F extends Record<string, unknown>>(declaration: {
  /** Also names its result in `RESULTS`. */
  readonly name: keyof typeof RESULTS;
  readonly summary: string;
  readonly params: F;
  readonly handle: (params: StructValue<F>, subscriptions?: Subscriptions) => unknown;
}): Method {
  const schema = struct(declaration.params as unknown as Fields) as unknown as Schema<StructValue<F>>;
  return {
    name: declaration.name,
    summary: declaration.summary,
    paramsSchema: schema.jsonSchema,
    resultSchema: RESULTS[declaration.name],
    call: async (params, subscriptions) => {
      let parsed: StructValue<F>;
      try {
        parsed = schema.fromJson(params ?? {}, "params");
      } catch (error) {
        if (error instanceof SchemaError) throw new RpcError("params", error.code, error.message);
        throw error;
      }
      return declaration.handle(parsed, subscriptions);
    },
  };
}
