import { readFileSync } from "node:fs";
import type { BankAccount } from "../gateways/pain001.ts";
import { CodedError } from "../lib/coded-error.ts";
import type { Hash } from "../types/scalars.ts";

export class DirectoryError extends CodedError<"DIRECTORY_UNREADABLE" | "DIRECTORY_WRONG"> {
  override readonly name = "DirectoryError";
}

/** Names and accounts of parties, from a file of the bank's: `{"<party>": {"name": …, "account": …, "bic": …}}`. Private. */
export class Directory {
  readonly #accounts: ReadonlyMap<string, BankAccount>;

  constructor(accounts: ReadonlyMap<string, BankAccount>) {
    this.#accounts = accounts;
  }

  /** Throws DirectoryError. */
  static fromFile(path: string): Directory {
    let parsed: unknown;
    try {
      parsed = JSON.parse(readFileSync(path, "utf8"));
    } catch (error) {
      throw new DirectoryError("DIRECTORY_UNREADABLE", `${path}: ${(error as Error).message}`);
    }
    if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
      throw new DirectoryError("DIRECTORY_WRONG", `${path}: expected one object of parties`);
    return new Directory(
      new Map(Object.entries(parsed).map(([party, entry]) => [party, accountFrom(entry, `${path}: ${party}`)])),
    );
  }

  accountOf(party: Hash): BankAccount | undefined {
    return this.#accounts.get(party);
  }
}

function accountFrom(entry: unknown, where: string): BankAccount {
  const { name, account, bic } = (entry ?? {}) as Record<string, unknown>;
  if (typeof name !== "string" || typeof account !== "string" || (bic !== undefined && typeof bic !== "string"))
    throw new DirectoryError("DIRECTORY_WRONG", `${where.slice(0, 200)}: expected name, account and perhaps bic`);
  return bic === undefined ? { name, account } : { name, account, bic };
}
