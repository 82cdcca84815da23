import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createKeystore } from "../../src/adapters/keystore.ts";
import { main } from "../../src/cli/main.ts";
import { ROOT, scratch } from "../e2e/support.ts";

const TEMPLATE = join(ROOT, "network-configs/zhonglian/network.json");
/** Made-up firms with true check characters. */
const LEGAL_IDS = {
  zbank: "USCC:91110000MA0B00015E",
  zhongnong: "USCC:91450100MA0N00024J",
  zhuogang: "USCC:91420100MA0G00036X",
  huasu: "USCC:91330200MA0H000451",
} as const;

let folder: ReturnType<typeof scratch>;
const at = (name: string): string => join(folder.path, name);
const cards = Object.keys(LEGAL_IDS).map((name) => `${name}.card.json`);

interface Outcome {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

async function zhonglian(...argv: readonly string[]): Promise<Outcome> {
  const out = vi.spyOn(console, "log").mockImplementation(() => undefined);
  const err = vi.spyOn(console, "error").mockImplementation(() => undefined);
  try {
    const status = await main(argv);
    return { status, out: out.mock.calls.flat().join("\n"), err: err.mock.calls.flat().join("\n") };
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
}

/** What `node init` leaves, with keystores that open in a moment. */
async function memberFolder(name: string, seed: number, isAuthority = true): Promise<string> {
  const dir = at(name);
  mkdirSync(join(dir, "keys"), { recursive: true });
  writeFileSync(join(dir, "settings.json"), JSON.stringify({ member: name }));
  for (const [index, key] of ["node", "maker", "checker", ...(isAuthority ? ["authority"] : [])].entries())
    await createKeystore(join(dir, "keys", `${key}.json`), new Uint8Array(32).fill(16 * seed + index + 1), "open", {
      costLog2: 10,
    });
  return dir;
}

const cardOf = (dir: string, legalId: string, ...more: readonly string[]) =>
  zhonglian(
    ...["genesis", "card", "--dir", dir, "--legal-id", legalId, "--role", "PLATFORM", "BANK", "--key"],
    ...[`MAKER=${join(dir, "keys/maker.json")}`, `CHECKER=${join(dir, "keys/checker.json")}`, ...more],
  );
const make = (out: string, files: readonly string[], template = TEMPLATE) =>
  zhonglian("genesis", "make", "--template", template, "--card", ...files.map(at), "--out", at(out), "--json");

beforeAll(async () => {
  folder = scratch();
  for (const [index, [name, legalId]] of Object.entries(LEGAL_IDS).entries()) {
    const dir = await memberFolder(name, index, name !== "huasu");
    expect(await cardOf(dir, legalId, "--out", at(`${name}.card.json`))).toMatchObject({ status: 0, err: "" });
  }
});
afterAll(() => folder.remove());

describe("zhonglian genesis", () => {
  it("makes the same genesis of the cards in whatever order, and every member can compare its chain id", async () => {
    const first = JSON.parse((await make("a.json", cards)).out) as {
      chain: string;
      members: { id: string; authority: boolean }[];
    };
    expect(await make("b.json", [...cards].reverse())).toMatchObject({ status: 0 });
    expect(readFileSync(at("a.json"))).toEqual(readFileSync(at("b.json")));
    expect(first.chain).toMatch(/^[0-9a-f]{64}$/);
    expect(first.members.map(({ id, authority }) => [id, authority])).toEqual([
      ["zbank", true],
      ["zhongnong", true],
      ["zhuogang", true],
      ["huasu", false],
    ]);
    const { out } = await zhonglian("genesis", "show", at("b.json"), "--json");
    expect(JSON.parse(out)).toMatchObject({
      chain: first.chain,
      network: "zhonglian",
      clock: "wall",
      time: "2027-01-04T01:00:00.000Z",
    });
  });

  it("overwrites nothing", async () => {
    await make("once.json", cards);
    expect((await make("once.json", cards)).err).toContain("[FILE_EXISTS]");
  });

  it("says which card is missing, too many, or nobody's", async () => {
    expect((await make("c.json", cards.slice(1))).err).toMatch(/no card of zbank \[CARD_MISSING\]/);
    expect((await make("c.json", [...cards, "zbank.card.json"])).err).toMatch(/a second card of zbank \[CARD_INVALID\]/);
    const stranger = await memberFolder("stranger", 9);
    await cardOf(stranger, "LOCAL:9", "--out", at("stranger.card.json"));
    expect((await make("c.json", [...cards, "stranger.card.json"])).err).toMatch(/stranger is no member .*\[CARD_INVALID\]/);
  });

  it("refuses what no chain could begin with", async () => {
    const dir = at("zbank");
    expect((await cardOf(dir, "91110000MA0B00015E")).err).toContain("[CARD_INVALID]");
    expect((await cardOf(dir, LEGAL_IDS.zbank, "MAKER")).err).toContain("[CARD_INVALID]");
    await cardOf(dir, "USCC:91110000MA0B00015F", "--out", at("wrong.card.json"));
    expect((await make("d.json", ["wrong.card.json", ...cards.slice(1)])).err).toMatch(/legal id of zbank.*\[GENESIS_INVALID\]/);
    const template = JSON.parse(readFileSync(TEMPLATE, "utf8")) as object;
    for (const change of [{ time: "2027-01-04T09:00:00" }, { time: "soon" }, { members: "zbank" }]) {
      writeFileSync(at("template.json"), JSON.stringify({ ...template, ...change }));
      expect((await make("d.json", cards, at("template.json"))).err).toContain("[TEMPLATE_INVALID]");
    }
    writeFileSync(at("template.json"), "null");
    expect((await make("d.json", cards, at("template.json"))).err).toContain("[TEMPLATE_INVALID]");
    writeFileSync(at("template.json"), JSON.stringify({ ...template, colour: "red" }));
    expect((await make("d.json", cards, at("template.json"))).err).toMatch(/colour.*\[GENESIS_INVALID\]/);
  });
});
