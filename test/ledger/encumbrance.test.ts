import { describe, expect, it } from "vitest";
import { bankDaysBefore, startOfDay } from "../../src/ledger/calendar.ts";
import type { ObjectOf } from "../../src/ledger/objects.ts";
import type { Hash } from "../../src/types/scalars.ts";
import { type Alliance, alliance, HOUR_MS, receivable } from "./support/alliance.ts";
import { by, op } from "./support/chain.ts";
import { setOffBody } from "./support/changes.ts";
import { apply, applyBody, commit, lend, mature, pay } from "./support/finance.ts";

type Position = ObjectOf<"note">["position"];

/** Brings an open note of 5,000 into a position; answers the note that is in it. */
const INTO: Readonly<Record<Exclude<Position, "OPEN">, (world: Alliance, note: Hash, root: Hash) => Hash>> = {
  OFFERED: (world, note) => {
    const body = { note, to: world.supplier.id, expiresMs: world.chain.timeMs + HOUR_MS };
    world.chain.act(op("note.offer", body), world.seller);
    return note;
  },
  RESERVED: (world, note) => {
    apply(world, [note], 4_000n);
    return note;
  },
  COMMITTED: (world, note) => {
    commit(world, [note], 4_000n);
    return note;
  },
  PLEDGED: (world, note) => lend(world, [note], 4_000n).notes[0] as Hash,
  ASSIGNED: (world, note) => lend(world, [note], 4_000n, { security: "ASSIGNMENT" }).notes[0] as Hash,
  CONSUMED: (world, note) => {
    world.chain.act(op("note.split", { note, parts: [2_000n, 3_000n] }), world.seller);
    return note;
  },
  CANCELLED: (world, note, root) => {
    world.chain.act(op("receivable.cancel", { receivable: root, note }), world.seller, world.debtor);
    return note;
  },
  REDEEMED: (world, note, root) => {
    mature(world, root);
    pay(world, [{ note, amount: 5_000n }]);
    return note;
  },
  DILUTED: (world, note, root) => {
    const { invoice } = world.chain.read("receivable", root).allocation[0] as { readonly invoice: Hash };
    const dilutions = [{ note, amount: 5_000n }];
    const body = { invoice, amount: 5_000n, document: root, dilutions };
    world.chain.act(op("invoice.credit", body), world.seller, world.debtor);
    return note;
  },
  SETOFF: (world, note) => {
    world.chain.act(op("note.setOff", setOffBody(world, note, 5_000n)), world.debtor, world.seller);
    return note;
  },
  MERGED: (world, note) => {
    const split = world.chain.act(op("note.split", { note, parts: [2_000n, 3_000n] }), world.seller);
    const parts = [split.created(0, 0), split.created(0, 1)];
    world.chain.act(op("note.consolidate", { notes: [...parts].sort() }), world.seller);
    return parts[0] as Hash;
  },
};

describe("a note has one encumbrance at a time (invariant 4)", () => {
  for (const position of Object.keys(INTO) as (keyof typeof INTO)[]) {
    it(`a note that is ${position} is neither split, offered, transferred, financed nor cancelled, whoever signs`, () => {
      const world = alliance();
      const { chain, seller, supplier, bank, debtor } = world;
      const made = receivable(world, 5_000n);
      const note = INTO[position](world, made.note, made.root);
      expect(chain.read("note", note).position).toBe(position);
      const { holder } = chain.read("note", note);
      const owner = holder === bank.id ? bank : seller;
      const expiresMs = chain.timeMs + HOUR_MS;
      const lenders = [owner === bank ? world.lender.id : bank.id];
      expect(chain.refusal(op("note.split", { note, parts: [2_000n, 3_000n] }), owner)).toBe("NOTE_NOT_OPEN");
      expect(chain.refusal(op("note.offer", { note, to: supplier.id, expiresMs }), owner)).toBe("NOTE_NOT_OPEN");
      expect(chain.refusal(op("note.transfer", { note, to: supplier.id }), owner, supplier)).toBe("NOTE_NOT_OPEN");
      expect(chain.refusal(op("finance.apply", applyBody(world, [note], 1_000n, { lenders })), owner)).toBe("NOTE_NOT_OPEN");
      const cancelled = chain.refusal(op("receivable.cancel", { receivable: made.root, note }), seller, debtor);
      expect(["NOTE_MOVED", "WRONG_STATUS"]).toContain(cancelled);
    });
  }
});

describe("the cut-off (invariant 12)", () => {
  it("is the beginning of the bank day before maturity: a second earlier notes move, at that moment they do not", () => {
    const world = alliance();
    const { chain, seller, supplier } = world;
    const { root, note } = receivable(world, 5_000n);
    const cutoffMs = startOfDay(bankDaysBefore(chain.read("receivable", root).maturityDay, 1));
    const transfer = chain.sign(op("note.transfer", { note, to: supplier.id }), [seller, supplier], {
      notAfter: cutoffMs + 60_000,
    });
    expect(chain.execute([transfer], cutoffMs - 1).receipts).toMatchObject([{ code: 0 }]);
    chain.passTo(cutoffMs - 1_000);
    expect(chain.refusal(op("note.transfer", { note, to: supplier.id }), seller, supplier)).toBe("PAST_CUTOFF");
    const expiresMs = chain.timeMs + HOUR_MS;
    expect(chain.refusal(op("note.offer", { note, to: supplier.id, expiresMs }), seller)).toBe("PAST_CUTOFF");
    expect(chain.refusal(op("note.split", { note, parts: [2_000n, 3_000n] }), seller)).toBe("PAST_CUTOFF");
    expect(chain.refusal(op("finance.apply", applyBody(world, [note], 1_000n)), seller)).toBe("PAST_CUTOFF");
  });

  it("stops an offer that was made before it from being accepted", () => {
    const world = alliance();
    const { chain, seller, supplier } = world;
    const { root, note } = receivable(world, 5_000n);
    const cutoffMs = startOfDay(bankDaysBefore(chain.read("receivable", root).maturityDay, 1));
    chain.passTo(cutoffMs - HOUR_MS);
    const expiresMs = cutoffMs + HOUR_MS;
    const offer = chain.act(op("note.offer", { note, to: supplier.id, expiresMs }), seller).created();
    chain.passTo(cutoffMs);
    expect(chain.refusal(op("note.acceptOffer", { offer }), supplier)).toBe("PAST_CUTOFF");
  });

  it("stops an order of money for a loan that was committed before it", () => {
    const world = alliance();
    const { chain, bank, verifier } = world;
    const { root, note, invoice } = receivable(world, 5_000n);
    const cutoffMs = startOfDay(bankDaysBefore(chain.read("receivable", root).maturityDay, 1));
    chain.passTo(cutoffMs - HOUR_MS);
    const check = { invoice, verifier: verifier.id, status: "NORMAL", checkedMs: chain.timeMs } as const;
    chain.act(op("invoice.attest", check), by(verifier, verifier.attester));
    const loan = commit(world, [note], 4_000n);
    chain.passTo(cutoffMs);
    const filed = chain.timeMs;
    chain.act(op("registry.file", { loan, number: loan, timeMs: filed, untilDay: 60_000, proof: loan }), bank);
    const search = chain
      .act(op("registry.search", { by: bank.id, subject: world.seller.id, hits: 0, result: loan, timeMs: filed }), bank)
      .created();
    expect(chain.refusal(op("loan.order", { loan, search, instruction: loan }), bank)).toBe("PAST_CUTOFF");
  });
});
