import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FingerprintKeyError, FingerprintKeys } from "../../src/agents/fingerprint-keys.ts";
import { VerifierAgent } from "../../src/agents/verifier-agent.ts";
import { dayOf } from "../../src/client/civil-day.ts";
import { partyId } from "../../src/client/object-id.ts";
import { keyCommitment, likenessPrints, numberPrint } from "../../src/gateways/fingerprints.ts";
import type { Invoice } from "../../src/gateways/invoice.ts";
import { readDocument } from "../../src/gateways/read-invoice.ts";
import type { LegalId } from "../../src/types/genesis.ts";
import type { Hash, MemberId } from "../../src/types/scalars.ts";
import { type Alliance, allianceOn } from "../ledger/support/alliance.ts";
import { by, op, type Signing } from "../ledger/support/chain.ts";
import { testKey } from "../ledger/support/firm.ts";
import { decide } from "../ledger/support/governance.ts";
import { ProvingChain } from "../node/support/proving-chain.ts";
import { serve, signingKey } from "./serving-chain.ts";

const OWN = resolve(import.meta.dirname, "../../network-configs/local/invoices");
const SAMPLES = process.env.ZHONGLIAN_SAMPLES;
const STEEL = readFileSync(join(OWN, "05-steel.xml"), "utf8");
const FIRST = new Uint8Array(32).fill(1);
const SECOND = new Uint8Array(32).fill(2);
const NOW = Date.UTC(2026, 10, 20, 2, 0, 0);

let world: Alliance & { readonly chain: ProvingChain };
let server: Awaited<ReturnType<typeof serve>>;
let folders: string[];
let said: { line: string; data: Readonly<Record<string, unknown>> }[];

beforeEach(async () => {
  folders = [];
  said = [];
  world = allianceOn((identity) => new ProvingChain(identity, "real"));
  world.chain.passTo(NOW);
  server = await serve(world.chain);
});

afterEach(async () => {
  await server.close();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A verifier with an inbox of its own; by default one of two platforms that share the alliance's keys. */
function verifier(which: "verifier" | "platform" = "verifier", keys = new Map([[1, FIRST]])) {
  const folder = mkdtempSync(join(tmpdir(), "zhonglian-verifier-"));
  folders.push(folder);
  const party = world[which];
  const agent = new VerifierAgent({
    client: server.client,
    verifier: party.id,
    attester: signingKey(party, party.attester),
    keys: () => new FingerprintKeys(keys),
    folder,
    report: (line, data) => void said.push({ line, data }),
  });
  return {
    agent,
    folder,
    keys,
    arrive: (name: string, xml: string | Uint8Array): void => writeFileSync(join(folder, "inbox", name), xml),
    outcome: (name: string): string => {
      const place = (["done", "refused"] as const).find((each) => readdirSync(join(folder, each)).includes(`${name}.txt`));
      return place === undefined ? "" : readFileSync(join(folder, place, `${name}.txt`), "utf8").trim();
    },
  };
}

function invoiceOf(xml: string | Uint8Array): Invoice {
  const read = readDocument(typeof xml === "string" ? new TextEncoder().encode(xml) : xml);
  if (!read.ok || read.value.kind !== "invoice") throw new Error("expected an invoice");
  return read.value;
}

const firms = new Map<string, { readonly key: ReturnType<typeof testKey>; readonly id: Hash }>();

/** Registers whoever the invoice names, if it is new to the alliance. */
function introduce(legalId: LegalId): { readonly key: ReturnType<typeof testKey>; readonly id: Hash } {
  const { chain, platform } = world;
  const id = partyId(legalId);
  const key = firms.get(id)?.key ?? testKey(`maker of ${legalId.scheme} ${legalId.value}`);
  firms.set(id, { key, id });
  if (chain.find("party", id) !== undefined) return { key, id };
  const body = {
    legalId,
    roles: ["DEBTOR", "SELLER"],
    size: "SME" as const,
    sponsor: "zhongnong" as MemberId,
    keys: [{ key: key.key, purpose: "MAKER" as const }],
    policy: [],
  };
  chain.act(op("party.register", body), platform, { party: id, key });
  return { key, id };
}

function introduceBoth({ seller, buyer }: Invoice): void {
  introduce(seller.legalId);
  introduce(buyer.legalId);
}

/** A contract that the invoice is under, with all of it delivered and accepted. */
function contractOf(invoice: Invoice) {
  const { chain } = world;
  const [seller, buyer] = [introduce(invoice.seller.legalId), introduce(invoice.buyer.legalId)].map(({ id, key }) => ({
    party: id,
    key,
  })) as [Signing & { party: Hash }, Signing & { party: Hash }];
  const number = keyCommitment(new TextEncoder().encode(invoice.number));
  const terms = { toleranceBp: 0, payTermDays: 90, inspectionDays: 10, document: invoice.documentHash as Hash };
  const { currency, total } = invoice;
  const registered = { number, seller: seller.party, buyer: buyer.party, currency, total, ...terms };
  const contract = chain.act(op("contract.register", registered), seller, buyer).created();
  const delivered = { contract, amount: total, day: dayOf(chain.timeMs), evidence: number };
  const delivery = chain.act(op("delivery.record", delivered), seller).created();
  chain.act(op("delivery.accept", { delivery, amount: total }), buyer);
  return { contract, seller };
}

/** The seller registers it with a verifier beside it, as a platform does that has no agent. */
function register(invoice: Invoice): Hash {
  const { contract, seller } = contractOf(invoice);
  const body = {
    contract,
    total: invoice.total,
    tax: invoice.tax,
    issueDay: invoice.issueDay,
    fingerprint: numberPrint(FIRST, invoice.number, invoice.seller.legalId),
    likenesses: likenessPrints(FIRST, invoice),
    document: invoice.documentHash as Hash,
    verifier: world.verifier.id,
  };
  return world.chain.act(op("invoice.register", body), seller, by(world.verifier, world.verifier.attester)).created();
}

/** The seller registers what the agent holds for it. */
function registerHeld(invoice: Invoice, verification: Hash): Hash {
  const { contract, seller } = contractOf(invoice);
  return world.chain.act(op("invoice.registerVerified", { contract, verification }), seller).created();
}

describe("the verifier agent", () => {
  it("holds an invoice for its seller under the key in force, and tells its number to nobody", async () => {
    const invoice = invoiceOf(STEEL);
    introduceBoth(invoice);
    const { agent, arrive, outcome } = verifier();
    arrive("steel.xml", STEEL);
    await agent.collect();
    const [held] = world.chain.all("verification");
    expect(held).toMatchObject({
      verifier: world.verifier.id,
      seller: partyId(invoice.seller.legalId),
      total: invoice.total,
      document: invoice.documentHash,
      fingerprint: numberPrint(FIRST, invoice.number, invoice.seller.legalId),
      doubted: false,
    });
    expect(outcome("steel.xml")).toBe(`held ${held?.id}`);
    const everything = JSON.stringify([said, [...world.chain.objects.values()]], (_, value) =>
      typeof value === "bigint" ? value.toString() : value,
    );
    for (const secret of [invoice.number, invoice.seller.name, Buffer.from(FIRST).toString("hex")])
      expect(everything).not.toContain(secret);
  });

  it("is told by another platform of a conflict, and of nothing else", async () => {
    introduceBoth(invoiceOf(STEEL));
    const [first, second] = [verifier("verifier"), verifier("platform")];
    first.arrive("a.xml", STEEL);
    await first.agent.collect();
    second.arrive("b.xml", STEEL);
    await second.agent.collect();
    expect(second.outcome("b.xml")).toMatch(/^FINGERPRINT_USED: There is a conflict/);
    expect(second.outcome("b.xml")).not.toContain(world.verifier.id);
    expect(world.chain.all("verification")).toHaveLength(1);
  });

  it("may be stopped between sending and putting the file aside", async () => {
    introduceBoth(invoiceOf(STEEL));
    const { agent, arrive, outcome } = verifier();
    arrive("1.xml", STEEL);
    await agent.collect();
    arrive("2.xml", STEEL);
    await agent.collect();
    expect(outcome("2.xml")).toBe(outcome("1.xml"));
    expect(world.chain.all("verification")).toHaveLength(1);
  });

  it("refuses what is no invoice, or of strangers, with a reason that stays in its folder", async () => {
    const { agent, arrive, outcome, folder } = verifier();
    arrive("broken.xml", STEEL.slice(0, 400));
    arrive("stranger.xml", STEEL);
    arrive("notes.txt", "no invoice");
    await agent.collect();
    expect(outcome("broken.xml")).toMatch(/^INVOICE_NOT_XML/);
    expect(outcome("stranger.xml")).toBe("PARTY_UNKNOWN: the seller is no party of the alliance");
    expect(readdirSync(join(folder, "inbox"))).toEqual(["notes.txt"]);
    expect(said.map(({ line, data }) => [line, data.code])).toEqual([
      ["refused", "INVOICE_NOT_XML"],
      ["refused", "PARTY_UNKNOWN"],
    ]);
    expect(statSync(join(folder, "refused", "broken.xml.txt")).mode & 0o077).toBe(0);
  });

  it("finds what was registered under an earlier key, and waits until its own file has the new one", async () => {
    const invoice = invoiceOf(STEEL);
    introduceBoth(invoice);
    const keys = new Map([[1, FIRST]]);
    const { agent, arrive, outcome, folder } = verifier("verifier", keys);
    arrive("a.xml", STEEL);
    await agent.collect();
    decide(world, { kind: "rotateFingerprintKey", epoch: 2, key: keyCommitment(SECOND) });
    arrive("b.xml", STEEL);
    await agent.collect();
    expect(said.at(-1)).toMatchObject({ line: "waits for a key", data: { code: "FINGERPRINT_KEY_MISSING" } });
    expect(readdirSync(join(folder, "inbox"))).toEqual(["b.xml"]);
    keys.set(2, FIRST);
    await agent.collect();
    expect(said.at(-1)).toMatchObject({ line: "waits for a key", data: { code: "FINGERPRINT_KEY_OTHER" } });
    keys.set(2, SECOND);
    await agent.collect();
    expect(outcome("b.xml")).toMatch(/^FINGERPRINT_USED/);
  });

  it("ends by a red invoice what the whole of an invoice may back, and leaves a part to its parties", async () => {
    const invoice = invoiceOf(STEEL);
    introduceBoth(invoice);
    const registered = register(invoice);
    world.chain.pass(60_000);
    const red = (total: string): string =>
      STEEL.replaceAll(
        /<(TotalAmWithoutTax|TotalTaxAm|TotalTax-includedAmount|Amount|ComTaxAm|TotaltaxIncludedAmount)>/g,
        "<$1>-",
      )
        .replace(/<Remark>[^<]*/, `<Remark>被红冲蓝字数电发票号码：${total}`)
        .replace(/<InvoiceNumber>(.{19})./, "<InvoiceNumber>$19");
    const { agent, arrive, outcome } = verifier();
    arrive("other.xml", red("26422725146974490000"));
    arrive("red.xml", red(invoice.number));
    await agent.collect();
    expect(outcome("other.xml")).toMatch(/^INVOICE_UNKNOWN/);
    expect(outcome("red.xml")).toBe(`red ${registered}`);
    expect(world.chain.read("invoice", registered).taxStatus).toBe("RED");
  });

  it("lets what names an order or a lot that is registered already wait for its buyer, whatever number, day and total it has", async () => {
    const { agent, arrive, outcome } = verifier();
    const remark = (words: string, last: string, from = STEEL): string =>
      from.replace(/<Remark>[^<]*/, `<Remark>${words}`).replace(/(<InvoiceNumber>.{19})./, `$1${last}`);
    const files = [
      ["1", remark("合同编号：HT-1 批号：B1", "1"), false],
      ["2", remark("合同编号：HT-2 批号：B2", "2").replace(/(<IssueTime>\d{4}-\d{2}-)\d{2}/, "$101"), false],
      ["3", remark("订单号：ht-1", "3").replace(/(<IssueTime>\d{4}-\d{2}-)\d{2}/, "$102"), true],
      ["4", remark("批号：Ｂ２", "4").replace(/(<IssueTime>\d{4}-\d{2}-)\d{2}/, "$103"), true],
      ["5", remark("合同编号：HT-5", "5").replace(/(<IssueTime>\d{4}-\d{2}-)\d{2}/, "$104"), false],
      // No reference at all, but parties, total and day of the first: L2.
      ["6", remark("", "6"), true],
    ] as const;
    introduceBoth(invoiceOf(STEEL));
    for (const [name, xml] of files) arrive(`${name}.xml`, xml);
    await agent.collect();
    for (const [name, xml, isDoubted] of files) {
      const held = outcome(`${name}.xml`).split(" ")[1] as Hash;
      expect(outcome(`${name}.xml`), name).toMatch(/^held /);
      expect(world.chain.read("invoice", registerHeld(invoiceOf(xml), held)).doubted, name).toBe(isDoubted);
    }
  });

  it("bounds what it says of an invoice that names more than is looked for", async () => {
    const lots = Array.from({ length: 9 }, (_, index) => `批号：B${index}`).join(" ");
    const xml = STEEL.replace(/<Remark>[^<]*/, `<Remark>合同号：A 订单号：B 采购单号：C ${lots}`);
    introduceBoth(invoiceOf(xml));
    const { agent, arrive } = verifier();
    arrive("many.xml", xml);
    await agent.collect();
    expect(world.chain.all("verification")[0]?.likenesses).toHaveLength(8);
  });
});

describe("fingerprint keys", () => {
  it("are read from JSON and never shown in what is wrong with it", () => {
    const good = Buffer.from(FIRST).toString("hex");
    expect(FingerprintKeys.fromText(`{"2": "${good}", "1": "${good}"}`).epochs).toEqual([1, 2]);
    for (const text of ["", "{}", "[]", `{"0": "${good}"}`, `{"1": "${good}00"}`, `{"1": "${good.slice(2)}zz"}`]) {
      expect(() => FingerprintKeys.fromText(text)).toThrow(FingerprintKeyError);
      try {
        FingerprintKeys.fromText(text);
      } catch (error) {
        expect((error as Error).message).not.toContain(good.slice(0, 8));
      }
    }
  });
});

describe.skipIf(SAMPLES === undefined)("the sample invoices", () => {
  it("are each held, or refused with a right reason", async () => {
    const files = (readdirSync(join(SAMPLES ?? "", "invoices"), { recursive: true }) as string[])
      .filter((name) => name.endsWith(".xml"))
      .sort()
      .map((name) => ({ name: basename(name), bytes: readFileSync(join(SAMPLES ?? "", "invoices", name)) }));
    for (const { bytes } of files) {
      const read = readDocument(bytes);
      if (read.ok) for (const { legalId } of [read.value.seller, read.value.buyer]) introduce(legalId);
    }
    const { agent, arrive, outcome } = verifier();
    for (const { name, bytes } of files) arrive(name, bytes);
    await agent.collect();
    const seen = new Set<string>();
    const expected = files.map(({ name, bytes }) => {
      const read = readDocument(bytes);
      if (!read.ok) return [name, read.error.code];
      if (read.value.kind === "creditNote")
        return [name, read.value.corrects === undefined ? "CREDIT_UNNAMED" : "INVOICE_UNKNOWN"];
      const { number, seller } = read.value;
      const identity = JSON.stringify([number, seller.legalId]);
      const isFirst = !seen.has(identity);
      seen.add(identity);
      return [name, isFirst ? "held" : "FINGERPRINT_USED"];
    });
    expect(files.map(({ name }) => [name, outcome(name).split(/[ :]/)[0]])).toEqual(expected);
    expect(files).toHaveLength(24);
    expect(expected.filter(([, code]) => code === "held")).toHaveLength(19);
    // Some of EN 16931's examples say the same invoice in UBL and in CII, or twice.
    expect(expected.filter(([, code]) => code === "FINGERPRINT_USED")).toHaveLength(4);
    // Of those held: who sold the same lot, or named the same order or the same total and day to the same buyer, as one before it.
    const known = new Set<string>();
    const doubted = files.flatMap(({ name, bytes }) => {
      const held = /^held (\w+)/.exec(outcome(name))?.[1];
      if (held === undefined) return [];
      const invoice = invoiceOf(bytes);
      const { seller, buyer, orders, lots, total, issueDay, currency } = invoice;
      const marks = [
        [seller.legalId, buyer.legalId, total.toString(), issueDay, currency],
        ...orders.map((order) => [seller.legalId, buyer.legalId, order]),
        ...lots.map((lot) => [seller.legalId, lot]),
      ].map((mark) => JSON.stringify(mark));
      const isAlike = marks.some((mark) => known.has(mark)) || invoice.payee !== undefined;
      for (const mark of marks) known.add(mark);
      expect(world.chain.read("invoice", registerHeld(invoice, held as Hash)).doubted, name).toBe(isAlike);
      return isAlike ? [name] : [];
    });
    // No two of the samples are of one trade; these name somebody else to be paid.
    expect(doubted).toEqual(["CII_example2.xml", "BIS_Billing_30-Factoring.xml", "ubl-tc434-example5.xml"]);
  });
});
