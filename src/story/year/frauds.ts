import { op, type SigningKey } from "../../client/transaction-builder.ts";
import type { Operation } from "../../types/transaction.ts";
import { FIRST_DAY, LAST_DAY } from "./calendar.ts";
import { type Act, beginOf, type Hour } from "./diary.ts";
import type { Supplier } from "./people.ts";
import { CHECKED_FROM, isOverdue, type Leaf, platformOf, type Setting, signersOf, soleLeaf, type Trade } from "./setting.ts";
import { fingerprintOf, taxOf } from "./trading.ts";

/** The first attempts come when there is something to deceive about. Days. */
const FROM_DAYS = 75;
const HOUR_MS = 3_600_000;

interface Attempt {
  readonly trade: Trade;
  readonly keys: readonly SigningKey[];
  readonly op: Operation;
}

interface Trick {
  readonly what: string;
  readonly code: string;
  readonly hour?: Hour;
  /** What is tried on a day, `nth` of its kind; null if there is nothing to try it on. */
  readonly attempt: (setting: Setting, day: number, nth: number) => Attempt | null;
}

/** Attempts spread over the year, each kind in turn; what finds nothing to be tried on waits for a day on which it does. */
export function planFrauds(setting: Setting, count: number): void {
  for (let nth = 0; nth < count; nth++) {
    const day = setting.calendar.from(setting.prng.between(FIRST_DAY + FROM_DAYS, LAST_DAY - 5));
    const turn = nth % (TRICKS.length + 1);
    const trick = TRICKS[turn];
    // The last kind of each round is a score that is made better: it waits for a case where that would pay.
    if (trick === undefined) setting.diary.at(day, "first", () => forge(setting));
    else setting.diary.at(day, trick.hour ?? "third", () => tried(setting, trick, day, nth));
  }
}

function forge(setting: Setting): null {
  setting.forgeries += 1;
  return null;
}

function tried(setting: Setting, trick: Trick, day: number, nth: number): Act | null {
  const attempt = trick.attempt(setting, day, nth);
  if (attempt === null) {
    const next = setting.calendar.after(day);
    setting.diary.at(next, trick.hour ?? "third", () => tried(setting, trick, next, nth));
    return null;
  }
  const { what, code } = trick;
  setting.refuse({ day, what, code, platform: attempt.trade.supplier.platform.member });
  return { name: `fraud/${nth}`, keys: attempt.keys, ops: [attempt.op], expected: code };
}

function pick(setting: Setting, fits: (trade: Trade) => boolean): Trade | null {
  const candidates = setting.trades.filter(fits);
  return candidates.length === 0 ? null : setting.prng.pick(candidates);
}

/** A note in its seller's free hand, of a receivable with time left. */
function openLeaf(setting: Setting, day: number, more: (leaf: Leaf, trade: Trade) => boolean = () => true): Trade | null {
  return pick(setting, (trade) => {
    const leaf = soleLeaf(trade);
    const isOpen = trade.phase === "OPEN" && leaf !== null && leaf.holder === trade.supplier && trade.maturityDay > day + 7;
    return isOpen && trade.plan.purpose === "HOLD" && more(leaf, trade);
  });
}

function applicationFor(setting: Setting, leaf: Leaf, day: number, nth: number) {
  const consent = setting.commit("consent", "fraud", String(nth));
  const expiresMs = beginOf(day, "third") + HOUR_MS;
  return op("finance.apply", { lenders: [setting.bank.party], notes: [leaf.id], amount: leaf.amount / 2n, consent, expiresMs });
}

function otherSupplier({ people }: Setting, { supplier }: Trade): Supplier {
  return people.suppliers.find(({ index }) => index !== supplier.index) as Supplier;
}

const TRICKS: readonly Trick[] = [
  {
    what: "one invoice financed a second time, on another platform",
    code: "FINGERPRINT_USED",
    attempt: (setting, day) => {
      const trade = pick(setting, ({ phase }) => phase === "LENT");
      if (trade === null) return null;
      const { plan, supplier } = trade;
      const rival = [...setting.platforms.values()].find(({ member }) => member !== supplier.platform.member);
      if (rival === undefined) return null;
      const body = {
        contract: trade.contract,
        total: plan.face,
        tax: taxOf(plan.face),
        issueDay: day,
        fingerprint: fingerprintOf(setting, trade),
        document: setting.commit("invoice document", "again", String(plan.number)),
        verifier: rival.party,
      };
      const keys = [...signersOf(setting, supplier, plan.face), rival.attester];
      return { trade, keys, op: op("invoice.register", body) };
    },
  },
  {
    what: "a pledged note pledged again",
    code: "NOTE_NOT_OPEN",
    attempt: (setting, day, nth) => {
      const trade = pick(
        setting,
        (each) => each.phase === "LENT" && soleLeaf(each)?.holder === each.supplier && each.maturityDay > day + 7,
      );
      const leaf = trade === null ? null : soleLeaf(trade);
      if (trade === null || leaf === null) return null;
      const keys = signersOf(setting, trade.supplier, leaf.amount / 2n);
      return { trade, keys, op: applicationFor(setting, leaf, day, nth) };
    },
  },
  {
    what: "a second receivable from an invoice that is used up",
    code: "INVOICE_USED_UP",
    attempt: (setting, day, nth) => {
      const trade = pick(setting, ({ phase }) => phase === "LENT");
      if (trade === null) return null;
      const face = trade.plan.face / 2n;
      const body = {
        contract: trade.contract,
        face,
        maturityDay: day + 60,
        document: setting.commit("promise", "again", String(nth)),
        allocation: [{ invoice: trade.invoice as NonNullable<Trade["invoice"]>, amount: face }],
      };
      return { trade, keys: signersOf(setting, trade.supplier, face), op: op("receivable.issueBySeller", body) };
    },
  },
  {
    what: "an invoice for goods that nobody received",
    code: "INVOICE_EXCEEDS_ACCEPTED",
    attempt: (setting, day, nth) => {
      const trade = pick(setting, ({ phase }) => phase === "OPEN" || phase === "LENT");
      if (trade === null) return null;
      const verifier = platformOf(setting, trade.supplier);
      // More than all of the year's deliveries under any contract.
      const total = 1_000_000_000_000n;
      const body = {
        contract: trade.contract,
        total,
        tax: taxOf(total),
        issueDay: day,
        fingerprint: setting.commit("invoice", "invented", String(nth)),
        document: setting.commit("invoice document", "invented", String(nth)),
        verifier: verifier.party,
      };
      const keys = [...signersOf(setting, trade.supplier, total), verifier.attester];
      return { trade, keys, op: op("invoice.register", body) };
    },
  },
  {
    what: "a seller that confirms its own claim in its debtor's place",
    code: "SIGNER_MISSING",
    attempt: (setting) => {
      const trade = pick(setting, ({ phase, plan }) => phase === "PROPOSED" && plan.origin === "SELLER");
      if (trade === null) return null;
      const { plan, supplier } = trade;
      const receivable = trade.receivable as NonNullable<Trade["receivable"]>;
      const confirm = op("receivable.confirm", { receivable, mode: plan.mode, amount: plan.face });
      return { trade, keys: signersOf(setting, supplier, plan.face), op: confirm };
    },
  },
  {
    what: "somebody else's note transferred to oneself",
    code: "SIGNER_MISSING",
    attempt: (setting, day) => {
      const trade = openLeaf(setting, day);
      if (trade === null) return null;
      const leaf = soleLeaf(trade) as Leaf;
      const thief = otherSupplier(setting, trade);
      const body = { note: leaf.id, to: thief.party };
      return { trade, keys: signersOf(setting, thief, leaf.amount), op: op("note.transfer", body) };
    },
  },
  {
    what: "a platform that signs for its customer",
    code: "KEY_INVALID",
    attempt: (setting, day) => {
      const trade = openLeaf(setting, day);
      if (trade === null) return null;
      const leaf = soleLeaf(trade) as Leaf;
      const { maker } = platformOf(setting, trade.supplier);
      const half = leaf.amount / 2n;
      const body = { note: leaf.id, parts: [half, leaf.amount - half] };
      return { trade, keys: [{ ...maker, party: trade.supplier.party }], op: op("note.split", body) };
    },
  },
  {
    what: "a large application without the firm's checker",
    code: "POLICY_NOT_MET",
    attempt: (setting, day, nth) => {
      const trade = openLeaf(setting, day, ({ amount }) => amount / 2n >= CHECKED_FROM);
      if (trade === null) return null;
      const leaf = soleLeaf(trade) as Leaf;
      const { maker } = setting.keysOf(trade.supplier);
      return { trade, keys: [maker], op: applicationFor(setting, leaf, day, nth) };
    },
  },
  {
    what: "parts of a note that are more than the note",
    code: "PARTS_DO_NOT_ADD_UP",
    attempt: (setting, day) => {
      const trade = openLeaf(setting, day);
      if (trade === null) return null;
      const leaf = soleLeaf(trade) as Leaf;
      const body = { note: leaf.id, parts: [leaf.amount, leaf.amount] };
      return { trade, keys: signersOf(setting, trade.supplier, leaf.amount), op: op("note.split", body) };
    },
  },
  {
    what: "a payment booked a second time",
    code: "PAYMENT_DUPLICATE",
    attempt: (setting, day, nth) => {
      const trade = pick(setting, ({ paidReference, leaves }) => paidReference !== null && leaves.length === 0);
      const open = pick(setting, ({ leaves }) => leaves.length > 0);
      if (trade === null || open === null) return null;
      const [leaf] = open.leaves as readonly [Leaf, ...Leaf[]];
      const body = {
        bank: setting.bank.party,
        reference: trade.paidReference as NonNullable<Trade["paidReference"]>,
        payer: open.debtor.party,
        currency: "CNY",
        amount: leaf.amount,
        valueDay: day,
        lines: [{ note: leaf.id, amount: leaf.amount }],
        evidence: setting.commit("camt.054", "again", String(nth)),
      };
      return { trade, keys: [setting.bank.attester], op: op("payment.attest", body) };
    },
  },
  {
    what: "finance on a note in dispute",
    code: "NOTE_DISPUTED",
    attempt: (setting, day, nth) => {
      const trade = pick(
        setting,
        ({ phase, leaves, maturityDay }) =>
          phase === "OPEN" && maturityDay > day + 7 && leaves.some(({ dispute, holder }) => dispute !== null && holder !== null),
      );
      const leaf = trade?.leaves.find(({ dispute }) => dispute !== null);
      if (trade === null || leaf === undefined) return null;
      const keys = signersOf(setting, trade.supplier, leaf.amount / 2n);
      return { trade, keys, op: applicationFor(setting, leaf, day, nth) };
    },
  },
  {
    what: "finance on a note that a court has frozen",
    code: "NOTE_FROZEN",
    attempt: (setting, day, nth) => {
      const trade = pick(
        setting,
        ({ phase, leaves, maturityDay }) =>
          phase === "OPEN" && maturityDay > day + 7 && leaves.some(({ freeze }) => freeze !== null),
      );
      const leaf = trade?.leaves.find(({ freeze }) => freeze !== null);
      if (trade === null || leaf === undefined) return null;
      const keys = signersOf(setting, trade.supplier, leaf.amount / 2n);
      return { trade, keys, op: applicationFor(setting, leaf, day, nth) };
    },
  },
  {
    what: "a note sold on after its debtor failed to pay",
    code: "PAST_CUTOFF",
    attempt: (setting, day) => {
      const trade = pick(setting, (each) => {
        const leaf = soleLeaf(each);
        return isOverdue(each, day) && each.phase === "OPEN" && leaf !== null && leaf.holder === each.supplier;
      });
      if (trade === null) return null;
      const leaf = soleLeaf(trade) as Leaf;
      const buyer = otherSupplier(setting, trade);
      const keys = [...signersOf(setting, trade.supplier, leaf.amount), ...signersOf(setting, buyer, leaf.amount)];
      return { trade, keys, op: op("note.transfer", { note: leaf.id, to: buyer.party }) };
    },
  },
  {
    what: "money ordered out without a search of the registry",
    code: "SEARCH_MISSING",
    hour: "second",
    attempt: (setting, _day, nth) => {
      const [trade] = setting.committed;
      if (trade?.loan === undefined || trade.loan === null) return null;
      const { bank } = setting;
      const body = {
        loan: trade.loan.id,
        search: setting.commit("no search", String(nth)),
        instruction: setting.commit("instruction", "early", String(nth)),
      };
      return { trade, keys: [bank.maker, bank.checker], op: op("loan.order", body) };
    },
  },
  {
    what: "a claim turned against itself: a note transferred to its debtor",
    code: "TRANSFER_TO_DEBTOR",
    attempt: (setting, day) => {
      const trade = openLeaf(setting, day);
      if (trade === null) return null;
      const leaf = soleLeaf(trade) as Leaf;
      const keys = [...signersOf(setting, trade.supplier, leaf.amount), ...signersOf(setting, trade.debtor, leaf.amount)];
      return { trade, keys, op: op("note.transfer", { note: leaf.id, to: trade.debtor.party }) };
    },
  },
];
