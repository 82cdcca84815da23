import { dayOf } from "../../../src/ledger/calendar.ts";
import type { Code } from "../../../src/ledger/codes.ts";
import type { Hash } from "../../../src/types/scalars.ts";
import { type Alliance, commitment, DAY_MS, terms } from "./alliance.ts";
import { op } from "./chain.ts";
import { attestation } from "./changes.ts";
import { decideBody, filingBody, searchBody } from "./finance.ts";
import {
  agree,
  applyOnBody,
  applyOnOrderBody,
  bind,
  called,
  committedOnGoods,
  fall,
  filedOnGoods,
  house,
  invoiceUnder,
  issue,
  KEEPER,
  LENT,
  lentOnGoods,
  lentOnOrder,
  liquidateBody,
  margined,
  openBody,
  opened,
  orderContract,
  PREPAID,
  pledgeBody,
  prepaid,
  price,
  receiptBody,
  receipted,
  says,
  shipped,
  spare,
  stored,
  storeMore,
  topUpBody,
  unanswered,
} from "./goods.ts";
import type { Refused } from "./refused.ts";

const evidence = commitment("evidence");

function three({ seller, bank }: Alliance) {
  return [seller, bank, KEEPER] as const;
}

/** Pledges, releases, margin, orders and prepayments. */
export const PLEDGE_REFUSALS: readonly Refused[] = [
  [
    "finance on receipts is asked of lenders",
    "ROLE_MISSING",
    (world) => {
      const { receipt } = receipted(world);
      price(world);
      const body = applyOnBody(world, [receipt], LENT, { lenders: [world.supplier.id] });
      return world.chain.refusal(op("receipt.apply", body), world.seller);
    },
  ],
  [
    "the same goods are not offered to two lenders at a time",
    "RECEIPT_NOT_OPEN",
    (world) => {
      const { receipt } = committedOnGoods(world);
      return world.chain.refusal(op("receipt.apply", applyOnBody(world, [receipt], 1_000n)), world.seller);
    },
  ],
  [
    "nothing is lent at a price that nobody knows",
    "PRICE_STALE",
    (world) => world.chain.refusal(op("receipt.apply", applyOnBody(world, [receipted(world).receipt], LENT)), world.seller),
  ],
  [
    "goods are not bought from the borrower by lending on them",
    "SECURITY_NOT_PLEDGE",
    (world) => {
      const { receipt } = receipted(world);
      const { chain, seller, bank } = world;
      price(world);
      const application = chain.act(op("receipt.apply", applyOnBody(world, [receipt], LENT)), seller).created();
      return chain.refusal(op("finance.decide", decideBody(world, application, LENT, { security: "ASSIGNMENT" })), bank);
    },
  ],
  [
    "the keeper signs for a lender that has filed",
    "FILING_MISSING",
    (world) => {
      const { loan, scale } = committedOnGoods(world);
      return world.chain.refusal(op("receipt.pledge", pledgeBody(loan, scale.id)), ...three(world));
    },
  ],
  [
    "what is pledged is watched where it lies",
    "DEVICE_ELSEWHERE",
    (world) => {
      const { loan, ...place } = filedOnGoods(world);
      const other = bind(world, place, "elsewhere", { zone: "B" });
      return world.chain.refusal(op("receipt.pledge", pledgeBody(loan, other.id)), ...three(world));
    },
  ],
  [
    "goods whose price fell before the pledge do not carry the loan",
    "FINANCE_CAP_EXCEEDED",
    (world) => {
      const { loan, scale } = filedOnGoods(world);
      world.chain.pass(60_000);
      price(world, 300_000n);
      return world.chain.refusal(op("receipt.pledge", pledgeBody(loan, scale.id)), ...three(world));
    },
  ],
  [
    "no money goes out before the keeper holds the goods for the lender",
    "KEEPER_MISSING",
    (world) => {
      const { loan } = filedOnGoods(world);
      const search = world.chain.act(op("registry.search", searchBody(world)), world.bank).created();
      return world.chain.refusal(op("loan.order", { loan, search, instruction: evidence }), world.bank);
    },
  ],
  [
    "goods whose storage ends are not lent on",
    "RECEIPT_ENDED",
    (world) => {
      const { chain, seller, bank } = world;
      // Late in the evening.
      chain.pass(13 * 3_600_000);
      const { lot } = stored(world);
      const body = receiptBody(world, lot, 90_000, { untilDay: dayOf(chain.timeMs) + 1 });
      chain.act(op("receipt.issue", body), KEEPER);
      const receipt = chain.all("warehouseReceipt")[0]?.id as Hash;
      price(world);
      const application = chain.act(op("receipt.apply", applyOnBody(world, [receipt], LENT)), seller).created();
      const decision = chain.act(op("finance.decide", decideBody(world, application, LENT)), bank).created();
      chain.timeMs += 2 * 3_600_000;
      return chain.refusal(op("finance.accept", { decision }), seller);
    },
  ],
  [
    "more security is for a loan that runs",
    "WRONG_STATUS",
    (world) => {
      const made = filedOnGoods(world);
      const body = topUpBody(made.loan, spare(world, made), made.scale.id);
      return world.chain.refusal(op("receipt.topUp", body), ...three(world));
    },
  ],
  [
    "what takes the place of pledged goods is no security already",
    "RECEIPT_NOT_OPEN",
    (world) => {
      const { loan, receipt, scale } = lentOnGoods(world);
      const body = { loan, old: receipt, receipt, device: scale.id };
      return world.chain.refusal(op("receipt.substitute", body), ...three(world));
    },
  ],
  [
    "something takes the place of what is pledged",
    "NOT_FOUND",
    (world) => {
      const made = lentOnGoods(world);
      const receipt = spare(world, made);
      const body = { loan: made.loan, old: receipt, receipt, device: made.scale.id };
      return world.chain.refusal(op("receipt.substitute", body), ...three(world));
    },
  ],
  [
    "other goods do not take the place of what is pledged",
    "GOODS_DIFFER",
    (world) => {
      const made = lentOnGoods(world);
      const receipt = issue(world, storeMore(world, made, 100_000, { grade: "Q195" }), 90_000);
      const body = { loan: made.loan, old: made.receipt, receipt, device: made.scale.id };
      return world.chain.refusal(op("receipt.substitute", body), ...three(world));
    },
  ],
  [
    "substitution never lowers the value",
    "VALUE_TOO_LOW",
    (world) => {
      const made = lentOnGoods(world);
      const body = { loan: made.loan, old: made.receipt, receipt: spare(world, made, 89_999), device: made.scale.id };
      return world.chain.refusal(op("receipt.substitute", body), ...three(world));
    },
  ],
  [
    "a floor is agreed for a loan that runs",
    "WRONG_STATUS",
    (world) => {
      const { loan } = filedOnGoods(world);
      return world.chain.refusal(op("receipt.setFloor", { loan, floor: 1n }), ...three(world));
    },
  ],
  [
    "a floor covers the loan",
    "FINANCE_CAP_EXCEEDED",
    (world) => {
      const { loan } = lentOnGoods(world);
      return world.chain.refusal(op("receipt.setFloor", { loan, floor: LENT }), ...three(world));
    },
  ],
  [
    "nothing is fetched on a receipt that waits for a lender",
    "RECEIPT_NOT_OPEN",
    (world) => {
      const { receipt } = committedOnGoods(world);
      return world.chain.refusal(op("receipt.requestRelease", { receipt, quantity: 1 }), world.seller);
    },
  ],
  [
    "nothing leaves a frozen zone",
    "GOODS_FROZEN",
    (world) => {
      const { receipt, scale } = lentOnGoods(world);
      says(world, scale, { crossings: 2 });
      return world.chain.refusal(op("receipt.requestRelease", { receipt, quantity: 1 }), world.seller);
    },
  ],
  [
    "nobody asks for more than there is",
    "QUANTITY_EXCEEDED",
    (world) => {
      const { receipt } = lentOnGoods(world);
      return world.chain.refusal(op("receipt.requestRelease", { receipt, quantity: 90_001 }), world.seller);
    },
  ],
  [
    "the lender lets go what was asked for",
    "QUANTITY_EXCEEDED",
    (world) => {
      const { receipt } = lentOnGoods(world);
      return world.chain.refusal(op("receipt.approveRelease", { receipt, quantity: 1 }), world.bank);
    },
  ],
  [
    "nothing is let go out of a frozen zone",
    "GOODS_FROZEN",
    (world) => {
      const { receipt, scale } = lentOnGoods(world);
      world.chain.act(op("receipt.requestRelease", { receipt, quantity: 10 }), world.seller);
      says(world, scale, { crossings: 2 });
      return world.chain.refusal(op("receipt.approveRelease", { receipt, quantity: 1 }), world.bank);
    },
  ],
  [
    "an order that is financed elsewhere takes the place of no goods",
    "ORDER_ENCUMBERED",
    (world) => {
      const { contract } = lentOnOrder(world);
      const { receipt } = lentOnGoods(world);
      world.chain.act(op("receipt.requestRelease", { receipt, quantity: 10 }), world.seller);
      return world.chain.refusal(op("receipt.approveRelease", { receipt, quantity: 1, order: contract }), world.bank);
    },
  ],
  [
    "the lender lets no goods go that the loan needs",
    "LOAN_OUTSTANDING",
    (world) => {
      const { receipt } = lentOnGoods(world);
      world.chain.act(op("receipt.requestRelease", { receipt, quantity: 40_000 }), world.seller);
      return world.chain.refusal(op("receipt.approveRelease", { receipt, quantity: 40_000 }), world.bank);
    },
  ],
  [
    "something leaves, or the gate stays shut",
    "AMOUNT_ZERO",
    (world) => {
      const { receipt, scale } = lentOnGoods(world);
      return world.chain.refusal(
        op("receipt.gateOut", { receipt, quantity: 0, device: scale.id, exit: evidence }),
        KEEPER,
        scale,
      );
    },
  ],
  [
    "no more leaves than was let go",
    "RELEASE_NOT_APPROVED",
    (world) => {
      const { receipt, scale } = lentOnGoods(world);
      world.chain.act(op("receipt.requestRelease", { receipt, quantity: 5_000 }), world.seller);
      return world.chain.refusal(
        op("receipt.gateOut", { receipt, quantity: 1, device: scale.id, exit: evidence }),
        KEEPER,
        scale,
      );
    },
  ],
  [
    "what was let go does not leave while an alarm is critical",
    "GOODS_FROZEN",
    (world) => {
      const { receipt, scale } = receipted(world);
      world.chain.act(op("receipt.requestRelease", { receipt, quantity: 5_000 }), world.seller);
      says(world, scale, { tampered: true });
      return world.chain.refusal(
        op("receipt.gateOut", { receipt, quantity: 1, device: scale.id, exit: evidence }),
        KEEPER,
        scale,
      );
    },
  ],
  [
    "the gate is watched by a device of the zone",
    "DEVICE_ELSEWHERE",
    (world) => {
      const { receipt, ...place } = receipted(world);
      const other = bind(world, place, "in the other zone", { zone: "B" });
      world.chain.act(op("receipt.requestRelease", { receipt, quantity: 5_000 }), world.seller);
      return world.chain.refusal(
        op("receipt.gateOut", { receipt, quantity: 1, device: other.id, exit: evidence }),
        KEEPER,
        other,
      );
    },
  ],
  [
    "margin is called of a loan on goods",
    "WRONG_STATUS",
    (world) => world.chain.refusal(op("margin.call", { loan: lentOnOrder(world).loan }), world.bank),
  ],
  [
    "margin is called once",
    "MARGIN_CALLED",
    (world) => world.chain.refusal(op("margin.call", { loan: called(world).loan }), world.bank),
  ],
  [
    "no margin is called while the goods cover the loan",
    "MARGIN_SUFFICIENT",
    (world) => world.chain.refusal(op("margin.call", { loan: lentOnGoods(world).loan }), world.bank),
  ],
  [
    "goods are sold for money that a bank attests",
    "DAY_OUT_OF_RANGE",
    (world) => {
      const { loan, receipt } = unanswered(world);
      const body = { ...liquidateBody(world, loan, [receipt], 20_000_000n), valueDay: 1 };
      return world.chain.refusal(op("receipt.liquidate", body), world.bank, world.supplier, KEEPER);
    },
  ],
  [
    "only what secures the loan is sold for it",
    "NOT_FOUND",
    (world) => {
      const made = unanswered(world);
      const body = liquidateBody(world, made.loan, [spare(world, made)], 20_000_000n);
      return world.chain.refusal(op("receipt.liquidate", body), world.bank, world.supplier, KEEPER);
    },
  ],
  [
    "nothing is sold before the deadline of the margin call",
    "LIQUIDATION_PREMATURE",
    (world) => {
      const { loan, receipt } = called(world);
      const body = liquidateBody(world, loan, [receipt], 21_000_000n);
      return world.chain.refusal(op("receipt.liquidate", body), world.bank, world.supplier, KEEPER);
    },
  ],
  [
    "a court is a court",
    "ROLE_MISSING",
    (world) => {
      const { loan, receipt } = unanswered(world);
      const body = { ...liquidateBody(world, loan, [receipt], 1n), court: world.guarantor.id };
      return world.chain.refusal(op("receipt.liquidate", body), world.bank, world.supplier, KEEPER, world.guarantor);
    },
  ],
  [
    "goods are not given away to a friend",
    "PROCEEDS_TOO_LOW",
    (world) => {
      const { loan, receipt } = unanswered(world);
      const body = liquidateBody(world, loan, [receipt], 15_000_000n);
      return world.chain.refusal(op("receipt.liquidate", body), world.bank, world.supplier, KEEPER);
    },
  ],
  [
    "an application on an order ends in time",
    "EXPIRY_OUT_OF_RANGE",
    (world) => {
      const expiresMs = world.chain.timeMs + 90 * DAY_MS;
      return world.chain.refusal(
        op("order.apply", applyOnOrderBody(world, orderContract(world), 100n, { expiresMs })),
        world.seller,
      );
    },
  ],
  [
    "an order is financed once",
    "ORDER_ENCUMBERED",
    (world) => {
      const { contract } = lentOnOrder(world);
      return world.chain.refusal(op("order.apply", applyOnOrderBody(world, contract, 100n)), world.seller);
    },
  ],
  [
    "a loan on an order takes so many notes and no more, whoever promised",
    "NOTES_EXCEEDED",
    (world) => crowded(world, "receivable.issueByDebtor", "receivable.acceptIssue"),
  ],
  [
    "a loan on an order takes so many notes and no more, whoever asked",
    "NOTES_EXCEEDED",
    (world) => crowded(world, "receivable.issueBySeller", "receivable.confirm"),
  ],
  [
    "an order is financed to half of what is to come",
    "FINANCE_CAP_EXCEEDED",
    (world) => {
      const body = applyOnOrderBody(world, orderContract(world), 5_000_001n);
      return world.chain.refusal(op("order.apply", body), world.seller);
    },
  ],
  [
    "goods of an order that waits for a lender get no receipt that could go to another",
    "ORDER_ENCUMBERED",
    (world) => {
      const { chain, seller, bank } = world;
      const contract = orderContract(world);
      const { lot } = stored(world, 100_000, { order: contract });
      const application = chain.act(op("order.apply", applyOnOrderBody(world, contract, 100n)), seller).created();
      agree(world, application, 100n);
      return chain.refusal(op("receipt.issue", receiptBody(world, lot, 10)), KEEPER, bank);
    },
  ],
  [
    "an order whose goods lie in receipts is not financed as an order too",
    "ORDER_ENCUMBERED",
    (world) => {
      const contract = orderContract(world);
      issue(world, stored(world, 100_000, { order: contract }).lot, 10);
      return world.chain.refusal(op("order.apply", applyOnOrderBody(world, contract, 100n)), world.seller);
    },
  ],
  [
    "what a lender has advanced on is not amended without it",
    "ORDER_ENCUMBERED",
    (world) => {
      const { contract } = lentOnOrder(world);
      return world.chain.refusal(op("contract.terminate", { contract, notes: [] }), world.seller, world.debtor);
    },
  ],
  [
    "an order that was delivered is not paid in advance",
    "ORDER_ENCUMBERED",
    (world) => {
      const { contract } = lentOnOrder(world);
      const body = openBody(world, contract, house(world).warehouse, { margin: 1n });
      return world.chain.refusal(op("prepayment.open", body), world.debtor, ...three(world));
    },
  ],
  [
    "the seller ships in time",
    "DAY_OUT_OF_RANGE",
    (world) => {
      const contract = orderContract(world, PREPAID.price);
      const body = openBody(world, contract, house(world).warehouse, { shipByDay: 1 });
      return world.chain.refusal(op("prepayment.open", body), world.debtor, ...three(world));
    },
  ],
  [
    "an advance payment is lent by a lender",
    "ROLE_MISSING",
    (world) => {
      const contract = orderContract(world, PREPAID.price);
      const body = openBody(world, contract, house(world).warehouse, { lender: world.supplier.id });
      return world.chain.refusal(op("prepayment.open", body), world.debtor, world.seller, world.supplier, KEEPER);
    },
  ],
  [
    "what is paid in advance is not owed again",
    "ORDER_ENCUMBERED",
    (world) => {
      const { contract } = prepaid(world);
      const body = terms(world, { contract, invoice: evidence }, 1_000n);
      return world.chain.refusal(op("receivable.issueBySeller", body), world.seller);
    },
  ],
  [
    "margin is attested by a bank",
    "ROLE_MISSING",
    (world) => {
      const { prepayment } = opened(world);
      const body = { ...attestation(world, PREPAID.margin), prepayment, bank: world.supplier.id };
      return world.chain.refusal(op("prepayment.marginPaid", body), world.supplier);
    },
  ],
  [
    "margin is paid once",
    "WRONG_STATUS",
    (world) => {
      const { prepayment } = margined(world);
      const body = { ...attestation(world, PREPAID.margin), prepayment };
      return world.chain.refusal(op("prepayment.marginPaid", body), world.bank);
    },
  ],
  [
    "margin is paid in full",
    "DISBURSEMENT_MISMATCH",
    (world) => {
      const { prepayment } = opened(world);
      const body = { ...attestation(world, PREPAID.margin - 1n), prepayment };
      return world.chain.refusal(op("prepayment.marginPaid", body), world.bank);
    },
  ],
  [
    "the seller is not paid before the buyer's margin is",
    "MARGIN_UNPAID",
    (world) => {
      const { chain, bank, debtor } = world;
      const { application } = opened(world);
      const loan = agree(world, application, PREPAID.price - PREPAID.margin, debtor);
      chain.act(op("registry.file", filingBody(world, loan)), bank);
      const search = chain.act(op("registry.search", searchBody(world, { subject: debtor.id })), bank).created();
      return chain.refusal(op("loan.order", { loan, search, instruction: evidence }), bank);
    },
  ],
  [
    "goods are redeemed with money that a bank attests",
    "DAY_OUT_OF_RANGE",
    (world) => {
      const { prepayment, receipt } = shipped(world);
      const body = { ...attestation(world, 100n), valueDay: 1, prepayment, receipt, quantity: 1 };
      return world.chain.refusal(op("prepayment.redeem", body), world.bank, world.debtor);
    },
  ],
  [
    "nothing is redeemed before the seller is paid",
    "WRONG_STATUS",
    (world) => {
      const { receipt } = receipted(world);
      const body = { ...attestation(world, 100n), prepayment: opened(world).prepayment, receipt, quantity: 1 };
      return world.chain.refusal(op("prepayment.redeem", body), world.bank, world.debtor);
    },
  ],
  [
    "no more is redeemed than was shipped",
    "QUANTITY_EXCEEDED",
    (world) => {
      const { prepayment, receipt } = shipped(world);
      const body = { ...attestation(world, 100n), prepayment, receipt, quantity: 50_001 };
      return world.chain.refusal(op("prepayment.redeem", body), world.bank, world.debtor);
    },
  ],
  [
    "no more is redeemed than margin and repayments have paid for",
    "RELEASE_UNPAID",
    (world) => {
      const { prepayment, receipt } = shipped(world);
      const body = { ...attestation(world, 3_000_000n), prepayment, receipt, quantity: 30_001 };
      return world.chain.refusal(op("prepayment.redeem", body), world.bank, world.debtor);
    },
  ],
  [
    "nothing is to be refunded twice",
    "WRONG_STATUS",
    (world) => {
      const { prepayment } = prepaid(world);
      world.chain.pass(31 * DAY_MS);
      world.chain.act(op("prepayment.refundDue", { prepayment }), world.bank);
      return world.chain.refusal(op("prepayment.refundDue", { prepayment }), world.bank);
    },
  ],
  [
    "the seller has its time to ship",
    "DEADLINE_AHEAD",
    (world) => world.chain.refusal(op("prepayment.refundDue", { prepayment: prepaid(world).prepayment }), world.bank),
  ],
  [
    "a refund is attested by a bank",
    "ROLE_MISSING",
    (world) => {
      const { prepayment } = prepaid(world);
      const body = { ...attestation(world, 1n), prepayment, bank: world.supplier.id };
      return world.chain.refusal(op("prepayment.refund", body), world.supplier);
    },
  ],
  [
    "no more is refunded than is due",
    "AMOUNT_EXCEEDED",
    (world) => {
      const { prepayment } = prepaid(world);
      return world.chain.refusal(op("prepayment.refund", { ...attestation(world, 1n), prepayment }), world.bank);
    },
  ],
  [
    "a price that fell and came back needs no more security",
    "MARGIN_SUFFICIENT",
    (world) => {
      const { loan, scale } = lentOnGoods(world);
      fall(world, scale);
      world.chain.pass(60_000);
      price(world, 300_000n);
      return world.chain.refusal(op("margin.call", { loan }), world.bank);
    },
  ],
];

/** A receivable under a financed order whose loan has as many notes as it may. */
function crowded(
  world: Alliance,
  issue: "receivable.issueByDebtor" | "receivable.issueBySeller",
  answer: "receivable.acceptIssue" | "receivable.confirm",
): Code {
  const { chain, seller, debtor } = world;
  const { loan, contract } = lentOnOrder(world);
  const issued = op(issue, terms(world, { contract, invoice: invoiceUnder(world, contract, 5_000n) }, 5_000n));
  const [proposer, other] = issue === "receivable.issueByDebtor" ? [debtor, seller] : [seller, debtor];
  const receivable = chain.act(issued, proposer).created();
  const full = chain.read("loan", loan);
  const notes = Array.from({ length: 128 }, (_, index) => commitment(`note ${index}`));
  chain.objects.set(`loan${loan}`, { ...full, notes } as typeof full);
  const said =
    answer === "receivable.confirm" ? op(answer, { receivable, mode: "EXISTENCE", amount: 5_000n }) : op(answer, { receivable });
  return chain.refusal(said, other);
}
