import type { OperationKind } from "../../../src/ledger/transitions.ts";
import type { Hash } from "../../../src/types/scalars.ts";
import type { Operation } from "../../../src/types/transaction.ts";
import { type Alliance, commitment, registration } from "../support/alliance.ts";
import type { GoodsKind } from "../support/catalog-goods.ts";
import { by, op, type Sent, type Signing } from "../support/chain.ts";
import { type Firm, firm, type TestKey, testKey, testUscc } from "../support/firm.ts";
import type { Application, Contract, Decision, Invoice, Loan, Model, Note, Root } from "./model.ts";

/** One try: a signed operation, and what the model says of it (which changes the model if it takes effect). */
export interface Attempt {
  readonly operation: Operation;
  readonly signings: readonly Signing[];
  readonly predict: () => boolean;
  /** Tells the model the ids that the ledger gave. */
  readonly learn?: (sent: Sent) => void;
}

/** Seeded choices; one from an empty list is undefined. */
export interface Draw {
  below(bound: number): number;
  chance(percent: number): boolean;
  pick<T>(items: readonly T[]): T | undefined;
}

/** A key that was added: it counts from the block behind, and does to the end of the block in which it is revoked. */
export interface ExtraKey {
  readonly firm: Firm;
  readonly key: TestKey;
  readonly addedIn: number;
  revokedIn: number | null;
}

export interface World extends Alliance {
  readonly model: Model;
  readonly draw: Draw;
  readonly extraKeys: ExtraKey[];
  serial: number;
}

/** What members decide about the chain itself, and how lenders judge, have tests of their own (governance.test.ts, credit.test.ts). */
export type Modelled = Exclude<
  OperationKind,
  | `governance.${string}`
  | `authority.${string}`
  | `risk.${string}`
  | `model.${string}`
  | `title.${string}`
  | "party.update"
  | "key.recover"
  | "key.refuseRecovery"
  | GoodsKind
  | "registry.cancel"
  | "invoice.confirm"
  | "invoice.registerVerified"
  | `fingerprint.${string}`
  | "delivery.returnAcceptance"
  | "receivable.replace"
>;

export type Command = (world: World) => Attempt | null;

const HOUR = 3_600_000;
const MINUTE = 60_000;

export const aligned = (ms: number): number => Math.floor(ms / MINUTE) * MINUTE;
export const asHash = (id: string | null): Hash => id as Hash;
/** Most picks are of what the operation is for; some of anything. */
export function choose<T>(draw: Draw, all: readonly T[], fitting: (item: T) => boolean): T | undefined {
  const wanted = all.filter(fitting);
  return wanted.length > 0 && !draw.chance(12) ? draw.pick(wanted) : draw.pick(all);
}

export function next(world: World, what: string): string {
  world.serial += 1;
  return `${what} ${world.serial}`;
}

/** Usually new; now and then one that was given before. */
export function reference(world: World): string {
  return world.draw.chance(8) ? "bank reference of old" : next(world, "bank reference");
}

export function expiry(world: World, hours: number): number {
  // Sometimes too far, sometimes past.
  const factor = world.draw.pick([1, 1, 1, 1, 1, 2, -1]) ?? 1;
  return aligned(world.model.now + factor * Math.max(1, world.draw.below(hours)) * HOUR);
}

/** What is at stake for a firm that signs a note operation: its policy may ask for the checker. */
const stakes = new WeakMap<Signing, { readonly firm: Firm; readonly stake: bigint }>();

/** By the maker, or another maker key of the firm; with the checker where the firm's policy asks for one. */
export function holderSigns(world: World, holder: Firm, stake: bigint): readonly Signing[] {
  const extra = world.extraKeys.filter((each) => each.firm === holder);
  const key = world.draw.chance(20) ? (world.draw.pick(extra)?.key ?? holder.maker) : holder.maker;
  const from = world.model.checkedFrom.get(holder);
  const checker = from !== undefined && stake >= from ? [by(holder, holder.checker)] : [];
  const maker = by(holder, key);
  stakes.set(maker, { firm: holder, stake });
  return [maker, ...checker];
}

/** The policy in force when the operation comes to be judged, which an earlier one of the same block may have changed. */
function policiesMet({ model }: World, signings: readonly Signing[]): boolean {
  return signings.every((signing) => {
    const act = stakes.get(signing);
    const from = act === undefined ? undefined : model.checkedFrom.get(act.firm);
    if (act === undefined || from === undefined || act.stake < from) return true;
    return signings.some((other) => !("legalId" in other) && other.key === act.firm.checker);
  });
}

function signable(world: World, signings: readonly Signing[]): boolean {
  return signings.every((signing) => {
    if ("legalId" in signing) return true;
    const extra = world.extraKeys.find(({ key }) => key === signing.key);
    if (extra === undefined) return true;
    const { block } = world.model;
    return extra.addedIn < block && (extra.revokedIn === null || extra.revokedIn >= block);
  });
}

export function attempt<K extends OperationKind>(
  world: World,
  kind: K,
  body: Parameters<typeof op<K>>[1],
  signings: readonly Signing[],
  predict: () => boolean,
  learn?: (sent: Sent) => void,
): Attempt {
  const checked = () => signable(world, signings) && policiesMet(world, signings) && predict();
  const base = { operation: op(kind, body), signings, predict: checked };
  return learn === undefined ? base : { ...base, learn };
}

export const known = (notes: readonly Note[]): readonly Note[] => notes.filter(({ id }) => id !== null);
export const attester = (bank: Firm): Signing => by(bank, bank.attester);

function terms(world: World, origin: Root["origin"]): Attempt | null {
  const { model, draw } = world;
  const invoice = choose(draw, model.invoices, ({ total, used, tax }) => used < total && tax === "NORMAL");
  if (invoice === undefined) return null;
  const free = invoice.total - invoice.used;
  const amount = draw.chance(10) ? free + 1n : free > 2_000n ? free / 2n : free;
  if (amount <= 0n) return null;
  const uses: { invoice: Invoice; amount: bigint }[] = [{ invoice, amount }];
  const other = draw.chance(25) ? draw.pick(model.invoices) : undefined;
  if (other !== undefined && other.total - other.used > 0n) uses.push({ invoice: other, amount: other.total - other.used });
  const contract = draw.chance(5) ? (draw.pick(model.contracts) as Contract) : invoice.contract;
  const tenor = draw.pick([20, 45, 90, 170, 300, 400, 0]) as number;
  const hasReason = draw.chance(50);
  const body = {
    contract: asHash(contract.id),
    face: uses.reduce((sum, use) => sum + use.amount, 0n),
    maturityDay: world.model.today + tenor,
    document: commitment("receivable"),
    allocation: uses.map((use) => ({ invoice: asHash(use.invoice.id), amount: use.amount })),
    ...(hasReason ? { tenorReason: commitment("reason") } : {}),
  };
  const signer = origin === "DEBTOR" ? contract.buyer : contract.seller;
  return attempt(
    world,
    origin === "DEBTOR" ? "receivable.issueByDebtor" : "receivable.issueBySeller",
    body,
    [signer],
    () => model.issue(origin, contract, uses, tenor, hasReason),
    (sent) => {
      (model.roots.at(-1) as Root).id = sent.created();
    },
  );
}

export function onRoot(world: World, fits: (root: Root) => boolean, make: (root: Root) => Attempt | null): Attempt | null {
  const root = choose(world.draw, world.model.roots, fits);
  return root === undefined ? null : make(root);
}

export function onNote(
  world: World,
  fits: (note: Note) => boolean,
  make: (note: Note, id: Hash) => Attempt | null,
): Attempt | null {
  const note = choose(world.draw, known(world.model.notes), fits);
  return note === undefined ? null : make(note, asHash(note.id));
}

export function onLoan(
  world: World,
  fits: (loan: Loan) => boolean,
  make: (loan: Loan, id: Hash) => Attempt | null,
): Attempt | null {
  const loan = choose(world.draw, world.model.loans, fits);
  return loan === undefined ? null : make(loan, asHash(loan.id));
}

export const isDue = ({ status }: Root): boolean => ["MATURED", "OVERDUE", "DEFAULTED"].includes(status);
export const isOpen = ({ position }: Note): boolean => position === "OPEN";

/** Of what is paid, mostly nothing is for being late; else all that was earned, half of it, or too much. */
function lateness({ draw }: World, earned: bigint): bigint {
  return draw.pick([0n, 0n, earned, earned, earned / 2n, earned + 1n]) ?? 0n;
}

/** Every kind of command, by name: operations of the ledger, each with all that a user could get wrong about it. */
export const BASIC_COMMANDS = {
  "party.register": (world) => {
    const name = world.draw.chance(20) ? "firm of old" : next(world, "firm");
    const serial = name === "firm of old" ? 77 : 1_000 + world.serial;
    const party = firm(name, testUscc(serial));
    const signings = [world.platform, party, by(party, party.checker)];
    return attempt(world, "party.register", registration(party, ["SELLER"]), signings, () => {
      if (!world.model.take(`firm ${serial}`)) return false;
      world.model.standing.newcomers.push({ firm: party, suspendedBy: null });
      return true;
    });
  },
  "party.policy": (world) => {
    const { seller, model } = world;
    const from = world.draw.pick([null, 1_000n, 5_000n]) ?? null;
    const policy = from === null ? [] : [{ action: "note.*", amountMin: from, makers: 1, checkers: 1 }];
    return attempt(world, "party.policy", { party: seller.id, policy }, [seller], () => {
      if (from === null) model.checkedFrom.delete(seller);
      else model.checkedFrom.set(seller, from);
      return true;
    });
  },
  "key.add": (world) => {
    const owner = world.draw.pick([world.seller, world.supplier]) as Firm;
    const isUsed = world.draw.chance(15);
    const key = isUsed ? owner.checker : testKey(next(world, "extra key"));
    if (world.extraKeys.length >= 12) return null;
    const body = { party: owner.id, key: key.key, purpose: "MAKER" } as const;
    return attempt(world, "key.add", body, [owner, by(owner, key)], () => {
      if (isUsed) return false;
      world.extraKeys.push({ firm: owner, key, addedIn: world.model.block, revokedIn: null });
      return true;
    });
  },
  "key.revoke": (world) => {
    const extra = world.draw.pick(world.extraKeys);
    if (extra === undefined) return null;
    return attempt(world, "key.revoke", { party: extra.firm.id, key: extra.key.key }, [extra.firm], () => {
      if (extra.revokedIn !== null) return false;
      extra.revokedIn = world.model.block;
      return true;
    });
  },
  "contract.register": (world) => {
    const { model, draw, debtor } = world;
    const seller = draw.pick([world.seller, world.seller, world.supplier]) as Firm;
    const name = draw.chance(10) ? "contract of old" : next(world, "contract");
    const total = BigInt(1 + draw.below(40)) * 1_000n;
    const [payDays, inspectionDays] = [draw.pick([60, 180]) as number, draw.pick([3, 10]) as number];
    const body = {
      number: commitment(name),
      seller: seller.id,
      buyer: debtor.id,
      currency: "CNY",
      total,
      toleranceBp: 0,
      payTermDays: payDays,
      inspectionDays,
      document: commitment("contract"),
    };
    return attempt(
      world,
      "contract.register",
      body,
      [seller, debtor],
      () => {
        if (!model.take(`contract ${seller.name} ${name}`)) return false;
        const sums = { delivered: 0n, accepted: 0n, invoiced: 0n };
        model.contracts.push({ id: "", seller, buyer: debtor, total, payDays, inspectionDays, ...sums, terminated: false });
        return true;
      },
      (sent) => {
        (model.contracts.at(-1) as Contract).id = sent.created();
      },
    );
  },
  "delivery.record": (world) => {
    const { model, draw } = world;
    const contract = choose(draw, model.contracts, ({ total, delivered }) => delivered < total);
    if (contract === undefined) return null;
    const left = contract.total - contract.delivered;
    const amount = draw.chance(10) ? left + 1n : left > 1n ? left / (draw.pick([1n, 2n]) ?? 1n) : 1n;
    const day = model.today - (draw.pick([0, 0, 1, 5, -1, 400]) as number);
    const body = { contract: asHash(contract.id), amount, day, evidence: commitment("weighbridge") };
    return attempt(
      world,
      "delivery.record",
      body,
      [contract.seller],
      () => model.deliver(contract, amount, day),
      (sent) => {
        (model.deliveries.at(-1) as { id: string }).id = sent.created();
      },
    );
  },
  "delivery.accept": (world) => {
    const delivery = choose(world.draw, world.model.deliveries, ({ status }) => status === "PENDING");
    if (delivery === undefined) return null;
    const amount = world.draw.pick([delivery.amount, delivery.amount, delivery.amount / 2n + 1n, delivery.amount + 1n]) ?? 1n;
    const body = { delivery: asHash(delivery.id), amount };
    return attempt(world, "delivery.accept", body, [delivery.contract.buyer], () => world.model.acceptDelivery(delivery, amount));
  },
  "delivery.reject": (world) => {
    const delivery = choose(world.draw, world.model.deliveries, ({ status }) => status === "PENDING");
    if (delivery === undefined) return null;
    const body = { delivery: asHash(delivery.id) };
    return attempt(world, "delivery.reject", body, [delivery.contract.buyer], () => world.model.rejectDelivery(delivery));
  },
  "invoice.register": (world) => {
    const { model, draw, verifier } = world;
    const contract = choose(draw, model.contracts, ({ accepted, invoiced }) => invoiced < accepted);
    if (contract === undefined) return null;
    const left = contract.accepted - contract.invoiced;
    const total = left <= 0n || draw.chance(10) ? left + 1n : left;
    if (total <= 0n) return null;
    const fingerprint = draw.chance(10) ? "invoice of old" : next(world, "invoice");
    const isVerified = draw.chance(85);
    const body = {
      contract: asHash(contract.id),
      total,
      tax: total / 10n,
      issueDay: model.today,
      fingerprint: commitment(fingerprint),
      document: commitment("file"),
      ...(isVerified ? { verifier: verifier.id } : {}),
    };
    return attempt(
      world,
      "invoice.register",
      body,
      isVerified ? [contract.seller, attester(verifier)] : [contract.seller],
      () => model.registerInvoice(contract, total, fingerprint, isVerified),
      (sent) => {
        (model.invoices.at(-1) as Invoice).id = sent.created();
      },
    );
  },
  "invoice.attest": (world) => {
    const { model, draw, verifier } = world;
    const invoice = draw.pick(model.invoices);
    if (invoice === undefined) return null;
    const status = draw.pick(["NORMAL", "NORMAL", "NORMAL", "RED", "VOID"] as const) ?? "NORMAL";
    const checkedMs = model.now - (draw.pick([0, 0, 500, 1_000_000_000, -5_000]) as number);
    const body = { invoice: asHash(invoice.id), verifier: verifier.id, status, checkedMs };
    return attempt(world, "invoice.attest", body, [attester(verifier)], () => model.attest(invoice, status, checkedMs));
  },
  "receivable.issueByDebtor": (world) => terms(world, "DEBTOR"),
  "receivable.issueBySeller": (world) => terms(world, "SELLER"),
  "receivable.acceptIssue": (world) =>
    onRoot(
      world,
      ({ status, origin }) => status === "PROPOSED" && origin === "DEBTOR",
      (root) =>
        attempt(
          world,
          "receivable.acceptIssue",
          { receivable: asHash(root.id) },
          [root.contract.seller],
          () => world.model.answer(root, "DEBTOR", root.face),
          (sent) => {
            (root.notes[0] as Note).id = sent.created();
          },
        ),
    ),
  "receivable.confirm": (world) =>
    onRoot(
      world,
      ({ status, origin }) => status === "PROPOSED" && origin === "SELLER",
      (root) => {
        const amount = (world.draw.pick([root.face, root.face, root.face / 2n, root.face + 1n, 50n]) ?? root.face) || 1n;
        const mode = world.draw.chance(50) ? "EXISTENCE" : "UNCONDITIONAL";
        return attempt(
          world,
          "receivable.confirm",
          { receivable: asHash(root.id), mode, amount },
          [root.contract.buyer],
          () => world.model.answer(root, "SELLER", amount, mode),
          (sent) => {
            (root.notes[0] as Note).id = sent.created();
          },
        );
      },
    ),
  "receivable.reject": (world) =>
    onRoot(
      world,
      ({ status }) => status === "PROPOSED",
      (root) => {
        const signer = root.origin === "DEBTOR" ? root.contract.seller : root.contract.buyer;
        return attempt(world, "receivable.reject", { receivable: asHash(root.id) }, [signer], () =>
          world.model.endProposal(root, "REJECTED"),
        );
      },
    ),
  "receivable.withdraw": (world) =>
    onRoot(
      world,
      ({ status }) => status === "PROPOSED",
      (root) => {
        const signer = root.origin === "DEBTOR" ? root.contract.buyer : root.contract.seller;
        return attempt(world, "receivable.withdraw", { receivable: asHash(root.id) }, [signer], () =>
          world.model.endProposal(root, "WITHDRAWN"),
        );
      },
    ),
  "receivable.cancel": (world) =>
    onNote(
      world,
      (note) => isOpen(note) && !note.root.moved && note.root.status === "EFFECTIVE",
      (note, id) => {
        const { root } = note;
        const body = { receivable: asHash(root.id), note: id };
        return attempt(world, "receivable.cancel", body, [root.contract.seller, root.contract.buyer], () =>
          world.model.cancel(root, note),
        );
      },
    ),
  "note.split": (world) =>
    onNote(world, isOpen, (note, id) => {
      const first = note.amount / (world.draw.pick([2n, 3n, 4n]) ?? 2n) || 1n;
      const rest = note.amount - first + (world.draw.chance(8) ? 1n : 0n);
      if (rest <= 0n) return null;
      const parts = world.draw.chance(25) && rest > 1n ? [first, rest / 2n, rest - rest / 2n] : [first, rest];
      const { root } = note;
      return attempt(
        world,
        "note.split",
        { note: id, parts },
        holderSigns(world, note.holder, note.amount),
        () => world.model.split(note, parts),
        (sent) => {
          for (const [child, made] of root.notes.slice(-parts.length).entries()) made.id = sent.created(0, child);
        },
      );
    }),
  "note.offer": (world) =>
    onNote(world, isOpen, (note, id) => {
      const to = world.draw.pick([world.supplier, world.seller, world.lender, world.debtor]) as Firm;
      const expiresMs = expiry(world, 72);
      if (expiresMs < 0) return null;
      return attempt(
        world,
        "note.offer",
        { note: id, to: to.id, expiresMs },
        holderSigns(world, note.holder, note.amount),
        () => world.model.offer(note, to, expiresMs),
        (sent) => {
          (world.model.offers.at(-1) as { id: string }).id = sent.created();
        },
      );
    }),
  "note.acceptOffer": (world) => {
    const offer = choose(world.draw, world.model.offers, ({ status }) => status === "PENDING");
    if (offer === undefined) return null;
    const { root } = offer.note;
    return attempt(
      world,
      "note.acceptOffer",
      { offer: asHash(offer.id) },
      holderSigns(world, offer.to, offer.note.amount),
      () => world.model.acceptOffer(offer),
      (sent) => {
        (root.notes.at(-1) as Note).id = sent.created();
      },
    );
  },
  "note.rejectOffer": (world) => {
    const offer = choose(world.draw, world.model.offers, ({ status }) => status === "PENDING");
    if (offer === undefined) return null;
    return attempt(world, "note.rejectOffer", { offer: asHash(offer.id) }, holderSigns(world, offer.to, 0n), () =>
      world.model.endOffer(offer, "REJECTED"),
    );
  },
  "note.withdrawOffer": (world) => {
    const offer = choose(world.draw, world.model.offers, ({ status }) => status === "PENDING");
    if (offer === undefined) return null;
    return attempt(world, "note.withdrawOffer", { offer: asHash(offer.id) }, holderSigns(world, offer.from, 0n), () =>
      world.model.endOffer(offer, "WITHDRAWN"),
    );
  },
  "note.transfer": (world) =>
    onNote(world, isOpen, (note, id) => {
      const to = world.draw.pick([world.supplier, world.seller, world.lender, world.debtor]) as Firm;
      const { root } = note;
      const signings = [...holderSigns(world, note.holder, note.amount)];
      if (to !== note.holder) signings.push(...holderSigns(world, to, note.amount));
      return attempt(
        world,
        "note.transfer",
        { note: id, to: to.id },
        signings,
        () => world.model.transfer(note, to),
        (sent) => {
          (root.notes.at(-1) as Note).id = sent.created();
        },
      );
    }),
  "finance.apply": (world) =>
    onNote(world, isOpen, (note, id) => {
      const { model, draw, bank, lender } = world;
      const others = known(model.notes).filter((other) => other !== note && other.holder === note.holder && isOpen(other));
      const second = draw.chance(35) ? draw.pick(others) : undefined;
      const notes = [note, ...(second === undefined ? [] : [second])];
      const ids = [id, ...(second === undefined ? [] : [asHash(second.id)])];
      const lenders = draw.chance(30) ? [bank, lender] : [draw.pick([bank, lender]) as Firm];
      const total = notes.reduce((sum, { amount }) => sum + amount, 0n);
      const amount = draw.chance(8) ? total + 1n : total - total / 10n;
      const expiresMs = expiry(world, 24);
      if (expiresMs < 0) return null;
      const body = {
        lenders: lenders.map((each) => each.id).sort(),
        notes: [...ids].sort(),
        amount,
        consent: commitment("consent"),
        expiresMs,
      };
      // The holder of the first note by id signs.
      const first = notes.find((each) => each.id === body.notes[0]) as Note;
      const inOrder = body.notes.map((each) => notes.find((other) => other.id === each) as Note);
      return attempt(
        world,
        "finance.apply",
        body,
        [first.holder],
        () => model.apply(first.holder, inOrder, lenders, amount, expiresMs),
        (sent) => {
          (model.applications.at(-1) as Application).id = sent.created();
        },
      );
    }),
  "finance.withdraw": (world) => {
    const application = choose(world.draw, world.model.applications, ({ open }) => open);
    if (application === undefined) return null;
    return attempt(world, "finance.withdraw", { application: asHash(application.id) }, [application.borrower], () =>
      world.model.withdrawApplication(application),
    );
  },
  "finance.decide": (world) => {
    const { model, draw } = world;
    const application = choose(draw, model.applications, ({ open }) => open);
    if (application === undefined) return null;
    const lender = draw.chance(92) ? (draw.pick(application.lenders) as Firm) : (draw.pick([world.bank, world.lender]) as Firm);
    const outcome = draw.pick(["APPROVED", "APPROVED", "APPROVED", "APPROVED", "REFER", "DECLINE"] as const) ?? "APPROVED";
    const advanceBp = draw.pick([9_000, 9_500, 5_000]) as number;
    const cap = (application.notes.reduce((sum, { amount }) => sum + amount, 0n) * BigInt(advanceBp)) / 10_000n;
    const least = cap < application.amount ? cap : application.amount;
    const amount = (draw.pick([least, least, least, least / 3n, least / 3n, least + 1n]) ?? least) || 1n;
    const expiresMs = draw.chance(85) ? Math.min(application.expiresMs, aligned(model.now + 9 * HOUR)) : expiry(world, 48);
    if (expiresMs < 0) return null;
    const decision: Omit<Decision, "id" | "live"> = {
      application,
      lender,
      outcome,
      amount,
      advanceBp,
      ratePpm: draw.pick([0, 43_500, 120_000]) as number,
      tenorDays: draw.pick([60, 95]) as number,
      recourse: draw.chance(60),
      security: draw.chance(50) ? "PLEDGE" : "ASSIGNMENT",
      expiresMs,
    };
    const { ratePpm, tenorDays, recourse, security } = decision;
    const body = {
      application: asHash(application.id),
      lender: lender.id,
      outcome,
      amount,
      advanceBp,
      ratePpm,
      tenorDays,
      recourse,
      security,
      policy: commitment("policy"),
      reasons: [],
      expiresMs,
      // Gates have tests of their own: here officers always say why they lend although.
      ...(outcome === "APPROVED" ? { override: { reason: "MODEL", document: commitment("minutes") } } : {}),
    };
    return attempt(
      world,
      "finance.decide",
      body,
      outcome === "APPROVED" ? [lender, by(lender, lender.checker)] : [lender],
      () => model.decide(decision),
      (sent) => {
        (model.decisions.at(-1) as Decision).id = sent.created();
      },
    );
  },
  "finance.accept": (world) => {
    const { model } = world;
    const decision = choose(world.draw, model.decisions, ({ live, outcome }) => live && outcome === "APPROVED");
    if (decision === undefined) return null;
    return attempt(
      world,
      "finance.accept",
      { decision: asHash(decision.id) },
      [decision.application.borrower],
      () => model.acceptTerms(decision),
      (sent) => {
        (model.loans.at(-1) as Loan).id = sent.created();
      },
    );
  },
  "registry.search": (world) => {
    const { model, draw, bank } = world;
    const waiting = choose(draw, model.loans, ({ status, filing }) => status === "COMMITTED" && filing !== null);
    const subject = waiting?.borrower ?? world.seller;
    const hits = draw.chance(8) ? 1 : 0;
    const timeMs = model.now - (draw.pick([0, 0, 0, 1_000, 25 * HOUR, -1_000]) as number);
    const body = { by: bank.id, subject: subject.id, hits, result: commitment("search"), timeMs };
    return attempt(
      world,
      "registry.search",
      body,
      [by(bank, bank.engine)],
      () => model.search(subject, hits, timeMs),
      (sent) => {
        (model.searches.at(-1) as { id: string }).id = sent.created();
      },
    );
  },
  "registry.file": (world) =>
    onLoan(
      world,
      ({ status, filing }) => status === "COMMITTED" && filing === null,
      (loan, id) => {
        const { model, draw } = world;
        const { lender, tenorDays } = loan.decision;
        const number = draw.chance(6) ? "filing of old" : next(world, "filing");
        const timeMs = model.now - (draw.pick([0, 0, 500, 25 * HOUR]) as number);
        const untilDay = model.today + tenorDays - (draw.chance(8) ? 1 : 0);
        const body = { loan: id, number: commitment(number), timeMs, untilDay, proof: commitment("proof") };
        return attempt(world, "registry.file", body, [by(lender, lender.engine)], () =>
          model.file(loan, number, timeMs, untilDay),
        );
      },
    ),
  "loan.order": (world) =>
    onLoan(
      world,
      ({ status, filing }) => status === "COMMITTED" && filing !== null,
      (loan, id) => {
        const { model, draw } = world;
        // A search by another party than the lender counts as well, being a registry's.
        const search = choose(
          draw,
          model.searches,
          ({ subject, recordedMs, hits }) =>
            subject === loan.borrower && hits === 0 && loan.filing !== null && recordedMs > loan.filing.recordedMs,
        );
        if (search === undefined) return null;
        const body = { loan: id, search: asHash(search.id), instruction: commitment("pain.001") };
        return attempt(world, "loan.order", body, [loan.lender], () => model.order(loan, search));
      },
    ),
  "loan.disbursed": (world) =>
    onLoan(
      world,
      ({ status }) => status === "ORDERED",
      (loan, id) => {
        const { model, draw, bank } = world;
        const amount = loan.decision.amount + (draw.chance(8) ? 1n : 0n);
        const ref = reference(world);
        const valueDay = model.today - (draw.chance(8) ? 2 : 0);
        const body = { loan: id, bank: bank.id, reference: commitment(ref), amount, valueDay, evidence: commitment("camt.054") };
        const before = loan.notes.length;
        return attempt(
          world,
          "loan.disbursed",
          body,
          [attester(bank)],
          () => model.disburse(loan, amount, ref, valueDay),
          (sent) => {
            if (loan.decision.security === "PLEDGE") return;
            for (const [index, note] of loan.notes.entries()) if (index < before) note.id = sent.created(0, 2 * index + 1);
          },
        );
      },
    ),
  "loan.fail": (world) =>
    onLoan(
      world,
      ({ status }) => status === "ORDERED",
      (loan, id) =>
        attempt(
          world,
          "loan.fail",
          { loan: id, bank: world.bank.id, evidence: commitment("rejected") },
          [attester(world.bank)],
          () => world.model.failDisbursement(loan),
        ),
    ),
  "loan.release": (world) =>
    onLoan(
      world,
      ({ status, notes }) => status === "ACTIVE" && notes.length > 1,
      (loan, id) => {
        const note = world.draw.pick(known(loan.notes));
        if (note === undefined) return null;
        const body = { loan: id, notes: [asHash(note.id)] };
        return attempt(world, "loan.release", body, [loan.lender], () => world.model.release(loan, [note]));
      },
    ),
  "loan.repay": (world) =>
    onLoan(
      world,
      ({ status }) => status === "ACTIVE",
      (loan, id) => {
        const { model, draw, bank } = world;
        const valueDay = model.today - (draw.pick([0, 0, 3, 40]) as number);
        const whole = model.owed(loan, valueDay);
        const amount = (draw.pick([whole, whole / 2n, whole + 1n, whole - whole / 10n]) ?? whole) || 1n;
        const ref = reference(world);
        const body = { loan: id, bank: bank.id, reference: commitment(ref), amount, valueDay, evidence: commitment("camt.054") };
        const signings = [attester(bank), loan.borrower];
        return attempt(world, "loan.repay", body, signings, () => model.repay(loan, amount, ref, valueDay));
      },
    ),
  "payment.attest": (world) =>
    onNote(
      world,
      ({ root }) => isDue(root),
      (note) => {
        const { model, draw, bank, debtor } = world;
        const second = draw.chance(50) ? draw.pick(known(note.root.notes).filter((other) => other !== note)) : undefined;
        const lines = [note, ...(second === undefined ? [] : [second])].map((each) => ({
          note: each,
          amount: (draw.pick([each.amount, each.amount, each.amount / 2n, each.amount + 1n]) ?? each.amount) || 1n,
        }));
        lines.sort((left, right) => ((left.note.id ?? "") < (right.note.id ?? "") ? -1 : 1));
        const payer = draw.chance(95) ? debtor : world.seller;
        const ref = reference(world);
        const valueDay = model.today - (draw.pick([0, 0, 2, 31, -1]) as number);
        const late = lateness(
          world,
          lines.reduce((sum, line) => sum + model.earned(line.note.root, line.amount, valueDay), 0n),
        );
        const body = {
          bank: bank.id,
          reference: commitment(ref),
          payer: payer.id,
          currency: "CNY",
          amount: lines.reduce((sum, line) => sum + line.amount, late),
          valueDay,
          lines: lines.map((line) => ({ note: asHash(line.note.id), amount: line.amount })),
          ...(late === 0n ? {} : { late }),
          evidence: commitment("camt.054"),
        };
        return attempt(world, "payment.attest", body, [attester(bank)], () => model.pay(lines, late, payer, ref, valueDay));
      },
    ),
  "payment.attestProRata": (world) =>
    onRoot(
      world,
      (root) => isDue(root) && root.notes.length > 0,
      (root) => {
        const { model, draw, bank, debtor } = world;
        const all = known(root.notes);
        const named = draw.chance(10) && all.length > 1 ? all.slice(1) : all;
        if (named.length === 0) return null;
        const total = named.reduce((sum, { amount }) => sum + amount, 0n);
        const amount = (draw.pick([total, total / 2n, total / 3n, total + 1n]) ?? total) || 1n;
        const ref = reference(world);
        const late = lateness(world, model.earned(root, amount, model.today));
        const body = {
          bank: bank.id,
          reference: commitment(ref),
          payer: debtor.id,
          currency: "CNY",
          amount: amount + late,
          ...(late === 0n ? {} : { late }),
          valueDay: model.today,
          receivable: asHash(root.id),
          notes: named.map(({ id }) => asHash(id)).sort(),
          evidence: commitment("camt.054"),
        };
        return attempt(world, "payment.attestProRata", body, [attester(bank)], () =>
          model.payProRata(root, named, amount, late, debtor, ref, model.today),
        );
      },
    ),
  "payment.late": (world) => {
    const { model, draw, bank, debtor } = world;
    const named = model.ended.filter(({ id }) => id !== null);
    const first = choose(draw, named, ({ due }) => due > 0n);
    if (first === undefined) return null;
    const second = draw.chance(30) ? draw.pick(named.filter(({ id }) => id !== first.id)) : undefined;
    const lines = [first, ...(second === undefined ? [] : [second])].map((ended) => ({
      ended,
      amount: (draw.pick([ended.due, ended.due, ended.due / 2n, ended.due + 1n]) ?? ended.due) || 1n,
    }));
    lines.sort((left, right) => ((left.ended.id ?? "") < (right.ended.id ?? "") ? -1 : 1));
    const payer = draw.chance(95) ? debtor : world.seller;
    const ref = reference(world);
    const body = {
      bank: bank.id,
      reference: commitment(ref),
      payer: payer.id,
      currency: "CNY",
      amount: lines.reduce((sum, line) => sum + line.amount, 0n),
      valueDay: model.today,
      lines: lines.map((line) => ({ note: asHash(line.ended.id), amount: line.amount })),
      evidence: commitment("camt.054"),
    };
    return attempt(world, "payment.late", body, [attester(bank)], () => model.payLate(lines, payer, ref, model.today));
  },
} satisfies Readonly<Record<string, Command>>;
