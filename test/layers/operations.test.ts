import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { loadSettings } from "../../src/cli/settings.ts";
import { METRICS } from "../../src/node/metrics.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

describe("the variables of a test run", () => {
  it("are those that a node started in it takes for none of its settings", () => {
    const folder = mkdtempSync(join(tmpdir(), "zhonglian-"));
    writeFileSync(join(folder, "settings.json"), "{}");
    const files = [".ci/run", ...sources(join(ROOT, "test")).map((path) => relative(ROOT, path))];
    const named = new Set(files.flatMap((file) => read(file).match(/(?<=export |process\.env\.)ZHONGLIAN_[A-Z_]+/g) ?? []));
    expect([...named]).toContain("ZHONGLIAN_SAMPLES");
    expect(() => loadSettings(folder, Object.fromEntries([...named].map((name) => [name, "1"])), {})).not.toThrow();
    rmSync(folder, { recursive: true });
  });
});

describe("the files for operators", () => {
  it("alert on metrics that a node has", () => {
    const rules = read("network-configs/zhonglian/operations/alerts.yaml");
    const named = new Set(rules.match(/\bzhonglian_[a-z_]+/g));
    const known = new Set<string>(METRICS.map(({ name }) => name));
    expect(named.size).toBeGreaterThan(5);
    expect([...named].filter((name) => !known.has(name))).toEqual([]);
  });

  it("link to files that are there", () => {
    const documents = markdown(ROOT);
    expect(documents.length).toBeGreaterThan(10);
    const broken = documents.flatMap((file) =>
      [...readFileSync(file, "utf8").matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)]
        .filter(([, target]) => !existsSync(resolve(dirname(file), target as string)))
        .map(([, target]) => `${file}: ${target}`),
    );
    expect(broken).toEqual([]);
  });
});

const markdown = (folder: string): readonly string[] => filesOf(folder, ".md");
const sources = (folder: string): readonly string[] => filesOf(folder, ".ts");

function filesOf(folder: string, ending: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => name !== "node_modules" && !name.startsWith("."))
    .map((name) => join(folder, name))
    .flatMap((path) => (statSync(path).isDirectory() ? filesOf(path, ending) : path.endsWith(ending) ? [path] : []));
}
