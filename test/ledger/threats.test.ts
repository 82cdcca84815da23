import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Json } from "../../src/codec/schema.ts";
import { KINDS, type Kind } from "../../src/ledger/kinds.ts";
import type { Hash, MemberId } from "../../src/types/scalars.ts";
import {
  type Alliance,
  alliance,
  commitment,
  DAY_MS,
  HOUR_MS,
  invoiceBody,
  receivable,
  terms,
  trade,
} from "./support/alliance.ts";
import { by, op, type TestChain } from "./support/chain.ts";
import {
  attestation,
  attester,
  contestable,
  disputeBody,
  frozen,
  lookalike,
  recovering,
  recoveryBody,
} from "./support/changes.ts";
import { apply, applyBody, commit, decide, divided, file, lend, mature, pay, searchBody } from "./support/finance.ts";
import { testKey } from "./support/firm.ts";
import { proposed } from "./support/governance.ts";

/** How a threat is met here: a sentence, and the test of it. */
type Met = readonly [sentence: string, run: (world: Alliance) => void];

interface Threat {
  /** The row of domain.md §7. */
  readonly name: string;
  readonly met: readonly Met[];
  /** Tests in other files that are about it: a file, and a sentence in it. */
  readonly elsewhere?: readonly (readonly [file: string, sentence: string])[];
}

const sold = (world: Alliance) => by(world.verifier, world.verifier.attester);

const THREATS: readonly Threat[] = [
  {
    name: "Double financing inside the alliance",
    met: [
      [
        "an invoice is registered once, by its keyed fingerprint, whatever platform the second attempt comes from",
        (world) => {
          const { chain, seller } = world;
          const { contract } = trade(world, 5_000n);
          const { fingerprint } = chain.all("invoice")[0] as { fingerprint: Hash };
          const again = invoiceBody(world, contract, 100n, { fingerprint });
          expect(chain.refusal(op("invoice.register", again), seller, sold(world))).toBe("FINGERPRINT_USED");
          // That there is a conflict, and not whose: of the record that stands in the way nothing is told but that it is there.
          const told = chain.lastRefusal?.facts.filter(({ of }) => of === "fingerprint") ?? [];
          expect(told.map(({ field, value }) => [field, value])).toEqual([["", "there"]]);
        },
      ],
      [
        "an invoice backs no more receivables than its amount",
        (world) => {
          const { chain, seller } = world;
          const traded = trade(world, 5_000n);
          chain.act(op("receivable.issueBySeller", terms(world, traded, 3_000n)), seller);
          const second = terms(world, traded, 3_000n);
          expect(chain.refusal(op("receivable.issueBySeller", second), seller)).toBe("INVOICE_USED_UP");
        },
      ],
      [
        "a note that one lender looks at is no other's, from the application on and before any decision",
        (world) => {
          const { note } = receivable(world, 5_000n);
          apply(world, [note], 4_000n);
          const second = op("finance.apply", applyBody(world, [note], 4_000n, { lenders: [world.lender.id] }));
          expect(world.chain.refusal(second, world.seller)).toBe("NOTE_NOT_OPEN");
        },
      ],
      [
        "an invoice that looks like another backs no finance until its buyer has said that it is another",
        (world) => {
          const { chain, seller, debtor } = world;
          const { contract, invoice } = lookalike(world);
          const root = chain.act(op("receivable.issueBySeller", terms(world, { contract, invoice }, 500n)), seller).created();
          const confirm = op("receivable.confirm", { receivable: root, mode: "UNCONDITIONAL", amount: 500n });
          const note = chain.act(confirm, debtor).created();
          expect(chain.refusal(op("finance.apply", applyBody(world, [note], 400n)), seller)).toBe("INVOICE_DOUBTED");
          chain.act(op("invoice.confirm", { invoice }), debtor);
          chain.act(op("finance.apply", applyBody(world, [note], 400n)), seller);
        },
      ],
    ],
    elsewhere: [["test/ledger/encumbrance.test.ts", "describe("]],
  },
  {
    name: "Double financing outside the alliance",
    met: [
      [
        "money goes out only after search, filing and a second search that is younger than the filing and finds nothing",
        (world) => {
          const { chain, bank } = world;
          const loan = commit(world, [receivable(world, 5_000n).note], 4_000n);
          const instruction = commitment("pain.001");
          const before = chain.act(op("registry.search", searchBody(world)), bank).created();
          expect(chain.refusal(op("loan.order", { loan, search: before, instruction }), bank)).toBe("FILING_MISSING");
          const after = file(world, loan);
          expect(chain.refusal(op("loan.order", { loan, search: before, instruction }), bank)).toBe("SEARCH_MISSING");
          const found = chain.act(op("registry.search", searchBody(world, { hits: 1 })), bank).created();
          expect(chain.refusal(op("loan.order", { loan, search: found, instruction }), bank)).toBe("SEARCH_NOT_CLEAN");
          chain.act(op("loan.order", { loan, search: after, instruction }), bank);
        },
      ],
    ],
    elsewhere: [["test/ledger/priority.test.ts", "strict weak order"]],
  },
  {
    name: "Forged invoice or receipt",
    met: [
      [
        "a seller alone makes no debt: it exists when the debtor has confirmed it, and lapses if the debtor is silent",
        (world) => {
          const { chain, seller, debtor } = world;
          const root = chain.act(op("receivable.issueBySeller", terms(world, trade(world, 5_000n), 5_000n)), seller).created();
          expect(chain.read("receivable", root).confirmed).toBe(0n);
          expect(chain.all("note")).toEqual([]);
          const confirm = op("receivable.confirm", { receivable: root, mode: "UNCONDITIONAL", amount: 5_000n });
          expect(chain.refusal(confirm, seller)).toBe("SIGNER_MISSING");
          chain.pass(31 * DAY_MS);
          expect(chain.read("receivable", root).status).toBe("LAPSED");
          expect(chain.read("party", debtor.id).overdue).toBe(0);
        },
      ],
      [
        "an invoice that the tax office takes back stops what is not paid out yet",
        (world) => {
          const { chain, bank, verifier } = world;
          const { invoice, note } = receivable(world, 5_000n);
          const loan = commit(world, [note], 4_000n);
          const search = file(world, loan);
          chain.pass(1_000);
          const red = { invoice, verifier: verifier.id, status: "RED", checkedMs: chain.timeMs } as const;
          chain.act(op("invoice.attest", red), sold(world));
          const order = op("loan.order", { loan, search, instruction: commitment("pain.001") });
          expect(chain.refusal(order, bank)).toBe("INVOICE_NOT_NORMAL");
        },
      ],
    ],
  },
  {
    name: "Colluding buyer and seller",
    met: [
      [
        "a debtor that confirmed unconditionally does not take it back: its dispute is on record and changes nothing",
        (world) => {
          const { chain, debtor } = world;
          const { note } = receivable(world, 5_000n);
          const dispute = chain.act(op("dispute.raise", disputeBody(note, 5_000n)), debtor).created();
          expect(chain.read("dispute", dispute).status).toBe("RECORDED");
          expect(chain.read("note", note).dispute).toBeNull();
        },
      ],
    ],
    elsewhere: [
      ["test/ledger/gates.test.ts", "finds every circle of up to four parties and none of five"],
      ["test/ledger/gates.test.ts", "of related parties count for no score, though what they owe each other is followed"],
    ],
  },
  {
    name: "Replay",
    met: [
      [
        "a transaction is of one chain, of its minutes, and of the versions that its signers saw",
        (world) => {
          const { chain, seller, supplier } = world;
          const { note } = receivable(world, 5_000n);
          const transfer = op("note.transfer", { note, to: supplier.id });
          const envelope = chain.sign(transfer, [seller, supplier]);
          const foreign = { ...envelope, tx: { ...envelope.tx, chain: commitment("test chain") } };
          expect(chain.judge(foreign)?.code).toBe("CHAIN_FOREIGN");
          expect(chain.judge(envelope, envelope.tx.notAfter + 1)?.code).toBe("EXPIRED");
          const seen = { expect: [{ id: note, version: 2 }] };
          expect(chain.attempt(transfer, [seller, supplier], seen).code).toBe("VERSION_MISMATCH");
        },
      ],
      [
        "the same again has no effect, and an approval is worth nothing after its time",
        (world) => {
          const { chain, seller, supplier } = world;
          const { note } = receivable(world, 5_000n);
          const transfer = chain.sign(op("note.transfer", { note, to: supplier.id }), [seller, supplier]);
          const [first, second] = chain.execute([transfer, transfer], chain.timeMs + 1_000).receipts;
          expect([first?.code, second?.code === 0]).toEqual([0, false]);
          const decision = decide(world, apply(world, [note], 4_000n), 4_000n);
          chain.pass(DAY_MS);
          expect(chain.refusal(op("finance.accept", { decision }), seller)).toBe("DECISION_NOT_LIVE");
        },
      ],
    ],
    elsewhere: [["test/ledger/abuse.test.ts", "is not taken after its time, before its window, or on another chain"]],
  },
  {
    name: "Key theft",
    met: [
      [
        "a maker's key alone moves nothing above the amount from which the party asks for a checker",
        (world) => {
          const { chain, seller, supplier } = world;
          const policy = [{ action: "note.*", amountMin: 4_000n, makers: 1, checkers: 1 }];
          chain.act(op("party.policy", { party: seller.id, policy }), seller);
          const large = op("note.transfer", { note: receivable(world, 5_000n).note, to: supplier.id });
          expect(chain.refusal(large, seller, supplier)).toBe("POLICY_NOT_MET");
          chain.act(large, seller, by(seller, seller.checker), supplier);
          chain.act(op("note.transfer", { note: receivable(world, 3_000n).note, to: supplier.id }), seller, supplier);
        },
      ],
      [
        "a revoked key signs nothing from the next block on",
        ({ chain, seller }) => {
          const added = testKey("second maker of seller");
          const addition = op("key.add", { party: seller.id, key: added.key, purpose: "MAKER" });
          chain.act(addition, seller, by(seller, added));
          chain.act(op("key.revoke", { party: seller.id, key: seller.maker.key }), by(seller, added));
          const policy = op("party.policy", { party: seller.id, policy: [] });
          expect(chain.attempt(policy, [seller]).code).toBe("KEY_INVALID");
          expect(chain.attempt(policy, [by(seller, added)]).code).toBe("OK");
        },
      ],
      [
        "lost keys are replaced by members who vouch, after days in which the party can object",
        (world) => {
          const { chain, supplier, bank } = world;
          recovering(world);
          const recovery = chain.all("recovery")[0] as { readyMs: number };
          expect(recovery.readyMs).toBe(chain.timeMs + 72 * HOUR_MS);
          chain.act(op("key.refuseRecovery", { party: supplier.id }), supplier);
          chain.pass(4 * DAY_MS);
          expect(chain.read("party", supplier.id).keys).toContain(supplier.maker.key);
          const alone = op("key.recover", recoveryBody(world));
          const fresh = by(supplier, testKey("key of a new card"));
          expect(chain.attempt(alone, [bank, fresh]).code).toBe("SIGNER_MISSING");
        },
      ],
    ],
  },
  {
    name: "Insider at one platform",
    met: [
      [
        "a platform moves nothing of the firms that it sponsors, and its bank nothing of its borrowers'",
        (world) => {
          const { chain, platform, bank, supplier } = world;
          const { note } = receivable(world, 5_000n);
          for (const insider of [platform, bank])
            expect(chain.refusal(op("note.transfer", { note, to: supplier.id }), insider, supplier)).toBe("SIGNER_MISSING");
        },
      ],
      [
        "no member changes the rules alone",
        (world) => {
          const { chain } = world;
          const proposal = proposed(world, { kind: "setParams", params: [{ name: "graceDays", value: 30 }] });
          chain.act(op("governance.vote", { proposal, member: "zbank" as MemberId, approve: true }), world.bank);
          expect(chain.read("proposal", proposal).status).toBe("OPEN");
          expect(chain.all("param")[0]?.values.graceDays).toBe(3);
        },
      ],
    ],
    elsewhere: [
      ["test/ledger/abuse.test.ts", "takes nobody else's signature for that of a party that must sign, no member's either"],
    ],
  },
  {
    name: "Front-running or delay of assignments and notices",
    met: [
      [
        "whoever puts a rival's transaction first gains nothing: only the holder can make two claims, and the second is void",
        (world) => {
          const { chain, seller, supplier } = world;
          const { note } = receivable(world, 5_000n);
          const transfer = chain.sign(op("note.transfer", { note, to: supplier.id }), [seller, supplier]);
          const application = chain.sign(op("finance.apply", applyBody(world, [note], 4_000n)), [seller]);
          for (const order of [
            [transfer, application],
            [application, transfer],
          ]) {
            const codes = chain.execute(order, chain.timeMs + 1_000).receipts.map(({ code }) => code === 0);
            expect(codes).toEqual([true, false]);
          }
        },
      ],
      [
        "a notice arrives with its block, and nobody can date it, take it back or put another before it",
        (world) => {
          const { chain, seller, supplier } = world;
          const { note } = receivable(world, 5_000n);
          chain.act(op("note.transfer", { note, to: supplier.id }), seller, supplier);
          const [notice] = chain.all("notice");
          expect([notice?.height, notice?.timeMs]).toEqual([chain.height, chain.timeMs]);
        },
      ],
    ],
  },
  {
    name: "Confidentiality between rival platforms",
    met: [
      [
        "the state holds no text but codes, numbers of law and names of members: everything private is a commitment",
        (world) => {
          const { chain } = world;
          const { note } = contestable(world, 5_000n);
          chain.act(op("dispute.raise", disputeBody(note, 1_000n)), world.debtor);
          lend(world, [receivable(world, 5_000n).note], 4_000n);
          frozen(world, receivable(world, 5_000n).note, 1_000n);
          const words = new Set(textsOf(chain));
          for (const word of words) expect(isHarmless(word), word).toBe(true);
          expect(words.size).toBeGreaterThan(20);
        },
      ],
    ],
  },
  { name: "Sensor fraud", met: [] },
  {
    name: "Model abuse",
    met: [],
    elsewhere: [
      ["test/ledger/credit.test.ts", "is taken when every node computes the score that it attests, and carries it"],
      ["test/ledger/support/refusals-credit.ts", "MODEL_NOT_IN_FORCE"],
    ],
  },
  {
    name: "Oracle or bank error",
    met: [
      [
        "a bank's reference counts once, its value date is of the last days, and what it attested wrongly it reverses",
        (world) => {
          const { chain, debtor } = world;
          const { root, note } = receivable(world, 5_000n);
          mature(world, root);
          const said = attestation(world, 5_000n);
          const body = { ...said, payer: debtor.id, currency: "CNY", lines: [{ note, amount: 5_000n }] };
          const early = op("payment.attest", { ...body, valueDay: said.valueDay - 31 });
          expect(chain.refusal(early, attester(world))).toBe("DAY_OUT_OF_RANGE");
          chain.act(op("payment.attest", body), attester(world));
          expect(chain.refusal(op("payment.attest", body), attester(world))).toBe("PAYMENT_DUPLICATE");
          const payment = chain.all("payment")[0]?.id as Hash;
          chain.act(op("payment.reverse", { payment, evidence: commitment("pacs.004") }), attester(world));
          expect(chain.read("receivable", root)).toMatchObject({ status: "MATURED", live: 5_000n, redeemed: 0n });
        },
      ],
    ],
  },
  {
    name: "Consensus and operations",
    met: [
      [
        "a chain that stood still for months comes to the same as one that ran through the days",
        () => {
          const [stood, ran] = [alliance({}, "none"), alliance({}, "none")] as const;
          const ends = [stood, ran].map((world, index) => {
            const { root, notes } = divided(world, [2_000n, 3_000n]);
            lend(world, [notes[0] as Hash], 1_500n);
            const end = world.chain.timeMs + 200 * DAY_MS;
            for (let day = 1; index === 1 && day < 200; day++) world.chain.pass(DAY_MS);
            world.chain.passTo(end);
            const { status, live } = world.chain.read("receivable", root);
            return [status, live, world.chain.read("party", world.debtor.id).overdue];
          });
          expect(ends[0]).toEqual(["DEFAULTED", 5_000n, 1]);
          expect(ends[1]).toEqual(ends[0]);
        },
      ],
    ],
    elsewhere: [
      [
        "test/ledger/due.test.ts",
        "takes at most a block's share, and the rest in the next blocks, nothing twice and nothing lost",
      ],
    ],
  },
  {
    name: "Denial by abuse of rights",
    met: [
      [
        "dust is not split off, and no root has more leaves than is allowed",
        (world) => {
          const { note } = receivable(world, 5_000n);
          const dust = op("note.split", { note, parts: [99n, 4_901n] });
          expect(world.chain.refusal(dust, world.seller)).toBe("PART_TOO_SMALL");
        },
      ],
      [
        "a debtor that disputes keeps its defences, and what it does not contest stays payable",
        (world) => {
          const { chain, debtor } = world;
          const { root, note } = contestable(world, 5_000n);
          const raised = chain.act(op("dispute.raise", disputeBody(note, 4_900n)), debtor).created();
          const contested = chain.read("dispute", raised).note;
          mature(world, root);
          const rest = chain.all("note").find(({ id, position }) => position === "OPEN" && id !== contested);
          pay(world, [{ note: rest?.id as Hash, amount: 100n }]);
          expect(chain.read("receivable", root)).toMatchObject({ redeemed: 100n, live: 4_900n });
        },
      ],
      [
        "nobody freezes but an authority, or members enough to stand for one",
        (world) => {
          const { chain, debtor, bank } = world;
          const { note } = receivable(world, 5_000n);
          const order = { note, amount: 5_000n, document: commitment("order") };
          const alone = op("freeze.place", { kind: "COURT", by: [debtor.id], ...order });
          expect(chain.refusal(alone, debtor)).toBe("ROLE_MISSING");
          const one = op("freeze.place", { kind: "GOVERNANCE", by: [bank.id], ...order });
          expect(chain.refusal(one, bank)).toBe("MEMBERS_TOO_FEW");
        },
      ],
    ],
    elsewhere: [
      [
        "test/mempool/mempool.test.ts",
        "takes turns over members, oldest first within each, so that none waits behind another's crowd",
      ],
    ],
  },
];

describe("a threat of the domain reference", () => {
  for (const { name, met } of THREATS) {
    for (const [sentence, run] of met) it(`${name}: ${sentence}`, () => run(alliance({}, "none")));
  }

  it("has its row in the ledger's README, which says what is met and what is open", () => {
    const section = readme().split("## Threats")[1]?.split("\n## ")[0] ?? "";
    const rows = section
      .split("\n")
      .filter((line) => line.startsWith("| ") && !line.startsWith("| threat") && !line.startsWith("| ---"));
    expect(rows.map((row) => row.split(" | ")[0]?.slice(2))).toEqual(THREATS.map(({ name }) => name));
    // Three cells, none empty: the threat, what meets it, what is open.
    for (const row of rows)
      expect(
        row.split(" | ").every((cell) => cell.replaceAll("|", "").trim().length > 3),
        row,
      ).toBe(true);
  });

  it("is met elsewhere where it says so", () => {
    for (const { elsewhere } of THREATS) {
      for (const [file, sentence] of elsewhere ?? [])
        expect(readFileSync(new URL(`../../${file}`, import.meta.url), "utf8"), file).toContain(sentence);
    }
  });
});

function readme(): string {
  return readFileSync(new URL("../../src/ledger/README.md", import.meta.url), "utf8");
}

/** Every text in the state that is no id, key or hash. */
function textsOf(chain: TestChain): readonly string[] {
  const texts: string[] = [];
  const visit = (json: Json): void => {
    if (typeof json === "string" && !/^[0-9a-f]{64}$/.test(json)) texts.push(json);
    else if (typeof json === "object" && json !== null) for (const inner of Object.values(json)) visit(inner);
  };
  for (const [key, object] of chain.objects) {
    const kind = (Object.keys(KINDS) as Kind[]).find((each) => key === each + object.id);
    if (kind !== undefined) visit(KINDS[kind].schema.toJson(object));
  }
  return texts;
}

/** A code in capitals, an amount, a legal identifier (which is public), a member, an action of a policy, a feature of the scorecard. */
function isHarmless(text: string): boolean {
  return (
    /^[A-Z_]+$/.test(text) || /^-?[0-9]+$/.test(text) || /^91[0-9A-Z]{16}$/.test(text) || /^[a-z][A-Za-z0-9]{1,24}$/.test(text)
  );
}
