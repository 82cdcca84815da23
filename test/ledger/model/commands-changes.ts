import { paymentId } from "../../../src/ledger/ids.ts";
import type { Hash } from "../../../src/types/scalars.ts";
import { commitment } from "../support/alliance.ts";
import type { Firm } from "../support/firm.ts";
import * as changes from "./changes.ts";
import {
  type Attempt,
  asHash,
  attempt,
  attester,
  type Command,
  choose,
  holderSigns,
  isDue,
  isOpen,
  known,
  onLoan,
  onNote,
  onRoot,
  reference,
  type World,
} from "./commands.ts";
import type { Dispute, Freeze, Loan, Note } from "./model.ts";

const document = commitment("document");

function attested({ bank, model }: World, amount: bigint, ref: string) {
  const valueDay = model.today;
  return { bank: bank.id, reference: commitment(ref), amount, valueDay, evidence: document };
}

/** All of it, a part, one too much, dust. */
function someOf({ draw }: World, amount: bigint): bigint {
  return (draw.pick([amount, amount, amount / 2n, amount / 2n, amount / 3n, amount + 1n, 50n]) ?? amount) || 1n;
}

const isStanding = ({ status }: Dispute): boolean => status === "RAISED" || status === "ANSWERED";
const idOf = (note: Note): Hash => asHash(note.id);
const last = <T extends { id: string }>(items: readonly T[]): T => items.at(-1) as T;
const distinct = (firms: readonly Firm[]): readonly Firm[] => [...new Set(firms)];

function onDispute(world: World, make: (dispute: Dispute, id: Hash) => Attempt | null): Attempt | null {
  const dispute = choose(world.draw, world.model.disputes, isStanding);
  return dispute === undefined ? null : make(dispute, asHash(dispute.id));
}

function onFreeze(world: World, make: (order: Freeze, id: Hash) => Attempt | null): Attempt | null {
  const order = choose(world.draw, world.model.freezes, ({ status }) => status === "ACTIVE");
  return order === undefined ? null : make(order, asHash(order.id));
}

function named(world: World, notes: readonly Note[]): readonly Note[] {
  return world.draw.chance(10) ? notes.slice(1) : notes;
}

const ids = (notes: readonly Note[]): readonly Hash[] => notes.map(idOf).sort();
const areKnown = (notes: readonly Note[]): boolean => known(notes).length === notes.length && notes.length <= 128;

/** Commands about what `changes.ts` tells of. */
export const CHANGE_COMMANDS = {
  "contract.amend": (world) => {
    const { model, draw } = world;
    const contract = draw.pick(model.contracts);
    if (contract === undefined) return null;
    const total = draw.pick([contract.total, contract.total + 5_000n, contract.delivered, contract.delivered - 1n]) ?? 1n;
    const payDays = contract.payDays + (draw.pick([0, 0, 30, -30]) as number);
    const notes = named(world, changes.reliers(model, contract));
    if (total <= 0n || payDays < 0 || !areKnown(notes)) return null;
    const terms = { total, payTermDays: payDays, inspectionDays: contract.inspectionDays, toleranceBp: 0, document };
    return attempt(
      world,
      "contract.amend",
      { contract: asHash(contract.id), terms, notes: ids(notes) },
      [contract.seller, contract.buyer],
      () => changes.amend(model, contract, total, payDays, notes),
      (sent) => {
        last(model.amendments).id = sent.created();
      },
    );
  },
  "contract.terminate": (world) => {
    const { model, draw } = world;
    const contract = choose(draw, model.contracts, ({ total, delivered }) => total === delivered);
    if (contract === undefined || draw.chance(80)) return null;
    const notes = named(world, changes.reliers(model, contract));
    if (!areKnown(notes)) return null;
    return attempt(
      world,
      "contract.terminate",
      { contract: asHash(contract.id), notes: ids(notes) },
      [contract.seller, contract.buyer],
      () => changes.terminate(model, contract, notes),
      (sent) => {
        last(model.amendments).id = sent.created();
      },
    );
  },
  "amendment.consent": (world) => {
    const { model, draw } = world;
    const amendment = choose(draw, model.amendments, ({ waiting }) => waiting.length > 0);
    if (amendment === undefined) return null;
    const party = draw.chance(90) ? draw.pick(amendment.waiting) : world.guarantor;
    if (party === undefined) return null;
    return attempt(world, "amendment.consent", { amendment: asHash(amendment.id), party: party.id }, [party], () =>
      changes.consent(model, amendment, party),
    );
  },
  "invoice.credit": (world) => {
    const { model, draw } = world;
    const invoice = draw.pick(model.invoices);
    if (invoice === undefined) return null;
    const free = invoice.total - invoice.credited - invoice.used;
    const note = draw.pick(known(model.notes).filter(({ root }) => root.uses.some((use) => use.invoice === invoice)));
    const hit = note === undefined || draw.chance(40) ? 0n : someOf(world, note.amount);
    const amount = free + hit - (draw.chance(10) ? 1n : 0n);
    if (amount <= 0n) return null;
    const dilution = note === undefined || hit === 0n ? null : { note, amount: hit };
    const others = dilution === null ? [] : changes.interestedIn(dilution.note);
    const { seller, buyer } = invoice.contract;
    return attempt(
      world,
      "invoice.credit",
      {
        invoice: asHash(invoice.id),
        amount,
        document,
        dilutions: dilution === null ? [] : [{ note: idOf(dilution.note), amount: hit }],
      },
      distinct([seller, buyer, ...others]),
      () => changes.credit(model, invoice, amount, dilution),
    );
  },
  "note.consolidate": (world) =>
    onNote(world, isOpen, (note) => {
      const { draw, model } = world;
      const others = known(draw.chance(90) ? note.root.notes : model.notes).filter(
        (other) => other !== note && other.holder === note.holder,
      );
      const other = draw.pick(others);
      if (other === undefined) return null;
      const notes = [note, other].sort((left, right) => ((left.id ?? "") < (right.id ?? "") ? -1 : 1));
      const { root } = notes[0] as Note;
      const total = note.amount + other.amount;
      return attempt(
        world,
        "note.consolidate",
        { notes: notes.map(idOf) },
        holderSigns(world, (notes[0] as Note).holder, total),
        () => changes.consolidate(model, notes),
        (sent) => {
          (root.notes.find(({ id, amount }) => id === null && amount === total) as Note).id = sent.created();
        },
      );
    }),
  "note.setOff": (world) =>
    onNote(
      world,
      ({ position }) => position === "OPEN" || position === "PLEDGED" || position === "ASSIGNED",
      (note, id) => {
        const { model, draw, court } = world;
        const amount = someOf(world, note.amount);
        const isSame = draw.chance(50);
        const claimDueDay = model.today + (draw.pick([0, 200]) as number);
        const byCourt = draw.chance(25);
        const basis = isSame ? "SAME_CONTRACT" : "CLAIM_DUE";
        const body = { note: id, amount, basis, claim: document, claimDueDay, ...(byCourt ? { court: court.id } : {}) } as const;
        const parties = [note.root.contract.buyer, ...changes.interestedIn(note)];
        const isFounded = isSame || claimDueDay <= note.root.maturityDay;
        const signings = byCourt
          ? [court]
          : distinct(parties).flatMap((firm) => (firm === note.holder ? holderSigns(world, firm, amount) : [firm]));
        return attempt(world, "note.setOff", body, signings, () => changes.setOff(model, note, amount, isFounded));
      },
    ),
  "note.returnTransfer": (world) =>
    onNote(
      world,
      ({ from, position }) => from !== null && position === "OPEN",
      (note, id) => {
        const { root, from } = note;
        const signings = distinct([note.holder, from ?? note.holder]).flatMap((firm) => holderSigns(world, firm, note.amount));
        return attempt(
          world,
          "note.returnTransfer",
          { note: id },
          signings,
          () => changes.returnTransfer(world.model, note),
          (sent) => {
            (root.notes.at(-1) as Note).id = sent.created();
          },
        );
      },
    ),
  "receivable.extend": (world) =>
    onRoot(
      world,
      ({ status }) => status === "EFFECTIVE",
      (root) => {
        const { draw, model, guarantor } = world;
        const notes = named(world, root.notes);
        if (notes.length === 0 || !areKnown(notes)) return null;
        const maturityDay = root.maturityDay + (draw.pick([30, 30, 10, 0, 400]) as number);
        const prolonged = draw.chance(50) && root.guarantees.length > 0;
        const guarantees = prolonged ? root.guarantees.map(({ id }) => asHash(id)).sort() : [];
        return attempt(
          world,
          "receivable.extend",
          { receivable: asHash(root.id), maturityDay, notes: ids(notes), guarantees },
          [root.contract.buyer],
          () => changes.extend(model, root, maturityDay, notes, prolonged ? guarantor : null),
          (sent) => {
            last(model.amendments).id = sent.created();
          },
        );
      },
    ),
  "dispute.raise": (world) =>
    onNote(
      world,
      ({ dispute, hold }) => dispute === null && hold === null,
      (note, id) => {
        const amount = someOf(world, note.amount);
        const body = { note: id, amount, reason: "QUALITY", evidence: document } as const;
        return attempt(
          world,
          "dispute.raise",
          body,
          [note.root.contract.buyer],
          () => changes.raiseDispute(world.model, note, amount),
          (sent) => {
            last(world.model.disputes).id = sent.created();
          },
        );
      },
    ),
  "dispute.respond": (world) =>
    onDispute(world, (dispute, id) => {
      const { note } = dispute;
      // One that has ended: its note is free, or contested anew by another.
      if (note.dispute !== dispute) return null;
      const { holder } = note;
      // An earlier transaction of the block may have passed the note on to somebody who has not signed.
      return attempt(
        world,
        "dispute.respond",
        { dispute: id, response: document },
        [holder],
        () => dispute.note.holder === holder && changes.answerDispute(dispute),
      );
    }),
  "dispute.withdraw": (world) =>
    onDispute(world, (dispute, id) =>
      attempt(world, "dispute.withdraw", { dispute: id }, [dispute.note.root.contract.buyer], () =>
        changes.endDispute(world.model, dispute, 0n, "WITHDRAWN"),
      ),
    ),
  "dispute.settle": (world) =>
    onDispute(world, (dispute, id) => {
      const { note } = dispute;
      const upheld = world.draw.chance(25) ? 0n : someOf(world, note.amount);
      const asked = distinct([note.root.contract.buyer, ...changes.interestedIn(note)]);
      const haveSigned = (): boolean => changes.interestedIn(dispute.note).every((firm) => asked.includes(firm));
      return attempt(
        world,
        "dispute.settle",
        { dispute: id, upheld },
        asked,
        () => haveSigned() && changes.endDispute(world.model, dispute, upheld, "SETTLED"),
      );
    }),
  "dispute.award": (world) =>
    onDispute(world, (dispute, id) => {
      const authority = world.draw.chance(90) ? world.court : world.bank;
      const upheld = world.draw.chance(25) ? 0n : someOf(world, dispute.note.amount);
      const body = { dispute: id, authority: authority.id, upheld, document };
      return attempt(
        world,
        "dispute.award",
        body,
        [authority],
        () => authority === world.court && changes.endDispute(world.model, dispute, upheld, "AWARDED"),
      );
    }),
  "freeze.place": (world) =>
    onNote(
      world,
      ({ hold }) => hold === null,
      (note, id) => {
        const { draw, court, bank, model } = world;
        const amount = someOf(world, note.amount);
        const authority = draw.chance(92) ? court : bank;
        const body = { kind: "COURT", by: [authority.id], note: id, amount, document } as const;
        return attempt(
          world,
          "freeze.place",
          body,
          [authority],
          () => authority === court && changes.freeze(model, note, amount),
          (sent) => {
            last(model.freezes).id = sent.created();
          },
        );
      },
    ),
  "freeze.lift": (world) =>
    onFreeze(world, (order, id) =>
      attempt(world, "freeze.lift", { freeze: id, document }, [world.court], () => changes.lift(world.model, order)),
    ),
  "freeze.transfer": (world) =>
    onFreeze(world, (order, id) => {
      const to = world.draw.pick([world.supplier, world.lender, world.debtor]) as Firm;
      const { root } = order.note;
      return attempt(
        world,
        "freeze.transfer",
        { freeze: id, to: to.id, document },
        [world.court],
        () => changes.execute(world.model, order, to),
        (sent) => {
          const moved = root.notes.at(-1);
          if (moved?.id === null) moved.id = sent.created();
        },
      );
    }),
  "payment.early": (world) =>
    onNote(world, isOpen, (note, id) => {
      const { draw, model, bank, debtor } = world;
      const face = someOf(world, note.amount);
      const paid = draw.pick([face, face - face / 20n, face - face / 10n, face - face / 5n, face + 1n]) ?? face;
      const ref = reference(world);
      const body = { ...attested(world, paid || 1n, ref), note: id, face };
      return attempt(world, "payment.early", body, [attester(bank), debtor, ...holderSigns(world, note.holder, 0n)], () =>
        changes.payEarly(model, note, paid || 1n, face, ref),
      );
    }),
  "payment.reverse": (world) => {
    const { draw, model, bank } = world;
    const payment = choose(draw, model.payments, (each) => each.status === "ATTESTED" && each.reversible);
    if (payment === undefined) return null;
    const body = { payment: paymentId(bank.id, commitment(payment.reference)), evidence: document };
    return attempt(world, "payment.reverse", body, [attester(bank)], () => changes.reverse(model, payment));
  },
  "loan.demand": (world) =>
    onLoan(
      world,
      ({ status, notes, demanded }) => status === "ACTIVE" && !demanded && notes.some(({ root }) => isDue(root)),
      (loan, id) => {
        const disputes = world.model.disputes.filter((dispute) => dispute.loan === loan);
        const cause = world.draw.chance(80) ? world.draw.pick(known(loan.notes)) : world.draw.pick(disputes);
        if (cause === undefined) return null;
        return attempt(world, "loan.demand", { loan: id, cause: asHash(cause.id) }, [loan.lender], () =>
          changes.demand(loan, cause),
        );
      },
    ),
  "loan.buyBack": (world) =>
    onLoan(
      world,
      ({ status, notes, decision }) => status === "ACTIVE" && notes.length > 0 && decision.recourse,
      (loan, id) => {
        const { model, draw, bank } = world;
        const note = draw.pick(known(loan.notes));
        if (note === undefined) return null;
        const amount = changes.priceOf(model, loan, note) + (draw.chance(10) ? 1n : 0n);
        if (amount <= 0n) return null;
        const ref = reference(world);
        const body = { ...attested(world, amount, ref), loan: id, note: idOf(note) };
        const signings = [attester(bank), loan.borrower, loan.lender].filter((each) => each !== bank);
        return attempt(world, "loan.buyBack", body, distinctSignings(signings), () =>
          changes.buyBack(model, loan, note, amount, ref),
        );
      },
    ),
  "loan.writeOff": (world) =>
    onLoan(
      world,
      ({ status, writtenOff, notes }) =>
        status === "ACTIVE" && writtenOff === 0n && (notes.length === 0 || notes.some(({ root }) => root.status === "DEFAULTED")),
      (loan, id) => attempt(world, "loan.writeOff", { loan: id }, [loan.lender], () => changes.writeOff(world.model, loan)),
    ),
  "loan.resell": (world) =>
    onLoan(
      world,
      ({ status }: Loan) => status === "ACTIVE",
      (loan, id) => {
        const { draw, model, bank, lender, supplier } = world;
        const to = draw.pick([bank, lender, supplier]) as Firm;
        return attempt(world, "loan.resell", { loan: id, to: to.id }, distinct([loan.lender, to]), () =>
          changes.resell(model, loan, to, to !== supplier),
        );
      },
    ),
  "guarantee.attach": (world) =>
    onRoot(
      world,
      (root) => root.status === "EFFECTIVE" || isDue(root),
      (root) => {
        const { draw, model, guarantor } = world;
        const cap = someOf(
          world,
          root.notes.reduce((total, { amount }) => total + amount, 0n),
        );
        const untilDay = model.today + (draw.pick([30, 200, 400]) as number);
        const body = { guarantor: guarantor.id, receivable: asHash(root.id), cap, untilDay, document };
        return attempt(
          world,
          "guarantee.attach",
          body,
          [guarantor],
          () => changes.guarantee(model, root, guarantor, cap, untilDay),
          (sent) => {
            last(model.guarantees).id = sent.created();
          },
        );
      },
    ),
  "guarantee.pay": (world) => {
    const { draw, model, bank, guarantor } = world;
    const promise = choose(draw, model.guarantees, ({ root, used, cap }) => isDue(root) && used < cap);
    const note = promise === undefined ? undefined : draw.pick(known(promise.root.notes));
    if (promise === undefined || note === undefined) return null;
    const left = promise.cap - promise.used;
    const amount = draw.pick([note.amount, left, left + 1n, 200n].filter((each) => each > 0n)) ?? 1n;
    const ref = reference(world);
    const body = { ...attested(world, amount, ref), guarantee: asHash(promise.id), note: idOf(note) };
    return attempt(world, "guarantee.pay", body, [attester(bank), guarantor], () =>
      changes.payGuarantee(model, promise, note, amount, guarantor, ref),
    );
  },
} satisfies Readonly<Record<string, Command>>;

function distinctSignings<T>(signings: readonly T[]): readonly T[] {
  return [...new Set(signings)];
}
