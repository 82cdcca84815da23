import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { privateKeyObject, signNative } from "../adapters/ed25519-native.ts";
import { createKeystore, openKeystore } from "../adapters/keystore.ts";
import { partyId } from "../client/object-id.ts";
import type { SigningKey } from "../client/transaction-builder.ts";
import type { InvoiceParty } from "../gateways/invoice.ts";
import type { Firm, MemberActor, Wallets } from "../story/cast.ts";
import type { Hash } from "../types/scalars.ts";
import type { NetworkFolder } from "./network-folder.ts";

const LOCAL_COST_LOG2 = 12;

/** The parties' own keystores, one file for each key: firms under parties/, members' officers beside their node's keys. No node key signs for a party. */
export class FolderWallets implements Wallets {
  readonly #network: NetworkFolder;

  constructor(network: NetworkFolder) {
    this.#network = network;
  }

  async firm({ legalId, name }: InvoiceParty): Promise<Firm> {
    const folder = join(this.#network.folder, "parties", `${legalId.scheme}-${legalId.value}`.replace(/[^A-Za-z0-9-]/g, "_"));
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const passphrase = ownPassphrase(folder);
    const party = partyId(legalId);
    const key = async (role: string): Promise<SigningKey> => {
      const path = join(folder, `${role}.json`);
      if (!existsSync(path)) await createKeystore(path, randomBytes(32), passphrase, { costLog2: LOCAL_COST_LOG2 });
      return signingKey(path, passphrase, party);
    };
    return { party, name, legalId, maker: await key("maker"), checker: await key("checker") };
  }

  async member(name: string): Promise<MemberActor> {
    const found = this.#network.identity.genesis.members.find(({ id }) => id === name);
    const folder = this.#network.members.find(({ id }) => id === name)?.folder;
    if (found === undefined || folder === undefined) throw new Error(`the network has no member "${name}"`);
    const passphrase = readFileSync(join(folder, "passphrase"), "utf8").trim();
    const party = partyId(found.legalId);
    const key = (role: string): Promise<SigningKey> => signingKey(join(folder, "keys", `party-${role}.json`), passphrase, party);
    const [maker, checker, engine, attester] = await Promise.all([key("maker"), key("checker"), key("engine"), key("attest")]);
    return { member: name, party, maker, checker, engine, attester };
  }
}

async function signingKey(path: string, passphrase: string, party: Hash): Promise<SigningKey> {
  const { publicKey, seed } = await openKeystore(path, passphrase);
  const privateKey = privateKeyObject(seed);
  return { party, publicKey, sign: (message) => signNative(privateKey, message) };
}

function ownPassphrase(folder: string): string {
  const path = join(folder, "passphrase");
  if (!existsSync(path)) writeFileSync(path, `${randomBytes(24).toString("base64url")}\n`, { mode: 0o600 });
  return readFileSync(path, "utf8").trim();
}
