import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { partyId } from "../../src/client/object-id.ts";
import { op, signTransaction } from "../../src/client/transaction-builder.ts";
import type { InvoiceParty } from "../../src/gateways/invoice.ts";
import { readInvoiceFile } from "../../src/gateways/read-invoice.ts";
import type { Firm } from "../../src/story/cast.ts";
import { riskAgentFolder } from "../../src/testnet/agent-folders.ts";
import { TradingFirm } from "../../src/testnet/credit-history.ts";
import { FolderWallets } from "../../src/testnet/wallets.ts";
import { usccCheckCharacter } from "../../src/types/legal-id.ts";
import type { Hash, MemberId } from "../../src/types/scalars.ts";
import { OperatorNetwork } from "./network.ts";
import { ROOT, type Run, run, until } from "./support.ts";

const CLI = join(ROOT, "src/cli/zhonglian.js");
const KEEPER_USCC = "91330206MA2K7W3D1".concat(usccCheckCharacter("91330206MA2K7W3D1") ?? "");
const STEEL = join(ROOT, "network-configs/local/invoices/05-steel.xml");

let network: OperatorNetwork;
const agents: Run[] = [];

beforeAll(async () => {
  network = await OperatorNetwork.make();
  network.startAll();
  await network.ready(3);
}, 300_000);

afterEach(async () => {
  for (const { child, exit } of agents.splice(0)) {
    child.kill("SIGTERM");
    await exit;
  }
});

afterAll(() => network.stop());

async function actors() {
  const wallets = new FolderWallets(network.network);
  const [bank, platform] = [await wallets.member("zbank"), await wallets.member("zhongnong")];
  const { clock } = network;
  return { client: network.client("zhuogang"), chain: network.network.identity.chain, clock, bank, platform, wallets };
}

describe("agents on a running network", () => {
  it("decide on applications in the order in which they come, sign with their own keys, and go on after a restart", {
    timeout: 600_000,
  }, async () => {
    const modules = await actors();
    const { client, bank } = modules;
    const firm = await TradingFirm.make(modules, "e2e");
    const notes = await firm.notes("e2e/today", 4);
    const folder = riskAgentFolder(network.network, bank);
    const start = (): Run => {
      const started = run([CLI, "agent", "risk", folder, "--json"]);
      agents.push(started);
      return started;
    };
    const decisionsOn = async (application: Hash) =>
      (await client.ledgerGet("application", application)).decisions as readonly Hash[];
    /** The height of its first change. */
    const bornAt = async (kind: string, id: Hash): Promise<number> => {
      const { items } = await client.call<{ items: readonly { height: number }[] }>("ledger_history", { kind, id });
      return Math.min(...items.map(({ height }) => height));
    };
    const first = start();
    const applications: Hash[] = [];
    const isDecided = (application: Hash): Promise<void> =>
      until(async () => (await decisionsOn(application)).length === 1, "the application is decided", first);
    // The first one may be there before the agent is; whatever is open then it takes in any order.
    const waiting = await firm.apply(notes[0] as Hash);
    await isDecided(waiting);
    applications.push(waiting);
    for (const note of notes.slice(1, 3)) applications.push(await firm.apply(note));
    for (const application of applications) await isDecided(application);
    const decided: { readonly height: number; readonly applied: number }[] = [];
    for (const application of applications) {
      const [id] = await decisionsOn(application);
      const decision = await client.ledgerGet("decision", id as Hash);
      expect(decision).toMatchObject({ outcome: "APPROVED", lender: bank.party, grade: expect.stringMatching(/^[A-D]$/) });
      decided.push({ height: await bornAt("decision", id as Hash), applied: await bornAt("application", application) });
    }
    for (const { height, applied } of decided) expect(height).toBeGreaterThan(applied);
    expect(decided.map(({ height }) => height)).toEqual(
      [...decided.map(({ height }) => height)].sort((left, right) => left - right),
    );
    first.child.kill("SIGTERM");
    expect(await first.exit).toBe(0);
    const missed = await firm.apply(notes[3] as Hash);
    const again = start();
    await until(async () => (await decisionsOn(missed)).length === 1, "what came meanwhile is decided", again);
    for (const application of applications) expect(await decisionsOn(application)).toHaveLength(1);
  });

  it("verify an invoice and hold it for its seller against another platform", { timeout: 600_000 }, async () => {
    const { client, clock, platform } = await actors();
    const read = readInvoiceFile(STEEL);
    if (!read.ok) throw read.error;
    const invoice = read.value;
    clock.jumpTo((invoice.issueDay + 2) * 86_400_000);
    for (const party of [invoice.seller, invoice.buyer]) await register(party);
    const verifier = (name: string): Run & { readonly folder: string } => {
      const member = network.member(name);
      const folder = join(member.folder, "verifier-agent");
      mkdirSync(join(folder, "inbox"), { recursive: true });
      writeFileSync(join(folder, "keys.json"), `{"1": "${"5a".repeat(32)}"}\n`, { mode: 0o600 });
      const settings = {
        rpc: [member.rpc],
        party: partyId(network.network.identity.genesis.members.find(({ id }) => id === name)?.legalId as never),
        keystore: join(member.folder, "keys", "party-attest.json"),
        passphraseFile: join(member.folder, "passphrase"),
        keysFile: "keys.json",
      };
      writeFileSync(join(folder, "verify.json"), JSON.stringify(settings));
      writeFileSync(join(folder, "inbox", "steel.xml"), readFileSync(STEEL));
      const started = run([CLI, "agent", "verify", folder, "--json"]);
      agents.push(started);
      return { ...started, folder };
    };
    const first = verifier("zhongnong");
    await until(() => existsSync(join(first.folder, "done", "steel.xml")), "the invoice is held", first);
    const second = verifier("zhuogang");
    const reason = join(second.folder, "refused", "steel.xml.txt");
    await until(() => existsSync(join(second.folder, "refused", "steel.xml")), "the other is refused", second);
    expect(readFileSync(reason, "utf8")).toMatch(/^FINGERPRINT_USED: There is a conflict/);
    const [held, ...others] = await client.ledgerAll("verification");
    expect(others).toEqual([]);
    expect(held).toMatchObject({ verifier: platform.party, seller: partyId(invoice.seller.legalId), doubted: false });
    for (const { out, err } of [first, second]) expect(out() + err()).not.toContain(invoice.number);
  });

  it("let a fleet of devices speak for a keeper, each with a key of its own", { timeout: 600_000 }, async () => {
    const { client } = await actors();
    const legalId = { scheme: "USCC", value: KEEPER_USCC };
    const keeper = await register({ legalId, name: "keeper" }, ["WAREHOUSE"]);
    const keys = join(network.network.folder, "parties", `USCC-${KEEPER_USCC}`);
    const folder = join(network.member("huasu").folder, "device-fleet");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "secret"), "5b".repeat(32), { mode: 0o600 });
    const settings = {
      rpc: [network.member("huasu").rpc],
      party: keeper.party,
      keystore: join(keys, "maker.json"),
      passphraseFile: join(keys, "passphrase"),
      secretFile: "secret",
      warehouses: 2,
      smart: 1,
      incidents: { DOOR_OPEN: 10_000 },
    };
    writeFileSync(join(folder, "devices.json"), JSON.stringify(settings));
    const started = run([CLI, "agent", "devices", folder, "--json"]);
    agents.push(started);
    await until(() => started.out().includes('"event":"attested"'), "the devices have spoken", started);
    expect(await client.ledgerAll("device", { operator: keeper.party })).toHaveLength(7 + 1);
    const alarms = await client.ledgerAll("alarm", { severity: "WARN" });
    expect(alarms.map(({ rule }) => rule)).toEqual(Array.from({ length: 7 + 1 }, () => "DOOR_OPEN"));
    started.child.kill("SIGTERM");
    expect(await started.exit).toBe(0);
  });
});

/** A firm of a platform's, with keys of its own. */
async function register(party: InvoiceParty, roles: readonly string[] = ["DEBTOR", "SELLER"]): Promise<Firm> {
  const { client, clock, platform, wallets, chain } = await actors();
  const firm = await wallets.firm(party);
  const first = [
    { key: firm.maker.publicKey, purpose: "MAKER" as const },
    { key: firm.checker.publicKey, purpose: "CHECKER" as const },
  ];
  const body = { legalId: firm.legalId, roles: [...roles], size: "SME" as const, keys: first, policy: [] };
  const operation = op("party.register", { ...body, sponsor: "zhongnong" as MemberId });
  const keys = [platform.maker, firm.maker, firm.checker];
  const { id, bytes } = await signTransaction({ chain, ops: [operation], notAfter: clock.nowMs() + 300_000 }, keys);
  expect((await client.submitAndWait(id, bytes)).status).toBe("committed");
  return firm;
}
