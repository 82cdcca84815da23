import type { Hash } from "../../../src/types/scalars.ts";
import { type Alliance, commitment, receivable, trade } from "./alliance.ts";
import type { Sample } from "./catalog.ts";
import { by, op } from "./chain.ts";
import {
  acceptedDelivery,
  attestation,
  attester,
  consentBody,
  contestable,
  contested,
  contractTerms,
  disputeBody,
  disputed,
  extendBody,
  freezeBody,
  frozen,
  guaranteeBody,
  guaranteed,
  lookalike,
  overdueLoan,
  passDays,
  proposedAmendment,
  recovering,
  recoveryBody,
  reliedUpon,
  setOffBody,
} from "./changes.ts";
import { divided, lend, mature, pay } from "./finance.ts";
import { testKey } from "./firm.ts";

/** Samples of what changes, contests, guards and ends receivables and loans. */
export const CHANGES = {
  "title.contest": (world) => ({
    operation: op("title.contest", { note: reliedUpon(world).note, evidence: commitment("a letter") }),
    signings: [world.seller],
  }),
  "title.settle": (world) => ({
    operation: op("title.settle", { contest: contested(world).contest, returns: true }),
    signings: [world.seller, world.supplier],
  }),
  "title.award": (world) => {
    const { contest } = contested(world);
    const body = { contest, authority: world.court.id, returns: true, document: commitment("award") };
    return { operation: op("title.award", body), signings: [world.court] };
  },
  "title.release": (world) => {
    const { contest } = contested(world);
    passDays(world, 31);
    return { operation: op("title.release", { contest }), signings: [world.supplier] };
  },
  "party.update": (world) => {
    const body = { party: world.supplier.id, roles: ["DEBTOR", "SELLER"], size: "LARGE", group: commitment("group") } as const;
    return { operation: op("party.update", body), signings: [world.supplier, world.platform] };
  },
  "party.suspend": ({ supplier, platform }) => ({
    operation: op("party.suspend", { party: supplier.id, by: platform.id, reason: commitment("reason") }),
    signings: [platform],
  }),
  "party.resume": ({ chain, supplier, court }) => {
    const body = { party: supplier.id, by: court.id, reason: commitment("reason") };
    chain.act(op("party.suspend", body), court);
    return { operation: op("party.resume", body), signings: [court] };
  },
  "key.recover": (world) => ({
    operation: op("key.recover", recoveryBody(world)),
    signings: [world.bank, world.court, by(world.supplier, testKey("key of a new card"))],
  }),
  "key.refuseRecovery": (world) => {
    recovering(world);
    return { operation: op("key.refuseRecovery", { party: world.supplier.id }), signings: [world.supplier] };
  },
  "consent.grant": (world) => ({
    operation: op("consent.grant", consentBody(world)),
    signings: [world.seller],
  }),
  "consent.revoke": (world) => {
    const consent = world.chain.act(op("consent.grant", consentBody(world)), world.seller).created();
    return { operation: op("consent.revoke", { consent }), signings: [world.seller] };
  },
  "delivery.returnAcceptance": (world) => ({
    operation: op("delivery.returnAcceptance", { delivery: acceptedDelivery(world) }),
    signings: [world.debtor, world.seller],
  }),
  "invoice.confirm": (world) => ({
    operation: op("invoice.confirm", { invoice: lookalike(world).invoice }),
    signings: [world.debtor],
  }),
  "note.returnTransfer": (world) => ({
    operation: op("note.returnTransfer", { note: reliedUpon(world).note }),
    signings: [world.supplier, world.seller],
  }),
  "contract.amend": (world) => {
    const { contract } = trade(world, 5_000n);
    const body = { contract, terms: contractTerms(world, contract, { total: 9_000n }), notes: [] };
    return { operation: op("contract.amend", body), signings: [world.seller, world.debtor] };
  },
  "contract.terminate": (world) => {
    const { contract } = trade(world, 5_000n);
    return { operation: op("contract.terminate", { contract, notes: [] }), signings: [world.seller, world.debtor] };
  },
  "amendment.consent": (world) => {
    const { amendment } = proposedAmendment(world);
    return {
      operation: op("amendment.consent", { amendment, party: world.supplier.id }),
      signings: [world.supplier],
    };
  },
  "invoice.credit": (world) => {
    const { invoice, note } = reliedUpon(world);
    const body = { invoice, amount: 1_000n, document: commitment("red invoice"), dilutions: [{ note, amount: 1_000n }] };
    return { operation: op("invoice.credit", body), signings: [world.seller, world.debtor, world.supplier] };
  },
  "note.consolidate": (world) => {
    const { notes } = divided(world, [2_000n, 3_000n, 1_000n]);
    return { operation: op("note.consolidate", { notes: [...notes].sort() }), signings: [world.seller] };
  },
  "note.setOff": (world) => {
    const { notes } = lend(world, [receivable(world, 5_000n).note], 2_000n);
    return {
      operation: op("note.setOff", setOffBody(world, notes[0] as Hash, 1_000n)),
      signings: [world.debtor, world.seller, world.bank],
    };
  },
  "notice.acknowledge": (world) => {
    reliedUpon(world);
    const notice = world.chain.all("notice")[0]?.id as Hash;
    return { operation: op("notice.acknowledge", { notice }), signings: [world.debtor] };
  },
  "receivable.extend": (world) => {
    const { root, note } = reliedUpon(world);
    return { operation: op("receivable.extend", extendBody(world, root, [note])), signings: [world.debtor] };
  },
  "receivable.replace": (world) => {
    const { root, note } = reliedUpon(world);
    const body = { receivable: root, notes: [note], medium: "PLATFORM", statement: commitment("change of medium") } as const;
    return { operation: op("receivable.replace", body), signings: [world.debtor, world.platform, world.supplier] };
  },
  "dispute.raise": (world) => ({
    operation: op("dispute.raise", disputeBody(contestable(world, 5_000n).note, 2_000n)),
    signings: [world.debtor],
  }),
  "dispute.respond": (world) => {
    const { dispute } = disputed(world);
    return { operation: op("dispute.respond", { dispute, response: commitment("answer") }), signings: [world.seller] };
  },
  "dispute.withdraw": (world) => ({
    operation: op("dispute.withdraw", { dispute: disputed(world).dispute }),
    signings: [world.debtor],
  }),
  "dispute.settle": (world) => ({
    operation: op("dispute.settle", { dispute: disputed(world).dispute, upheld: 500n }),
    signings: [world.debtor, world.seller],
  }),
  "dispute.award": (world) => {
    const body = { dispute: disputed(world).dispute, authority: world.court.id, upheld: 2_000n, document: commitment("award") };
    return { operation: op("dispute.award", body), signings: [world.court] };
  },
  "freeze.place": (world) => ({
    operation: op("freeze.place", freezeBody(world, receivable(world, 5_000n).note, 2_000n)),
    signings: [world.court],
  }),
  "freeze.lift": (world) => {
    const { root, note } = receivable(world, 5_000n);
    const { freeze, held } = frozen(world, note, 2_000n);
    mature(world, root);
    pay(world, [{ note: held, amount: 1_500n }]);
    return { operation: op("freeze.lift", { freeze, document: commitment("lifted") }), signings: [world.court] };
  },
  "freeze.transfer": (world) => {
    const { freeze } = frozen(world, receivable(world, 5_000n).note, 2_000n);
    const body = { freeze, to: world.supplier.id, document: commitment("execution") };
    return { operation: op("freeze.transfer", body), signings: [world.court] };
  },
  "registry.renew": (world) => {
    lend(world, [receivable(world, 5_000n).note], 4_000n);
    const filing = world.chain.all("filing")[0];
    if (filing === undefined) throw new Error("the loan was filed");
    const body = { filing: filing.id, untilDay: filing.untilDay + 365, proof: commitment("renewed") };
    return { operation: op("registry.renew", body), signings: [world.bank] };
  },
  "registry.cancel": (world) => {
    const { root, note } = receivable(world, 5_000n);
    lend(world, [note], 4_500n, { ratePpm: 1_000_000 });
    mature(world, root);
    passDays(world, 31);
    pay(world, [{ note, amount: 5_000n }]);
    const filing = world.chain.all("filing")[0]?.id as Hash;
    return { operation: op("registry.cancel", { filing }), signings: [world.bank] };
  },
  "payment.early": (world) => {
    const { note } = receivable(world, 5_000n);
    const body = { ...attestation(world, 2_900n), note, face: 3_000n };
    return { operation: op("payment.early", body), signings: [attester(world), world.debtor, world.seller] };
  },
  "payment.reverse": (world) => {
    const { root, note } = receivable(world, 5_000n);
    const { loan } = lend(world, [note], 4_000n);
    mature(world, root);
    pay(world, [{ note, amount: 5_000n }]);
    const payment = world.chain.all("payment")[0]?.id as Hash;
    if (world.chain.read("loan", loan).status !== "REPAID") throw new Error("the payment pays the loan");
    return { operation: op("payment.reverse", { payment, evidence: commitment("pacs.004") }), signings: [attester(world)] };
  },
  "loan.demand": (world) => {
    const { loan, secured } = overdueLoan(world);
    return { operation: op("loan.demand", { loan, cause: secured }), signings: [world.bank] };
  },
  "loan.buyBack": (world) => {
    const { notes } = divided(world, [2_000n, 3_000n]);
    const { loan } = lend(world, notes, 4_000n, { security: "ASSIGNMENT", ratePpm: 0 });
    world.chain.act(op("loan.resell", { loan, to: world.lender.id }), world.bank, world.lender);
    const bought = world.chain.read("loan", loan).notes;
    const note = bought.find((id) => world.chain.read("note", id).amount === 2_000n) as Hash;
    const body = { ...attestation(world, 1_600n), loan, note };
    return { operation: op("loan.buyBack", body), signings: [attester(world), world.seller, world.lender] };
  },
  "loan.writeOff": (world) => {
    const { loan } = overdueLoan(world);
    passDays(world, 90);
    return { operation: op("loan.writeOff", { loan }), signings: [world.bank] };
  },
  "loan.resell": (world) => {
    const { loan } = lend(world, [receivable(world, 5_000n).note], 4_000n, { security: "ASSIGNMENT" });
    return { operation: op("loan.resell", { loan, to: world.lender.id }), signings: [world.bank, world.lender] };
  },
  "guarantee.attach": (world) => ({
    operation: op("guarantee.attach", guaranteeBody(world, receivable(world, 5_000n).root, 3_000n)),
    signings: [world.guarantor],
  }),
  "guarantee.pay": (world) => {
    const { root, note } = receivable(world, 5_000n);
    const guarantee = guaranteed(world, root, 3_000n);
    lend(world, [note], 4_000n);
    mature(world, root);
    const body = { ...attestation(world, 2_000n), guarantee, note };
    return { operation: op("guarantee.pay", body), signings: [attester(world), world.guarantor] };
  },
  "limit.line": ({ bank, seller }) => ({
    operation: op("limit.line", { lender: bank.id, borrower: seller.id, currency: "CNY", limit: 1_000_000n }),
    signings: [bank],
  }),
  "limit.programme": ({ bank, debtor }) => ({
    operation: op("limit.programme", { bank: bank.id, debtor: debtor.id, currency: "CNY", limit: 1_000_000n }),
    signings: [bank, debtor],
  }),
} satisfies Readonly<Record<string, (world: Alliance) => Sample>>;
