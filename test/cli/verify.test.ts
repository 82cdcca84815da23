import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { main } from "../../src/cli/main.ts";
import { proofDigest } from "../../src/codec/proof.ts";
import { scratch } from "../e2e/support.ts";
import vectors from "../vectors/proof.json" with { type: "json" };

const [note] = vectors.proofs;
if (note === undefined) throw new Error("the vectors hold the proof of a note");

let folder: ReturnType<typeof scratch>;
const inFolder = (name: string): string => join(folder.path, name);

beforeAll(() => {
  folder = scratch();
  writeFileSync(inFolder("genesis.json"), JSON.stringify(vectors.genesis));
  for (const proof of vectors.proofs) writeFileSync(inFolder(`${proof.kind}.json`), `${JSON.stringify(proof, null, 2)}\n`);
  writeFileSync(inFolder("forged.json"), JSON.stringify(note).replace('"currency":"CNY"', '"currency":"USD"'));
  const [first, ...others] = vectors.genesis.members;
  const another = { ...vectors.genesis, members: [{ ...first, id: "zbankx" }, ...others] };
  writeFileSync(inFolder("another.json"), JSON.stringify(another));
});
afterAll(() => folder.remove());

/** The command as `zhonglian` runs it, in this process. */
async function verify(proof: string, ...flags: readonly string[]) {
  const said = { out: "", err: "" };
  const log = vi.spyOn(console, "log").mockImplementation((text: string) => {
    said.out += `${text}\n`;
  });
  const error = vi.spyOn(console, "error").mockImplementation((text: string) => {
    said.err += `${text}\n`;
  });
  try {
    const status = await main(["verify", inFolder(proof), "--genesis", inFolder("genesis.json"), ...flags]);
    return { status, ...said };
  } finally {
    log.mockRestore();
    error.mockRestore();
  }
}

it("says in words what is proved, of what block, and who signed it", async () => {
  const { status, out, err } = await verify("note.json");
  expect([status, err]).toEqual([0, ""]);
  expect(out).toContain(`note ${note.id} is as follows after block ${note.header.height}`);
  expect(out).toContain("amount: 1000000");
  expect(out).toContain("from the first of 3 holders on");
  expect(out).toContain(`block: ${note.header.height}, ${new Date(note.header.timeMs).toISOString()}`);
  expect(out).toMatch(/signed by: .*zbank.* \([0-9] of 5 authorities\)/);
  expect(out).toContain(`digest: ${note.digest}`);
});

it("says the same to programs", async () => {
  const outcomes = await Promise.all(
    vectors.proofs.map(async ({ kind }) => JSON.parse((await verify(`${kind}.json`, "--json")).out)),
  );
  expect(outcomes.map(({ holds, kind, height, fact }) => [holds, kind, height, fact.kind])).toEqual(
    ["object", "object", "absence", "transaction", "receipt", "event"].map((fact, index) => {
      const proof = vectors.proofs[index];
      return [true, proof?.kind, proof?.header.height, fact];
    }),
  );
});

it("follows the authorities from an earlier proof that holds, and from none that does not", async () => {
  const later = vectors.proofs.find(({ kind }) => kind === "key");
  if (later === undefined) throw new Error("the vectors hold the proof of a key");
  expect(later.changes).not.toEqual([]);
  const short = { ...later, changes: [] };
  const text = JSON.stringify({ ...short, digest: proofDigest(short) });
  writeFileSync(inFolder("short.json"), text);
  expect(await verify("short.json")).toMatchObject({ status: 1, err: expect.stringContaining("[AUTHORITIES_OTHER]") });
  expect(await verify("short.json", "--since", inFolder("note.json"))).toMatchObject({ status: 0, err: "" });
  // Before the change others signed.
  const before = await verify("short.json", "--since", inFolder("transaction.json"));
  expect(before).toMatchObject({ status: 1, err: expect.stringContaining("[AUTHORITIES_OTHER]") });
  const onForged = await verify("short.json", "--since", inFolder("forged.json"));
  expect(onForged).toMatchObject({ status: 1, err: expect.stringMatching(/forged.json does not hold: .*\[PROOF_STATE\]/) });
});

it("refuses what does not hold with the reason, and no status but zero means that it holds", async () => {
  const forged = await verify("forged.json");
  expect([forged.status, forged.out]).toEqual([1, ""]);
  expect(forged.err).toMatch(/does not hold: the state does not hold what is shown \[PROOF_STATE\]\n$/);
  const toPrograms = await verify("forged.json", "--json");
  expect([toPrograms.status, JSON.parse(toPrograms.out)]).toEqual([
    1,
    expect.objectContaining({ holds: false, code: "PROOF_STATE" }),
  ]);
  const other = await verify("note.json", "--genesis", inFolder("another.json"));
  expect(other.err).toMatch(/of chain [0-9a-f]{64}, but what is trusted is of chain [0-9a-f]{64} \[CHAIN_OTHER\]/);
  expect([other.status, other.err]).toEqual([1, expect.stringContaining("[CHAIN_OTHER]")]);
  expect(await verify("missing.json")).toMatchObject({ status: 1, err: expect.stringContaining("[FILE_UNREADABLE]") });
  expect(await verify("genesis.json")).toMatchObject({ status: 1, err: expect.stringContaining("[PROOF_KIND_UNKNOWN]") });
});
