import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RpcFailure, type TxOutcome, UnreachableError } from "../../src/client/client.ts";
import { op, seedKey } from "../../src/client/transaction-builder.ts";
import { publicKeyOf } from "../../src/crypto/ed25519.ts";
import { StepFailure, Steps } from "../../src/story/steps.ts";
import { FileJournal, PlayedStories } from "../../src/testnet/journal.ts";
import type { Hash, TxId } from "../../src/types/scalars.ts";

const CHAIN = "c4".repeat(32) as Hash;
const PARTY = "07".repeat(32) as Hash;
const SEED = new Uint8Array(32).fill(7);
const KEYS = [seedKey(PARTY, publicKeyOf(SEED), SEED)];
const OPERATION = op("party.policy", { party: PARTY, policy: [] });

type Answer = (id: TxId) => TxOutcome;
const committed: Answer = (id) => ({ id, status: "committed" });
const expired: Answer = (id) => ({ id, status: "expired", code: "EXPIRED", message: "it has run out" });
const failed: Answer = (id) => ({ id, status: "failed", code: "NOTE_NOT_OPEN", message: "The note is not open." });
const gone: Answer = () => {
  throw new UnreachableError("nobody answers");
};
const refused: Answer = () => {
  throw new RpcFailure(-32003, "A party that must sign has not signed.", { code: "SIGNER_MISSING" });
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "zhonglian-story-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Steps over the journal of the folder, as of a process that was just started, on a network that answers like this. */
function begin(...answers: readonly Answer[]) {
  const sent: { id: TxId; bytes: Uint8Array }[] = [];
  let nowMs = 1_000_000;
  const clock = { nowMs: () => nowMs++, jumpTo: () => undefined };
  const client = {
    submitAndWait: async (id: TxId, bytes: Uint8Array): Promise<TxOutcome> => {
      sent.push({ id, bytes });
      return (answers[sent.length - 1] ?? gone)(id);
    },
  };
  const journal = new FileJournal(join(folder, "story.jsonl"));
  return { steps: new Steps({ client, chain: CHAIN, clock, journal }), sent, journal };
}

describe("the steps of a story", () => {
  it("are taken once: what was committed is not sent again by a later start", async () => {
    const first = begin(committed);
    const id = await first.steps.take("a", KEYS, OPERATION);
    const second = begin();
    expect(await second.steps.take("a", KEYS, OPERATION)).toBe(id);
    expect([first.sent.length, second.sent.length, second.steps.committed]).toEqual([1, 0, 1]);
  });

  it("wait for what others send, a moment between two looks, and remember what was found", async () => {
    const found = "ab".repeat(32) as Hash;
    const first = begin();
    const looks: string[] = [];
    const look = async (): Promise<Hash | undefined> => {
      looks.push("look");
      return looks.length > 4 ? found : undefined;
    };
    const meanwhile = async (): Promise<void> => void looks.push("meanwhile");
    expect(await first.steps.awaited("b", look, meanwhile)).toBe(found);
    expect(looks).toEqual(["look", "meanwhile", "look", "meanwhile", "look"]);
    const second = begin();
    expect(await second.steps.awaited("b", () => Promise.reject(new Error("looked again")), meanwhile)).toBe(found);
    expect([first.steps.committed, second.steps.committed]).toEqual([1, 1]);
    const fails = begin().steps.awaited(
      "c",
      () => Promise.resolve(undefined),
      () => Promise.reject(new Error("an agent ended")),
    );
    await expect(fails).rejects.toThrow("an agent ended");
  });

  it("send the same bytes again if they were under way when the story was interrupted", async () => {
    const first = begin(gone);
    await expect(first.steps.take("a", KEYS, OPERATION)).rejects.toThrow(UnreachableError);
    const second = begin(committed);
    await second.steps.take("a", KEYS, OPERATION);
    expect(second.sent).toEqual(first.sent);
  });

  it("are signed anew if what was under way ran out meanwhile, but not for ever", async () => {
    const first = begin(gone);
    await expect(first.steps.take("a", KEYS, OPERATION)).rejects.toThrow(UnreachableError);
    const second = begin(expired, committed);
    const id = await second.steps.take("a", KEYS, OPERATION);
    expect(second.sent.map((each) => each.id)).toEqual([first.sent[0]?.id, id]);
    expect(id).not.toBe(first.sent[0]?.id);
    const third = begin(expired, expired, expired, committed);
    await expect(third.steps.take("b", KEYS, OPERATION)).rejects.toMatchObject({ code: "EXPIRED" });
    expect(third.sent).toHaveLength(3);
  });

  it("that must be refused keep their reason for a later start", async () => {
    const first = begin(failed, refused);
    expect(await first.steps.refused("a", "NOTE_NOT_OPEN", KEYS, OPERATION)).toBe("The note is not open.");
    expect(await first.steps.refused("b", "SIGNER_MISSING", KEYS, OPERATION)).toBe("A party that must sign has not signed.");
    const second = begin();
    expect(await second.steps.refused("a", "NOTE_NOT_OPEN", KEYS, OPERATION)).toBe("The note is not open.");
    expect(await second.steps.refused("b", "SIGNER_MISSING", KEYS, OPERATION)).toBe("A party that must sign has not signed.");
    expect([second.sent.length, second.steps.rejected]).toEqual([0, 2]);
  });

  it("fail when the outcome is another than the story tells", async () => {
    const { steps } = begin(failed, committed, failed, committed, refused);
    await expect(steps.take("a", KEYS, OPERATION)).rejects.toMatchObject({ code: "NOTE_NOT_OPEN" });
    await expect(steps.refused("b", "NOTE_NOT_OPEN", KEYS, OPERATION)).rejects.toThrow(StepFailure);
    expect(await steps.takeUnless("NOTE_NOT_OPEN", "c", KEYS, OPERATION)).toBe("The note is not open.");
    expect(await steps.takeUnless("NOTE_NOT_OPEN", "d", KEYS, OPERATION)).toBeNull();
    await expect(steps.takeUnless("NOTE_NOT_OPEN", "e", KEYS, OPERATION)).rejects.toMatchObject({ code: "SIGNER_MISSING" });
    expect([steps.committed, steps.rejected]).toEqual([1, 1]);
  });

  it("survive a last line of the journal that was torn, and tell when the story last did something", async () => {
    const first = begin(committed);
    expect(first.journal.lastMs).toBeUndefined();
    await first.steps.take("a", KEYS, OPERATION);
    appendFileSync(join(folder, "story.jsonl"), '{"step":"b","id":"00');
    const second = begin(gone);
    await second.steps.take("a", KEYS, OPERATION);
    expect(second.sent).toEqual([]);
    await expect(second.steps.take("b", KEYS, OPERATION)).rejects.toThrow(UnreachableError);
    const third = begin(committed);
    expect(third.journal.lastMs).toBe(1_000_000);
    await third.steps.take("b", KEYS, OPERATION);
    expect(third.sent).toEqual(second.sent);
  });
});

it("the stories that were played on a network are remembered", () => {
  const path = join(folder, "stories-played");
  new PlayedStories(path).add("one");
  const stories = new PlayedStories(path);
  expect([stories.has("one"), stories.has("two"), stories.has("")]).toEqual([true, false, false]);
});
