import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { describe, expect, it } from "vitest";

const SRC = resolve(import.meta.dirname, "../../src");

interface Layer {
  readonly may: readonly string[];
  /** npm packages (or node: builtins as "node:*") the folder may import; "*" for any. */
  readonly packages: readonly string[];
  readonly pure: boolean;
}

/** The table of the architecture: who may import whom. This test is the only place where it is code. */
const LAYERS: Readonly<Record<string, Layer>> = {
  lib: { may: [], packages: [], pure: true },
  types: { may: ["lib"], packages: [], pure: true },
  crypto: { may: ["lib", "types"], packages: ["@noble/"], pure: true },
  codec: { may: ["lib", "types", "crypto"], packages: ["cbor-x"], pure: true },
  state: { may: ["lib", "types", "crypto", "codec"], packages: [], pure: true },
  ledger: { may: ["lib", "types", "crypto", "codec", "state"], packages: [], pure: true },
  consensus: { may: ["lib", "types"], packages: [], pure: true },
  mempool: { may: ["lib", "types"], packages: [], pure: true },
  light: { may: ["lib", "types", "crypto", "codec"], packages: [], pure: true },
  sync: { may: ["lib", "types"], packages: [], pure: true },
  ports: { may: ["types"], packages: [], pure: true },
  node: {
    may: ["lib", "types", "crypto", "codec", "state", "ledger", "consensus", "mempool", "light", "sync", "ports"],
    packages: [],
    pure: true,
  },
  adapters: { may: ["lib", "types", "crypto", "codec", "ports"], packages: ["*"], pure: false },
  rpc: { may: ["lib", "types", "codec", "ledger", "state", "ports", "node"], packages: ["*"], pure: false },
  client: { may: ["lib", "types", "crypto", "codec", "ledger", "state", "light"], packages: ["@noble/"], pure: false },
  gateways: { may: ["lib", "types", "crypto", "client"], packages: ["*"], pure: false },
  explorer: { may: ["client"], packages: ["*"], pure: false },
  agents: { may: ["lib", "types", "crypto", "codec", "client", "gateways"], packages: ["*"], pure: false },
  story: { may: ["lib", "types", "client", "agents", "gateways"], packages: ["*"], pure: false },
  cli: { may: ["*"], packages: ["*"], pure: false },
  testnet: { may: ["*"], packages: ["*"], pure: false },
  simulator: {
    may: [
      "lib",
      "types",
      "crypto",
      "codec",
      "state",
      "ledger",
      "consensus",
      "mempool",
      "light",
      "sync",
      "ports",
      "node",
      "client",
      "gateways",
    ],
    packages: ["node:"],
    pure: false,
  },
};

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^"';]*?from\s*"([^"]+)"|(?:^|\n)\s*import\s*"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)/g;

/** What a pure folder must not name: the world comes in through ports only. */
const WORLD =
  /\bDate\.now\b|\bnew Date\(\s*\)|\bMath\.random\b|\bsetTimeout\b|\bsetInterval\b|\bsetImmediate\b|\bprocess\.|\bperformance\.|\basync\s|\bawait\s|\blocaleCompare\b|\btoLocale/;

interface Source {
  readonly file: string;
  readonly folder: string;
  readonly text: string;
  readonly imports: readonly string[];
}

function sources(): readonly Source[] {
  return readdirSync(SRC, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(ts|js|tsx)$/.test(name))
    .map((name) => {
      const text = readFileSync(join(SRC, name), "utf8");
      const imports = [...text.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
      return { file: name.split(sep).join("/"), folder: name.split(sep)[0] as string, text, imports };
    });
}

function violations(source: Source): readonly string[] {
  const layer = LAYERS[source.folder];
  if (layer === undefined) return [`${source.file}: folder ${source.folder} is not in the table`];
  const found: string[] = [];
  for (const target of source.imports) {
    if (target.startsWith(".")) {
      const folder = relative(SRC, resolve(SRC, dirname(source.file), target)).split(sep)[0] as string;
      if (folder !== source.folder && !layer.may.includes(folder) && !layer.may.includes("*"))
        found.push(`${source.file} imports ${target}`);
    } else if (
      !layer.packages.some(
        (allowed) => allowed === "*" || target === allowed || (/[/:]$/.test(allowed) && target.startsWith(allowed)),
      )
    ) {
      found.push(`${source.file} imports package ${target}`);
    }
  }
  return found;
}

/** Source text without comments, so that a docstring may name what the code must not. */
function code(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "");
}

describe("layers", () => {
  const all = sources();

  it("sees the tree", () => {
    expect(all.length).toBeGreaterThan(60);
    expect(all.flatMap((source) => source.imports).length).toBeGreaterThan(200);
  });

  it("lets no folder import what the table does not allow", () => {
    expect(all.flatMap(violations)).toEqual([]);
  });

  it("keeps the world out of the pure folders", () => {
    // The ledger's readers in node/ answer promises to the RPC; they are outside the event loop.
    const asynchronous =
      /^node\/(checkpoint-ancestors|ledger-reader|proof-reader|past-pages|row-reader|leaf-count|snapshot-(maker|reader|joiner|offers|changes)|index-rebuild|store-(check|audit|repair|rewind)|auditor|index-audit|backup)[^/]*\.ts$/;
    const tainted = all.filter(
      (source) => LAYERS[source.folder]?.pure && !asynchronous.test(source.file) && WORLD.test(code(source.text)),
    );
    expect(tainted.map((source) => `${source.file}: ${code(source.text).match(WORLD)?.[0]}`)).toEqual([]);
  });

  it("would notice a violation", () => {
    const bad: Source = {
      file: "consensus/x.ts",
      folder: "consensus",
      text: "",
      imports: ["../crypto/hash.ts", "level", "../lib/heap.ts"],
    };
    expect(violations(bad)).toEqual(["consensus/x.ts imports ../crypto/hash.ts", "consensus/x.ts imports package level"]);
    expect(WORLD.test(code("const t = Date.now();"))).toBe(true);
    expect(WORLD.test(code("// Date.now is not used\nconst t = 1;"))).toBe(false);
  });
});
