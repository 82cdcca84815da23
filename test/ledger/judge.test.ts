import { describe, expect, it } from "vitest";
import { decodeTransaction } from "../../src/codec/transaction.ts";
import { judgeAgainstParent, judgeForm } from "../../src/ledger/judge.ts";
import type { Hash, PublicKey } from "../../src/types/scalars.ts";
import { alliance, commitment, receivable, registration } from "./support/alliance.ts";
import { by, identityOf, op, TestChain } from "./support/chain.ts";
import { firm, testKey, testUscc } from "./support/firm.ts";

const note = commitment("some note");
const split = op("note.split", { note, parts: [2_000n, 3_000n] });

describe("what makes a block invalid", () => {
  it("a well-formed transaction by known keys is accepted, whatever its ledger outcome will be", () => {
    const { chain, seller } = alliance();
    expect(chain.judge(chain.sign(split, [seller]))).toBeNull();
  });

  it("the wire encoding of a transaction decodes to an envelope of the same id that is judged the same", () => {
    const { chain, seller } = alliance();
    const envelope = chain.sign(split, [seller]);
    const decoded = decodeTransaction(envelope.bytes);
    expect(decoded.ok && decoded.value.pair).toEqual(envelope.pair);
    expect(decoded.ok && chain.judge(decoded.value)).toBeNull();
  });

  it("a transaction for another chain is refused for good", () => {
    const { chain, seller } = alliance();
    const other = new TestChain(identityOf({ ...chain.identity.genesis, network: "other" }));
    const refusal = chain.judge(other.sign(split, [seller]));
    expect(refusal).toMatchObject({ code: "CHAIN_FOREIGN", retriable: false });
  });

  it("an operation of an unknown kind is refused for good", () => {
    const { chain, seller } = alliance();
    const refusal = chain.judge(chain.sign({ kind: "note.burn", body: split.body }, [seller]));
    expect(refusal).toMatchObject({ code: "KIND_UNKNOWN", retriable: false });
  });

  it("a body that is not of its kind's form is refused for good, before any state is looked at", () => {
    const { chain, seller } = alliance();
    const envelope = chain.sign({ kind: "note.split", body: split.body.slice(0, -1) }, [seller]);
    expect(judgeForm(envelope, chain.identity.chain)).toMatchObject({ code: "BODY_INVALID", retriable: false });
    const padded = chain.sign({ kind: "note.split", body: Uint8Array.of(...split.body, 0) }, [seller]);
    expect(judgeForm(padded, chain.identity.chain)?.code).toBe("BODY_INVALID");
  });

  it("a transaction is valid from W before its notAfter up to notAfter itself", () => {
    const { chain, seller } = alliance();
    const notAfter = chain.timeMs + 700_000;
    const envelope = chain.sign(split, [seller], { notAfter });
    expect(chain.judge(envelope, notAfter - 600_001)).toMatchObject({ code: "NOT_AFTER_TOO_FAR", retriable: true });
    expect(chain.judge(envelope, notAfter - 600_000)).toBeNull();
    expect(chain.judge(envelope, notAfter)).toBeNull();
    expect(chain.judge(envelope, notAfter + 1)).toMatchObject({ code: "EXPIRED", retriable: false });
  });

  it("a key that the chain does not know is refused, but may be known a block later", () => {
    const { chain, seller } = alliance();
    const refusal = chain.judge(chain.sign(split, [seller, by(seller, testKey("nobody"))]));
    expect(refusal).toMatchObject({ code: "KEY_UNKNOWN", retriable: true });
  });

  it("a key does not sign for another party", () => {
    const { chain, seller, debtor } = alliance();
    expect(chain.judge(chain.sign(split, [by(seller, debtor.maker)]))?.code).toBe("KEY_INVALID");
  });

  it("a party that is not active does not sign", () => {
    const { chain, seller } = alliance();
    const party = chain.read("party", seller.id);
    chain.objects.set(`party${seller.id}`, { ...party, status: "SUSPENDED", version: party.version + 1 } as typeof party);
    expect(chain.judge(chain.sign(split, [seller]))).toMatchObject({ code: "PARTY_INACTIVE", retriable: true });
  });

  it("keys that a registration brings sign it, but only together with somebody whom the chain knows", () => {
    const { chain, platform } = alliance();
    const party = firm("newcomer", testUscc(50));
    const operation = op("party.register", registration(party, ["SELLER"]));
    const own = [party, by(party, party.checker)];
    expect(chain.judge(chain.sign(operation, [platform, ...own]))).toBeNull();
    expect(chain.judge(chain.sign(operation, own))?.code).toBe("KEY_UNKNOWN");
  });

  it("no key of small order enters the chain", () => {
    const { chain, platform } = alliance();
    const party = firm("weak", testUscc(51));
    const weak = { ...party.maker, key: "0100000000000000000000000000000000000000000000000000000000000000" as PublicKey };
    const operation = op("party.register", registration(party, ["SELLER"], { keys: [{ key: weak.key, purpose: "MAKER" }] }));
    const envelope = chain.sign(operation, [platform, { party: party.id, key: { ...weak, sign: () => new Uint8Array(64) } }]);
    const judged = judgeAgainstParent(chain, envelope, { chain: chain.identity.chain, timeMs: chain.timeMs + 1 });
    expect(judged?.code).toBe("KEY_UNACCEPTABLE");
  });

  it("every first key signs its own registration", () => {
    const { chain, platform } = alliance();
    const party = firm("half", testUscc(52));
    expect(chain.refusal(op("party.register", registration(party, ["SELLER"])), platform, party)).toBe("SIGNER_MISSING");
  });

  it("an object's version is what its signers saw", () => {
    const world = alliance();
    const { chain, seller } = world;
    const made = receivable(world, 5_000n);
    const operation = op("note.split", { note: made.note, parts: [2_000n, 3_000n] });
    const { code } = chain.send(operation, [seller], { expect: [{ id: made.note as Hash, version: 1 }] });
    expect(code).toBe("OK");
    expect(chain.read("note", made.note).version).toBe(2);
  });
});
