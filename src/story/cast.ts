import { createHmac } from "node:crypto";
import type { SigningKey } from "../client/transaction-builder.ts";
import { numberPrint } from "../gateways/fingerprints.ts";
import type { Invoice, InvoiceParty } from "../gateways/invoice.ts";
import type { Hash } from "../types/scalars.ts";

/** A firm of the story with keystores of its own: who prepares and who releases (制单, 复核). */
export interface Firm {
  readonly party: Hash;
  readonly name: string;
  readonly legalId: { readonly scheme: string; readonly value: string };
  readonly maker: SigningKey;
  readonly checker: SigningKey;
}

/** A member of the alliance as it acts for itself: the bank, or a platform that verifies and sponsors. */
export interface MemberActor {
  readonly member: string;
  readonly party: Hash;
  readonly maker: SigningKey;
  readonly checker: SigningKey;
  readonly engine: SigningKey;
  readonly attester: SigningKey;
}

/** Where keys come from: encrypted keystores, one for each; the story never sees how they are kept. */
export interface Wallets {
  firm(party: InvoiceParty): Promise<Firm>;
  member(name: string): Promise<MemberActor>;
}

/** Money that a debtor pays in at the bank, naming the receivable that it pays. */
export interface PaidIn {
  readonly receivable: Hash;
  readonly currency: string;
  readonly amount: bigint;
}

/** The bank's own programs, which decide and pay by themselves: what a story has to do with them. */
export interface BankDesk {
  receive(paid: PaidIn): void;
  /** A moment in which they work on; throws if one of them has ended. */
  moment(): Promise<void>;
}

/** The keyed fingerprint (L1) of an invoice: without the verifiers' key nobody can guess numbers from it. */
export function fingerprint(epochKey: Uint8Array, { number, seller }: Invoice): Hash {
  return numberPrint(epochKey, number, seller.legalId);
}

/** A commitment to something private: a contract's number, a bank's reference, a document. */
export function commitment(epochKey: Uint8Array, ...parts: readonly string[]): Hash {
  return hmac(epochKey, "commitment", ...parts);
}

function hmac(key: Uint8Array, ...parts: readonly string[]): Hash {
  return createHmac("sha256", key).update(JSON.stringify(parts)).digest("hex") as Hash;
}
