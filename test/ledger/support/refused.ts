import type { Code } from "../../../src/ledger/codes.ts";
import { namedId } from "../../../src/ledger/ids.ts";
import type { Alliance } from "./alliance.ts";

/** What a user might try, as a sentence; the code that answers it; the attempt. */
export type Refused = readonly [title: string, code: Code, run: (world: Alliance) => Code];

/** The due queue lags: what lies in it is not looked at. Deadlines are judged by themselves all the same. */
export function behind({ chain }: Alliance): void {
  chain.objects.delete(`dueDays${namedId("dueDays")}`);
}
