import { execFile, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { encode } from "uqr";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { verifyProof } from "../../src/client/verify-proof.ts";
import { trustGenesis } from "../../src/light/trust.ts";
import type { Logger } from "../../src/ports/observe.ts";
import { RpcServer } from "../../src/rpc/server.ts";
import type { Hash } from "../../src/types/scalars.ts";
import { scratch } from "../e2e/support.ts";
import { type Alliance, allianceOn, commitment, receivable } from "../ledger/support/alliance.ts";
import { op } from "../ledger/support/chain.ts";
import { ProvingChain } from "../node/support/proving-chain.ts";

const SILENT: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
/** What `.ci/run` installs; without it the page is tested, and no more. */
const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((path) => existsSync(path));

let world: Alliance & { readonly chain: ProvingChain };
let server: RpcServer;
let url: string;
let note: Hash;
let folder: ReturnType<typeof scratch>;

beforeAll(async () => {
  folder = scratch();
  world = allianceOn((identity) => new ProvingChain(identity));
  const { chain, seller, supplier, debtor } = world;
  const first = receivable(world, 123_456_789n).note;
  note = chain.act(op("note.transfer", { note: first, to: supplier.id }), seller, supplier).created();
  const directory = new Map<string, string>([
    [supplier.id, "安徽宿州绿源农产品有限公司"],
    [debtor.id, 'Debtor <script>alert("1")</script> & Co.'],
  ]);
  server = new RpcServer(
    { host: "127.0.0.1", port: 0, requestsPerSecond: 100, version: "0", network: "test-network", directory },
    { node: chain.node, metricsText: () => Promise.resolve(""), logger: SILENT },
  );
  url = `http://127.0.0.1:${await server.listen()}/certificate`;
});

afterAll(async () => {
  await server.close();
  folder.remove();
});

/** As the chain has it. */
async function legalIdOf(party: Hash): Promise<string> {
  const proof = await world.chain.node.proofs.prove("party", party);
  if (!proof.ok) throw new Error(proof.error.detail);
  const { value } = proof.value.present as unknown as { value: { legalId: { scheme: string; value: string } } };
  return `${value.legalId.scheme} ${value.legalId.value}`;
}

const page = (query: string): Promise<Response> => fetch(`${url}?${query}`);

describe("a certificate", () => {
  it("says in Chinese and English what is proved, of what block, and who signed it", async () => {
    const response = await page(`kind=note&id=${note}`);
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
    const html = await response.text();
    const { supplier, seller, chain } = world;
    const holder = `安徽宿州绿源农产品有限公司, ${await legalIdOf(supplier.id)} (${supplier.id})`;
    expect(html).toContain(`由 ${holder} 持有`);
    expect(html).toContain(`is held by ${holder} and is open; it went through the hands of 2 holders`);
    expect(html).toContain("CNY 1,234,567.89");
    // Nobody told this node a name: what was registered on the chain is said all the same.
    expect(html).toContain(`<li><code>${await legalIdOf(seller.id)} (${seller.id})</code></li>`);
    expect(html).toContain(`<td>${chain.height}</td>`);
    expect(html).toContain("2026-01-07 10:00:");
    expect(html).toMatch(/签名机构.*zhongnong/);
    // The receivable, its debtor by the local name, which cannot do anything.
    expect(html).toContain("is owed by Debtor &#60;script&#62;alert(&#34;1&#34;)&#60;/script&#62; &#38; Co.");
    expect(html).not.toContain("<script");
  });

  it("carries the proofs it speaks of, and their digests as text and as QR codes", async () => {
    const html = await (await page(`kind=note&id=${note}`)).text();
    const files = [...html.matchAll(/href="data:application\/json;base64,([^"]+)"/g)].map(([, data]) =>
      Buffer.from(data ?? "", "base64").toString(),
    );
    const proved = files.map((file) => verifyProof(file, trustGenesis(world.chain.identity)));
    const { height } = world.chain;
    expect(proved).toMatchObject([
      { ok: true, value: { kind: "note", id: note, height } },
      { ok: true, value: { kind: "receivable", height } },
      ...[world.supplier, world.seller, world.debtor].map(({ id }) => ({ ok: true, value: { kind: "party", id, height } })),
    ]);
    const codes = [...html.matchAll(/<svg[^>]*>(.*?)<\/svg>/gs)].map(([, svg]) => svg ?? "");
    for (const [index, result] of proved.entries()) {
      const digest = result.ok ? result.value.digest : "";
      if (result.ok && result.value.kind === "party") {
        expect(html).toContain(`<code>${digest}</code>`);
        continue;
      }
      expect(html).toContain((digest.match(/.{8}/g) ?? []).join(" "));
      const { data } = encode(digest, { ecc: "M", border: 2 });
      const dark = data.flat().filter((module) => module).length;
      expect((codes[index]?.match(/M\d/g) ?? []).length).toBe(dark);
    }
  });

  it("says that there is no such object, and why there is no certificate", async () => {
    const absent = await (await page(`kind=loan&id=${commitment("none")}`)).text();
    expect(absent).toContain(`本链上不存在编号为 ${commitment("none")} 的贷款`);
    expect(absent).toContain(`there is no loan ${commitment("none")} on this chain`);
    const refusals = [
      ["kind=gold&id=00", 400, "KIND_UNKNOWN"],
      ["kind=note&id=zz", 400, "ID_INVALID"],
      [`kind=note&id=${note}&height=0`, 400, "WRONG_TYPE"],
      [`kind=note&id=${note}&height=99999`, 404, "BLOCK_NOT_FOUND"],
      ["", 400, "KIND_UNKNOWN"],
    ] as const;
    for (const [query, status, code] of refusals) {
      const response = await page(query);
      expect([response.status, ((await response.json()) as { error: { data: object } }).error.data]).toEqual([
        status,
        expect.objectContaining({ code }),
      ]);
    }
    expect((await fetch(`${url}?kind=note&id=${note}`, { method: "POST", body: "{}" })).status).toBe(404);
  });

  it.skipIf(CHROMIUM === undefined)(
    "prints as a PDF of A4 pages with its words, its ids and its characters",
    { timeout: 180_000 },
    async () => {
      const file = join(folder.path, "certificate.pdf");
      const profile = join(folder.path, "profile");
      const flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        `--user-data-dir=${profile}`,
        "--no-pdf-header-footer",
      ];
      await promisify(execFile)(CHROMIUM as string, [...flags, `--print-to-pdf=${file}`, `${url}?kind=note&id=${note}`], {
        timeout: 120_000,
      });
      const pdf = readFileSync(file);
      expect(pdf.subarray(0, 5).toString()).toBe("%PDF-");
      const sizes = [...pdf.toString("latin1").matchAll(/\/MediaBox \[0 0 ([0-9.]+) ([0-9.]+)\]/g)];
      expect(sizes.length).toBeGreaterThan(0);
      for (const [, width, height] of sizes) expect([Math.round(Number(width)), Math.round(Number(height))]).toEqual([595, 842]);
      const words = spawnSync("pdftotext", ["-layout", file, "-"], { encoding: "utf8" });
      // Where only Chromium is there, the page that it printed is all that can be seen.
      if (words.error !== undefined) return;
      const text = words.stdout.replace(/\s+/g, "");
      for (const part of [
        "链上事实证明书",
        "应收账款份额凭证",
        "安徽宿州绿源农产品有限公司",
        "有关各方",
        "CNY1,234,567.89",
        note,
        "zhonglianverify",
      ])
        expect(text).toContain(part);
      // What is for the screen is not printed.
      expect(text).not.toContain("下载证明文件");
    },
  );
});
