import { describe, expect, it } from "vitest";
import { decode } from "../../src/codec/cbor.ts";
import { encode, type Schema } from "../../src/codec/schema.ts";
import { dayOf, startOfDay } from "../../src/ledger/calendar.ts";
import { isLive } from "../../src/ledger/conditions.ts";
import { memberObjectId, namedId } from "../../src/ledger/ids.ts";
import type { Kind, LedgerObject, ObjectOf } from "../../src/ledger/kinds.ts";
import { type OperationKind, TRANSITIONS } from "../../src/ledger/transitions.ts";
import { LIMITS } from "../../src/types/limits.ts";
import type { Hash } from "../../src/types/scalars.ts";
import type { Operation } from "../../src/types/transaction.ts";
import { type Alliance, alliance, commitment } from "./support/alliance.ts";
import { CATALOG, type Sample } from "./support/catalog.ts";
import { by, op, type Signing, type TestChain } from "./support/chain.ts";
import type { Firm } from "./support/firm.ts";
import { withBusiness } from "./support/refusals-titles.ts";

/**
 * Every operation of the catalog, which takes effect as it stands, made wrong in every way that has nothing to do with its own rules: each
 * must be refused with a code that says what is wrong and the facts that decided, and leave nothing. `attempt` compares what the
 * block leaves with what an empty one leaves.
 */
const KINDS_OF_OPERATION = [...TRANSITIONS.keys()] as OperationKind[];

interface Prepared extends Sample {
  readonly world: Alliance;
  readonly chain: TestChain;
}

function prepared(kind: OperationKind): Prepared {
  const world = alliance({}, "none");
  return { world, chain: world.chain, ...CATALOG[kind](world) };
}

const partyOf = (signing: Signing): Hash => ("legalId" in signing ? signing.id : signing.party);

function firms(world: Alliance): readonly Firm[] {
  const { bank, platform, verifier, lender, seller, debtor, supplier, guarantor } = world;
  return [bank, platform, verifier, lender, seller, debtor, supplier, guarantor];
}

/** As if the object had always been so. */
function put<K extends Kind>(chain: TestChain, kind: K, object: ObjectOf<K>): void {
  chain.objects.set(kind + object.id, object as unknown as LedgerObject);
}

const values = (facts: readonly { readonly field: string; readonly value: string }[]): ReadonlyMap<string, string> =>
  new Map(facts.map(({ field, value }) => [field, value]));

describe("every operation", () => {
  it.each(KINDS_OF_OPERATION)(
    "%s takes nobody else's signature for that of a party that must sign, no member's either",
    (kind) => {
      const { world, chain, operation, signings } = prepared(kind);
      for (const left of signings) {
        const others = signings.filter((signing) => signing !== left);
        // Any of several parties may do for this one: then it is its body that names it, and the others are not of the transaction.
        const strangers = firms(world).filter(({ id }) => signings.every((signing) => partyOf(signing) !== id));
        expect(strangers.length).toBeGreaterThan(0);
        for (const stranger of strangers) {
          const { code, facts, detail } = chain.attempt(operation, [...others, stranger]);
          expect(
            ["SIGNER_MISSING", "POLICY_NOT_MET", "KEY_UNKNOWN", "PARTY_INACTIVE"],
            `${stranger.name} for ${partyOf(left)}`,
          ).toContain(code);
          expect(facts.length > 0 || detail !== "").toBe(true);
        }
      }
    },
  );

  it.each(KINDS_OF_OPERATION)("%s waits for the checker that a party's policy asks for, and says how many signed", (kind) => {
    const { chain, operation, signings, world } = prepared(kind);
    const known = firms(world).filter(({ id }) => signings.some((signing) => partyOf(signing) === id));
    for (const firm of known) {
      if (kind === "key.revoke" || kind === "key.recover") continue; // Both leave no checker to ask for.
      const party = chain.find("party", firm.id);
      const hasChecker = party?.keys.includes(firm.checker.key) === true;
      const isRequired =
        chain.attempt(
          operation,
          signings.filter((signing) => partyOf(signing) !== firm.id),
        ).code !== "OK";
      if (party === undefined || !hasChecker || !isRequired || signings.some((s) => !("legalId" in s) && s.key === firm.checker))
        continue;
      put(chain, "party", { ...party, policy: [{ action: kind, amountMin: 0n, makers: 1, checkers: 1 }] });
      const without = chain.attempt(operation, signings);
      expect(without.code, firm.name).toBe("POLICY_NOT_MET");
      expect(values(without.facts).get("checkers needed")).toBe("1");
      expect(values(without.facts).get("checkers that signed")).toBe("0");
      expect(chain.attempt(operation, [...signings, by(firm, firm.checker)]).code, firm.name).toBe("OK");
      put(chain, "party", party);
    }
  });

  it.each(KINDS_OF_OPERATION)(
    "%s does not act on what changed since its signers looked, and says which version there is",
    (kind) => {
      const { chain, operation, signings } = prepared(kind);
      const touched = chain
        .execute([chain.sign(operation, signings)], chain.timeMs + 1_000)
        .changes.filter(({ kind: of, before }) => before !== undefined && WITH_VERSIONS.has(of));
      for (const { id, before } of touched) {
        const version = (before as LedgerObject).version;
        expect(chain.attempt(operation, signings, { expect: [{ id, version }] }).code).toBe("OK");
        const { code, facts } = chain.attempt(operation, signings, { expect: [{ id, version: version + 1 }] });
        expect(code).toBe("VERSION_MISMATCH");
        expect(facts.map(({ of, value }) => [of, value])).toEqual([
          ["expect", String(version + 1)],
          ["state", String(version)],
        ]);
      }
      const absent = chain.attempt(operation, signings, { expect: [{ id: commitment("nothing"), version: 1 }] });
      expect([absent.code, absent.facts[1]?.value]).toEqual(["VERSION_MISMATCH", "absent"]);
    },
  );

  it.each(KINDS_OF_OPERATION)("%s is not taken after its time, before its window, or on another chain", (kind) => {
    const { chain, operation, signings } = prepared(kind);
    const now = chain.timeMs + 1_000;
    const late = chain.attempt(operation, signings, { notAfter: now - 1 });
    expect(late.code).toBe("EXPIRED");
    expect(late.detail).toContain(String(now - 1));
    expect(chain.attempt(operation, signings, { notAfter: now + 600_001 }).code).toBe("NOT_AFTER_TOO_FAR");
    const envelope = chain.sign(operation, signings);
    const foreign = { ...envelope, tx: { ...envelope.tx, chain: commitment("another chain") } };
    expect(chain.judge(foreign)?.code).toBe("CHAIN_FOREIGN");
  });

  it.each(KINDS_OF_OPERATION)("%s is not taken from a party that is suspended, or by a key that is revoked", (kind) => {
    const { chain, operation, signings, world } = prepared(kind);
    for (const firm of firms(world).filter(({ id }) => signings.some((signing) => partyOf(signing) === id))) {
      const party = chain.find("party", firm.id);
      if (party === undefined) continue;
      put(chain, "party", { ...party, status: "SUSPENDED" });
      const { code, detail } = chain.attempt(operation, signings);
      put(chain, "party", party);
      // Who was suspended for a stolen key still needs a new one; it acts with it once it is resumed.
      if (kind === "key.recover" && firm.id === world.supplier.id) continue;
      expect(code, firm.name).toBe("PARTY_INACTIVE");
      expect(detail).toContain(firm.id);
    }
    for (const signing of signings) {
      const key = chain.find("key", ("legalId" in signing ? signing.maker.key : signing.key.key) as unknown as Hash);
      if (key === undefined) continue;
      put(chain, "key", { ...key, revokedMs: 1 });
      expect(chain.attempt(operation, signings).code).toBe("KEY_INVALID");
      put(chain, "key", key);
    }
  });

  it.each(KINDS_OF_OPERATION)("%s bounds every amount that it takes", (kind) => {
    const { chain, operation, signings } = prepared(kind);
    for (const { path, changed } of withHuge(operation, "bigint", [2n ** 63n - 1n, 2n ** 55n])) {
      const { code, facts, detail } = chain.attempt(changed, signings);
      if (FREE_AMOUNTS.has(`${kind} ${path}`)) expect(code, path).toBe("OK");
      else {
        expect(code, path).not.toBe("OK");
        expect(facts.length > 0 || detail !== "", path).toBe(true);
      }
    }
  });

  it.each(KINDS_OF_OPERATION)("%s bounds every number, day, time and share that it takes", (kind) => {
    const { chain, operation, signings } = prepared(kind);
    for (const { path, changed } of withHuge(operation, "number", [Number.MAX_SAFE_INTEGER])) {
      const { code, facts, detail } = chain.attempt(changed, signings);
      if (FREE_NUMBERS.has(`${kind} ${path}`)) expect(code, path).toBe("OK");
      else {
        expect(code, path).not.toBe("OK");
        expect(facts.length > 0 || detail !== "", path).toBe(true);
      }
    }
  });

  it.each(KINDS_OF_OPERATION)("%s is over the limit of a signer that has signed as much today as members allow", (kind) => {
    const { chain, operation, signings, world } = prepared(kind);
    withBusiness(world, { transactionsPerDayMax: 3 });
    const bound = signings.map(partyOf).filter((id) => {
      const party = chain.find("party", id);
      return party !== undefined && chain.find("member", memberObjectId(party.sponsor))?.party !== id;
    });
    const day = dayOf(chain.timeMs + 1_000);
    const quota = (party: Hash, used: number) =>
      put(chain, "quota", { id: namedId("quota", party), version: 1, party, day, used });
    for (const party of bound) quota(party, 2);
    expect(chain.attempt(operation, signings).code).toBe("OK");
    for (const party of bound) {
      quota(party, 3);
      const { code, facts } = chain.attempt(operation, signings);
      expect(code).toBe("QUOTA_EXCEEDED");
      expect(facts.map(({ id, value }) => [id, value])).toEqual([
        [party, "3"],
        [null, "3"],
      ]);
      quota(party, 2);
    }
  });
});

describe("what is about goods", () => {
  const about = KINDS_OF_OPERATION.filter((kind) => {
    const { chain, operation, signings } = prepared(kind);
    const { changes } = chain.execute([chain.sign(operation, signings)], chain.timeMs + 1_000);
    return changes.some(({ kind: of, before }) => (of === "warehouseReceipt" || of === "lot") && before !== undefined);
  });

  it("is a part of all operations", () => {
    expect(about.length).toBeGreaterThan(10);
  });

  it.each(about)("%s leaves them where they are while an alarm has frozen their zone", (kind) => {
    const { chain, operation, signings } = prepared(kind);
    for (const zone of chain.all("zone")) {
      const alarm = commitment(`alarm ${zone.id}`);
      const from = { source: "DOOR", by: zone.operator, evidence: commitment("tape") } as const;
      const base = { version: 1, zone: zone.id, rule: "DOOR_OPEN", severity: "CRITICAL", openedMs: chain.timeMs } as const;
      put(chain, "alarm", { id: alarm, ...base, ...from, status: "OPEN" });
      put(chain, "zone", { ...zone, frozen: "HARD", alarms: [alarm] });
    }
    const { code, facts } = chain.attempt(operation, signings);
    expect(code).toBe(DESPITE_ALARM[kind] ?? "GOODS_FROZEN");
    if (code === "GOODS_FROZEN") expect(values(facts).get("frozen")).toBe("HARD");
    else expect(code === "OK" || facts.length > 0).toBe(true);
  });
});

/** What an alarm does not stop, and what asks for more than that goods are not frozen. */
const DESPITE_ALARM: Readonly<Partial<Record<OperationKind, string>>> = {
  // To count them is how it is found out what happened.
  "lot.count": "OK",
  "receipt.pledge": "ZONE_NOT_GREEN",
};

/** What moves a note into the market or lends on it: no more once the debtor must know whom to pay. */
const BEFORE_CUTOFF: ReadonlySet<string> = new Set<OperationKind>([
  "note.split",
  "note.offer",
  "note.acceptOffer",
  "note.transfer",
  "finance.apply",
  "finance.accept",
  "loan.order",
]);

describe("what is about a note", () => {
  const about = KINDS_OF_OPERATION.filter((kind) => {
    const { chain, operation, signings } = prepared(kind);
    const { changes } = chain.execute([chain.sign(operation, signings)], chain.timeMs + 1_000);
    return changes.some(({ kind: of, before }) => of === "note" && before !== undefined);
  });

  it("is a good part of all operations", () => {
    expect(about.length).toBeGreaterThan(30);
  });

  it.each(about)("%s leaves a frozen note alone, unless it is of the few that a freeze does not stop", (kind) => {
    const { chain, operation, signings, world } = prepared(kind);
    const orders = freezeAll(world);
    const { code, facts } = chain.attempt(operation, signings);
    expect(code).toBe(DESPITE_FREEZE[kind] ?? "NOTE_FROZEN");
    if (code === "NOTE_FROZEN") expect(orders).toContain(values(facts).get("hold"));
    else expect(code === "OK" || facts.length > 0).toBe(true);
  });

  it.each(about)("%s respects the cut-off if it is of the market, and says day and maturity", (kind) => {
    const { chain, operation, signings } = prepared(kind);
    const today = dayOf(chain.timeMs);
    // As if today were the day before the maturity, or the maturity itself on a long weekend: what is due is not yet looked at.
    for (const root of chain.all("receivable")) put(chain, "receivable", { ...root, maturityDay: today + 1 });
    const { code, facts } = chain.attempt(operation, signings, { atMs: Math.max(chain.timeMs + 1_000, startOfDay(today)) });
    if (!BEFORE_CUTOFF.has(kind)) {
      expect(code).not.toBe("PAST_CUTOFF");
      return;
    }
    expect(code).toBe("PAST_CUTOFF");
    const seen = values(facts);
    expect([seen.get("day"), seen.get("maturityDay"), seen.get("cutoffDays")]).toEqual([String(today), String(today + 1), "1"]);
  });
});

/** Kinds whose objects a transaction may name by version. */
const WITH_VERSIONS: ReadonlySet<string> = new Set<Kind>([
  "note",
  "receivable",
  "loan",
  "application",
  "decision",
  "offer",
  "invoice",
  "contract",
  "delivery",
  "party",
  "key",
  "proposal",
  "member",
  "payment",
  "dispute",
  "freeze",
  "guarantee",
  "amendment",
  "filing",
]);

/** What a freeze does not stop, and what it has ended before. */
const DESPITE_FREEZE: Readonly<Partial<Record<OperationKind, string>>> = {
  // Money moved outside: the bank says so, and what it paid lies in deposit.
  "loan.disbursed": "OK",
  "loan.fail": "OK",
  "payment.attest": "OK",
  "payment.attestProRata": "OK",
  "payment.reverse": "OK",
  // Of a note that has ended, which nobody can freeze any more.
  "payment.late": "OK",
  // The debtor gives up a defence; the order stays.
  "dispute.withdraw": "OK",
  // The order's own ways.
  "freeze.lift": "OK",
  "freeze.transfer": "OK",
  // The freeze ended the offer or application, or the contest of its title.
  "title.settle": "WRONG_STATUS",
  "title.award": "WRONG_STATUS",
  "title.release": "WRONG_STATUS",
  "note.acceptOffer": "WRONG_STATUS",
  "note.rejectOffer": "WRONG_STATUS",
  "note.withdrawOffer": "WRONG_STATUS",
  "finance.withdraw": "APPLICATION_CLOSED",
  "finance.accept": "DECISION_NOT_LIVE",
};
/** A threshold of one's own rules and the caps of a card are for who sets them; what an invoice elsewhere is about is its verifier's word. */
const FREE_AMOUNTS: ReadonlySet<string> = new Set([
  "party.policy policy[].amountMin",
  "fingerprint.reserve total",
  "risk.policy card.grades[].capMinorUnits",
  "risk.policy card.gates.newPairCapMinorUnits",
]);

/** The court freezes every note that it can; answers its orders. */
function freezeAll({ chain, court }: Alliance): readonly string[] {
  const isHeld = (order: Hash | null) => order !== null && chain.read("freeze", order).kind !== "CONTEST";
  const live = chain.all("note").filter((note) => isLive(note) && !isHeld(note.hold));
  return live.map((note) => {
    const body = { kind: "COURT", by: [court.id], note: note.id, amount: note.amount, document: commitment("order") } as const;
    return chain.act(op("freeze.place", body), court).created();
  });
}

/** Until when data may be used is for whose data they are. */
const FREE_NUMBERS: ReadonlySet<string> = new Set(["consent.grant untilMs"]);

/** The operation with one of its amounts, or numbers, after the other made huge: the largest of `sizes` that its form lets it be. */
function withHuge(
  operation: Operation,
  of: "bigint" | "number",
  sizes: readonly (bigint | number)[],
): readonly { readonly path: string; readonly changed: Operation }[] {
  const schema = TRANSITIONS.get(operation.kind)?.body as unknown as Schema<unknown>;
  const body = decode(schema, operation.body, LIMITS.txBytesMax);
  if (!body.ok) throw new Error(body.error.detail);
  const found: { readonly path: string; readonly changed: Operation }[] = [];
  const visit = (value: unknown, path: string, rebuild: (changed: unknown) => unknown): void => {
    if (typeof value === of) {
      for (const huge of sizes) {
        try {
          found.push({ path, changed: { kind: operation.kind, body: encode(schema, rebuild(huge)) } });
          return;
        } catch {
          // More than its form takes: the next smaller.
        }
      }
    } else if (Array.isArray(value)) {
      for (const [index, item] of value.entries())
        visit(item, `${path}[]`, (changed) => rebuild(value.map((other, at) => (at === index ? changed : other))));
    } else if (typeof value === "object" && value !== null && !(value instanceof Uint8Array)) {
      for (const [name, item] of Object.entries(value))
        visit(item, path === "" ? name : `${path}.${name}`, (changed) => rebuild({ ...value, [name]: changed }));
    }
  };
  visit(body.value, "", (changed) => changed);
  return found;
}
