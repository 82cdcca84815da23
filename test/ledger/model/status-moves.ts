import type { TestChain } from "../support/chain.ts";

/** Where an object's place in its life stands: in its status, a note's in its position. */
const FIELD: Readonly<Record<string, "status" | "position">> = {
  receivable: "status",
  note: "position",
  offer: "status",
  application: "status",
  decision: "status",
  loan: "status",
  delivery: "status",
  dispute: "status",
  freeze: "status",
  amendment: "status",
  payment: "status",
  filing: "status",
};

/** Follows a chain's history: from which status to which each object went, as one transaction or one thing falling due left it. */
export class StatusMoves {
  readonly #now = new Map<string, string>();
  #read = 0;

  since({ history }: Pick<TestChain, "history">): readonly string[] {
    const moves: string[] = [];
    for (const { kind, id, after } of history.slice(this.#read)) {
      const field = FIELD[kind];
      if (field === undefined) continue;
      const before = this.#now.get(kind + id) ?? "";
      const now = after === undefined ? "gone" : (after as unknown as Readonly<Record<string, string>>)[field];
      if (now === undefined || now === before) continue;
      this.#now.set(kind + id, now);
      moves.push(`${kind}: ${before} → ${now}`);
    }
    this.#read = history.length;
    return moves;
  }
}
