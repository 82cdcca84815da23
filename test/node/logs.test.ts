import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { publicKeyOf, sign } from "../../src/crypto/ed25519.ts";
import { sha256, sha256Pairs } from "../../src/crypto/hash.ts";
import { concatBytes, equalBytes } from "../../src/lib/bytes.ts";
import { ConsensusLog } from "../../src/node/consensus-log.ts";
import { DoubleSignGuard, newGuardFile, type SignRequest } from "../../src/node/double-sign-guard.ts";
import { frame, parseLog } from "../../src/node/framed-log.ts";
import type { AppendFile } from "../../src/ports/append-file.ts";
import type { Hasher, Signer } from "../../src/ports/crypto.ts";
import type { PublicKey, Signature } from "../../src/types/scalars.ts";

const hasher: Hasher = { sha256, sha256Pairs };
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytes = (what: string): Uint8Array => new TextEncoder().encode(what);

/** A file that syncs when it is told to, or fails. */
class TestFile implements AppendFile {
  readonly initial: Uint8Array;
  durable: Uint8Array;
  #waiting: { readonly apply: () => void; readonly done: (fault: Error | null) => void }[] = [];
  fault: Error | null = null;

  constructor(initial: Uint8Array = new Uint8Array(0)) {
    this.initial = initial;
    this.durable = initial;
  }

  append(what: Uint8Array, done: (fault: Error | null) => void): void {
    this.#waiting.push({
      apply: () => {
        this.durable = concatBytes(this.durable, what);
      },
      done,
    });
  }

  replace(what: Uint8Array, done: (fault: Error | null) => void): void {
    this.#waiting.push({
      apply: () => {
        this.durable = what;
      },
      done,
    });
  }

  get busy(): boolean {
    return this.#waiting.length > 0;
  }

  /** Whatever was asked for so far is on disk now. */
  sync(): void {
    for (const { apply, done } of this.#waiting.splice(0)) {
      if (this.fault === null) apply();
      done(this.fault);
    }
  }
}

const log = (...payloads: readonly string[]): Uint8Array =>
  concatBytes(...payloads.map((payload, index) => frame(index + 1, bytes(payload), sha256)));

describe("a framed log", () => {
  it("gives back what was written, in order", () => {
    const { records, corrupt, soundBytes } = parseLog(log("a", "", "long ".repeat(1_000)), sha256);
    expect(records.map(({ sequence, payload }) => [sequence, payload.length])).toEqual([
      [1, 1],
      [2, 0],
      [3, 5_000],
    ]);
    expect([corrupt, soundBytes]).toEqual([false, log("a", "", "long ".repeat(1_000)).length]);
  });

  it("takes any sectors missing of the last write for a crash, and of an earlier one for damage", () => {
    const [earlier, last] = [log("a", "b"), concatBytes(...[3, 4, 5].map((at) => frame(at, bytes("of one write"), sha256, 2)))];
    const hole = (whole: Uint8Array, at: number): Uint8Array => whole.slice().fill(0, at, at + 8);
    expect(parseLog(hole(concatBytes(earlier, last), earlier.length + 4), sha256)).toMatchObject({
      corrupt: false,
      records: { length: 2 },
      soundBytes: earlier.length,
    });
    expect(parseLog(hole(concatBytes(earlier, last), log("a").length + 4), sha256).corrupt).toBe(true);
  });

  it("takes a torn tail for a crash: what checks stays, and nothing else is read, wherever it was torn", () => {
    const whole = log("first", "second", "third");
    const boundaries = [0, log("first").length, log("first", "second").length, whole.length];
    fc.assert(
      fc.property(fc.nat({ max: whole.length }), (cut) => {
        const { records, corrupt, soundBytes } = parseLog(whole.subarray(0, cut), sha256);
        const expected = boundaries.filter((boundary) => boundary <= cut).length - 1;
        expect([records.length, corrupt, soundBytes]).toEqual([expected, false, boundaries[expected]]);
      }),
    );
  });

  it("takes a changed byte in front of a sound record for damage, and never reads a changed record", () => {
    const whole = log("first", "second", "third");
    const last = log("first", "second").length;
    for (let at = 0; at < whole.length; at++) {
      const changed = whole.slice();
      changed[at] = (changed[at] as number) ^ 0x40;
      const { records, corrupt } = parseLog(changed, sha256);
      expect(
        records.every(({ payload }) => ["first", "second", "third"].includes(text(payload))),
        `byte ${at}`,
      ).toBe(true);
      expect(corrupt, `byte ${at}`).toBe(at < last);
    }
  });

  it("does not go on with a record of another place", () => {
    const skipped = concatBytes(frame(1, bytes("one"), sha256), frame(3, bytes("three"), sha256));
    expect(parseLog(skipped, sha256)).toMatchObject({ records: [{ sequence: 1 }], corrupt: true });
    const repeated = concatBytes(frame(1, bytes("one"), sha256), frame(1, bytes("one"), sha256));
    expect(parseLog(repeated, sha256).records).toHaveLength(1);
  });
});

describe("the consensus log", () => {
  function open(file: TestFile) {
    const faults: Error[] = [];
    return { own: new ConsensusLog({ file, hasher, fatal: (error) => faults.push(error) }), faults };
  }

  it("lets nothing happen before every record appended so far is durable, and keeps the order", () => {
    const file = new TestFile();
    const { own } = open(file);
    const happened: string[] = [];
    own.whenDurable(() => happened.push("at once"));
    own.append(bytes("a"));
    own.whenDurable(() => happened.push("after a"));
    own.append(bytes("b"));
    own.whenDurable(() => happened.push("after b"));
    expect(happened).toEqual(["at once"]);
    file.sync();
    expect(happened).toEqual(["at once", "after a"]);
    file.sync();
    expect(happened).toEqual(["at once", "after a", "after b"]);
    expect(parseLog(file.durable, sha256).records.map(({ payload }) => text(payload))).toEqual(["a", "b"]);
  });

  it("lets nothing happen after a failed write, and says so once", () => {
    const file = new TestFile();
    const { own, faults } = open(file);
    const happened: string[] = [];
    own.append(bytes("a"));
    own.whenDurable(() => happened.push("never"));
    file.fault = new Error("disk full");
    file.sync();
    own.whenDurable(() => happened.push("nor this"));
    own.append(bytes("b"));
    own.whenDurable(() => happened.push("nor that"));
    file.sync();
    expect(happened).toEqual([]);
    expect(faults).toHaveLength(1);
  });

  it("cuts a torn tail off before it goes on, so that the next record can be read", () => {
    const file = new TestFile(log("a", "b").slice(0, -3));
    const { own } = open(file);
    expect(own.records.map(({ payload }) => text(payload))).toEqual(["a"]);
    own.append(bytes("c"));
    own.whenDurable(() => undefined);
    file.sync();
    expect(parseLog(file.durable, sha256)).toMatchObject({ corrupt: false, records: { length: 2 } });
  });
});

describe("the double-sign guard", () => {
  const seed = sha256(bytes("guarded"));
  const key = publicKeyOf(seed);
  let signatures = 0;
  const signer: Signer = {
    publicKey: key,
    sign: (message, done) => {
      signatures += 1;
      done(null, sign(seed, message));
    },
  };
  const birth = newGuardFile(key, sha256);
  const request = (height: number, round: number, step: SignRequest["step"], what: string): SignRequest => ({
    height,
    round,
    step,
    message: sha256(bytes(what)),
  });

  function open(initial: Uint8Array = birth, by: Signer = signer) {
    const file = new TestFile(initial);
    const guard = new DoubleSignGuard({ file, hasher, signer: by });
    /** The signature; null for a refusal; "waiting" while nothing is durable. */
    const ask = (what: SignRequest, syncs = true): Signature | null | "waiting" | Error => {
      let answer: Signature | null | "waiting" | Error = "waiting";
      guard.sign(what, (fault, signature) => {
        answer = fault ?? signature;
      });
      if (syncs) file.sync();
      return answer;
    };
    return { file, guard, ask };
  }

  it("releases a signature only when it is on disk", () => {
    const { ask, file, guard } = open();
    expect(ask(request(1, 0, "prevote", "A"), false)).toBe("waiting");
    expect(equalBytes(file.durable, birth)).toBe(true);
    file.sync();
    expect(guard.lastHeight).toBe(1);
    expect(ask(request(1, 0, "precommit", "A"))).toBeInstanceOf(Uint8Array);
  });

  it("hands out the stored signature for equal bytes, without signing again, also after a restart", () => {
    const first = open();
    const signature = first.ask(request(3, 1, "prevote", "A"));
    const before = signatures;
    expect(first.ask(request(3, 1, "prevote", "A"))).toEqual(signature);
    expect(open(first.file.durable).ask(request(3, 1, "prevote", "A"))).toEqual(signature);
    expect(signatures).toBe(before);
  });

  it("refuses other bytes for a slot, and every slot at or before the last, also after a restart and a torn write", () => {
    const first = open();
    first.ask(request(3, 1, "prevote", "A"));
    first.ask(request(3, 1, "precommit", "A"));
    const torn = concatBytes(first.file.durable, Uint8Array.of(1, 2, 3));
    for (const { ask } of [first, open(first.file.durable), open(torn)]) {
      for (const refused of [
        request(3, 1, "prevote", "B"),
        request(3, 1, "precommit", "B"),
        request(3, 1, "proposal", "C"),
        request(3, 0, "precommit", "A"),
        request(2, 9, "precommit", "A"),
      ]) {
        expect(ask(refused)).toBeNull();
      }
      expect(ask(request(3, 2, "prevote", "B"))).toBeInstanceOf(Uint8Array);
    }
  });

  it("never signs two messages for one slot, whatever it is asked and wherever it crashes", () => {
    const asks = fc.array(
      fc.record({
        height: fc.integer({ min: 1, max: 3 }),
        round: fc.integer({ min: 0, max: 2 }),
        step: fc.constantFrom("proposal" as const, "prevote" as const, "precommit" as const),
        what: fc.constantFrom("A", "B"),
        crash: fc.option(fc.nat({ max: 200 })),
      }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(asks, (all) => {
        const released = new Map<string, string>();
        let current = open();
        for (const { height, round, step, what, crash } of all) {
          const answer = current.ask(request(height, round, step, what), crash === null);
          if (answer instanceof Uint8Array) {
            const slot = `${height}/${round}/${step}`;
            expect(released.get(slot) ?? what).toBe(what);
            released.set(slot, what);
          }
          // A crash in the middle of a write leaves any part of it; an answer that was not given was not released.
          if (crash !== null) current = open(concatBytes(current.file.durable, new Uint8Array(crash)));
        }
      }),
      { numRuns: 60 },
    );
  });

  it("has no memory when its file is missing, damaged, or of another key", () => {
    expect(open().guard.hasMemory).toBe(true);
    expect(open(new Uint8Array(0)).guard.hasMemory).toBe(false);
    const other = publicKeyOf(sha256(bytes("another"))) as PublicKey;
    expect(open(newGuardFile(other, sha256)).guard.hasMemory).toBe(false);
    const used = open();
    used.ask(request(1, 0, "prevote", "A"));
    used.ask(request(1, 0, "precommit", "A"));
    const damaged = used.file.durable.slice();
    damaged[birth.length + 30] = (damaged[birth.length + 30] as number) ^ 1;
    expect(open(damaged).guard.hasMemory).toBe(false);
  });

  it("gives no signature when its file cannot be written", () => {
    const { file, ask } = open();
    file.fault = new Error("disk full");
    expect(ask(request(1, 0, "prevote", "A"))).toBe(file.fault);
  });

  it("stays small, and still knows its last height", () => {
    // What a signature is does not matter here, and thousands of them would take most of a minute.
    const quick: Signer = {
      publicKey: key,
      sign: (message, done) => done(null, concatBytes(message, message) as Signature),
    };
    const { file, ask } = open(birth, quick);
    for (let height = 1; height <= 9_000; height++) ask(request(height, 0, "prevote", "A"));
    expect(file.durable.length).toBeLessThan(2 << 20);
    const again = open(file.durable);
    expect(again.guard.lastHeight).toBe(9_000);
    expect(again.ask(request(9_000, 0, "prevote", "B"))).toBeNull();
  }, 60_000);
});
