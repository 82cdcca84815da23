import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "../client/client.ts";
import { genesisFromJson } from "../codec/genesis.ts";
import { CodedError } from "../lib/coded-error.ts";

/** Somebody else drives this network. */
export class NetworkRunningError extends CodedError<"NETWORK_RUNNING"> {
  override readonly name = "NetworkRunningError";
}

/** A network has one launcher: it drives the clock. Throws NetworkRunningError if a node of this folder answers where its settings say. */
export async function refuseIfRunning(folder: string): Promise<void> {
  const genesisFile = join(folder, "genesis.json");
  const identity = existsSync(genesisFile) ? genesisFromJson(JSON.parse(readFileSync(genesisFile, "utf8"))) : undefined;
  if (identity === undefined || !identity.ok) return;
  const running: string[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const port = entry.isDirectory() ? rpcPortOf(join(folder, entry.name, "settings.json")) : undefined;
    if (port === undefined) continue;
    const status = await new Client({ endpoints: [`http://127.0.0.1:${port}/`] }).status().catch(() => undefined);
    if (status?.member === entry.name && status.chain === identity.value.chain) running.push(entry.name);
  }
  if (running.length === 0) return;
  throw new NetworkRunningError(
    "NETWORK_RUNNING",
    `${running.join(", ")} of ${folder} run already: end them first (Ctrl-C where they were started, or "npx zhonglian testnet down")`,
  );
}

function rpcPortOf(settingsFile: string): number | undefined {
  try {
    const { rpcPort } = JSON.parse(readFileSync(settingsFile, "utf8")) as { readonly rpcPort?: unknown };
    return typeof rpcPort === "number" ? rpcPort : undefined;
  } catch {
    return undefined;
  }
}
