import { readFileSync, statSync, writeFileSync } from "node:fs";
import { Command } from "commander";
import { privateKeyObject, signNative } from "../../adapters/ed25519-native.ts";
import { openKeystore } from "../../adapters/keystore.ts";
import { assemble, buildTransaction, signedMessage } from "../../client/transaction-builder.ts";
import { decode } from "../../codec/cbor.ts";
import { encode, type Schema, SchemaError } from "../../codec/schema.ts";
import { transactionId, unsignedTransactionSchema } from "../../codec/transaction.ts";
import { TRANSITIONS } from "../../ledger/transitions.ts";
import { fromHex, toHex } from "../../lib/bytes.ts";
import { LIMITS } from "../../types/limits.ts";
import type { Hash, PublicKey } from "../../types/scalars.ts";
import type { UnsignedTransaction } from "../../types/transaction.ts";
import { readPassphrase } from "../node-files.ts";
import { integer } from "../options.ts";
import { print } from "../output.ts";
import { SettingsError } from "../settings.ts";
import { clientOf, type RpcOptions, withRpc } from "./ledger.ts";

/** A transaction on its way between signers, as a file: what is signed in hex, and the signatures gathered so far. */
interface TxFile {
  readonly unsigned: string;
  readonly signatures: Readonly<Record<string, string>>;
}

export function txCommand(done: (status: number) => void): Command {
  const tx = new Command("tx").description("build, sign and send transactions");
  withRpc(
    tx
      .command("build <operations>")
      .description('make an unsigned transaction from a JSON file [{"kind": …, "body": {…}}, …]')
      .requiredOption("--signer <party:key...>", "who is to sign: party id and public key")
      .requiredOption("--out <file>", "where to write it")
      .option("--minutes <count>", "valid for so long", integer(1, 10), 5),
  ).action(async (operations: string, options: RpcOptions & { signer: string[]; out: string; minutes: number }) => {
    const status = await clientOf(options).status();
    const ops = operationsFrom(readJson(operations));
    const signers = options.signer.map((text) => {
      const [party = "", key = ""] = text.split(":");
      if (!/^[0-9a-f]{64}$/.test(party) || !/^[0-9a-f]{64}$/.test(key))
        throw new SettingsError("FLAG_WRONG", `--signer ${text.slice(0, 140)}: expected party:key in hex`);
      return { party: party as Hash, key: key as PublicKey };
    });
    const { unsigned, id } = buildTransaction({
      chain: status.chain,
      ops,
      notAfter: status.clockMs + options.minutes * 60_000,
      signers,
    });
    write(options.out, { unsigned: toHex(encode(unsignedTransactionSchema, unsigned as never)), signatures: {} });
    print({ file: options.out, id }, options.json === true);
  });
  tx.command("sign <file>")
    .description("add the signature of a keystore's key")
    .requiredOption("--keystore <file>", "the key")
    .requiredOption("--passphrase-file <file>", "its passphrase")
    .option("--json", "print JSON")
    .action(async (file: string, options: { keystore: string; passphraseFile: string; json?: boolean }) => {
      const { unsigned, stored } = readTx(file);
      const { publicKey, seed } = await openKeystore(options.keystore, readPassphrase(options.passphraseFile));
      if (!unsigned.signers.some(({ key }) => key === publicKey))
        throw new SettingsError("KEY_NOT_ASKED", `this transaction does not ask for the key ${publicKey}`);
      const id = transactionId(unsigned);
      const signatures = { ...stored.signatures, [publicKey]: toHex(signNative(privateKeyObject(seed), signedMessage(id))) };
      write(file, { ...stored, signatures });
      print({ id, signed: Object.keys(signatures).length, of: unsigned.signers.length }, options.json === true);
    });
  withRpc(tx.command("send <file>").description("send a signed transaction and wait for its outcome")).action(
    async (file: string, options: RpcOptions) => {
      const { unsigned, stored } = readTx(file);
      const signatures = new Map(
        Object.entries(stored.signatures).map(([key, hex]) => [key as PublicKey, fromHex(hex) as Uint8Array]),
      );
      const missing = unsigned.signers.filter(({ key }) => !signatures.has(key));
      if (missing.length > 0)
        throw new SettingsError("SIGNATURE_MISSING", `signatures are missing of ${missing.map(({ key }) => key).join(", ")}`);
      const bytes = assemble(unsigned, signatures);
      const outcome = await clientOf(options).submitAndWait(transactionId(unsigned), bytes);
      print(outcome, options.json === true);
      done(outcome.status === "committed" ? 0 : 1);
    },
  );
  return tx;
}

function operationsFrom(json: unknown) {
  if (!Array.isArray(json) || json.length === 0) throw new SettingsError("OPERATIONS_WRONG", "expected a list of operations");
  return json.map((entry: unknown, index) => {
    const { kind, body } = (entry ?? {}) as { kind?: unknown; body?: unknown };
    const transition = typeof kind === "string" ? TRANSITIONS.get(kind) : undefined;
    if (transition === undefined)
      throw new SettingsError("KIND_UNKNOWN", `operation ${index}: there is no kind "${String(kind).slice(0, 48)}"`);
    const schema = transition.body as Schema<unknown>;
    try {
      return { kind: transition.kind, body: encode(schema, schema.fromJson(body, `operation ${index} (${transition.kind})`)) };
    } catch (error) {
      if (error instanceof SchemaError) throw new SettingsError(error.code, error.message);
      throw error;
    }
  });
}

function readTx(file: string): { readonly unsigned: UnsignedTransaction; readonly stored: TxFile } {
  const stored = readJson(file) as TxFile;
  const bytes = typeof stored?.unsigned === "string" ? fromHex(stored.unsigned) : undefined;
  const decoded = bytes === undefined ? undefined : decode(unsignedTransactionSchema, bytes, LIMITS.txBytesMax);
  if (!decoded?.ok || typeof stored.signatures !== "object")
    throw new SettingsError("TX_FILE_WRONG", `${file} is no transaction file`);
  return { unsigned: decoded.value as UnsignedTransaction, stored };
}

function readJson(file: string): unknown {
  try {
    if (statSync(file).size > 16 * LIMITS.txBytesMax) throw new Error("too large");
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new SettingsError("FILE_UNREADABLE", `${file}: ${(error as Error).message}`);
  }
}

function write(file: string, content: TxFile): void {
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
}
