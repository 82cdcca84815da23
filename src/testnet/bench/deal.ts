import { createHash } from "node:crypto";
import { objectId } from "../../client/object-id.ts";
import { op, type SigningKey } from "../../client/transaction-builder.ts";
import { LIMITS } from "../../types/limits.ts";
import type { Amount, Day, Hash, TimeMs, TxId } from "../../types/scalars.ts";
import type { Operation } from "../../types/transaction.ts";

/** One deal from the contract to the money, and who is in it. */
export interface Deal {
  readonly name: string;
  readonly seller: SigningKey;
  readonly debtor: SigningKey;
  readonly holder: SigningKey;
  readonly bank: Bank;
  /** A note and a party of the crowd, which nothing has touched since they were written; absent if there is no such crowd. */
  readonly crowdNote?: { readonly note: Hash; readonly holder: SigningKey };
  readonly crowdParty?: SigningKey;
  /** Leaves of the receivable while its notes move: three, or more. */
  readonly leaves: number;
  /** The transactions so far, by the names of their steps. */
  readonly done: Map<string, TxId>;
}

export interface Bank {
  readonly party: Hash;
  readonly maker: SigningKey;
  readonly engine: SigningKey;
  readonly attester: SigningKey;
}

interface Now {
  readonly timeMs: TimeMs;
  readonly day: Day;
}

interface Signable {
  readonly operation: Operation;
  readonly keys: readonly SigningKey[];
}

export interface Step {
  readonly name: string;
  readonly make: (deal: Deal, now: Now) => Signable;
}

/** A part to lend on, one to pay early, one to pass on. */
const PARTS = 3;
/** Small: between parties that never paid each other no large sum may be open. */
const PART: Amount = 3_000n;
const LEAF: Amount = BigInt(PARTS) * PART;
const LENT: Amount = 2_400n;
const TENOR_DAYS = 20;
const MATURITY_DAYS = 60;
const HOUR_MS = 3_600_000;

/** Leaves before the measured split makes three of one. */
const leavesBefore = ({ leaves }: Pick<Deal, "leaves">): number => leaves - PARTS + 1;
const faceOf = (deal: Deal): Amount => BigInt(leavesBefore(deal)) * LEAF;

const TRADE: readonly Step[] = [
  {
    name: "contract.register",
    make: (deal) => {
      const { seller, debtor } = deal;
      const terms = { currency: "CNY", total: faceOf(deal), toleranceBp: 0, payTermDays: 180, inspectionDays: 7 };
      const body = { number: digest(deal, "number"), document: digest(deal, "contract"), ...terms };
      return {
        operation: op("contract.register", { ...body, seller: seller.party, buyer: debtor.party }),
        keys: [seller, debtor],
      };
    },
  },
  {
    name: "delivery.record",
    make: (deal, { day }) => {
      const body = { contract: made(deal, "contract.register"), amount: faceOf(deal), day, evidence: digest(deal, "delivery") };
      return { operation: op("delivery.record", body), keys: [deal.seller] };
    },
  },
  {
    name: "delivery.accept",
    make: (deal) => ({
      operation: op("delivery.accept", { delivery: made(deal, "delivery.record"), amount: faceOf(deal) }),
      keys: [deal.debtor],
    }),
  },
  {
    name: "invoice.register",
    make: (deal, { day: issueDay }) => {
      const contract = made(deal, "contract.register");
      const private_ = { fingerprint: digest(deal, "fingerprint"), document: digest(deal, "invoice") };
      const body = { contract, total: faceOf(deal), tax: 0n, issueDay, ...private_, verifier: deal.bank.party };
      return { operation: op("invoice.register", body), keys: [deal.seller, deal.bank.attester] };
    },
  },
  {
    name: "receivable.issueBySeller",
    make: (deal, { day }) => {
      const face = faceOf(deal);
      const allocation = [{ invoice: made(deal, "invoice.register"), amount: face }];
      const terms = { contract: made(deal, "contract.register"), face, maturityDay: day + MATURITY_DAYS };
      const body = { ...terms, document: digest(deal, "receivable"), allocation };
      return { operation: op("receivable.issueBySeller", body), keys: [deal.seller] };
    },
  },
  {
    name: "receivable.confirm",
    make: (deal) => {
      const receivable = made(deal, "receivable.issueBySeller");
      const body = { receivable, mode: "UNCONDITIONAL", amount: faceOf(deal) } as const;
      return { operation: op("receivable.confirm", body), keys: [deal.debtor] };
    },
  },
];

const MONEY: readonly Step[] = [
  {
    name: "note.split",
    make: (deal) => {
      const note = ["grow 0", "grow", "receivable.confirm"].find((name) => deal.done.has(name)) as string;
      const parts = Array.from({ length: PARTS }, () => PART);
      return { operation: op("note.split", { note: made(deal, note), parts }), keys: [deal.seller] };
    },
  },
  {
    name: "note.transfer",
    make: (deal) => {
      const { seller, holder } = deal;
      return {
        operation: op("note.transfer", { note: made(deal, "note.split", 1), to: holder.party }),
        keys: [seller, holder],
      };
    },
  },
  {
    name: "finance.apply",
    make: (deal, { timeMs }) => {
      const asked = { lenders: [deal.bank.party], notes: [made(deal, "note.split")], amount: LENT };
      const body = { ...asked, consent: digest(deal, "consent"), expiresMs: timeMs + HOUR_MS };
      return { operation: op("finance.apply", body), keys: [deal.seller] };
    },
  },
  {
    name: "finance.decide",
    make: (deal, { timeMs }) => {
      const { maker, party: lender } = deal.bank;
      const terms = { amount: LENT, ratePpm: 43_500, tenorDays: TENOR_DAYS, advanceBp: 9_000, recourse: true } as const;
      const body = {
        application: made(deal, "finance.apply"),
        lender,
        outcome: "APPROVED",
        ...terms,
        security: "PLEDGE",
      } as const;
      const why = { policy: digest(deal, "policy"), reasons: [], expiresMs: timeMs + HOUR_MS / 2 };
      return { operation: op("finance.decide", { ...body, ...why }), keys: [maker] };
    },
  },
  {
    name: "finance.accept",
    make: (deal) => ({
      operation: op("finance.accept", { decision: made(deal, "finance.decide") }),
      keys: [deal.seller],
    }),
  },
  {
    name: "registry.file",
    make: (deal, { timeMs, day }) => {
      const filed = { number: digest(deal, "filing"), timeMs, untilDay: day + TENOR_DAYS, proof: digest(deal, "proof") };
      return { operation: op("registry.file", { loan: made(deal, "finance.accept"), ...filed }), keys: [deal.bank.engine] };
    },
  },
  {
    name: "registry.search",
    make: (deal, { timeMs }) => {
      const body = { by: deal.bank.party, subject: deal.seller.party, hits: 0, result: digest(deal, "search"), timeMs };
      return { operation: op("registry.search", body), keys: [deal.bank.engine] };
    },
  },
  {
    name: "loan.order",
    make: (deal) => {
      const body = {
        loan: made(deal, "finance.accept"),
        search: made(deal, "registry.search"),
        instruction: digest(deal, "pain.001"),
      };
      return { operation: op("loan.order", body), keys: [deal.bank.maker] };
    },
  },
  {
    name: "loan.disbursed",
    make: (deal, { day }) => {
      const body = { loan: made(deal, "finance.accept"), ...attested(deal, "paid out", LENT, day) };
      return { operation: op("loan.disbursed", body), keys: [deal.bank.attester] };
    },
  },
  {
    name: "loan.repay",
    make: (deal, { day }) => {
      const body = { loan: made(deal, "finance.accept"), ...attested(deal, "repaid", LENT, day) };
      return { operation: op("loan.repay", body), keys: [deal.bank.attester, deal.seller] };
    },
  },
  {
    name: "payment.early",
    make: (deal, { day }) => {
      const body = { note: made(deal, "note.transfer"), face: PART, ...attested(deal, "early", PART, day) };
      return { operation: op("payment.early", body), keys: [deal.bank.attester, deal.debtor, deal.holder] };
    },
  },
];

/** Both touch what lay still since the crowd was made, and so is in no cache. */
const COLD_PARTY: Step = {
  name: "transfer to a party of the crowd",
  make: (deal) => {
    const to = deal.crowdParty as SigningKey;
    return { operation: op("note.transfer", { note: made(deal, "note.split", 2), to: to.party }), keys: [deal.seller, to] };
  },
};
const COLD_NOTE: Step = {
  name: "transfer of a note of the crowd",
  make: (deal) => {
    const { note, holder: from } = deal.crowdNote as NonNullable<Deal["crowdNote"]>;
    return { operation: op("note.transfer", { note, to: deal.holder.party }), keys: [from, deal.holder] };
  },
};

/** The steps of deals like this one, in order; those named "grow" only make its leaves as many as are wanted. */
export function stepsOf(deal: Deal): readonly Step[] {
  const cold = [...(deal.crowdParty === undefined ? [] : [COLD_PARTY]), ...(deal.crowdNote === undefined ? [] : [COLD_NOTE])];
  return [...TRADE, ...growing(deal), ...MONEY, ...cold];
}

export function isMeasured({ name }: Step): boolean {
  return !name.startsWith("grow");
}

/** A split makes no more than thirty-two leaves of one: more are made in two rounds. */
function growing(deal: Deal): readonly Step[] {
  const wanted = leavesBefore(deal);
  if (wanted === 1) return [];
  const branches = Math.min(wanted, LIMITS.splitPartsMax);
  const counts = Array.from({ length: branches }, (_, index) => Math.floor((wanted + index) / branches));
  const grow = (name: string, from: (each: Deal) => Hash, parts: readonly Amount[]): Step => ({
    name,
    make: (each) => ({ operation: op("note.split", { note: from(each), parts }), keys: [each.seller] }),
  });
  const first = grow(
    "grow",
    (each) => made(each, "receivable.confirm"),
    counts.map((count) => BigInt(count) * LEAF),
  );
  const second = counts.flatMap((count, index) =>
    count === 1
      ? []
      : [
          grow(
            `grow ${index}`,
            (each) => made(each, "grow", index),
            Array.from({ length: count }, () => LEAF),
          ),
        ],
  );
  return [first, ...second];
}

/** The `child`-th object that a step's transaction made. */
function made({ done }: Deal, step: string, child = 0): Hash {
  return objectId(done.get(step) as TxId, 0, child);
}

function attested(deal: Deal, what: string, amount: Amount, valueDay: Day) {
  return { bank: deal.bank.party, reference: digest(deal, what), amount, valueDay, evidence: digest(deal, what) };
}

function digest({ name }: Deal, what: string): Hash {
  return createHash("sha256").update(`${name}/${what}`).digest("hex") as Hash;
}
