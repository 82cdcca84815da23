import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dayOf } from "../client/civil-day.ts";
import type { Client, LedgerJson } from "../client/client.ts";
import { objectId, partyId } from "../client/object-id.ts";
import { op, type SigningKey } from "../client/transaction-builder.ts";
import { likenessPrints, numberPrint } from "../gateways/fingerprints.ts";
import type { CreditNote, Invoice } from "../gateways/invoice.ts";
import { readDocument } from "../gateways/read-invoice.ts";
import { DOCUMENT_BYTES_MAX } from "../gateways/xml.ts";
import type { LegalId } from "../types/genesis.ts";
import type { Hash } from "../types/scalars.ts";
import { type ErrandOutcome, pause, persist, send } from "./errand.ts";
import { type ChainEpoch, FIRST_EPOCH, FingerprintKeyError, type FingerprintKeys } from "./fingerprint-keys.ts";

export interface VerifierAgentModules {
  readonly client: Client;
  /** The verifier's party, whose attesting key signs. */
  readonly verifier: Hash;
  readonly attester: SigningKey;
  /** Read again for every batch: a new epoch's key is added to the file while the agent runs. Throws FingerprintKeyError. */
  readonly keys: () => FingerprintKeys;
  /** Holds `inbox`, `done` and `refused`. */
  readonly folder: string;
  readonly report: (line: string, data: Readonly<Record<string, unknown>>) => void;
}

const INBOX_INTERVAL_MS = 1_000;
/** Held for a little less than the ledger allows, since a block may be a moment behind the clock. */
const HOLD_MARGIN_MS = 60_000;

/** What became of a file: `reason` starts with a stable code and stays in the agent's folder, for it may say what is private. */
type Outcome =
  | { readonly kind: "held" | "red"; readonly object: Hash; readonly notes: readonly string[] }
  | { readonly kind: "refused"; readonly code: string; readonly reason: string }
  /** Looked at again with the next batch. */
  | { readonly kind: "later"; readonly code: string };

interface KeyedEpoch extends ChainEpoch {
  readonly secret: Uint8Array;
}

/**
 * Reads e-invoices, checks them, and holds their fingerprints on the chain for their sellers. Another platform that was given the same
 * invoice learns that there is a conflict, and nothing else; numbers and names never leave this folder.
 */
export class VerifierAgent {
  readonly #m: VerifierAgentModules;

  constructor(modules: VerifierAgentModules) {
    this.#m = modules;
    for (const name of ["inbox", "done", "refused"]) mkdirSync(join(modules.folder, name), { recursive: true, mode: 0o700 });
  }

  /** Until `signal`: the inbox, every second. */
  run(signal: AbortSignal): Promise<void> {
    const work = async (): Promise<void> => {
      while (!signal.aborted) {
        await this.collect();
        await pause(INBOX_INTERVAL_MS, signal);
      }
    };
    return persist(signal, work, ({ message }) => this.#m.report("no node answers", { reason: message }));
  }

  /** Deals with every file in the inbox, in the order of names. */
  async collect(): Promise<void> {
    const { folder, report } = this.#m;
    const names = readdirSync(join(folder, "inbox")).filter((name) => /\.xml$/i.test(name));
    if (names.length === 0) return;
    const epochs = await this.#epochs().catch((error: unknown) => {
      // The file lags behind a vote: invoices wait until the key is there.
      if (!(error instanceof FingerprintKeyError)) throw error;
      report("waits for a key", { code: error.code, reason: error.message });
      return null;
    });
    if (epochs === null) return;
    for (const name of names.sort()) {
      const path = join(folder, "inbox", name);
      const outcome = await this.#deal(path, epochs);
      const end = (place: "done" | "refused", lines: readonly string[]): void => {
        writeFileSync(join(folder, place, `${name}.txt`), `${lines.join("\n")}\n`, { mode: 0o600 });
        renameSync(path, join(folder, place, name));
      };
      switch (outcome.kind) {
        case "held":
        case "red":
          end("done", [`${outcome.kind} ${outcome.object}`, ...outcome.notes]);
          report(outcome.kind, { file: name, object: outcome.object });
          break;
        case "refused":
          end("refused", [`${outcome.code}: ${outcome.reason}`]);
          report("refused", { file: name, code: outcome.code });
          break;
        case "later":
          report("kept for later", { file: name, code: outcome.code });
      }
    }
  }

  async #deal(path: string, epochs: readonly KeyedEpoch[]): Promise<Outcome> {
    if (statSync(path).size > DOCUMENT_BYTES_MAX) return refused("INVOICE_TOO_LARGE", `more than ${DOCUMENT_BYTES_MAX} bytes`);
    const read = readDocument(readFileSync(path));
    if (!read.ok) return refused(read.error.code, read.error.message);
    return read.value.kind === "invoice" ? this.#hold(read.value, epochs) : this.#red(read.value, epochs);
  }

  /** Under the key in force, and looked for under every earlier one in which it could have been registered. */
  async #hold(invoice: Invoice, epochs: readonly KeyedEpoch[]): Promise<Outcome> {
    const { client, verifier, attester } = this.#m;
    const [seller, buyer] = [await this.#party(invoice.seller.legalId), await this.#party(invoice.buyer.legalId)];
    if (seller === null || buyer === null)
      return refused("PARTY_UNKNOWN", `the ${seller === null ? "seller" : "buyer"} is no party of the alliance`);
    const { number, issueDay, currency, total, tax, documentHash, warnings } = invoice;
    const current = epochs.at(-1) as KeyedEpoch;
    const fingerprint = numberPrint(current.secret, number, invoice.seller.legalId);
    // Sent before this agent was stopped: it is held already, by us and for the same file.
    const held = (await client.ledgerAll("verification", { fingerprint })).find(
      (each) => each.verifier === verifier && each.document === documentHash,
    );
    if (held !== undefined) return { kind: "held", object: held.id as Hash, notes: warnings };
    const counted = epochs.filter((_, at) => {
      const next = epochs[at + 1];
      return next !== undefined && dayOf(next.fromMs) >= issueDay;
    });
    const { clockMs } = await client.status();
    const body = {
      verifier,
      seller,
      buyer,
      currency,
      total,
      tax,
      issueDay,
      document: documentHash as Hash,
      epoch: current.epoch,
      fingerprint,
      earlier: counted.map(({ secret }) => numberPrint(secret, number, invoice.seller.legalId)),
      likenesses: likenessPrints(current.secret, invoice),
      earlierLikenesses: counted.flatMap(({ secret }) => likenessPrints(secret, invoice)),
      // Somebody else is to be paid: it may be sold already.
      doubted: invoice.payee !== undefined,
      expiresMs: clockMs + (await this.#holdMs()),
    };
    const sent = await send(client, op("fingerprint.reserve", body), [attester]);
    if (sent.ok) return { kind: "held", object: objectId(sent.outcome.id, 0, 0), notes: warnings };
    return afterRefusal(sent);
  }

  /** A red invoice or credit note over all of an invoice ends what it may back; one over a part is for its parties (`invoice.credit`). */
  async #red({ corrects, seller, total }: CreditNote, epochs: readonly KeyedEpoch[]): Promise<Outcome> {
    const { client, verifier, attester } = this.#m;
    if (corrects === undefined) return refused("CREDIT_UNNAMED", "it does not say which invoice it takes back");
    const found = await this.#registered(corrects, seller.legalId, epochs);
    if (found === undefined) return refused("INVOICE_UNKNOWN", "the invoice that it takes back is not on the chain");
    if (found.taxStatus === "RED") return { kind: "red", object: found.id as Hash, notes: [] };
    if (BigInt(found.total as string) !== total) return refused("CREDIT_PARTIAL", "it takes back another amount than the whole");
    const { clockMs } = await client.status();
    const body = { invoice: found.id as Hash, verifier, status: "RED" as const, checkedMs: clockMs };
    const sent = await send(client, op("invoice.attest", body), [attester]);
    return sent.ok ? { kind: "red", object: found.id as Hash, notes: [] } : afterRefusal(sent);
  }

  async #registered(number: string, seller: LegalId, epochs: readonly KeyedEpoch[]): Promise<LedgerJson | undefined> {
    for (const { secret } of [...epochs].reverse()) {
      const [found] = await this.#m.client.ledgerAll("invoice", { fingerprint: numberPrint(secret, number, seller) });
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async #party(legalId: LegalId): Promise<Hash | null> {
    const id = partyId(legalId);
    const found = await this.#m.client.ledgerGet("party", id).catch((error: { readonly code?: string }) => {
      if (error.code === "NOT_FOUND") return undefined;
      throw error;
    });
    return found === undefined ? null : id;
  }

  async #holdMs(): Promise<number> {
    const [param] = await this.#m.client.ledgerAll("param");
    const values = param?.values as { readonly reserveTtlMs: number } | undefined;
    return Math.max(1, (values?.reserveTtlMs ?? 0) - HOLD_MARGIN_MS);
  }

  /** Every epoch that the chain knows, with its key. Throws FingerprintKeyError if one is missing or another. */
  async #epochs(): Promise<readonly KeyedEpoch[]> {
    const keys = this.#m.keys();
    const [object] = await this.#m.client.ledgerAll("fingerprintEpochs");
    const epochs = object === undefined ? [FIRST_EPOCH] : (object.epochs as unknown as readonly ChainEpoch[]);
    return epochs.map((each) => ({ ...each, secret: keys.keyOf(each) }));
  }
}

/** A new epoch may have begun between the look and the sending; and a node may have had no answer. */
function afterRefusal({ code, message, isFinal }: Extract<ErrandOutcome, { readonly ok: false }>): Outcome {
  return isFinal && code !== "EPOCH_WRONG" ? refused(code, message) : { kind: "later", code };
}

function refused(code: string, reason: string): Outcome {
  return { kind: "refused", code, reason };
}
