import type { ObjectChange } from "../ledger/book.ts";
import type { ObjectOf } from "../ledger/kinds.ts";
import type { Hash } from "../types/scalars.ts";

type Note = ObjectOf<"note">;
type Receivable = ObjectOf<"receivable">;

const LIVE: ReadonlySet<Note["position"]> = new Set(["OPEN", "OFFERED", "RESERVED", "COMMITTED", "PLEDGED", "ASSIGNED"]);

/** Conservation, judged by what one block changed: money neither appears nor vanishes. Null if it holds. */
export function ledgerFault(changes: readonly ObjectChange[]): string | null {
  /** How much more live title there is to each receivable, as its notes have it. */
  const moved = new Map<Hash, bigint>();
  for (const change of changes) {
    const fault = versionFault(change);
    if (fault !== null) return fault;
    if (change.kind !== "note") continue;
    const [before, after] = [change.before as Note | undefined, change.after as Note | undefined];
    if (before !== undefined && after !== undefined && before.amount !== after.amount) return "a note changed its amount";
    const root = (after ?? before)?.receivable;
    if (root !== undefined) moved.set(root, (moved.get(root) ?? 0n) + liveAmount(after) - liveAmount(before));
  }
  for (const { kind, before, after } of changes) {
    if (kind !== "receivable") continue;
    const root = after as Receivable | undefined;
    if (root === undefined) continue;
    const { live, redeemed, diluted, cancelled, setoff, confirmed, face } = root;
    if (live + redeemed + diluted + cancelled + setoff !== confirmed || confirmed > face)
      return "what is owed is not what holders have or had";
    if (root.live - ((before as Receivable | undefined)?.live ?? 0n) !== (moved.get(root.id) ?? 0n))
      return "a receivable's balance moved otherwise than its notes";
    moved.delete(root.id);
  }
  return [...moved.values()].every((amount) => amount === 0n) ? null : "notes moved without their receivable";
}

/** Each change is the next version of what was there. */
function versionFault({ kind, before, after }: ObjectChange): string | null {
  if (after === undefined) return null;
  return after.version > (before?.version ?? 0) ? null : `a ${kind} changed without a new version`;
}

function liveAmount(note: Note | undefined): bigint {
  return note !== undefined && LIVE.has(note.position) ? note.amount : 0n;
}
