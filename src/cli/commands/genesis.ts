import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { publicKeyOfKeystore } from "../../adapters/keystore.ts";
import { genesisFromJson, genesisToJson } from "../../codec/genesis.ts";
import type { ChainIdentity, KeyPurpose } from "../../types/genesis.ts";
import type { PublicKey } from "../../types/scalars.ts";
import { readGenesis, readJsonFile } from "../node-files.ts";
import { print } from "../output.ts";
import { SettingsError } from "../settings.ts";

/** `genesis`: each member makes a card of its public halves; from the same cards and template everybody makes the same genesis. */
export function genesisCommand(): Command {
  const genesis = new Command("genesis").description("agree on the first state of a network: cards of members, and the genesis");
  genesis
    .command("card")
    .description("print what a genesis says of this member: its name, who it is, and the public halves of its keys")
    .requiredOption("--dir <folder>", "the node's folder, made by node init")
    .requiredOption("--legal-id <scheme:value>", "who the member is: USCC:…, LEI:…, or another scheme")
    .requiredOption("--role <role...>", "its roles as a party: LENDER, BANK, PLATFORM, VERIFIER, REGISTRY …")
    .requiredOption(
      "--key <purpose=keystore...>",
      "keys of its officers and engines: MAKER=FILE, CHECKER=FILE, ENGINE=FILE, ATTEST=FILE",
    )
    .option("--out <file>", "write the card there instead of printing it; never overwritten")
    .option("--json", "print JSON")
    .action((options: CardOptions) => {
      const card = cardOf(options);
      if (options.out === undefined) print(card, options.json === true);
      else {
        writeNew(options.out, card);
        print({ file: options.out, ...card }, options.json === true);
      }
    });
  genesis
    .command("make")
    .description("make the genesis from the network's template and the members' cards; everybody who does gets the same bytes")
    .requiredOption("--template <file>", "network, clock, time, order of the members, parameters")
    .requiredOption("--card <file...>", "one card of each member, in any order")
    .requiredOption("--out <file>", "where to write it; never overwritten")
    .option("--json", "print JSON")
    .action(({ template, card, out, json }: { template: string; card: readonly string[]; out: string; json?: boolean }) => {
      const identity = assemble(template, card);
      writeNew(out, genesisToJson(identity.genesis));
      print({ file: out, ...summaryOf(identity) }, json === true);
    });
  genesis
    .command("show <file>")
    .description("check a genesis and print its chain id, members and start: what members compare by another channel")
    .option("--json", "print JSON")
    .action((file: string, { json }: { json?: boolean }) => print(summaryOf(readGenesis(file)), json === true));
  return genesis;
}

interface CardOptions {
  readonly dir: string;
  readonly legalId: string;
  readonly role: readonly string[];
  readonly key: readonly string[];
  readonly out?: string;
  readonly json?: boolean;
}

/** A member as a genesis has it. */
interface Card {
  readonly id: string;
  readonly legalId: { readonly scheme: string; readonly value: string };
  readonly roles: readonly string[];
  readonly nodeKey: PublicKey;
  readonly authorityKey?: PublicKey;
  readonly keys: readonly { readonly key: PublicKey; readonly purpose: KeyPurpose }[];
}

function cardOf({ dir, legalId, role, key }: CardOptions): Card {
  const { member } = readJsonFile(join(dir, "settings.json")) as { readonly member?: unknown };
  if (typeof member !== "string") throw new SettingsError("SETTING_MISSING", `${join(dir, "settings.json")} names no member`);
  const colon = legalId.indexOf(":");
  if (colon < 1) throw new SettingsError("CARD_INVALID", `--legal-id must be scheme:value, like USCC:…, not "${legalId}"`);
  const authority = join(dir, "keys", "authority.json");
  return {
    id: member,
    legalId: { scheme: legalId.slice(0, colon), value: legalId.slice(colon + 1) },
    roles: [...new Set(role)].sort(),
    nodeKey: publicKeyOfKeystore(join(dir, "keys", "node.json")),
    ...(existsSync(authority) ? { authorityKey: publicKeyOfKeystore(authority) } : {}),
    keys: key.map(keyOf),
  };
}

function keyOf(text: string): Card["keys"][number] {
  const [, purpose, file] = /^([A-Z]+)=(.+)$/.exec(text) ?? [];
  if (purpose === undefined || file === undefined)
    throw new SettingsError("CARD_INVALID", `--key must be PURPOSE=FILE, like MAKER=keys/maker.json, not "${text}"`);
  return { key: publicKeyOfKeystore(file), purpose: purpose as KeyPurpose };
}

/** Every member of the template has one card, and no card is left over. Throws SettingsError. */
function assemble(templateFile: string, cardFiles: readonly string[]): ChainIdentity {
  const template = readJsonFile(templateFile);
  if (typeof template !== "object" || template === null)
    throw new SettingsError("TEMPLATE_INVALID", `${templateFile}: expected one JSON object`);
  const { time, members, ...rest } = template as { readonly time?: unknown; readonly members?: unknown };
  const timeMs = typeof time === "string" ? Date.parse(time) : Number.NaN;
  if (!/(Z|[+-][0-9]{2}:[0-9]{2})$/.test(String(time)) || !Number.isInteger(timeMs))
    throw new SettingsError(
      "TEMPLATE_INVALID",
      `${templateFile}: "time" must be a time with its zone, like 2027-01-04T09:00:00+08:00`,
    );
  if (!Array.isArray(members) || members.some((name) => typeof name !== "string"))
    throw new SettingsError("TEMPLATE_INVALID", `${templateFile}: "members" must list the members' names in their order`);
  const cards = new Map<unknown, unknown>();
  for (const file of cardFiles) {
    const card = readJsonFile(file);
    const name = (card as { readonly id?: unknown } | null)?.id;
    if (!members.includes(name))
      throw new SettingsError("CARD_INVALID", `${file}: ${String(name)} is no member of ${templateFile}`);
    if (cards.has(name)) throw new SettingsError("CARD_INVALID", `${file}: a second card of ${String(name)}`);
    cards.set(name, card);
  }
  const missing = members.filter((name) => !cards.has(name));
  if (missing.length > 0) throw new SettingsError("CARD_MISSING", `no card of ${missing.join(", ")}`);
  const result = genesisFromJson({ v: 1, ...rest, timeMs, members: members.map((name) => cards.get(name)) });
  if (!result.ok) throw new SettingsError(result.error.code, result.error.detail);
  return result.value;
}

function summaryOf({ chain, genesis }: ChainIdentity): object {
  return {
    chain,
    network: genesis.network,
    clock: genesis.clock,
    time: new Date(genesis.timeMs).toISOString(),
    members: genesis.members.map(({ id, legalId, authorityKey }) => ({
      id,
      legalId: `${legalId.scheme}:${legalId.value}`,
      authority: authorityKey !== undefined,
    })),
  };
}

function writeNew(file: string, value: unknown): void {
  if (existsSync(file)) throw new SettingsError("FILE_EXISTS", `${file} is there already`);
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`, { flag: "wx" });
}
