import { choice, hash, int, optional } from "../codec/schema.ts";
import { dayOf } from "../ledger/calendar.ts";
import { isLive } from "../ledger/conditions.ts";
import { daySchema } from "../ledger/fields.ts";
import { owed } from "../ledger/finance/waterfall.ts";
import type { Kind, ObjectOf } from "../ledger/objects.ts";
import { lateOn } from "../ledger/receivables/late.ts";
import type { Day, Hash, Height } from "../types/scalars.ts";
import type { LocalNode } from "./local-node.ts";
import { type Method, method } from "./method.ts";
import { RpcError } from "./rpc-error.ts";

/** In minor units. `interest` is all of it that is not paid; of a receivable: what runs, and what stayed due on notes that ended late. */
interface Owed {
  readonly currency: string;
  readonly principal: bigint;
  readonly interest: bigint;
  /** Of the principal: what the debtor contests. It earns nothing until the dispute is decided. */
  readonly disputed: bigint;
}

/** Debts with the interest that no object holds, because it follows from days: reckoned as the ledger does when somebody pays. */
export function owedMethods(node: LocalNode): readonly Method[] {
  const at = async <K extends Kind>(kind: K, id: Hash, height: Height): Promise<ObjectOf<K> | undefined> => {
    const stored = await node.ledger.getAt(kind, id, height);
    // Only now: what was let go of while it was read may have been missed.
    node.requireKept(height);
    return stored?.object as ObjectOf<K> | undefined;
  };

  const ofLoan = async (id: Hash, height: Height, day: Day): Promise<Owed | undefined> => {
    const loan = await at("loan", id, height);
    if (loan === undefined) return undefined;
    const { currency, outstanding } = loan;
    // Before the money went out there is nothing to pay interest on.
    const interest = loan.status === "ACTIVE" ? owed(loan, day) - outstanding : 0n;
    return { currency, principal: outstanding, interest, disputed: 0n };
  };

  const ofReceivable = async (id: Hash, height: Height, day: Day): Promise<Owed | undefined> => {
    const root = await at("receivable", id, height);
    if (root === undefined) return undefined;
    let interest = root.lateDue;
    let disputed = 0n;
    for (const { object } of await node.ledger.notesOf(id)) {
      const note = await at("note", object.id as Hash, height);
      if (note === undefined || !isLive(note)) continue;
      interest += lateOn(root, note, day);
      if (note.dispute !== null) disputed += note.amount;
    }
    return { currency: root.currency, principal: root.live, interest, disputed };
  };

  return [
    method({
      name: "ledger_owed",
      summary: "What is owed on a receivable or a loan, with interest to a day: as it stands, or stood at a height",
      params: { kind: choice("receivable", "loan"), id: hash, day: optional(daySchema), height: optional(int({ min: 1 })) },
      handle: async ({ kind, id, day: asked, height: named }) => {
        const now = node.at();
        const height = named ?? now.height;
        if (height > now.height) throw new RpcError("notFound", "BLOCK_NOT_FOUND", "this height is not decided");
        node.requireKept(height);
        node.requireIndices();
        const timeMs = height === now.height ? now.blockTimeMs : (node.block(height)?.block.header.timeMs ?? now.blockTimeMs);
        const day = asked ?? dayOf(timeMs);
        const found = await (kind === "loan" ? ofLoan : ofReceivable)(id, height, day);
        if (found === undefined) throw new RpcError("notFound", "NOT_FOUND", `there is no ${kind} with this id`);
        const { currency, principal, interest, disputed } = found;
        const text = { principal: principal.toString(), interest: interest.toString(), disputed: disputed.toString() };
        return { kind, id, day, height, currency, ...text, at: now };
      },
    }),
  ];
}
