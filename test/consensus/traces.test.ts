import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ConsensusMachine } from "../../src/consensus/machine.ts";
import type { Effect, Input, Step } from "../../src/consensus/messages.ts";
import type { BlockId } from "../../src/types/scalars.ts";
import type { VoteKind } from "../../src/types/vote.ts";

/**
 * Golden traces: what one node hears, and what it does, as text. Lines are inputs, indented lines are what they make the machine do, "#"
 * lines say why. Authorities are numbers, blocks letters. `npx vitest run test/consensus -u` writes the indented lines anew: then read them.
 */
const FOLDER = join(import.meta.dirname, "traces");
const SIG = new Uint8Array(64);

const blockOf = (letter: string): BlockId => letter.charCodeAt(0).toString(16).repeat(32) as BlockId;
const letterOf = (block: BlockId | null): string =>
  block === null ? "nil" : String.fromCharCode(Number.parseInt(block.slice(0, 2), 16));

function number(text: string, name: string, fallback: number): number {
  const found = new RegExp(`\\b${name} ?=? ?(-?[0-9]+)`).exec(text);
  return found === null ? fallback : Number(found[1]);
}

function parse(line: string, height: number): Input {
  const [word = "", what = ""] = line.split(" ");
  const round = number(line, "r", 0);
  const index = number(line, "by", 0);
  const block = what === "nil" || what === "nothing" ? null : blockOf(what);
  switch (word) {
    case "start": {
      const n = number(line, "n", 4);
      const self = /self=none/.test(line) ? null : number(line, "self", 2);
      const resting = number(line, "resting", -1);
      const active = Array.from({ length: n }, (_, each) => each).filter((each) => each !== resting);
      return { kind: "start", height: number(line, "height", 1), n, self, active, parentTimeMs: 1_000, heartbeatMs: 600_000 };
    }
    case "wake":
      return { kind: "wake", height };
    case "proposal": {
      const proposal = { height, round, block: block as BlockId, validRound: number(line, "valid", -1), index, sig: SIG };
      const timeMs = number(line, "time", 2_000);
      return {
        kind: "proposal",
        proposal,
        block: { timeMs, empty: line.includes("empty") },
        stampMs: number(line, "stamp", 2_000),
      };
    }
    case "prevote":
    case "precommit":
      return { kind: "vote", vote: { height, round, kind: word as VoteKind, block, index, sig: SIG } };
    case "timeout":
      return { kind: "timeout", height, round, step: what as Step };
    case "built":
      return { kind: "built", height, round, block };
    case "validated":
      return { kind: "validated", height, block: block as BlockId, valid: line.endsWith("good") };
    default:
      throw new Error(`no input: ${line}`);
  }
}

function print(effect: Effect): string {
  switch (effect.kind) {
    case "signVote":
      return `sign ${effect.vote} ${letterOf(effect.block)} r${effect.round}`;
    case "signProposal":
      return `sign proposal ${letterOf(effect.block)} r${effect.round} valid ${effect.validRound}`;
    case "build":
      return `build r${effect.round}`;
    case "validate":
      return `validate ${letterOf(effect.block)}`;
    case "timer":
      return `timer ${effect.step} r${effect.round} ${effect.delayMs} ms`;
    case "commit":
      return `commit ${letterOf(effect.block)} r${effect.round} with precommits of ${effect.precommits.map(({ index }) => index).join(", ")}`;
    case "announce":
      return `announce r${effect.round}`;
    case "evidence":
      return `evidence against ${effect.offence.first.index}: two ${effect.offence.kind}s`;
  }
}

function replay(trace: string): string {
  const machine = new ConsensusMachine();
  let height = 1;
  return trace
    .split("\n")
    .filter((line) => !line.startsWith("  "))
    .map((line) => {
      if (line === "" || line.startsWith("#")) return line;
      const input = parse(line, height);
      if (input.kind === "start") height = input.height;
      return [line, ...machine.step(input).map((effect) => `  ${print(effect)}`)].join("\n");
    })
    .join("\n");
}

describe("the machine does what its golden traces say", () => {
  const files = readdirSync(FOLDER).sort();
  it("has traces", () => expect(files.length).toBeGreaterThan(10));
  for (const file of files) {
    it(file.replace(/\.txt$/, "").replaceAll("-", " "), async () => {
      const path = join(FOLDER, file);
      await expect(replay(readFileSync(path, "utf8"))).toMatchFileSnapshot(path);
    });
  }
});
