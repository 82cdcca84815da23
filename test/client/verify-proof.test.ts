import { beforeAll, describe, expect, it } from "vitest";
import { verifyNative } from "../../src/adapters/ed25519-native.ts";
import { type Proved, verifyProof } from "../../src/client/verify-proof.ts";
import { proofDigest } from "../../src/codec/proof.ts";
import type { Json } from "../../src/codec/schema.ts";
import { Prng } from "../../src/lib/prng.ts";
import { trustGenesis } from "../../src/light/trust.ts";
import type { ProofKind } from "../../src/node/proof-reader.ts";
import type { Hash } from "../../src/types/scalars.ts";
import { type Alliance, allianceOn, commitment, receivable, registerFirm } from "../ledger/support/alliance.ts";
import { op, type Sent } from "../ledger/support/chain.ts";
import { type Firm, firm, testKey, testUscc } from "../ledger/support/firm.ts";
import { ProvingChain } from "../node/support/proving-chain.ts";

type JsonObject = { readonly [field: string]: Json };

const HOLDERS = 10;
/** Of the places in a proof's text, one in so many is changed; ZHONGLIAN_PROOF_FLIPS=1 changes each. */
const FLIP_EVERY = Number(process.env.ZHONGLIAN_PROOF_FLIPS ?? 11);

let world: Alliance & { readonly chain: ProvingChain };
let firms: readonly Firm[];
let note: Hash;
let first: Hash;
let lastTransfer: Sent;
/** One of every form. */
let proofs: Readonly<Record<"note" | "receivable" | "absence" | "transaction" | "txReceipt" | "event", JsonObject>>;

/** A note that went through ten hands; later the authorities change twice, and more happens. */
beforeAll(async () => {
  world = allianceOn((identity) => new ProvingChain(identity));
  const { chain } = world;
  firms = Array.from({ length: HOLDERS - 1 }, (_, index) => firm(`holder ${index}`, testUscc(100 + index)));
  for (const holder of firms) registerFirm(world, holder, ["SELLER"]);
  first = receivable(world, 5_000_000n).note;
  note = first;
  let from: Firm = world.seller;
  const envelopes = [];
  for (const to of firms) {
    lastTransfer = chain.act(op("note.transfer", { note, to: to.id }), from, to);
    note = lastTransfer.created();
    from = to;
  }
  // A block of several transactions, so that its trees have paths.
  for (let index = 0; index < 5; index++)
    envelopes.push(chain.sign(op("note.transfer", { note, to: world.supplier.id }), [from, world.supplier]));
  chain.block(envelopes);
  const third = envelopes[2]?.pair.id as Hash;
  const whole = envelopes[0]?.pair.id as Hash;
  proofs = {
    note: await proof("note", note),
    receivable: await proof("receivable", chain.read("note", note).receivable),
    absence: await proof("loan", commitment("no such loan")),
    transaction: await proof("transaction", third),
    txReceipt: await proof("txReceipt", third),
    event: await proof("event", `${whole}/0`),
  };
});

async function proof(kind: ProofKind, id: string, height?: number): Promise<JsonObject> {
  const made = await world.chain.proofs.prove(kind, id, height);
  if (!made.ok) throw new Error(`${made.error.code}: ${made.error.detail}`);
  return made.value;
}

function verdict(text: string): string {
  const result = verifyProof(text, trustGenesis(world.chain.identity), { verify: verifyNative });
  return result.ok ? "holds" : result.error.code;
}

function proved(json: JsonObject): Proved {
  const result = verifyProof(JSON.stringify(json), trustGenesis(world.chain.identity));
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.detail}`);
  return result.value;
}

/** The proof with something put in the place of a field (names joined by dots), and a digest to match: what a forger would hand in. */
function forged(json: JsonObject, path: string, change: (old: Json) => Json | undefined): string {
  const put = (at: Json, names: readonly string[]): Json => {
    const [name, ...rest] = names as [string, ...string[]];
    if (Array.isArray(at)) return at.map((each, index) => (String(index) === name ? step(each, rest) : each));
    return Object.fromEntries(
      Object.entries(at as JsonObject).flatMap(([key, value]) => {
        const next = key === name ? step(value, rest) : value;
        return next === undefined ? [] : [[key, next]];
      }),
    );
  };
  const step = (at: Json, names: readonly string[]) => (names.length === 0 ? (change(at) as Json) : put(at, names));
  const changed = put(json, path.split(".")) as JsonObject;
  if (JSON.stringify(changed) === JSON.stringify(json)) throw new Error(`${path} did not change`);
  return JSON.stringify({ ...changed, digest: proofDigest(changed) });
}

const otherHex = (old: Json): Json => `${String(old).startsWith("0") ? "1" : "0"}${String(old).slice(1)}`;
const longer = (old: Json): Json => `${String(old)}${"00".repeat(32)}`;
const shorter = (old: Json): Json => String(old).slice(64);

describe("a proof that holds", () => {
  it("shows a note with the ten hands it went through, and who signed the block", () => {
    const { chain } = world;
    const { fact, height, signedBy, authorities, chain: of } = proved(proofs.note);
    if (fact.kind !== "object") throw new Error("an object is shown");
    expect({ height, of, authorities }).toEqual({ height: chain.height, of: chain.identity.chain, authorities: 4 });
    expect(signedBy).toHaveLength(3);
    expect(fact.object).toMatchObject({ id: note, holder: firms.at(-1)?.id, amount: "5000000" });
    expect(fact.title.map(({ holder }) => holder)).toEqual([
      ...firms
        .slice(0, -1)
        .map(({ id }) => id)
        .reverse(),
      world.seller.id,
    ]);
    expect(new Set(fact.title.map(({ position }) => position))).toEqual(new Set(["CONSUMED"]));
    expect(fact.title.at(-1)).toMatchObject({ id: first, parent: null });
    expect(fact.isWhole).toBe(true);
  });

  it("shows that there is no such object", () => {
    expect(proved(proofs.absence)).toMatchObject({ kind: "loan", id: commitment("no such loan"), fact: { kind: "absence" } });
  });

  it("shows transactions, receipts and events of a block", () => {
    expect(proved(proofs.transaction).fact).toMatchObject({ kind: "transaction", index: 2 });
    expect(proved(proofs.txReceipt).fact).toMatchObject({ kind: "receipt", index: 2, events: [] });
    expect(proved(proofs.event).fact).toMatchObject({ kind: "event", index: 0, event: { kind: "happened" } });
  });

  it("may be laid out with spaces, tabs and lines, and nothing else", () => {
    const { note: json } = proofs;
    expect(verdict(`${JSON.stringify(json, null, 2)}\n`)).toBe("holds");
    expect(verdict(JSON.stringify(json, null, "\t"))).toBe("holds");
    const [head, ...rest] = Object.entries(json) as [[string, Json], ...[string, Json][]];
    expect(verdict(JSON.stringify(Object.fromEntries([...rest, head])))).toBe("PROOF_NOT_CANONICAL");
    expect(verdict(JSON.stringify(json).replace('"v":1,', '"v":1.0,'))).toBe("PROOF_NOT_CANONICAL");
    expect(verdict(JSON.stringify(json).replace('"v":1,', '"v":1,"v":1,'))).toBe("PROOF_NOT_CANONICAL");
    expect(verdict(JSON.stringify(json).replace('"note"', '"n\\u006fte"'))).toBe("PROOF_NOT_CANONICAL");
    expect(verdict(`${JSON.stringify(json)}{}`)).toBe("PROOF_NOT_JSON");
    expect(verdict(`\uFEFF${JSON.stringify(json)}`)).toBe("PROOF_NOT_JSON");
  });
});

describe("a proof of a note with ten holders", () => {
  it("is under 16 KiB as the JSON that is answered", () => {
    const bytes = new TextEncoder().encode(JSON.stringify(proofs.note)).length;
    expect(bytes).toBeLessThan(16 * 1024);
    // The title costs little more than a holder, a parent and a path each.
    expect(JSON.stringify((proofs.note.present as JsonObject).title).length).toBeLessThan(250 * HOLDERS);
  });
});

describe("a proof with anything changed", () => {
  it("is refused with a reason, whichever character of its text is another", () => {
    const random = new Prng(1);
    const accepted: string[] = [];
    const codes = new Set<string>();
    for (const [name, json] of Object.entries(proofs)) {
      const text = JSON.stringify(json);
      for (let at = random.below(FLIP_EVERY); at < text.length; at += FLIP_EVERY) {
        const old = text.charCodeAt(at);
        // Half of the changes stay within the alphabet of the text: a digit for a digit.
        const near = "0123456789abcdef".replace(text.charAt(at), "").charAt(random.below(15));
        const far = String.fromCharCode(old ^ (1 << random.below(7)));
        const changed = text.slice(0, at) + (random.below(2) === 0 ? near : far) + text.slice(at + 1);
        const code = verdict(changed);
        codes.add(code);
        if (code === "holds")
          accepted.push(`${name} at ${at}: ${text.slice(at - 10, at + 10)} → ${changed.slice(at - 10, at + 10)}`);
      }
    }
    expect(accepted).toEqual([]);
    expect(codes.size).toBeGreaterThan(8);
  });

  it("is refused if a character is left out or put in", () => {
    const random = new Prng(2);
    for (const json of Object.values(proofs)) {
      const text = JSON.stringify(json);
      for (let round = 0; round < 40; round++) {
        const at = random.below(text.length);
        expect(verdict(text.slice(0, at) + text.slice(at + 1))).not.toBe("holds");
        expect(verdict(`${text.slice(0, at)}0${text.slice(at)}`)).not.toBe("holds");
      }
    }
  });

  it.each([
    ["note", "v", () => 2, "PROOF_MALFORMED"],
    ["note", "id", otherHex, "PROOF_OTHER_ID"],
    ["note", "kind", () => "offer", "PROOF_MALFORMED"],
    ["note", "kind", () => "ghost", "PROOF_KIND_UNKNOWN"],
    ["note", "present.value.holder", otherHex, "PROOF_STATE"],
    ["note", "present.value.amount", () => "5000001", "PROOF_STATE"],
    ["note", "present.value.version", () => 9, "PROOF_STATE"],
    ["note", "present.title.0.holder", otherHex, "PROOF_STATE"],
    ["note", "present.title.8", () => undefined, "PROOF_MALFORMED"],
    ["note", "present.title", () => undefined, "PROOF_STATE"],
    ["note", "present.depths.1", (old) => Number(old) + 1, "PROOF_STATE"],
    ["note", "present.siblings", otherHex, "PROOF_STATE"],
    ["note", "present.siblings", shorter, "PROOF_STATE"],
    ["note", "present.siblings", longer, "PROOF_STATE"],
    ["note", "present", () => undefined, "PROOF_MALFORMED"],
    ["note", "header.stateRoot", otherHex, "COMMIT_OTHER_BLOCK"],
    ["note", "header.timeMs", (old) => Number(old) + 1, "COMMIT_OTHER_BLOCK"],
    ["note", "header.chain", otherHex, "CHAIN_OTHER"],
    ["note", "header.validators", otherHex, "AUTHORITIES_OTHER"],
    ["note", "header.height", () => 0, "PROOF_MALFORMED"],
    ["note", "commit.round", () => 1, "COMMIT_BAD_SIGNATURE"],
    ["note", "commit.sigs.0.sig", otherHex, "COMMIT_BAD_SIGNATURE"],
    ["note", "commit.sigs.0", () => undefined, "PROOF_MALFORMED"],
    ["absence", "absent.siblings", otherHex, "PROOF_STATE"],
    ["absence", "absent.siblings", longer, "PROOF_STATE"],
    ["absence", "absent", () => undefined, "PROOF_MALFORMED"],
    ["transaction", "id", otherHex, "PROOF_OTHER_ID"],
    ["transaction", "transaction.index", () => 3, "PROOF_TRANSACTION"],
    ["transaction", "transaction.path", otherHex, "PROOF_TRANSACTION"],
    ["transaction", "transaction.path", shorter, "PROOF_TRANSACTION"],
    ["transaction", "transaction.tx", (old) => `${String(old).slice(0, -2)}00`, "PROOF_OTHER_ID"],
    ["transaction", "transaction.tx", (old) => String(old).replace(/(6473696773825840)../, "$1ff"), "PROOF_TRANSACTION"],
    ["txReceipt", "id", otherHex, "PROOF_TRANSACTION"],
    ["txReceipt", "txReceipt.code", () => 0, "PROOF_RECEIPT"],
    ["txReceipt", "txReceipt.sigs", otherHex, "PROOF_TRANSACTION"],
    ["txReceipt", "txReceipt.index", () => 0, "PROOF_TRANSACTION"],
    ["txReceipt", "txReceipt.receiptPath", otherHex, "PROOF_RECEIPT"],
    ["event", "event.event.data", (old) => `${String(old).slice(0, -2)}00`, "PROOF_RECEIPT"],
    ["event", "event.event.kind", () => "posting", "PROOF_RECEIPT"],
    ["event", "id", (old) => `${String(old).slice(0, 65)}1`, "PROOF_OTHER_ID"],
    ["event", "event.before", (_, event = proofs.event.event as JsonObject) => [event.event as Json], "PROOF_OTHER_ID"],
  ] as const satisfies readonly (readonly [keyof typeof proofs, string, (old: Json) => Json | undefined, string])[])(
    "is refused although its digest was made to match: %s, %s",
    (name, path, change, code) => {
      expect(verdict(forged(proofs[name], path, change))).toBe(code);
    },
  );

  it("is refused if only the digest is another", () => {
    const { digest: _, ...rest } = proofs.note;
    expect(verdict(JSON.stringify({ ...rest, digest: commitment("another") }))).toBe("PROOF_DIGEST");
  });

  it("is refused if a receipt is shown under the id of its neighbour", () => {
    const shown = proofs.txReceipt.txReceipt as JsonObject;
    const neighbour = world.chain.blocks.block(world.chain.height)?.pairs[3];
    const other = { ...proofs.txReceipt, id: neighbour?.id as Hash, txReceipt: { ...shown, sigs: neighbour?.sigs as Hash } };
    expect(verdict(JSON.stringify({ ...other, digest: proofDigest(other) }))).toBe("PROOF_TRANSACTION");
  });

  it("is refused under another genesis", () => {
    const { identity } = world.chain;
    const other = { ...trustGenesis(identity), chain: commitment("another chain") };
    expect(verifyProof(JSON.stringify(proofs.note), other)).toMatchObject({ ok: false, error: { code: "CHAIN_OTHER" } });
  });
});

describe("a proof after the authorities have changed", () => {
  it("leads from the genesis over every change, and no change can be left out, moved or made up", async () => {
    const { chain } = world;
    const { set } = trustGenesis(chain.identity);
    const stranger = { member: "fifth" as never, key: testKey("fifth authority").key };
    const before = chain.height;
    chain.announce([...set, stranger]);
    chain.block([]);
    chain.block([]);
    chain.announce([...set, stranger].slice(1));
    chain.block([]);
    chain.block([]);
    const json = await proof("note", note);
    expect(proved(json)).toMatchObject({ changes: 2, authorities: 4, height: before + 4 });
    expect(proved(json).signedBy).toContain("fifth");

    const changes = json.changes as readonly Json[];
    const [one, two] = changes as readonly [Json, Json];
    expect(verdict(forged(json, "changes", () => []))).toBe("AUTHORITIES_OTHER");
    expect(verdict(forged(json, "changes", () => [one]))).toBe("AUTHORITIES_OTHER");
    expect(verdict(forged(json, "changes", () => [two]))).toBe("AUTHORITIES_OTHER");
    expect(verdict(forged(json, "changes", () => [two, one]))).toBe("AUTHORITIES_OTHER");
    expect(verdict(forged(json, "changes", () => [one, one, two]))).toBe("HEIGHT_NOT_ABOVE");
    expect(verdict(forged(json, "changes.0.set.4.key", () => testKey("another fifth").key))).toBe("AUTHORITIES_OTHER");
    expect(verdict(forged(json, "changes.1.commit.round", () => 5))).toBe("COMMIT_BAD_SIGNATURE");

    // Who trusts the block of the first change needs only the second.
    const trusted = { chain: chain.identity.chain, height: before + 1, set: [...set, stranger] };
    expect(verifyProof(JSON.stringify(json), trusted)).toMatchObject({ ok: true, value: { changes: 1 } });
    expect(verifyProof(JSON.stringify(json), { ...trusted, set })).toMatchObject({ ok: false });
    // And need not be given more.
    const short = await chain.proofs.prove("note", note, undefined, trusted.height);
    const text = JSON.stringify(short.ok ? short.value : short.error);
    expect(short).toMatchObject({ ok: true, value: { changes: [two] } });
    expect(verifyProof(text, trusted)).toMatchObject({ ok: true, value: { changes: 1 } });
    expect(verdict(text)).toBe("AUTHORITIES_OTHER");
  });

  it("answers which authorities sign which height", () => {
    const { chain } = world;
    const { height } = chain;
    const sizes = [1, height - 3, height - 2, height - 1, height].map((at) => chain.authoritiesAt(at)?.length);
    expect(sizes).toEqual([4, 4, 5, 5, 4]);
    expect(chain.authoritiesAt(height + 2)).toBeUndefined();
  });
});

describe("proof_get", () => {
  it("says why it has none", async () => {
    const { chain } = world;
    const codes = await Promise.all(
      (
        [
          ["note", "zz", undefined],
          ["note", note, chain.height + 1],
          ["note", note, 1],
          ["transaction", commitment("nothing"), undefined],
          ["transaction", lastTransfer.id, 1],
          ["event", lastTransfer.id, undefined],
          ["event", `${lastTransfer.id}/9`, undefined],
          ["txReceipt", `${lastTransfer.id}/0`, undefined],
        ] as const
      ).map(async ([kind, id, height]) => {
        const made = await chain.proofs.prove(kind, id, height);
        return made.ok ? "OK" : made.error.code;
      }),
    );
    expect(codes).toEqual([
      "ID_INVALID",
      "BLOCK_NOT_FOUND",
      "OK",
      "NOT_FOUND",
      "NOT_FOUND",
      "ID_INVALID",
      "NOT_FOUND",
      "ID_INVALID",
    ]);
  });
});
