import { Command } from "commander";
import { Client, type ProofOptions } from "../../client/client.ts";
import { LIMITS } from "../../types/limits.ts";
import type { Hash } from "../../types/scalars.ts";
import { readSecretFile } from "../node-files.ts";
import { integer } from "../options.ts";
import { print } from "../output.ts";
import { SettingsError } from "../settings.ts";

export interface RpcOptions {
  readonly rpc: string;
  readonly tokenFile?: string;
  readonly json?: boolean;
}

/** Options of every command that asks a node. */
export function withRpc(command: Command): Command {
  return command
    .option("--rpc <urls>", "RPC addresses of nodes, separated by commas", "http://127.0.0.1:7700/")
    .option("--token-file <file>", "file with the bearer token")
    .option("--json", "print JSON");
}

export function clientOf({ rpc, tokenFile }: RpcOptions): Client {
  const endpoints = rpc.split(",").filter((url) => url !== "");
  return new Client(tokenFile === undefined ? { endpoints } : { endpoints, token: readSecretFile(tokenFile, "--token-file") });
}

export function ledgerCommand(): Command {
  const ledger = new Command("ledger").description("read the ledger of a node");
  withRpc(
    ledger
      .command("get <kind> <id>")
      .description("one object")
      .option("--height <height>", "as it was after that block", integer(0, Number.MAX_SAFE_INTEGER)),
  ).action(async (kind: string, id: string, options: RpcOptions & { height?: number }) => {
    print(await clientOf(options).ledgerGet(kind, id as Hash, options.height), options.json === true);
  });
  withRpc(
    ledger
      .command("proof <kind> <id>")
      .description(
        "a proof of an object, a transaction, a txReceipt or an event (id: transaction/number), for `zhonglian verify`",
      )
      .option("--height <height>", "of the state after that block", integer(1, Number.MAX_SAFE_INTEGER))
      .option("--since <height>", "for whoever trusts the header of that height", integer(0, Number.MAX_SAFE_INTEGER)),
  ).action(async (kind: string, id: string, { height, since, ...options }: RpcOptions & ProofOptions) => {
    const asked = { ...(height === undefined ? {} : { height }), ...(since === undefined ? {} : { since }) };
    console.log(await clientOf(options).proof(kind, id, asked));
  });
  withRpc(
    ledger
      .command("list <kind>")
      .description("objects of a kind")
      .option("--where <field=value...>", "on indexed fields")
      .option("--limit <count>", "at most so many", integer(1, LIMITS.rpcListMax), LIMITS.rpcListDefault)
      .option("--cursor <cursor>", "the next page"),
  ).action(async (kind: string, options: RpcOptions & { where?: string[]; limit: number; cursor?: string }) => {
    const where = Object.fromEntries((options.where ?? []).map(condition));
    const page = options.cursor === undefined ? { limit: options.limit } : { limit: options.limit, cursor: options.cursor };
    print(await clientOf(options).ledgerList(kind, where, page), options.json === true);
  });
  withRpc(
    ledger
      .command("history <kind> <id>")
      .description("each change of an object")
      .option("--limit <count>", "at most so many", integer(1, LIMITS.rpcListMax), LIMITS.rpcListDefault)
      .option("--cursor <cursor>", "the next page"),
  ).action(async (kind: string, id: string, options: RpcOptions & { limit: number; cursor?: string }) => {
    const page = options.cursor === undefined ? {} : { cursor: options.cursor };
    print(await clientOf(options).call("ledger_history", { kind, id, limit: options.limit, ...page }), options.json === true);
  });
  return ledger;
}

function condition(text: string): readonly [string, string] {
  const at = text.indexOf("=");
  if (at < 1) throw new SettingsError("FLAG_WRONG", `--where ${text}: expected field=value`);
  return [text.slice(0, at), text.slice(at + 1)];
}
