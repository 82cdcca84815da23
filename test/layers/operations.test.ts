import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { METRICS } from "../../src/node/metrics.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

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

function markdown(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => name !== "node_modules" && !name.startsWith("."))
    .map((name) => join(folder, name))
    .flatMap((path) => (statSync(path).isDirectory() ? markdown(path) : path.endsWith(".md") ? [path] : []));
}
