import { Command } from "commander";
import { Client, type ClientOptions, type ProofOptions } from "../../client/client.ts";
import { LightClient } from "../../client/light-client.ts";
import { VerifiedClient } from "../../client/verified-client.ts";
import { trustGenesis } from "../../light/trust.ts";
import { LIMITS } from "../../types/limits.ts";
import type { Hash } from "../../types/scalars.ts";
import { readGenesis, readSecretFile } from "../node-files.ts";
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

export function clientOf(options: RpcOptions): Client {
  return new Client(endpointsOf(options));
}

function endpointsOf({ rpc, tokenFile }: RpcOptions): ClientOptions {
  const endpoints = rpc.split(",").filter((url) => url !== "");
  const wrong = endpoints.length === 0 ? rpc : endpoints.find((url) => !/^https?:\/\/[^/]/.test(url));
  if (wrong !== undefined)
    throw new SettingsError("FLAG_WRONG", `--rpc ${wrong}: expected an address such as http://127.0.0.1:7700/`);
  return tokenFile === undefined ? { endpoints } : { endpoints, token: readSecretFile(tokenFile, "--token-file") };
}

/** An object that no node is believed about: its chain is followed from the genesis by its commits, and the answer proved. */
async function verifiedGet(kind: string, id: Hash, options: RpcOptions, genesis: string): Promise<object> {
  const light = new LightClient({ ...endpointsOf(options), trusted: trustGenesis(readGenesis(genesis)) });
  const followed = await light.advance();
  const { doubts, ...found } = await new VerifiedClient(light).ledgerGet(kind, id);
  return { ...found, doubts: [...followed, ...doubts] };
}

export function ledgerCommand(): Command {
  const ledger = new Command("ledger").description("read the ledger of a node");
  withRpc(
    ledger
      .command("get <kind> <id>")
      .description("one object")
      .option("--height <height>", "as it was after that block", integer(0, Number.MAX_SAFE_INTEGER))
      .option("--genesis <file>", "as it is now, proved against this genesis: no node is believed"),
  ).action(async (kind: string, id: string, options: RpcOptions & { height?: number; genesis?: string }) => {
    const { height, genesis, json } = options;
    if (height !== undefined && genesis !== undefined)
      throw new SettingsError("FLAG_WRONG", "expected either --height or --genesis: for a past state see `ledger proof`");
    const found =
      genesis === undefined
        ? await clientOf(options).ledgerGet(kind, id as Hash, height)
        : await verifiedGet(kind, id as Hash, options, genesis);
    print(found, json === true);
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
