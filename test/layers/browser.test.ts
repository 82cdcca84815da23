import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const SRC = resolve(import.meta.dirname, "../../src");

/** Imports that remain at run time: those of types alone are erased. */
const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s+(?!type\b)[^"';]*?from\s*"([^"]+)"|(?:^|\n)\s*import\s*"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)/g;

/** What the SDK is made of, and runs in a browser. */
const SDK = [
  "client/client.ts",
  "client/transaction-builder.ts",
  "client/object-id.ts",
  "client/verify-proof.ts",
  "client/event-stream.ts",
  "client/governance.ts",
  "client/light-client.ts",
  "client/verified-client.ts",
];

/** Every file that a module reaches, and every package. */
function reach(entry: string): { readonly files: ReadonlySet<string>; readonly packages: ReadonlySet<string> } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: string): void => {
    if (files.has(file)) return;
    files.add(file);
    for (const match of readFileSync(file, "utf8").matchAll(IMPORT)) {
      const target = match[1] ?? match[2] ?? match[3] ?? "";
      if (target.startsWith(".")) visit(resolve(dirname(file), target));
      else packages.add(target);
    }
  };
  visit(join(SRC, entry));
  return { files, packages };
}

describe("the SDK", () => {
  it.each(SDK)("of %s reaches nothing that only Node has, and no cryptography but @noble", (entry) => {
    const { files, packages } = reach(entry);
    const allowed = /^(@noble\/(ed25519|hashes\/[a-z0-9]+\.js)|cbor-x)$/;
    expect([...packages].filter((name) => !allowed.test(name))).toEqual([]);
    const world = /\bprocess\.|\bBuffer\b|\b__dirname\b/;
    const tainted = [...files].filter((file) => world.test(readFileSync(file, "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "")));
    expect(tainted.map((file) => relative(SRC, file))).toEqual([]);
  });

  it("is followed through the tree, and a Node module would be noticed", () => {
    const { files, packages } = reach("client/verify-proof.ts");
    expect([...files].map((file) => relative(SRC, file))).toEqual(
      expect.arrayContaining(["crypto/ed25519.ts", "state/multi-proof.ts", "light/trust.ts", "ledger/objects.ts"]),
    );
    expect([...packages]).toContain("@noble/ed25519");
    expect([...files].every((file) => existsSync(file))).toBe(true);
    expect([...reach("cli/commands/verify.ts").packages]).toContain("node:fs");
  });
});
