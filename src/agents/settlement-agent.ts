import { createHmac } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dayOf } from "../client/civil-day.ts";
import type { Client, LedgerJson } from "../client/client.ts";
import { events } from "../client/event-stream.ts";
import { op, type SigningKey } from "../client/transaction-builder.ts";
import type { BankMovement } from "../gateways/bank-message.ts";
import { readCamt } from "../gateways/camt.ts";
import { type BankAccount, writePain001 } from "../gateways/pain001.ts";
import { DOCUMENT_BYTES_MAX } from "../gateways/xml.ts";
import type { Hash } from "../types/scalars.ts";
import type { CursorFile } from "./cursor-file.ts";
import type { Directory } from "./directory.ts";
import { type ErrandOutcome, pause, persist, send } from "./errand.ts";
import { SideBySide } from "./side-by-side.ts";

export interface SettlementAgentModules {
  readonly client: Client;
  /** The settlement bank's party, whose attesting key signs. */
  readonly bank: Hash;
  readonly attester: SigningKey;
  /** The account that loans are paid from. */
  readonly own: BankAccount;
  readonly directory: Directory;
  /** Makes commitments to bank references that nobody can guess; the bank keeps it. */
  readonly secret: Uint8Array;
  /** Holds `outbox`, `inbox`, `done` and `refused`. */
  readonly folder: string;
  readonly cursor: CursorFile;
  readonly report: (line: string, data: Readonly<Record<string, unknown>>) => void;
}

/** An end-to-end id holds 35 characters: the first half of a loan's id tells it apart. */
const END_TO_END_CHARS = 32;
const INBOX_INTERVAL_MS = 250;
/** Files under way at once. */
const AT_ONCE_MAX = 16;
const NOTES_MAX = 128;
const LINES_MAX = 64;
const ENDED: ReadonlySet<unknown> = new Set(["REDEEMED", "CONSUMED", "CANCELLED", "DILUTED", "SETOFF", "MERGED"]);

/** What became of one movement, in words; not final where the same may be taken a moment later. */
interface Attested {
  readonly said: string;
  readonly isFinal: boolean;
}

/** Between the ledger and the bank's payment system: orders become pain.001 files, camt.054 files become attestations. */
export class SettlementAgent {
  readonly #m: SettlementAgentModules;

  constructor(modules: SettlementAgentModules) {
    this.#m = modules;
    for (const name of ["outbox", "inbox", "done", "refused"])
      mkdirSync(join(modules.folder, name), { recursive: true, mode: 0o700 });
  }

  /** Until `signal`: orders as they come, and the inbox every second. */
  async run(signal: AbortSignal): Promise<void> {
    const unreachable = ({ message }: Error): void => this.#m.report("no node answers", { reason: message });
    await Promise.all([
      persist(signal, () => this.#watchOrders(signal), unreachable),
      persist(signal, () => this.#watchInbox(signal), unreachable),
    ]);
  }

  /** A payment file for every ordered loan that has none. */
  async sweep(): Promise<void> {
    for (const loan of await this.#m.client.ledgerAll("loan", { status: "ORDERED" })) await this.order(loan);
  }

  /** Writes the payment file of an ordered loan, once. */
  async order({ id, status, borrower, currency, principal }: LedgerJson): Promise<void> {
    const { folder, directory, own, report } = this.#m;
    if (status !== "ORDERED") return;
    const path = join(folder, "outbox", `${id}.xml`);
    if (existsSync(path)) return;
    const creditor = directory.accountOf(borrower as Hash);
    if (creditor === undefined) {
      report("not paid", { loan: id, code: "ACCOUNT_UNKNOWN", reason: "the directory has no account of the borrower" });
      return;
    }
    const { clockMs } = await this.#m.client.status();
    const orders = [
      {
        endToEndId: id.slice(0, END_TO_END_CHARS),
        currency: currency as string,
        amount: BigInt(principal as string),
        creditor,
        invoices: [],
      },
    ];
    write(path, writePain001({ debtor: own, executionDay: dayOf(clockMs), createdMs: clockMs, orders }));
    report("payment ordered", { loan: id, file: path });
  }

  /** Deals with every file in the inbox: all of it is attested, or it is refused with a reason, or it stays there for the next time. */
  async collect(): Promise<void> {
    const inbox = join(this.#m.folder, "inbox");
    const [desk, roots] = [new SideBySide(AT_ONCE_MAX), new SideBySide(AT_ONCE_MAX)];
    const names = readdirSync(inbox).filter((file) => file.endsWith(".xml"));
    const taken: Promise<void>[] = [];
    for (const name of names.sort()) {
      const { done } = await desk.begin(name, () => this.#collectFile(inbox, name, roots));
      done.catch(() => undefined);
      taken.push(done);
    }
    await Promise.all(taken);
  }

  /** `roots`: money on one receivable is attested in turn, since each payment changes what is left to pay. */
  async #collectFile(inbox: string, name: string, roots: SideBySide): Promise<void> {
    const { folder, report } = this.#m;
    const path = join(inbox, name);
    const end = (place: "done" | "refused", lines: readonly string[]): void => {
      renameSync(path, join(folder, place, name));
      writeFileSync(join(folder, place, `${name}.txt`), `${lines.join("\n")}\n`, { mode: 0o600 });
    };
    if (statSync(path).size > DOCUMENT_BYTES_MAX) return end("refused", ["BANK_TOO_LARGE"]);
    const read = readCamt(readFileSync(path));
    if (!read.ok) {
      report("file refused", { file: name, code: read.error.code });
      return end("refused", [`${read.error.code}: ${read.error.message}`]);
    }
    const lines: string[] = [];
    for (const { kind, movements, documentHash } of read.value) {
      if (kind !== "notification") lines.push("a statement is for reconciliation and attests nothing");
      else
        for (const movement of movements) {
          const { said, isFinal } = await this.#attest(movement, documentHash as Hash, roots);
          // What a node has no room for, or no block took in time, is money all the same.
          if (!isFinal) return report("kept for later", { file: name, reason: said });
          lines.push(`${movement.reference}: ${said}`);
        }
    }
    report("file taken", { file: name, movements: lines.length });
    return end("done", lines);
  }

  async #attest(movement: BankMovement, evidence: Hash, roots: SideBySide): Promise<Attested> {
    const { status, direction, reversal } = movement;
    if (status !== "BOOKED") return final("not booked yet");
    if (reversal) return final("a reversal needs an officer");
    if (direction === "DEBIT") return this.#disbursed(movement, evidence);
    // A debtor names the receivable in the remittance information.
    const named = movement.remittance.map((text) => /\b[0-9a-f]{64}\b/.exec(text)?.[0]).find((id) => id !== undefined);
    if (named === undefined) return final("no receivable is named");
    let attested = final("");
    const { done } = await roots.begin(named, async () => {
      attested = await this.#paid(named as Hash, movement, evidence);
    });
    await done;
    return attested;
  }

  async #disbursed({ reference, endToEndId, currency, amount, valueDay }: BankMovement, evidence: Hash): Promise<Attested> {
    const { client, bank, attester } = this.#m;
    const ordered = await client.ledgerAll("loan", { status: "ORDERED" });
    const loan = ordered.find(
      ({ id }) => endToEndId !== undefined && id.startsWith(endToEndId) && endToEndId.length === END_TO_END_CHARS,
    );
    if (loan === undefined) return final("no ordered loan has this end-to-end id");
    if (loan.currency !== currency) return final("the currency is not the loan's");
    const body = { loan: loan.id, bank, reference: this.#commitment(reference), amount, valueDay, evidence };
    return outcomeOf(await send(client, op("loan.disbursed", body), [attester]), `loan ${loan.id} is disbursed`);
  }

  /**
   * The money goes to the receivable's holders in proportion. What is more than they have to get is for its being late; so is what comes when
   * nothing of the principal is left.
   */
  async #paid(named: Hash, { reference, currency, amount, valueDay }: BankMovement, evidence: Hash): Promise<Attested> {
    const { client, bank, attester } = this.#m;
    const root = await client.ledgerGet("receivable", named).catch((error: { readonly code?: string }) => {
      if (error.code === "NOT_FOUND") return undefined;
      throw error;
    });
    if (root === undefined) return final("the receivable named is not on the chain");
    if (root.currency !== currency) return final("the currency is not the receivable's");
    const all = await client.ledgerAll("note", { receivable: named });
    const live = all.filter(({ position }) => !ENDED.has(position));
    const shared = {
      bank,
      reference: this.#commitment(reference),
      payer: root.debtor as Hash,
      currency,
      amount,
      valueDay,
      evidence,
    };
    const lines = live.length === 0 ? dueFor(all, amount) : null;
    if (lines !== null)
      return outcomeOf(await send(client, op("payment.late", { ...shared, lines }), [attester]), `late interest of ${named}`);
    if (live.length === 0 || live.length > NOTES_MAX) return final(`${live.length} live notes: this needs an officer`);
    const payable = live.filter(({ dispute }) => dispute === null).reduce((sum, note) => sum + BigInt(note.amount as string), 0n);
    const late = amount > payable ? { late: amount - payable } : {};
    const body = { ...shared, receivable: named, notes: live.map(({ id }) => id as Hash).sort(), ...late };
    return outcomeOf(await send(client, op("payment.attestProRata", body), [attester]), `paid on receivable ${named}`);
  }

  #commitment(reference: string): Hash {
    return createHmac("sha256", this.#m.secret).update(`bank reference\n${reference}`).digest("hex") as Hash;
  }

  async #watchOrders(signal: AbortSignal): Promise<void> {
    const { client, cursor } = this.#m;
    const { chain, height } = await client.status();
    const known = cursor.read(chain);
    if (known === undefined) await this.sweep();
    for await (const event of events(
      client,
      known ?? { height: height + 1, index: 0 },
      { what: "loan.order", kind: "happened" },
      signal,
    )) {
      const [loan] = event.event.objects as readonly Hash[];
      if (loan !== undefined) await this.order(await client.ledgerGet("loan", loan));
      cursor.write(chain, event.cursor);
    }
  }

  async #watchInbox(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.collect();
      await pause(INBOX_INTERVAL_MS, signal);
    }
  }
}

function final(said: string): Attested {
  return { said, isFinal: true };
}

/** The interest that is due on notes that ended late, as far as the money goes; null if there is none, or the money is more. */
function dueFor(
  notes: readonly LedgerJson[],
  amount: bigint,
): readonly { readonly note: Hash; readonly amount: bigint }[] | null {
  let left = amount;
  const lines: { readonly note: Hash; readonly amount: bigint }[] = [];
  for (const { id, late } of [...notes].sort((one, other) => (one.id < other.id ? -1 : 1))) {
    const due = BigInt((late as { readonly due: string } | undefined)?.due ?? 0);
    const part = due < left ? due : left;
    if (part > 0n) lines.push({ note: id as Hash, amount: part });
    left -= part;
  }
  return left > 0n || lines.length === 0 || lines.length > LINES_MAX ? null : lines;
}

function outcomeOf(sent: ErrandOutcome, done: string): Attested {
  if (sent.ok) return final(done);
  // It took effect, and the agent was stopped before it put the file aside.
  if (sent.code === "PAYMENT_DUPLICATE") return final("attested before");
  return { said: `refused: ${sent.code}`, isFinal: sent.isFinal };
}

/** Whole or not at all. */
function write(path: string, content: string): void {
  writeFileSync(`${path}.new`, content, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
