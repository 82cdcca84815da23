import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BankAccount } from "../gateways/pain001.ts";
import type { MemberActor } from "../story/cast.ts";
import type { Hash } from "../types/scalars.ts";
import type { MemberFolder, NetworkFolder } from "./network-folder.ts";

/** The account that the bank pays from on a local network. */
export const BANK_ACCOUNT: BankAccount = { name: "Zbank (fictional)", account: "6222000000000000001" };

/** A folder for the bank's risk agent on a local network: what `zhonglian agent risk` wants. `limit`: see there. */
export function riskAgentFolder(network: NetworkFolder, bank: MemberActor, limit = 1_000_000_000n): string {
  const member = memberOf(network, bank);
  const folder = made(member, "risk-agent");
  const settings = {
    ...signer(network, member, bank, "party-engine.json"),
    limit: limit.toString(),
    ratePpm: { A: 38_000, B: 43_500, C: 52_000, D: 65_000 },
    security: "PLEDGE",
    recourse: true,
    tenorExtraDays: 5,
    decisionMinutes: 60,
  };
  writeFileSync(join(folder, "risk.json"), `${JSON.stringify(settings, null, 2)}\n`);
  return folder;
}

/** The same for its settlement agent, with the names and accounts that the bank knows of its customers. */
export function settlementAgentFolder(
  network: NetworkFolder,
  bank: MemberActor,
  customers: ReadonlyMap<Hash, BankAccount>,
): string {
  const member = memberOf(network, bank);
  const folder = made(member, "settlement-agent");
  const settings = {
    ...signer(network, member, bank, "party-attest.json"),
    own: BANK_ACCOUNT,
    directoryFile: "directory.json",
    secretFile: "secret",
  };
  writeFileSync(join(folder, "settle.json"), `${JSON.stringify(settings, null, 2)}\n`);
  writeFileSync(join(folder, "directory.json"), `${JSON.stringify(Object.fromEntries(customers), null, 2)}\n`, { mode: 0o600 });
  const secret = join(folder, "secret");
  if (!existsSync(secret))
    writeFileSync(secret, Buffer.from(globalThis.crypto.getRandomValues(new Uint8Array(32))).toString("hex"), { mode: 0o600 });
  return folder;
}

function memberOf(network: NetworkFolder, { member: name }: MemberActor): MemberFolder {
  const member = network.members.find(({ id }) => id === name);
  if (member === undefined) throw new Error(`the network has no member "${name}"`);
  return member;
}

function made(member: MemberFolder, name: string): string {
  const folder = join(member.folder, name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** The bank's own node first; the others, should it be away. */
function signer(network: NetworkFolder, member: MemberFolder, bank: MemberActor, keystore: string) {
  const others = network.members.filter(({ id }) => id !== member.id).map(({ rpc }) => rpc);
  return {
    rpc: [member.rpc, ...others],
    party: bank.party,
    keystore: join(member.folder, "keys", keystore),
    passphraseFile: join(member.folder, "passphrase"),
  };
}
