import { randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createKeystore, KeystoreError, openKeystore, publicKeyOfKeystore } from "../../src/adapters/keystore.ts";
import { keystoreSigner } from "../../src/adapters/keystore-signer.ts";
import { publicKeyOf, sign, verify } from "../../src/crypto/ed25519.ts";
import { toHex } from "../../src/lib/bytes.ts";

/** Cheap enough to be opened hundreds of times. */
const FAST = { costLog2: 10 };
const PASSPHRASE = "correct horse 电池";
const SEED = new Uint8Array(randomBytes(32));

let folder = "";
let file = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "keystore-test-"));
  file = join(folder, "key.json");
  await createKeystore(file, SEED, PASSPHRASE, FAST);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let made = 0;
/** A keystore of the same key with some other content. */
function variant(content: string | Uint8Array): string {
  const path = join(folder, `variant-${made++}.json`);
  writeFileSync(path, content, { mode: 0o600 });
  return path;
}

function changed(change: (fields: Record<string, unknown> & { kdf: Record<string, unknown> }) => void): string {
  const fields = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown> & { kdf: Record<string, unknown> };
  change(fields);
  return variant(JSON.stringify(fields));
}

async function errorOf(work: Promise<unknown>): Promise<KeystoreError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof KeystoreError) return error;
    throw error;
  }
  return expect.fail("it was accepted");
}

describe("a keystore", () => {
  it("of the frozen vectors opens", async () => {
    const vectors = new URL("../vectors/keystore.json", import.meta.url);
    const { passphrase, seed, publicKey, file: frozen } = JSON.parse(readFileSync(vectors, "utf8"));
    const path = variant(JSON.stringify(frozen));
    const opened = await openKeystore(path, passphrase);
    expect([toHex(opened.seed), opened.publicKey, publicKeyOfKeystore(path)]).toEqual([seed, publicKey, publicKey]);
  });

  it("gives back the seed and its public key for the passphrase", async () => {
    const opened = await openKeystore(file, PASSPHRASE);
    expect(toHex(opened.seed)).toBe(toHex(SEED));
    expect(opened.publicKey).toBe(publicKeyOf(SEED));
    expect(publicKeyOfKeystore(file)).toBe(opened.publicKey);
  });

  it("makes guessing dear unless told otherwise: scrypt with N = 2^17", async () => {
    const path = join(folder, "dear.json");
    await createKeystore(path, SEED, PASSPHRASE);
    expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ kdf: { name: "scrypt", costLog2: 17, r: 8, p: 1 } });
    expect((await openKeystore(path, PASSPHRASE)).publicKey).toBe(publicKeyOf(SEED));
  });

  it("signs as the seed does", async () => {
    const signer = keystoreSigner(await openKeystore(file, PASSPHRASE));
    const message = Uint8Array.of(1, 2, 3);
    let answered = false;
    const signature = await new Promise<Uint8Array>((resolve, reject) => {
      signer.sign(message, (fault, made) => {
        answered = true;
        if (fault === null) resolve(made);
        else reject(fault);
      });
      expect(answered).toBe(false);
    });
    expect(toHex(signature)).toBe(toHex(sign(SEED, message)));
    expect(verify(signer.publicKey, message, signature)).toBe(true);
  });

  it("takes a passphrase in whichever way its characters were composed", async () => {
    const path = join(folder, "composed.json");
    await createKeystore(path, SEED, "caf\u00e9", FAST);
    expect((await openKeystore(path, "cafe\u0301")).publicKey).toBe(publicKeyOf(SEED));
  });

  it("is a file for its owner alone", () => {
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("holds the seed and the passphrase in no form that shows", () => {
    const content = readFileSync(file);
    expect(content.includes(Buffer.from(SEED))).toBe(false);
    for (const encoding of ["hex", "base64", "base64url"] as const)
      expect(content.toString("utf8")).not.toContain(Buffer.from(SEED).toString(encoding).slice(0, 20));
    expect(content.toString("utf8")).not.toContain("horse");
  });

  it("is another file each time, for the same key and passphrase", async () => {
    const path = join(folder, "again.json");
    await createKeystore(path, SEED, PASSPHRASE, FAST);
    const [first, second] = [file, path].map((name) => JSON.parse(readFileSync(name, "utf8")) as Record<string, unknown>);
    expect(first?.publicKey).toBe(second?.publicKey);
    expect(first?.sealed).not.toBe(second?.sealed);
    expect(first?.nonce).not.toBe(second?.nonce);
    expect(first?.kdf).not.toEqual(second?.kdf);
  });

  it("is never overwritten, whatever lies at its place", async () => {
    const before = readFileSync(file);
    expect((await errorOf(createKeystore(file, new Uint8Array(32), PASSPHRASE, FAST))).code).toBe("KEYSTORE_EXISTS");
    expect(readFileSync(file).equals(before)).toBe(true);
    const empty = variant("");
    expect((await errorOf(createKeystore(empty, SEED, PASSPHRASE, FAST))).code).toBe("KEYSTORE_EXISTS");
    expect(readFileSync(empty, "utf8")).toBe("");
    const directory = join(folder, "directory");
    mkdirSync(directory);
    expect((await errorOf(createKeystore(directory, SEED, PASSPHRASE, FAST))).code).toBe("KEYSTORE_EXISTS");
  });

  it("is made once when two make it at the same time", async () => {
    const path = join(folder, "raced.json");
    const seeds = [1, 2, 3, 4].map((value) => new Uint8Array(32).fill(value));
    const outcomes = await Promise.allSettled(seeds.map((seed) => createKeystore(path, seed, PASSPHRASE, FAST)));
    const winners = outcomes.filter((outcome) => outcome.status === "fulfilled");
    expect(winners).toHaveLength(1);
    expect((await openKeystore(path, PASSPHRASE)).publicKey).toBe(winners[0]?.value);
  });

  it("leaves nothing else behind, also when it was refused or its folder is missing", async () => {
    await expect(createKeystore(join(folder, "missing", "key.json"), SEED, PASSPHRASE, FAST)).rejects.toThrow("ENOENT");
    expect(existsSync(join(folder, "missing"))).toBe(false);
    expect(readdirSync(folder).filter((name) => name.includes("draft"))).toEqual([]);
  });

  it.each(["", "Correct horse 电池", "correct horse 电池 ", "correct horse"])(
    "does not open for the passphrase %j",
    async (passphrase) => {
      expect((await errorOf(openKeystore(file, passphrase))).code).toBe("KEYSTORE_PASSPHRASE");
    },
  );

  it("does not open when others may read or write it", async () => {
    const path = variant(readFileSync(file));
    for (const mode of [0o640, 0o604, 0o620, 0o602, 0o601, 0o777]) {
      chmodSync(path, mode);
      expect((await errorOf(openKeystore(path, PASSPHRASE))).code).toBe("KEYSTORE_PERMISSIONS");
      expect(() => publicKeyOfKeystore(path)).toThrow("chmod 600");
    }
    for (const mode of [0o600, 0o400]) {
      chmodSync(path, mode);
      expect((await openKeystore(path, PASSPHRASE)).publicKey).toBe(publicKeyOf(SEED));
    }
  });

  it("says that there is none", async () => {
    expect((await errorOf(openKeystore(join(folder, "nowhere.json"), PASSPHRASE))).code).toBe("KEYSTORE_MISSING");
  });

  it("is known to be corrupt when it is cut anywhere", async () => {
    const content = readFileSync(file);
    for (let length = 0; length < content.length - 2; length += 7)
      expect((await errorOf(openKeystore(variant(content.subarray(0, length)), PASSPHRASE))).code).toBe("KEYSTORE_CORRUPT");
  });

  it.each([
    ["no JSON", "not json"],
    ["null", "null"],
    ["a list", "[]"],
    ["a number", "1"],
    ["no fields", "{}"],
    ["a megabyte", " ".repeat(1 << 20)],
  ])("is known to be corrupt when it holds %s", async (_, content) => {
    expect((await errorOf(openKeystore(variant(content), PASSPHRASE))).code).toBe("KEYSTORE_CORRUPT");
  });

  const FIELDS: readonly (readonly [string, Parameters<typeof changed>[0]])[] = [
    ["its format", (fields) => Object.assign(fields, { format: "other" })],
    ["its version", (fields) => Object.assign(fields, { v: 2 })],
    ["a public key that is none", (fields) => Object.assign(fields, { publicKey: "00" })],
    ["no kdf", (fields) => Object.assign(fields, { kdf: null })],
    ["a cost that takes no time", (fields) => Object.assign(fields.kdf, { costLog2: 1 })],
    ["a cost that takes all memory", (fields) => Object.assign(fields.kdf, { costLog2: 40 })],
    ["a cost that is no number", (fields) => Object.assign(fields.kdf, { costLog2: "10" })],
    ["a short salt", (fields) => Object.assign(fields.kdf, { salt: "00" })],
    ["a short nonce", (fields) => Object.assign(fields, { nonce: "00" })],
    ["a seed of another length", (fields) => Object.assign(fields, { sealed: "00".repeat(47) })],
  ];
  it.each(FIELDS)("is known to be corrupt by %s", async (_, change) => {
    expect((await errorOf(openKeystore(changed(change), PASSPHRASE))).code).toBe("KEYSTORE_CORRUPT");
  });

  const SEALED: readonly (readonly [string, Parameters<typeof changed>[0]])[] = [
    ["public key", (fields) => Object.assign(fields, { publicKey: publicKeyOf(new Uint8Array(32)) })],
    ["cost", (fields) => Object.assign(fields.kdf, { costLog2: 11 })],
    ["scrypt parameters", (fields) => Object.assign(fields.kdf, { r: 1 })],
    ["cipher's name", (fields) => Object.assign(fields, { cipher: "none" })],
    ["salt", (fields) => Object.assign(fields.kdf, { salt: "00".repeat(16) })],
    ["nonce", (fields) => Object.assign(fields, { nonce: "00".repeat(12) })],
    ["further fields", (fields) => Object.assign(fields, { note: "x" })],
  ];
  it.each(SEALED)("does not open with its %s changed: the seal covers every field", async (_, change) => {
    expect((await errorOf(openKeystore(changed(change), PASSPHRASE))).code).toBe("KEYSTORE_PASSPHRASE");
  });

  it("does not open with any byte of the sealed seed or its tag changed", async () => {
    for (let at = 0; at < 48; at++) {
      const path = changed((fields) => {
        const sealed = Buffer.from(fields.sealed as string, "hex");
        sealed[at] = (sealed[at] ?? 0) ^ 1;
        Object.assign(fields, { sealed: sealed.toString("hex") });
      });
      expect((await errorOf(openKeystore(path, PASSPHRASE))).code).toBe("KEYSTORE_PASSPHRASE");
    }
  });

  it("shows neither seed nor passphrase in any error", async () => {
    const paths = [
      file,
      changed((fields) => Object.assign(fields, { sealed: "00".repeat(48) })),
      changed((fields) => Object.assign(fields, { v: 9 })),
      variant(`{"seed":"${toHex(SEED)}"}`),
      variant(toHex(SEED)),
    ];
    for (const path of paths) {
      const shown = inspect(await errorOf(openKeystore(path, "wrong battery staple")), { depth: 9, showHidden: true });
      expect(shown).not.toContain(toHex(SEED));
      expect(shown).not.toContain("battery staple");
    }
    const refused = inspect(await errorOf(createKeystore(file, SEED, PASSPHRASE, FAST)), { depth: 9, showHidden: true });
    expect(refused).not.toContain(toHex(SEED));
    expect(refused).not.toContain("horse");
  });
});
