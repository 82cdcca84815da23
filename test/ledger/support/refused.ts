import type { Code } from "../../../src/ledger/codes.ts";
import type { Alliance } from "./alliance.ts";

/** What a user might try, as a sentence; the code that answers it; the attempt. */
export type Refused = readonly [title: string, code: Code, run: (world: Alliance) => Code];
