import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { stripTypeScriptTypes } from "node:module";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, expect, it } from "vitest";
import { op, seedKey, signTransaction } from "../../src/client/transaction-builder.ts";
import { publicKeyOf } from "../../src/crypto/ed25519.ts";
import { toHex } from "../../src/lib/bytes.ts";
import type { Hash } from "../../src/types/scalars.ts";
import { scratch } from "../e2e/support.ts";
import vectors from "../vectors/proof.json" with { type: "json" };

/** What `.ci/run` installs. */
const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((path) => existsSync(path));
const ROOT = resolve(import.meta.dirname, "../..");
const PACKAGES = {
  "cbor-x": "/node_modules/cbor-x/index.js",
  "@noble/ed25519": "/node_modules/@noble/ed25519/index.js",
  "@noble/hashes/sha2.js": "/node_modules/@noble/hashes/sha2.js",
};
const SEED = new Uint8Array(32).fill(7);
const PARTY = "ab".repeat(32) as Hash;
const DRAFT = {
  chain: "cd".repeat(32) as Hash,
  ops: [op("governance.withdraw", { proposal: PARTY })],
  notAfter: 1_700_000_000_000,
  salt: new Uint8Array(16).fill(1),
};

/** Runs in the page: what the SDK makes of the proofs as they are, of each with one digit changed, and of a transaction. */
const PAGE = `<!doctype html><meta charset="utf-8">
<script type="importmap">${JSON.stringify({ imports: PACKAGES })}</script>
<script type="module">
const tell = (what) => fetch("/told", { method: "POST", body: JSON.stringify(what) });
try {
  const { verifyProof } = await import("/src/client/verify-proof.ts");
  const { genesisFromJson } = await import("/src/codec/genesis.ts");
  const { trustGenesis } = await import("/src/light/trust.ts");
  const { op, seedKey, signTransaction } = await import("/src/client/transaction-builder.ts");
  const { publicKeyOf } = await import("/src/crypto/ed25519.ts");
  const { toHex } = await import("/src/lib/bytes.ts");
  const { LightClient } = await import("/src/client/light-client.ts");
  const { VerifiedClient } = await import("/src/client/verified-client.ts");
  const { genesis, proofs } = await (await fetch("/test/vectors/proof.json")).json();
  const trusted = trustGenesis(genesisFromJson(genesis).value);
  const verdict = (text) => {
    const result = verifyProof(text, trusted);
    return result.ok ? "holds" : result.error.code;
  };
  const texts = proofs.map((proof) => JSON.stringify(proof));
  const changed = texts.map((text) => text.replace(/("stateRoot":")(.)/, (_, name, digit) => name + (digit === "0" ? "1" : "0")));
  const seed = new Uint8Array(32).fill(7);
  const key = seedKey("${PARTY}", publicKeyOf(seed), seed);
  const draft = { chain: "${DRAFT.chain}", ops: [op("governance.withdraw", { proposal: "${PARTY}" })], notAfter: ${DRAFT.notAfter}, salt: new Uint8Array(16).fill(1) };
  const { id, bytes } = await signTransaction(draft, [key]);
  const kinds = [typeof LightClient, typeof VerifiedClient, typeof globalThis.process, typeof globalThis.Buffer];
  await tell({ sound: texts.map(verdict), changed: changed.map(verdict), id, bytes: toHex(bytes), kinds });
} catch (error) {
  await tell({ error: String(error?.stack ?? error) });
}
</script>`;

const folder = scratch();
const server = createServer(serve);
/** What the page tells. */
let tell: (told: string) => void;
const told = new Promise<string>((done) => {
  tell = done;
});
let browser: ChildProcess | undefined;

afterAll(async () => {
  const gone = new Promise((done) => (browser === undefined ? done(null) : browser.once("exit", done)));
  browser?.kill("SIGKILL");
  await gone;
  server.closeAllConnections();
  server.close();
  folder.remove();
});

/** The sources as they are, without their types: nothing is bundled, and nothing of Node's is put in their place. */
function serve(request: IncomingMessage, response: ServerResponse): void {
  const path = request.url ?? "/";
  const file = join(ROOT, path);
  if (request.method === "POST")
    text(request)
      .then(tell)
      .finally(() => response.end());
  else if (path === "/") response.setHeader("content-type", "text/html").end(PAGE);
  else if (!/^\/(src|node_modules|test\/vectors)\/[\w@./-]+$/.test(path) || path.includes("..") || !existsSync(file))
    response.writeHead(404).end();
  else if (path.endsWith(".json")) response.setHeader("content-type", "application/json").end(readFileSync(file));
  else {
    const source = readFileSync(file, "utf8");
    response.setHeader("content-type", "text/javascript");
    response.end(path.endsWith(".ts") ? stripTypeScriptTypes(source) : source);
  }
}

it.skipIf(CHROMIUM === undefined)(
  "the SDK verifies proofs and signs in Chromium just as it does in Node",
  { timeout: 180_000 },
  async () => {
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const { port } = server.address() as AddressInfo;
    const profile = `--user-data-dir=${join(folder.path, "profile")}`;
    const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", profile];
    browser = spawn(CHROMIUM as string, [...flags, `http://127.0.0.1:${port}/`], { stdio: "ignore" });

    const { id, bytes } = await signTransaction(DRAFT, [seedKey(PARTY, publicKeyOf(SEED), SEED)]);
    expect(JSON.parse(await told)).toEqual({
      sound: vectors.proofs.map(() => "holds"),
      changed: vectors.proofs.map(() => "COMMIT_OTHER_BLOCK"),
      id,
      bytes: toHex(bytes),
      kinds: ["function", "function", "undefined", "undefined"],
    });
  },
);
