import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { MemberFolder } from "./network-folder.ts";

/** Why a node that was just started ended: the one line that it said itself, or where to look. */
export function endedAtStart({ id, folder }: MemberFolder): string {
  const path = join(folder, "node.log");
  const lines = existsSync(path) ? readFileSync(path, "utf8").trimEnd().split("\n") : [];
  const own = lines.findLast((line) => line.startsWith("zhonglian: "));
  return own === undefined
    ? `the node ${id} ended at start: see ${path}`
    : `the node ${id} ended at start: ${own.slice("zhonglian: ".length)}`;
}
