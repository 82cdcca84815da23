import type { Book } from "../ledger/book.ts";
import type { Kind } from "../ledger/objects.ts";
import type { Hash } from "../types/scalars.ts";

/**
 * Runs a synchronous rule of the ledger on objects that have to be waited for: what it asks for and is not there yet is read, and the
 * rule runs again, until it asked for nothing new. A rule that is bounded in what it reads is so here too.
 */
export async function findAll<T>(
  read: (kind: Kind, id: Hash) => Promise<object | undefined>,
  rule: (find: Book["find"]) => T,
): Promise<T> {
  const known = new Map<string, object | undefined>();
  for (;;) {
    const missing = new Map<string, readonly [Kind, Hash]>();
    const find = (kind: Kind, id: Hash): object | undefined => {
      if (!known.has(kind + id)) missing.set(kind + id, [kind, id]);
      return known.get(kind + id);
    };
    const result = rule(find as Book["find"]);
    if (missing.size === 0) return result;
    await Promise.all([...missing].map(async ([key, [kind, id]]) => known.set(key, await read(kind, id))));
  }
}
