import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Level } from "level";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FileAppender } from "../../src/adapters/append-file.ts";
import { DrivenClock, DrivenClockSource } from "../../src/adapters/driven-clock.ts";
import { Failpoints } from "../../src/adapters/failpoints.ts";
import { LevelStore } from "../../src/adapters/level-store.ts";
import { nativeHasher } from "../../src/adapters/native-hasher.ts";
import { concatBytes } from "../../src/lib/bytes.ts";
import { frame, parseLog } from "../../src/node/framed-log.ts";
import type { AppendFile } from "../../src/ports/append-file.ts";
import type { StoreWrite } from "../../src/ports/store.ts";
import { until } from "../e2e/support.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "zhonglian-files-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : new TextDecoder().decode(value);

describe("an append file", () => {
  const append = (file: AppendFile, what: string) => new Promise<Error | null>((done) => file.append(bytes(what), done));
  const replace = (file: AppendFile, what: string) => new Promise<Error | null>((done) => file.replace(bytes(what), done));

  it("keeps appends in order, and has them when it is opened again", async () => {
    const path = join(folder, "log");
    const file = new FileAppender(path);
    expect(file.initial.length).toBe(0);
    const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => append(file, `${index},`)));
    expect(answers.every((fault) => fault === null)).toBe(true);
    file.close();
    expect(text(new FileAppender(path).initial)).toBe(Array.from({ length: 50 }, (_, index) => `${index},`).join(""));
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it("replaces its whole content and goes on behind it", async () => {
    const path = join(folder, "log");
    const file = new FileAppender(path);
    await append(file, "old");
    expect(await replace(file, "new ")).toBeNull();
    expect(await append(file, "tail")).toBeNull();
    file.close();
    expect(readFileSync(path, "utf8")).toBe("new tail");
  });

  it("hands over what a crash left behind as it is", () => {
    const path = join(folder, "log");
    writeFileSync(path, "whole");
    appendFileSync(path, Uint8Array.of(0, 255, 1));
    expect(new FileAppender(path).initial).toEqual(Uint8Array.from([...bytes("whole"), 0, 255, 1]));
  });

  it("reports nothing durable any more once a write has failed", async () => {
    const file = new FileAppender(join(folder, "log"));
    expect(await append(file, "fine")).toBeNull();
    file.close();
    expect(await append(file, "lost")).toBeInstanceOf(Error);
    expect(await append(file, "as well")).toBeInstanceOf(Error);
    expect(await replace(file, "and this")).toBeInstanceOf(Error);
  });
});

describe("the store", () => {
  const write = (store: LevelStore, batch: readonly StoreWrite[]) =>
    new Promise<Error | null>((done) => store.write(batch, done));
  const put = (key: string, value: string): StoreWrite => ({ key: bytes(key), value: bytes(value) });

  it("writes a batch as a whole, deletes, and has it all when opened again", async () => {
    const path = join(folder, "chain");
    const store = await LevelStore.open(path);
    expect(await write(store, [put("a", "1"), put("b", "2"), put("c", "3")])).toBeNull();
    expect(await write(store, [{ key: bytes("b"), value: null }, put("c", "4")])).toBeNull();
    await store.close();
    const again = await LevelStore.open(path);
    expect(["a", "b", "c"].map((key) => text(again.get(bytes(key))))).toEqual(["1", undefined, "4"]);
    await again.close();
  });

  it("reads ranges of bytes in both directions, within their bounds", async () => {
    const store = await LevelStore.open(join(folder, "chain"));
    await write(
      store,
      ["a", "b", "ba", "bb", "c"].map((key) => put(key, key.toUpperCase())),
    );
    const range = async (from: string, to: string, limit: number, reverse = false) =>
      (await store.range({ from: bytes(from), to: bytes(to), limit, reverse })).map(({ key, value }) => [text(key), text(value)]);
    expect(await range("b", "c", 10)).toEqual([
      ["b", "B"],
      ["ba", "BA"],
      ["bb", "BB"],
    ]);
    expect(await range("b", "c", 2)).toEqual([
      ["b", "B"],
      ["ba", "BA"],
    ]);
    expect(await range("b", "c", 1, true)).toEqual([["bb", "BB"]]);
    expect(await range("x", "y", 10)).toEqual([]);
    await store.close();
  });

  it("is opened by one process at a time", async () => {
    const path = join(folder, "chain");
    const store = await LevelStore.open(path);
    await expect(LevelStore.open(path)).rejects.toMatchObject({ code: "FOLDER_LOCKED" });
    await store.close();
    await (await LevelStore.open(path)).close();
  });

  it("refuses a record of which a bit changed on the disk, by key or by value, and says so once before", async () => {
    const path = join(folder, "chain");
    const store = await LevelStore.open(path);
    expect(await write(store, [put("first", "one"), put("second", "x".repeat(500))])).toBeNull();
    await store.close();
    const raw = new Level<Uint8Array, Uint8Array>(path, { keyEncoding: "view", valueEncoding: "view" });
    await raw.open();
    const [first, second] = [await raw.get(bytes("first")), await raw.get(bytes("second"))] as [Uint8Array, Uint8Array];
    second[250] = (second[250] as number) ^ 4;
    await raw.batch([
      { type: "put", key: bytes("second"), value: second },
      { type: "put", key: bytes("elsewhere"), value: first },
      { type: "put", key: bytes("short"), value: Uint8Array.of(1) },
    ]);
    await raw.close();
    const damage: string[] = [];
    const again = await LevelStore.open(path, { onDamage: ({ code }) => damage.push(code) });
    expect(text(again.get(bytes("first")))).toBe("one");
    for (const key of ["second", "elsewhere", "short"]) expect(() => again.get(bytes(key))).toThrow(/not what was written/);
    await expect(again.range({ from: bytes("a"), to: bytes("z"), limit: 10 })).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    expect(damage).toEqual(Array(4).fill("STORE_CORRUPT"));
    await again.close();
  });

  it("passes over what is damaged when told to, and names it, also behind a block of a file that LevelDB cannot read", async () => {
    const path = join(folder, "chain");
    const store = await LevelStore.open(path);
    const records = Array.from({ length: 4_000 }, (_, index) =>
      put(`key-${String(index).padStart(5, "0")}`, `value ${index} `.repeat(5)),
    );
    expect(await write(store, records)).toBeNull();
    const all = { from: bytes("key-"), to: bytes("key."), limit: records.length };
    await store.compact(all);
    await store.close();
    const raw = new Level<Uint8Array, Uint8Array>(path, { keyEncoding: "view", valueEncoding: "view" });
    await raw.open();
    await raw.put(bytes("key-00007"), bytes("not what was written"));
    await raw.close();
    const [name] = readdirSync(path).filter((each) => each.endsWith(".ldb")) as [string];
    const file = Uint8Array.from(readFileSync(join(path, name)));
    file.fill(0xff, file.length / 2, file.length / 2 + 64);
    writeFileSync(join(path, name), file);

    const damage: string[] = [];
    const strict = await LevelStore.open(path, { onDamage: ({ code }) => damage.push(code) });
    const unreadable = records.filter(({ key }) => {
      try {
        strict.get(key);
        return false;
      } catch (error) {
        expect(error).toMatchObject({ code: "STORE_CORRUPT" });
        return true;
      }
    });
    expect(unreadable.length).toBeGreaterThan(1);
    expect(damage).toHaveLength(unreadable.length);
    await expect(strict.range({ ...all, from: bytes("key-00008") })).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    const { keys, hasUnreadable } = await strict.damage();
    expect([keys.map(text), hasUnreadable]).toEqual([["key-00007"], true]);
    await strict.close();

    const left = await LevelStore.open(path, { skipsDamage: true });
    const sound = records.filter((record) => !unreadable.includes(record));
    for (const reverse of [false, true]) {
      const entries = await left.range({ ...all, reverse });
      expect(entries.map(({ key }) => text(key))).toEqual((reverse ? sound.toReversed() : sound).map(({ key }) => text(key)));
    }
    expect(await left.range({ ...all, limit: 10 })).toHaveLength(10);
    for (const { key } of unreadable) expect(left.get(key)).toBeUndefined();
    await left.close();
  });

  it("refuses a journal that is damaged in front of sound records, and takes a torn tail for what it is", async () => {
    const path = join(folder, "chain");
    const store = await LevelStore.open(path);
    // Records that cross the borders of journal blocks, too.
    for (let index = 0; index < 40; index++) expect(await write(store, [put(`key-${index}`, "v".repeat(3_000))])).toBeNull();
    await store.close();
    const journal = readdirSync(path).find((name) => name.endsWith(".log")) as string;
    const file = join(path, journal);
    const sound = readFileSync(file);
    for (const at of [5, 6, 100, 40_000, 70_000]) {
      const damaged = Uint8Array.from(sound);
      damaged[at] = (damaged[at] as number) ^ 1;
      writeFileSync(file, damaged);
      await expect(LevelStore.open(path), `byte ${at}`).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    }
    writeFileSync(file, sound.subarray(0, sound.length - 100));
    const torn = await LevelStore.open(path);
    expect(torn.get(bytes("key-39"))).toBeUndefined();
    expect(text(torn.get(bytes("key-38")))).toBe("v".repeat(3_000));
    await torn.close();
  });

  it("says that it is damaged or unusable, and not anything else", async () => {
    const path = join(folder, "chain");
    await (await LevelStore.open(path)).close();
    writeFileSync(join(path, "CURRENT"), "no newline at the end");
    await expect(LevelStore.open(path)).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    rmSync(join(path, "CURRENT"));
    await expect(LevelStore.open(path)).rejects.toMatchObject({
      code: "STORE_CORRUPT",
      message: expect.stringContaining("CURRENT"),
    });
    writeFileSync(join(folder, "file"), "");
    await expect(LevelStore.open(join(folder, "file"))).rejects.toMatchObject({ code: "STORE_UNUSABLE" });
  });

  it("answers a write after it was closed with a fault", async () => {
    const store = await LevelStore.open(join(folder, "chain"));
    await store.close();
    const answer = await write(store, [put("a", "1")]).catch((error: unknown) => error);
    expect(answer).toBeInstanceOf(Error);
  });
});

describe("a driven clock", () => {
  it("runs forward only, whatever its file says, and all readers see one time", async () => {
    const path = join(folder, "clock.json");
    const start = Date.UTC(2026, 0, 1);
    const source = new DrivenClockSource(path, start);
    const clock = new DrivenClock(path);
    try {
      expect(clock.nowMs()).toBeGreaterThanOrEqual(start);
      source.jumpTo(start + 86_400_000);
      await until(() => clock.nowMs() >= start + 86_400_000, "the reader has seen the jump");
      source.jumpTo(start);
      const before = clock.nowMs();
      writeFileSync(path, JSON.stringify({ baseMs: start, atMs: Date.now() }));
      await new Promise((done) => setTimeout(done, 200));
      expect(clock.nowMs()).toBeGreaterThanOrEqual(before);
      writeFileSync(path, "garbage");
      await new Promise((done) => setTimeout(done, 200));
      expect(clock.nowMs()).toBeGreaterThanOrEqual(before);
    } finally {
      clock.close();
    }
  });

  it("goes on from its file after a restart of the launcher", () => {
    const path = join(folder, "clock.json");
    new DrivenClockSource(path, 1_000_000).jumpTo(5_000_000_000);
    expect(new DrivenClockSource(path, 2_000_000).nowMs()).toBeGreaterThanOrEqual(5_000_000_000);
  });

  it("takes up an hour that is given, whatever has passed meanwhile", () => {
    const path = join(folder, "clock.json");
    writeFileSync(path, JSON.stringify({ baseMs: 5_000_000_000, atMs: Date.now() - 86_400_000 }));
    const source = new DrivenClockSource(path, 1_000_000, 5_000_100_000);
    expect(source.nowMs()).toBeGreaterThanOrEqual(5_000_100_000);
    expect(source.nowMs()).toBeLessThan(5_000_100_000 + 3_600_000);
  });

  it("is no clock without its file", () => {
    expect(() => new DrivenClock(join(folder, "nothing"))).toThrow(/no driven clock/);
  });
});

describe("failpoints", () => {
  it("are off without a setting, and refuse names that there are not", () => {
    const off = new Failpoints(undefined);
    off.reach("log.begin");
    expect(off.isNext("log.begin")).toBe(false);
    expect(() => new Failpoints("log.never")).toThrow(/there are log\.begin,/);
    for (const setting of ["log.begin:0", "log.begin:x", "log.begin:1.5"]) expect(() => new Failpoints(setting)).toThrow(/count/);
  });

  it("know which passage is the one to stand still at", () => {
    const third = new Failpoints("guard.torn:3");
    for (const expected of [false, false, true]) {
      expect(third.isNext("guard.torn")).toBe(expected);
      expect(third.isNext("log.torn")).toBe(false);
      if (!expected) third.reach("guard.torn");
    }
  });

  it("tear a write inside a record, of however many equal ones it consists", () => {
    const { sha256 } = nativeHasher;
    for (const count of [1, 2, 4]) {
      const path = join(folder, `log-${count}`);
      const stop = new Error("stands still");
      const file = new FileAppender(path, {
        isNext: (step) => step === "torn",
        reach: (step) => {
          if (step === "torn") throw stop;
        },
      });
      const frames = Array.from({ length: count }, (_, index) => frame(index + 1, bytes("a vote"), sha256, 0));
      expect(() => file.append(concatBytes(...frames), () => undefined)).toThrow(stop);
      file.close();
      const left = new FileAppender(path).initial;
      expect(left.length).toBeGreaterThan(parseLog(left, sha256).soundBytes);
    }
  });
});
