import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createKeystore, publicKeyOfKeystore } from "../adapters/keystore.ts";
import { nativeHasher } from "../adapters/native-hasher.ts";
import { genesisFromJson, genesisToJson } from "../codec/genesis.ts";
import { newGuardFile } from "../node/double-sign-guard.ts";
import type { ChainIdentity, ChainParams, Genesis } from "../types/genesis.ts";
import type { MemberId, PublicKey } from "../types/scalars.ts";

/** What network-configs/<network>/network.json says: everything but keys and addresses. */
interface Template {
  readonly network: string;
  readonly clock: "wall" | "driven";
  readonly members: readonly {
    readonly id: MemberId;
    readonly legalId: { scheme: string; value: string };
    readonly roles: readonly string[];
    readonly authority: boolean;
  }[];
  readonly params: ChainParams;
}

/** What a drill wants otherwise than the template has it; the same at every opening of a folder. */
export interface NetworkChanges {
  readonly clock?: Template["clock"];
  /** Members without an authority key, beside the template's. */
  readonly followers?: readonly string[];
}

export interface NetworkFolder {
  readonly folder: string;
  readonly identity: ChainIdentity;
  readonly members: readonly MemberFolder[];
  readonly clockFile: string;
}

export interface MemberFolder {
  readonly id: MemberId;
  readonly folder: string;
  readonly listenPort: number;
  readonly rpcPort: number;
  readonly rpc: string;
}

/** Networks for an hour: a small scrypt cost, so that four nodes open their keystores in a moment. */
const LOCAL_COST_LOG2 = 12;
/** Party keys of the members: a maker, a checker, an engine, an attester. */
const PARTY_KEYS = ["MAKER", "CHECKER", "ENGINE", "ATTEST"] as const;

/** Node folders, keys and genesis of a local network under `folder`: made if they are not there, else taken as they are. */
export async function openNetworkFolder(
  folder: string,
  basePort: number,
  genesisTimeMs: number,
  changes: NetworkChanges = {},
): Promise<NetworkFolder> {
  const template = readTemplate(changes);
  const genesisFile = join(folder, "genesis.json");
  if (!existsSync(genesisFile)) await makeNetwork(folder, template, genesisTimeMs);
  const identity = genesisFromJson(JSON.parse(readFileSync(genesisFile, "utf8")));
  if (!identity.ok) throw new Error(`${genesisFile}: ${identity.error.detail}`);
  const clockFile = join(folder, "clock.json");
  const addresses = Object.fromEntries(
    template.members.map(({ id }, index) => [id, [`/ip4/127.0.0.1/tcp/${basePort - 100 + index}`]]),
  );
  const members = template.members.map(({ id, authority }, index): MemberFolder => {
    const own = join(folder, id);
    const settings = {
      // What somebody tries by hand, `keep` say, stays as it is.
      ...readObject(join(own, "settings.json")),
      member: id,
      genesisFile: "../genesis.json",
      listenAddress: `/ip4/127.0.0.1/tcp/${basePort - 100 + index}`,
      rpcPort: basePort + index,
      drivenClockFile: template.clock === "driven" ? "../clock.json" : "",
      rpcRequestsPerSecond: 100_000,
      ...(authority ? {} : { authorityKeystore: "" }),
    };
    writeFileSync(join(own, "settings.json"), `${JSON.stringify(settings, null, 2)}\n`);
    writeFileSync(
      join(own, "addresses.json"),
      `${JSON.stringify({ ...readObject(join(own, "addresses.json")), ...addresses }, null, 2)}\n`,
    );
    return {
      id,
      folder: own,
      listenPort: basePort - 100 + index,
      rpcPort: basePort + index,
      rpc: `http://127.0.0.1:${basePort + index}/`,
    };
  });
  return { folder, identity: identity.value, members, clockFile };
}

/** From which port on the network of a folder has its RPC; undefined if there is none yet. */
export function basePortOf(folder: string): number | undefined {
  const [first] = readTemplate({}).members;
  const { rpcPort } = readObject(join(folder, String(first?.id), "settings.json"));
  return typeof rpcPort === "number" ? rpcPort : undefined;
}

function readObject(file: string): Readonly<Record<string, unknown>> {
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>) : {};
}

function readTemplate({ clock, followers = [] }: NetworkChanges): Template {
  const template = JSON.parse(
    readFileSync(new URL("../../network-configs/local/network.json", import.meta.url), "utf8"),
  ) as Template;
  const added = followers.map((id) => ({
    id: id as MemberId,
    legalId: { scheme: "LOCAL", value: id },
    roles: ["PLATFORM"],
    authority: false,
  }));
  return { ...template, clock: clock ?? template.clock, members: [...template.members, ...added] };
}

async function makeNetwork(folder: string, template: Template, timeMs: number): Promise<void> {
  const members: Genesis["members"][number][] = [];
  for (const member of template.members) {
    const own = join(folder, member.id);
    mkdirSync(join(own, "keys"), { recursive: true, mode: 0o700 });
    mkdirSync(join(own, "data"), { recursive: true, mode: 0o700 });
    const passphrase = randomBytes(24).toString("base64url");
    writeFileSync(join(own, "passphrase"), `${passphrase}\n`, { mode: 0o600 });
    const make = async (name: string): Promise<PublicKey> => {
      const path = join(own, "keys", `${name}.json`);
      return existsSync(path)
        ? publicKeyOfKeystore(path)
        : createKeystore(path, randomBytes(32), passphrase, { costLog2: LOCAL_COST_LOG2 });
    };
    const nodeKey = await make("node");
    const authorityKey = member.authority ? await make("authority") : undefined;
    if (authorityKey !== undefined)
      writeFileSync(join(own, "data", "guard.log"), newGuardFile(authorityKey, nativeHasher.sha256), { mode: 0o600 });
    const keys: Genesis["members"][number]["keys"][number][] = [];
    for (const purpose of PARTY_KEYS) keys.push({ key: await make(`party-${purpose.toLowerCase()}`), purpose });
    const { id, legalId, roles } = member;
    const entry = { id, legalId, roles: [...roles].sort(), nodeKey, keys };
    members.push(authorityKey === undefined ? entry : { ...entry, authorityKey });
  }
  const genesis: Genesis = { v: 1, network: template.network, timeMs, clock: template.clock, members, params: template.params };
  const checked = genesisFromJson(genesisToJson(genesis));
  if (!checked.ok) throw new Error(`network-configs/local: ${checked.error.detail}`);
  writeFileSync(join(folder, "genesis.json"), `${JSON.stringify(genesisToJson(genesis), null, 2)}\n`);
}
