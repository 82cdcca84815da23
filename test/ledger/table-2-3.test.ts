import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LedgerRejection } from "../../src/ledger/codes.ts";
import type { Call, Transition } from "../../src/ledger/transition.ts";
import { type OperationKind, TRANSITIONS } from "../../src/ledger/transitions.ts";
import { type Alliance, alliance, DAY_MS, receivable } from "./support/alliance.ts";
import { CATALOG, delivered, issuedBySeller, offered, ordered } from "./support/catalog.ts";
import type { Signing } from "./support/chain.ts";
import { mature } from "./support/finance.ts";
import { holds } from "./support/invariants.ts";
import { REFUSALS } from "./support/refusals.ts";

/** The rows of domain.md §2.3 and the operations that are theirs. */
const ROWS: readonly (readonly [row: number, name: string, kinds: readonly OperationKind[]])[] = [
  [1, "ContractRegister", ["contract.register"]],
  [2, "ContractAmend, Terminate", ["contract.amend", "contract.terminate", "amendment.consent"]],
  [3, "DeliveryRecord", ["delivery.record"]],
  [4, "DeliveryAccept, Reject", ["delivery.accept", "delivery.reject"]],
  [5, "DeemedAccept", []],
  [6, "InvoiceRegister", ["invoice.register", "invoice.confirm"]],
  [7, "InvoiceCredit", ["invoice.credit"]],
  [8, "InvoiceStatusAttest", ["invoice.attest"]],
  [9, "IssueByDebtor", ["receivable.issueByDebtor", "limit.programme"]],
  [10, "AcceptIssue", ["receivable.acceptIssue"]],
  [11, "IssueBySeller", ["receivable.issueBySeller"]],
  [12, "Confirm", ["receivable.confirm"]],
  [13, "Reject, Withdraw, Lapse", ["receivable.reject", "receivable.withdraw"]],
  [14, "CancelByMutual", ["receivable.cancel"]],
  [15, "Split", ["note.split", "note.consolidate"]],
  [16, "TransferOffer", ["note.offer"]],
  [17, "TransferAccept, Transfer", ["note.acceptOffer", "note.transfer"]],
  [18, "TransferReject, Expire, Withdraw", ["note.rejectOffer", "note.withdrawOffer"]],
  [19, "NoticeAck", ["notice.acknowledge"]],
  [20, "RegistrySearchAttest", ["registry.search"]],
  [21, "FinanceApply", ["finance.apply", "finance.withdraw", "consent.grant", "consent.revoke"]],
  [22, "Decide", ["finance.decide"]],
  [23, "AcceptOffer", ["finance.accept", "limit.line"]],
  [24, "RegistryFiling", ["registry.file", "registry.renew", "registry.cancel"]],
  [25, "DisburseOrder", ["loan.order"]],
  [26, "DisburseConfirm", ["loan.disbursed"]],
  [27, "DisburseFail, Timeout", ["loan.fail"]],
  [28, "Resell", ["loan.resell"]],
  [29, "EarlyPay", ["payment.early"]],
  [30, "PaymentAttest", ["payment.attest", "payment.attestProRata", "payment.late"]],
  [31, "PaymentReversal", ["payment.reverse"]],
  [32, "Prepay", ["loan.repay"]],
  [33, "Mature, MarkOverdue, MarkDefault", []],
  [34, "DisputeRaise", ["dispute.raise", "dispute.withdraw", "title.contest", "title.settle", "title.award", "title.release"]],
  [35, "DisputeRespond, Settle", ["dispute.respond", "dispute.settle"]],
  [36, "DisputeAward", ["dispute.award"]],
  [37, "SetOff", ["note.setOff"]],
  [38, "RecourseDemand", ["loan.demand"]],
  [39, "BuyBack", ["loan.buyBack"]],
  [40, "Extend", ["receivable.extend", "amendment.consent"]],
  [41, "GuaranteeAttach, Pay", ["guarantee.attach", "guarantee.pay"]],
  [42, "Freeze, Unfreeze, CompelTransfer", ["freeze.place", "freeze.lift", "freeze.transfer"]],
  [43, "WriteOff", ["loan.writeOff"]],
  [44, "Replace", ["receivable.replace"]],
  [45, "ReleasePledge", ["loan.release"]],
  [46, "ErrorCorrect", ["note.returnTransfer", "delivery.returnAcceptance"]],
];

/** What happens by itself, without anybody's signature: rows 5, 13, 18, 27 and 33. */
const BY_ITSELF: readonly (readonly [row: number, what: string, run: (world: Alliance) => void])[] = [
  [
    5,
    "a delivery counts as accepted after its inspection period",
    (world) => {
      const delivery = delivered(world, 500n);
      world.chain.pass(12 * DAY_MS);
      expect(world.chain.read("delivery", delivery)).toMatchObject({ status: "ACCEPTED", mode: "DEEMED", accepted: 500n });
    },
  ],
  [
    13,
    "a proposal lapses and gives its invoice back",
    (world) => {
      const root = issuedBySeller(world);
      world.chain.pass(31 * DAY_MS);
      const { status, allocation } = world.chain.read("receivable", root);
      expect(status).toBe("LAPSED");
      expect(allocation.map(({ invoice }) => world.chain.read("invoice", invoice).used)).toEqual([0n]);
    },
  ],
  [
    18,
    "an offer expires",
    (world) => {
      const offer = offered(world);
      world.chain.pass(DAY_MS);
      const { note, status } = world.chain.read("offer", offer);
      expect([status, world.chain.read("note", note).position]).toEqual(["EXPIRED", "OPEN"]);
    },
  ],
  [
    27,
    "a loan that is not paid out is void",
    (world) => {
      const loan = ordered(world);
      world.chain.pass(2 * DAY_MS);
      expect(world.chain.read("loan", loan).status).toBe("VOID");
    },
  ],
  [
    33,
    "a receivable matures, is overdue after the grace days, in default after ninety, and gates its debtor from the first",
    (world) => {
      const { chain, debtor } = world;
      const { root } = receivable(world, 5_000n);
      const seen = (days: number) => {
        chain.pass(days * DAY_MS);
        return [chain.read("receivable", root).status, chain.read("party", debtor.id).overdue];
      };
      mature(world, root);
      expect(seen(0)).toEqual(["MATURED", 0]);
      expect(seen(4)).toEqual(["OVERDUE", 1]);
      expect(seen(86)).toEqual(["OVERDUE", 1]);
      expect(seen(1)).toEqual(["DEFAULTED", 1]);
    },
  ],
];

const MEASURED = [...TRANSITIONS.values()].filter(({ kind }) => !/^(governance|authority|risk|model)\./.test(kind));
type Condition = (call: Call<unknown>) => void;
const conditionsOf = (transition: Transition) => transition.requires as Condition[];

describe("the table of transitions", () => {
  /** Conditions by kind and place that have refused something. */
  const refused = new Set<string>();
  const originals = new Map(MEASURED.map((transition) => [transition, [...transition.requires]]));

  beforeAll(() => {
    for (const transition of MEASURED) {
      for (const [index, condition] of transition.requires.entries()) {
        conditionsOf(transition)[index] = (call) => {
          try {
            condition(call);
          } catch (error) {
            if (error instanceof LedgerRejection) refused.add(`${transition.kind} ${index}`);
            throw error;
          }
        };
      }
    }
  });
  afterAll(() => {
    for (const [transition, requires] of originals) conditionsOf(transition).splice(0, requires.length, ...requires);
  });

  it("has all 46 rows", () => {
    expect(ROWS.map(([row]) => row)).toEqual(Array.from({ length: 46 }, (_, index) => index + 1));
    const byItself = new Set(BY_ITSELF.map(([row]) => row));
    expect(ROWS.filter(([row, , kinds]) => kinds.length === 0 && !byItself.has(row))).toEqual([]);
  });

  for (const [row, name, kinds] of ROWS) {
    for (const kind of kinds) {
      it(`${row} ${name}: ${kind} takes effect, but not without any one of its signatures`, () => {
        const world = alliance({}, "none");
        const { chain } = world;
        const { operation, signings } = CATALOG[kind](world);
        for (const left of signings) {
          const others = signings.filter((signing) => signing !== left);
          const attempt: readonly Signing[] = others.length > 0 ? others : [world.lender];
          if (chain.judge(chain.sign(operation, attempt)) !== null) continue;
          expect(["SIGNER_MISSING", "POLICY_NOT_MET"]).toContain(chain.refusal(operation, ...attempt));
        }
        chain.act(operation, ...signings);
        holds(chain);
      });
    }
  }

  for (const [row, what, run] of BY_ITSELF) {
    it(`${row}: ${what}`, () => {
      const world = alliance({}, "none");
      run(world);
      holds(world.chain);
    });
  }

  it("every precondition of every operation refuses something", () => {
    for (const [title, code, run] of REFUSALS) expect(run(alliance({}, "none")), title).toBe(code);
    const all = MEASURED.flatMap(({ kind, requires }) => requires.map((_, index) => `${kind} ${index}`));
    expect(all.length).toBeGreaterThan(200);
    expect(all.filter((condition) => !refused.has(condition))).toEqual([]);
  }, 240_000);
});
