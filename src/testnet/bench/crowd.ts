import { createHash } from "node:crypto";
import { partyId } from "../../client/object-id.ts";
import type { SigningKey } from "../../client/transaction-builder.ts";
import { Book, type ObjectChange } from "../../ledger/book.ts";
import { dayOf, startOfDay } from "../../ledger/calendar.ts";
import { schedule } from "../../ledger/due.ts";
import { keyId, namedId } from "../../ledger/ids.ts";
import type { ObjectView } from "../../state/view.ts";
import type { Hash, MemberId, PublicKey } from "../../types/scalars.ts";
import { benchKey } from "./population.ts";

/** What the state is crowded with beside the load. */
export type Dimension = "receivables" | "parties";

/** Whose the crowd's receivables are: those between whom the load is, so that what is read and counted for them is long. */
export interface Cast {
  readonly sponsor: MemberId;
  readonly sellers: readonly SigningKey[];
  readonly debtors: readonly SigningKey[];
}

/** Put at once; what the due queue changes again in the next portion is written twice. */
const OBJECTS_AT_ONCE = 20_000;
/** A receivable and its note; a party, its legal id and its key. */
const OBJECTS_EACH: Readonly<Record<Dimension, number>> = { receivables: 2, parties: 3 };
/** Receivables of one contract and one invoice. */
const PER_CONTRACT = 128;
const AMOUNT = 1_000_000n;
/** Maturities are spread over so many days from the first that is not near. */
const FIRST_MATURITY_DAYS = 30;
const MATURITIES = 150;
/** Every so many parties of a crowd, one has a key that the bench holds. */
const KNOWN_EVERY = 64;

/**
 * Fills a state with `objects` objects that the load has nothing to do with, a portion at a time, through the ledger's own book and due queue and
 * not by transactions. Each is whole: what a transaction about it would read is there.
 */
export async function crowd(
  dimension: Dimension,
  objects: number,
  cast: Cast,
  chain: {
    readonly view: ObjectView;
    readonly timeMs: number;
    readonly put: (changes: readonly ObjectChange[]) => Promise<void>;
  },
): Promise<void> {
  const each = OBJECTS_EACH[dimension];
  const count = Math.ceil(objects / each);
  const atOnce = Math.ceil(OBJECTS_AT_ONCE / each);
  for (let from = 0; from < count; from += atOnce) {
    const book = new Book(chain.view);
    for (let index = from; index < Math.min(count, from + atOnce); index++) {
      if (dimension === "parties") addParty(book, index, cast.sponsor, chain.timeMs);
      else addReceivable(book, { index, count }, cast, chain.timeMs);
    }
    book.commit(null);
    await chain.put(book.finish().changes);
  }
}

/** A note of the crowd and who holds it, the `nth` of those that the load takes: far from each other. */
export function crowdNote(nth: number, objects: number, { sellers }: Cast): { readonly note: Hash; readonly holder: SigningKey } {
  const count = Math.ceil(objects / OBJECTS_EACH.receivables);
  const index = spread(nth, count);
  return { note: digest(`crowd note ${index}`), holder: sellerOf(index, sellers) };
}

/** A party of the crowd that can sign. */
export function crowdParty(nth: number, objects: number): SigningKey {
  const known = Math.ceil(Math.ceil(objects / OBJECTS_EACH.parties) / KNOWN_EVERY);
  return benchKey(`crowd/${spread(nth, known) * KNOWN_EVERY}`);
}

/** As even over the whole as a multiple of an irrational number is. */
function spread(nth: number, count: number): number {
  return Math.floor(((nth * 0.618_033_988_749_895) % 1) * count);
}

function addParty(book: Book, index: number, sponsor: MemberId, timeMs: number): void {
  const legalId = { scheme: "BENCH", value: `crowd/${index}` };
  const id = partyId(legalId);
  const key =
    index % KNOWN_EVERY === 0 ? benchKey(`crowd/${index}`).publicKey : (digest(`crowd key ${index}`) as unknown as PublicKey);
  const roles = ["DEBTOR", "SELLER"];
  book.add("party", { id, legalId, roles, size: "SME", status: "ACTIVE", sponsor, policy: [], keys: [key], overdue: 0 });
  book.add("legalId", { id: namedId("legalId", legalId.scheme, legalId.value), party: id });
  book.add("key", { id: keyId(key), party: id, purpose: "MAKER", fromMs: timeMs });
}

function addReceivable(
  book: Book,
  { index, count }: { readonly index: number; readonly count: number },
  { sellers, debtors }: Cast,
  timeMs: number,
): void {
  const trade = Math.floor(index / PER_CONTRACT);
  const contract = digest(`crowd contract ${trade}`);
  const invoice = digest(`crowd invoice ${trade}`);
  const seller = sellerOf(index, sellers).party;
  const debtor = (debtors[Math.floor(trade / sellers.length) % debtors.length] as SigningKey).party;
  const issueDay = dayOf(timeMs);
  const document = digest("crowd document");
  if (index % PER_CONTRACT === 0) addTrade(book, { contract, invoice, seller, debtor, issueDay });
  const id = digest(`crowd receivable ${index}`);
  // One day after the other, so that a portion fills few buckets of the due queue: each would else be written with nearly every portion.
  const maturityDay = issueDay + FIRST_MATURITY_DAYS + Math.floor((index * MATURITIES) / count);
  book.add("receivable", {
    id,
    seller,
    debtor,
    currency: "CNY",
    face: AMOUNT,
    confirmed: AMOUNT,
    issueDay,
    maturityDay,
    mode: "UNCONDITIONAL",
    origin: "SELLER",
    contract,
    document,
    allocation: [{ invoice, amount: AMOUNT }],
    status: "EFFECTIVE",
    deadlineMs: 0,
    cutoffDays: 1,
    graceDays: 3,
    defaultDays: 90,
    live: AMOUNT,
    redeemed: 0n,
    diluted: 0n,
    cancelled: 0n,
    setoff: 0n,
    latePpm: 0,
    lateDue: 0n,
    latePaid: 0n,
    leaves: 1,
    moved: false,
    noticed: false,
    extensions: 0,
    guarantees: [],
    replaces: null,
  });
  book.add("note", {
    id: digest(`crowd note ${index}`),
    receivable: id,
    parent: null,
    depth: 0,
    currency: "CNY",
    amount: AMOUNT,
    holder: seller,
    position: "OPEN",
    ref: null,
    hold: null,
    dispute: null,
  });
  schedule({ book }, startOfDay(maturityDay), "receivable", id);
  schedule({ book }, startOfDay(maturityDay + 4), "receivable", id);
}

function addTrade(
  book: Book,
  {
    contract,
    invoice,
    seller,
    debtor,
    issueDay,
  }: Readonly<Record<"contract" | "invoice" | "seller" | "debtor", Hash>> & {
    readonly issueDay: number;
  },
): void {
  const total = AMOUNT * BigInt(PER_CONTRACT);
  const document = digest("crowd document");
  const terms = { total, toleranceBp: 0, payTermDays: 180, inspectionDays: 7, document };
  const done = {
    delivered: total,
    accepted: total,
    invoiced: total,
    status: "OPEN",
    position: "OPEN",
    ref: null,
    stored: 0,
    relying: 0,
  } as const;
  book.add("contract", { id: contract, number: contract, seller, buyer: debtor, currency: "CNY", ...terms, ...done });
  book.add("invoice", {
    id: invoice,
    seller,
    buyer: debtor,
    contract,
    currency: "CNY",
    total,
    tax: 0n,
    issueDay,
    fingerprint: invoice,
    document,
    credited: 0n,
    used: total,
    taxStatus: "NORMAL",
    verifiedMs: startOfDay(issueDay),
    doubted: false,
  });
}

function sellerOf(index: number, sellers: readonly SigningKey[]): SigningKey {
  return sellers[Math.floor(index / PER_CONTRACT) % sellers.length] as SigningKey;
}

function digest(text: string): Hash {
  return createHash("sha256").update(text).digest("hex") as Hash;
}
