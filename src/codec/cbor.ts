import { Decoder } from "cbor-x";
import { err, ok, type Result } from "../lib/result.ts";
import { type Schema, SchemaError, type SchemaErrorCode } from "./schema.ts";
import { checkStructure, type StructureFault } from "./structure.ts";

/** Why bytes were refused; `code` is stable, `detail` is for people. */
export interface DecodeRejection {
  readonly code: "TOO_LARGE" | StructureFault | SchemaErrorCode;
  readonly detail: string;
}

/** Only ever sees bytes that `checkStructure` has passed. Without records one message cannot change how the next decodes. */
const decoder = new Decoder({ mapsAsObjects: true, useRecords: false, tagUint8Array: false });

/**
 * The value that `bytes` are the one encoding of, or why they are not: at most `bytesMax`, structurally deterministic, of the
 * schema. Byte strings in the result are copies and keep nothing of the input alive, but for those that a schema takes in place.
 */
export function decode<T>(schema: Schema<T>, bytes: Uint8Array, bytesMax: number): Result<T, DecodeRejection> {
  if (bytes.length > bytesMax) return err({ code: "TOO_LARGE", detail: `more than ${bytesMax} bytes` });
  const fault = checkStructure(bytes);
  if (fault !== null) return err({ code: fault, detail: "not deterministic CBOR" });
  try {
    return ok(schema.read(decoder.decode(bytes)));
  } catch (error) {
    if (error instanceof SchemaError) return err({ code: error.code, detail: error.message });
    throw error;
  }
}
