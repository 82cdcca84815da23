import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { CursorFile } from "../../src/agents/cursor-file.ts";
import { Directory, DirectoryError } from "../../src/agents/directory.ts";
import { SettlementAgent } from "../../src/agents/settlement-agent.ts";
import type { Hash } from "../../src/types/scalars.ts";
import { until } from "../e2e/support.ts";
import { receivable } from "../ledger/support/alliance.ts";
import { op } from "../ledger/support/chain.ts";
import { goodHistory } from "../ledger/support/credit.ts";
import { applyBody, commit, late, mature, order } from "../ledger/support/finance.ts";
import { applyOnBody, price, receipted } from "../ledger/support/goods.ts";
import { type AgentDesk, agentDesks, applied as appliedAt, riskAgent as riskAgentAt } from "./agent-desk.ts";
import { signingKey } from "./serving-chain.ts";

const desks = agentDesks();
let world: AgentDesk["world"];
let server: AgentDesk["server"];
let folder: string;
let said: AgentDesk["said"];
let report: AgentDesk["report"];
beforeEach(() => {
  ({ world, server, folder, said, report } = desks.now());
});

const riskAgent = (limit?: bigint) => riskAgentAt(desks.now(), limit);
const applied = (amount: bigint): Hash => appliedAt(desks.now(), amount);

function decisionsOn(application: Hash) {
  const { chain } = world;
  return chain.read("application", application).decisions.map((id) => chain.read("decision", id));
}

describe("the risk agent", () => {
  it("approves within the score, the line and the advance, with a score that the ledger accepts", async () => {
    goodHistory(world, 4);
    const application = applied(80_000n);
    await riskAgent().decide(application);
    const [decision] = decisionsOn(application);
    expect(decision).toMatchObject({ outcome: "APPROVED", lender: world.bank.id, status: "LIVE" });
    expect(decision?.score).not.toBeNull();
    expect(decision?.amount).toBeGreaterThan(0n);
    expect(decision?.amount).toBeLessThanOrEqual(80_000n);
    world.chain.act(op("finance.accept", { decision: decision?.id as Hash }), world.seller);
  });

  it("answers once, however often it looks", async () => {
    goodHistory(world, 4);
    const application = applied(20_000n);
    const agent = riskAgent();
    await agent.decide(application);
    await agent.sweep();
    expect(decisionsOn(application)).toHaveLength(1);
    expect(said).toHaveLength(1);
  });

  it("refers a firm without a history, and what is above its limit", async () => {
    const fresh = world.lender;
    const { chain } = world;
    const application = applied(20_000n);
    await riskAgent(1n).decide(application);
    expect(decisionsOn(application)[0]).toMatchObject({ outcome: "DECLINE" });
    goodHistory(world, 4);
    const second = applied(20_000n);
    await riskAgent(1n).decide(second);
    expect(decisionsOn(second)[0]).toMatchObject({ outcome: "REFER", reasons: expect.arrayContaining(["ABOVE_LIMIT"]) });
    // Held by a party that never sold anything: the ledger has no facts about it.
    const { note } = receivable(world, 50_000n);
    const moved = chain.act(op("note.transfer", { note, to: fresh.id }), world.seller, fresh).created();
    const body = applyBody(world, [moved], 10_000n);
    const unknown = chain.act(op("finance.apply", body), fresh).created();
    await riskAgent().decide(unknown);
    expect(decisionsOn(unknown)[0]).toMatchObject({ outcome: "REFER", reasons: ["NO_HISTORY"], score: null });
  });

  it("leaves to officers what is asked for on goods: a score says nothing of what covers it", async () => {
    const { receipt } = receipted(world);
    price(world);
    const application = world.chain.act(op("receipt.apply", applyOnBody(world, [receipt], 1_000_000n)), world.seller).created();
    await riskAgent().sweep();
    expect(decisionsOn(application)).toEqual([]);
    expect(said).toEqual([]);
  });

  it("watches, answers what comes, and goes on from its cursor when started again", async () => {
    goodHistory(world, 4);
    const waiting = applied(10_000n);
    const first = new AbortController();
    const running = riskAgent().run(first.signal);
    await until(() => decisionsOn(waiting).length === 1, "what was open is answered");
    const second = applied(10_000n);
    await until(() => decisionsOn(second).length === 1, "what comes is answered");
    await until(
      () => new CursorFile(join(folder, "cursor.json")).read(world.chain.identity.chain) !== undefined,
      "the cursor is kept",
    );
    first.abort();
    await running;
    const missed = applied(10_000n);
    const next = new AbortController();
    const again = riskAgent().run(next.signal);
    await until(() => decisionsOn(missed).length === 1, "what was missed is answered");
    next.abort();
    await again;
    expect(said.filter(({ line }) => line === "decided")).toHaveLength(3);
  });
});

describe("the settlement agent", () => {
  const own = { name: "Bank", account: "6222000000000000000" };
  const settlement = (
    directory = new Directory(new Map([[world.seller.id, { name: "Seller", account: "6222111111111111111" }]])),
  ): SettlementAgent =>
    new SettlementAgent({
      client: server.client,
      bank: world.bank.id,
      attester: signingKey(world.bank, world.bank.attester),
      own,
      directory,
      secret: new Uint8Array(32).fill(7),
      folder,
      cursor: new CursorFile(join(folder, "cursor.json")),
      report,
    });
  const ordered = (): Hash => {
    const { note } = receivable(world, 100_000n);
    const loan = commit(world, [note], 60_000n);
    order(world, loan);
    return loan;
  };
  const camt = (entries: string): string =>
    `<Document><BkToCstmrDbtCdtNtfctn><GrpHdr><MsgId>1</MsgId></GrpHdr><Ntfctn><Acct><Id><Othr><Id>1</Id></Othr></Id></Acct>${entries}</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>`;
  const entry = (reference: string, direction: string, amount: string, detail: string): string => {
    const day = new Date(world.chain.timeMs + 8 * 3_600_000).toISOString().slice(0, 10);
    return `<Ntry><Amt Ccy="CNY">${amount}</Amt><CdtDbtInd>${direction}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>${day}</Dt></BookgDt><AcctSvcrRef>${reference}</AcctSvcrRef><NtryDtls><TxDtls>${detail}</TxDtls></NtryDtls></Ntry>`;
  };
  const arrive = (name: string, xml: string): void => writeFileSync(join(folder, "inbox", name), xml);
  const said1 = (name: string): string => readFileSync(join(folder, "done", `${name}.txt`), "utf8");

  it("writes one payment file for each ordered loan, and none for a borrower it has no account of", async () => {
    const loan = ordered();
    const agent = settlement();
    await agent.sweep();
    await agent.sweep();
    expect(readdirSync(join(folder, "outbox"))).toEqual([`${loan}.xml`]);
    const file = readFileSync(join(folder, "outbox", `${loan}.xml`), "utf8");
    expect(file).toContain(`<EndToEndId>${loan.slice(0, 32)}</EndToEndId>`);
    expect(file).toContain('<InstdAmt Ccy="CNY">600.00</InstdAmt>');
    rmSync(join(folder, "outbox", `${loan}.xml`));
    await settlement(new Directory(new Map())).sweep();
    expect(readdirSync(join(folder, "outbox"))).toEqual([]);
    expect(said.at(-1)).toMatchObject({ line: "not paid", data: { code: "ACCOUNT_UNKNOWN" } });
  });

  it("attests a disbursement and a debtor's payment from the bank's file, each once", async () => {
    const loan = ordered();
    const agent = settlement();
    const refs = `<Refs><EndToEndId>${loan.slice(0, 32)}</EndToEndId></Refs>`;
    arrive("1.xml", camt(entry("R1", "DBIT", "600.00", refs)));
    await agent.collect();
    expect(world.chain.read("loan", loan).status).toBe("ACTIVE");
    expect(said1("1.xml")).toContain(`loan ${loan} is disbursed`);
    // The same again, as a bank may send it twice.
    arrive("2.xml", camt(entry("R1", "DBIT", "600.00", refs)));
    await agent.collect();
    expect(said1("2.xml")).toContain("no ordered loan");

    const { note } = world.chain
      .read("application", world.chain.read("loan", loan).application)
      .notes.map((id) => ({ note: id }))[0] as { note: Hash };
    const root = world.chain.read("note", note).receivable;
    mature(world, root);
    const payment = entry("R2", "CRDT", "1000.00", `<RmtInf><Ustrd>pays ${root}</Ustrd></RmtInf>`);
    arrive("3.xml", camt(payment));
    await agent.collect();
    expect(said1("3.xml")).toContain(`paid on receivable ${root}`);
    expect(world.chain.read("receivable", root).status).toBe("SETTLED");
    arrive("4.xml", camt(payment));
    await agent.collect();
    expect(said1("4.xml")).toMatch(/0 live notes|refused/);
    expect(readdirSync(join(folder, "inbox"))).toEqual([]);
  });

  it("attests two payments on one receivable that came at once, one after the other", async () => {
    const agent = settlement();
    const { note } = receivable(world, 100_000n);
    const root = world.chain.read("note", note).receivable;
    mature(world, root);
    for (const nth of [1, 2])
      arrive(`${nth}.xml`, camt(entry(`P${nth}`, "CRDT", "500.00", `<RmtInf><Ustrd>${root}</Ustrd></RmtInf>`)));
    await agent.collect();
    expect([said1("1.xml"), said1("2.xml")]).toEqual([1, 2].map((nth) => `P${nth}: paid on receivable ${root}\n`));
    expect(world.chain.read("receivable", root).status).toBe("SETTLED");
  });

  it("takes what is more than the holders have to get, or comes after them, for late interest, and leaves to an officer what is more", async () => {
    const agent = settlement();
    const roots = [1, 2].map(() => receivable(world, 100_000n).root) as [Hash, Hash];
    late(world, roots[1], 10);
    const pays = async (name: string, root: Hash, yuan: string): Promise<string> => {
      arrive(name, camt(entry(name, "CRDT", yuan, `<RmtInf><Ustrd>${root}</Ustrd></RmtInf>`)));
      await agent.collect();
      return said1(name);
    };
    const [at, after] = roots;
    expect(await pays("1.xml", at, "1005.01")).toContain("LATE_INTEREST_EXCEEDED");
    expect(await pays("2.xml", at, "1005.00")).toContain(`paid on receivable ${at}`);
    expect(world.chain.read("receivable", at)).toMatchObject({ status: "SETTLED", latePaid: 500n, lateDue: 0n });
    await pays("3.xml", after, "1000.00");
    expect(await pays("4.xml", after, "3.00")).toContain(`late interest of ${after}`);
    expect(world.chain.read("receivable", after)).toMatchObject({ latePaid: 300n, lateDue: 200n });
    expect(await pays("5.xml", after, "2.01")).toContain("0 live notes: this needs an officer");
  });

  it("leaves a file where it is whose attestation no block took, and attests it the next time", async () => {
    const loan = ordered();
    const agent = settlement();
    const refs = `<Refs><EndToEndId>${loan.slice(0, 32)}</EndToEndId></Refs>`;
    arrive("1.xml", camt(entry("R1", "DBIT", "600.00", refs)));
    server.loseNext();
    await agent.collect();
    expect(readdirSync(join(folder, "inbox"))).toEqual(["1.xml"]);
    expect(world.chain.read("loan", loan).status).toBe("ORDERED");
    await agent.collect();
    expect(said1("1.xml")).toBe(`R1: loan ${loan} is disbursed\n`);
  });

  it("attests nothing that is not booked, names nothing it knows, or has another amount", async () => {
    const loan = ordered();
    const agent = settlement();
    const refs = `<Refs><EndToEndId>${loan.slice(0, 32)}</EndToEndId></Refs>`;
    arrive("1.xml", camt(entry("R1", "DBIT", "600.00", refs).replace("BOOK</Cd>", "PDNG</Cd>")));
    arrive("2.xml", camt(entry("R2", "DBIT", "599.00", refs)));
    arrive("3.xml", camt(entry("R3", "CRDT", "1.00", "<RmtInf><Ustrd>thank you</Ustrd></RmtInf>")));
    arrive("4.xml", camt(entry("R4", "DBIT", "600.00", "<Refs><EndToEndId>0c</EndToEndId></Refs>")));
    await agent.collect();
    expect(said1("1.xml")).toContain("not booked yet");
    expect(said1("2.xml")).toContain("DISBURSEMENT_MISMATCH");
    expect(said1("3.xml")).toContain("no receivable is named");
    expect(said1("4.xml")).toContain("no ordered loan");
    expect(world.chain.read("loan", loan).status).toBe("ORDERED");
  });

  it("puts a file that is none aside with the reason, and goes on", async () => {
    const agent = settlement();
    arrive("bad.xml", "<Document>");
    arrive("other.xml", "<Document><Else/></Document>");
    await agent.collect();
    expect(readdirSync(join(folder, "refused")).sort()).toEqual(["bad.xml", "bad.xml.txt", "other.xml", "other.xml.txt"]);
    expect(readFileSync(join(folder, "refused", "bad.xml.txt"), "utf8")).toContain("BANK_NOT_XML");
  });

  it("follows orders as they come", async () => {
    const controller = new AbortController();
    const running = settlement().run(controller.signal);
    await until(() => readdirSync(folder).includes("outbox"), "the agent runs");
    const loan = ordered();
    await until(() => readdirSync(join(folder, "outbox")).includes(`${loan}.xml`), "the order is written");
    controller.abort();
    await running;
  });
});

describe("the directory", () => {
  it("says what is wrong with its file", () => {
    const path = join(folder, "directory.json");
    expect(() => Directory.fromFile(path)).toThrow(DirectoryError);
    writeFileSync(path, "[]");
    expect(() => Directory.fromFile(path)).toThrow("one object of parties");
    writeFileSync(path, '{"ab": {"name": "A"}}');
    expect(() => Directory.fromFile(path)).toThrow("expected name, account");
  });
});

describe("a cursor", () => {
  it("is that of its own chain, and of no torn file", () => {
    const file = new CursorFile(join(folder, "c.json"));
    file.write("one", { height: 3, index: 4 });
    expect(file.read("one")).toEqual({ height: 3, index: 4 });
    expect(file.read("other")).toBeUndefined();
    writeFileSync(join(folder, "c.json"), "{");
    expect(file.read("one")).toBeUndefined();
  });
});
