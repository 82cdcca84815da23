import { objectId } from "../../client/object-id.ts";
import { op } from "../../client/transaction-builder.ts";
import type { Hash } from "../../types/scalars.ts";
import type { Firm } from "../cast.ts";
import type { Lending } from "./lending.ts";
import type { Registration } from "./registration.ts";
import { both, DAY_MS, isoDay, type Live, type Stage, type Trade } from "./stage.ts";

/** A first receivable of every invoice, and later a second of some. */
export type Round = "first" | "second";

export interface ReceivablesModules {
  readonly stage: Stage;
  readonly registration: Registration;
  readonly lending: Lending;
}

/** From an invoice to a receivable that both sides signed, is divided, partly sold on, and secures a loan. */
export class Receivables {
  readonly #m: ReceivablesModules;

  constructor(modules: ReceivablesModules) {
    this.#m = modules;
  }

  /** `index` decides who of the two issues, and how the debtor confirms; `tryFirst` is done with the whole note before it is divided. */
  async bringToLife(
    trade: Trade,
    index: number,
    round: Round,
    face: bigint,
    tryFirst: (root: Hash) => Promise<void> = () => Promise.resolve(),
  ): Promise<Live> {
    const { stage, registration, lending } = this.#m;
    const step = `${trade.name}/${round}`;
    if (round === "second") await registration.checkInvoice(trade, step);
    const receivable = await this.#issue(trade, index, step, face);
    const root = await this.#answer(trade, index, step, receivable, face);
    stage.count(trade.currency, { receivables: 1, face });
    await tryFirst(root);
    const { pledged, moved, rest } = await this.#divide(trade, step, root, face);
    const isLent = await lending.finance(trade, step, pledged);
    stage.say(
      `${trade.file}: ${trade.currency} receivable ${receivable.slice(0, 8)}… issued, confirmed${moved === null ? "" : ", split, transferred"}${isLent ? ", financed and pledged" : ""}`,
    );
    // As it stands on the ledger: a story that goes on after an interruption may be past the day on which this was computed.
    const issued = await stage.modules.client.ledgerGet("receivable", receivable);
    return { trade, receivable, maturityDay: issued.maturityDay as number, pledged: isLent ? pledged.note : null, moved, rest };
  }

  /** By the debtor or by the seller, in turn. */
  async #issue(trade: Trade, index: number, step: string, face: bigint): Promise<Hash> {
    const { stage, registration } = this.#m;
    const terms = {
      contract: await registration.contractOf(trade),
      face,
      maturityDay: this.#maturityOf(trade),
      document: stage.commit("promise", step),
      tenorReason: stage.commit("tenor reason", step),
      allocation: [{ invoice: await registration.invoiceOf(trade), amount: face }],
    };
    const [issuer, issue] =
      index % 2 === 0
        ? ([trade.buyer, op("receivable.issueByDebtor", terms)] as const)
        : ([trade.seller, op("receivable.issueBySeller", terms)] as const);
    return objectId(await stage.modules.steps.take(`${step}/issue`, both(issuer), issue), 0, 0);
  }

  /** The other side signs; answers the note of the whole. */
  async #answer({ seller, buyer }: Trade, index: number, step: string, receivable: Hash, face: bigint): Promise<Hash> {
    const { steps } = this.#m.stage.modules;
    if (index % 2 === 0) {
      const accept = op("receivable.acceptIssue", { receivable });
      return objectId(await steps.take(`${step}/accept`, both(seller), accept), 0, 0);
    }
    const mode = index % 4 === 1 ? ("EXISTENCE" as const) : ("UNCONDITIONAL" as const);
    const confirm = op("receivable.confirm", { receivable, mode, amount: face });
    return objectId(await steps.take(`${step}/confirm`, both(buyer), confirm), 0, 0);
  }

  /** The due date or 60 days after acceptance, whichever is later; but nothing runs for longer than the alliance allows. */
  #maturityOf({ file, invoice }: Trade): number {
    const { stage } = this.#m;
    const day = Math.max(invoice.dueDay ?? 0, stage.today + 60);
    const latest = stage.today + stage.tenorMaxDays;
    if (day > latest) stage.say(`${file} is due on ${isoDay(day)}, beyond the longest tenor: its receivable matures earlier`);
    return Math.min(day, latest);
  }

  /** Half to secure a loan, a part to a supplier, the rest stays: where the amount is too small for that it is pledged whole. */
  async #divide(trade: Trade, step: string, root: Hash, face: bigint) {
    const { stage } = this.#m;
    const { steps, clock } = stage.modules;
    const { seller } = trade;
    const parts = [face / 2n, face / 4n, face - face / 2n - face / 4n] as const;
    if (parts.some((part) => part < stage.noteMin)) return { pledged: { note: root, amount: face }, moved: null, rest: null };
    const split = await steps.take(`${step}/split`, both(seller), op("note.split", { note: root, parts: [...parts] }));
    const pledged = { note: objectId(split, 0, 0), amount: parts[0] };
    const rest = objectId(split, 0, 2);
    const supplier = await this.#supplierOf(trade);
    if (supplier === null) return { pledged, moved: null, rest };
    const note = objectId(split, 0, 1);
    const offer = op("note.offer", { note, to: supplier.party, expiresMs: clock.nowMs() + DAY_MS });
    const offered = objectId(await steps.take(`${step}/offer`, both(seller), offer), 0, 0);
    const accepted = await steps.take(`${step}/take`, both(supplier), op("note.acceptOffer", { offer: offered }));
    return { pledged, moved: { note: objectId(accepted, 0, 0), holder: supplier }, rest };
  }

  /** Another firm of the story that does not owe the receivable. */
  async #supplierOf({ seller, buyer }: Trade): Promise<Firm | null> {
    const firms = await Promise.all(this.#m.stage.firms.values());
    const others = firms.filter(({ party }) => party !== seller.party && party !== buyer.party);
    return others[Number.parseInt(seller.party.slice(0, 4), 16) % Math.max(1, others.length)] ?? null;
  }
}
