import { dayOf } from "../../../src/ledger/calendar.ts";
import type { Hash } from "../../../src/types/scalars.ts";
import { type Alliance, commitment, HOUR_MS, receivable, trade } from "./alliance.ts";
import { op } from "./chain.ts";
import {
  attestation,
  attester,
  contestable,
  contractTerms,
  disputeBody,
  disputed,
  extendBody,
  freezeBody,
  frozen,
  passDays,
  proposedAmendment,
  reliedUpon,
  setOffBody,
} from "./changes.ts";
import { apply, decide, divided, lend, mature, pay, paymentBody } from "./finance.ts";
import { firm, testUscc } from "./firm.ts";
import type { Refused } from "./refused.ts";

const document = commitment("document");

function terminated(world: Alliance): Hash {
  const { contract } = trade(world, 5_000n);
  world.chain.act(op("contract.terminate", { contract, notes: [] }), world.seller, world.debtor);
  return contract;
}

function credit(invoice: Hash, amount: bigint, dilutions: readonly { note: Hash; amount: bigint }[]) {
  return op("invoice.credit", { invoice, amount, document, dilutions: [...dilutions] });
}

/** What changes contracts, invoices, notes and receivables, and contests or freezes them. */
export const CHANGES_REFUSALS: readonly Refused[] = [
  [
    "a contract that was terminated is not amended",
    "CONTRACT_CLOSED",
    (world) => {
      const contract = terminated(world);
      const body = { contract, terms: contractTerms(world, contract), notes: [] };
      return world.chain.refusal(op("contract.amend", body), world.seller, world.debtor);
    },
  ],
  [
    "nothing more is delivered under a contract that was terminated",
    "CONTRACT_CLOSED",
    (world) => {
      const contract = terminated(world);
      const body = { contract, amount: 1n, day: dayOf(world.chain.timeMs), evidence: document };
      return world.chain.refusal(op("delivery.record", body), world.seller);
    },
  ],
  [
    "nor terminated twice",
    "CONTRACT_CLOSED",
    (world) =>
      world.chain.refusal(op("contract.terminate", { contract: terminated(world), notes: [] }), world.seller, world.debtor),
  ],
  [
    "a contract covers at least what was delivered",
    "TERMS_BELOW_DELIVERED",
    (world) => {
      const { contract } = trade(world, 5_000n);
      const body = { contract, terms: contractTerms(world, contract, { total: 4_999n }), notes: [] };
      return world.chain.refusal(op("contract.amend", body), world.seller, world.debtor);
    },
  ],
  [
    "after notice a longer term of payment leaves out nobody who relies on the contract",
    "CLAIMS_INCOMPLETE",
    (world) => {
      const { contract } = reliedUpon(world);
      const body = { contract, terms: contractTerms(world, contract, { payTermDays: 200 }), notes: [] };
      return world.chain.refusal(op("contract.amend", body), world.seller, world.debtor);
    },
  ],
  [
    "nor does a termination",
    "CLAIMS_INCOMPLETE",
    (world) =>
      world.chain.refusal(
        op("contract.terminate", { contract: reliedUpon(world).contract, notes: [] }),
        world.seller,
        world.debtor,
      ),
  ],
  [
    "nobody consents who is not asked",
    "CONSENT_NOT_ASKED",
    (world) => {
      const { amendment } = proposedAmendment(world);
      return world.chain.refusal(op("amendment.consent", { amendment, party: world.bank.id }), world.bank);
    },
  ],
  [
    "a consent comes too late",
    "DEADLINE_PASSED",
    (world) => {
      const { amendment } = proposedAmendment(world);
      passDays(world, 31);
      return world.chain.refusal(op("amendment.consent", { amendment, party: world.supplier.id }), world.supplier);
    },
  ],
  [
    "who has passed the note on cannot consent for its new holder",
    "AMENDMENT_STALE",
    (world) => {
      const { amendment, note } = proposedAmendment(world);
      world.chain.act(op("note.transfer", { note, to: world.lender.id }), world.supplier, world.lender);
      return world.chain.refusal(op("amendment.consent", { amendment, party: world.supplier.id }), world.supplier);
    },
  ],
  [
    "no more is credited than was invoiced",
    "CREDIT_EXCEEDS_INVOICE",
    (world) => world.chain.refusal(credit(trade(world, 5_000n).invoice, 5_001n, []), world.seller, world.debtor),
  ],
  [
    "a credit of what backs a receivable names whom it hits",
    "DILUTION_MISMATCH",
    (world) => world.chain.refusal(credit(receivable(world, 5_000n).invoice, 1n, []), world.seller, world.debtor),
  ],
  [
    "a credit does not hit a receivable of another invoice",
    "DILUTION_MISMATCH",
    (world) => {
      const { invoice } = receivable(world, 5_000n);
      const { note } = receivable(world, 5_000n);
      return world.chain.refusal(credit(invoice, 500n, [{ note, amount: 500n }]), world.seller, world.debtor);
    },
  ],
  [
    "notes of two receivables do not become one",
    "RECEIVABLES_DIFFER",
    (world) => {
      const notes = [receivable(world, 5_000n).note, receivable(world, 5_000n).note].sort();
      return world.chain.refusal(op("note.consolidate", { notes }), world.seller);
    },
  ],
  [
    "only a court decides without the parties",
    "ROLE_MISSING",
    (world) => {
      const { note } = receivable(world, 5_000n);
      return world.chain.refusal(op("note.setOff", setOffBody(world, note, 500n, { court: world.platform.id })), world.platform);
    },
  ],
  [
    "a note on offer is not set off",
    "NOTE_NOT_OPEN",
    (world) => {
      const { note } = receivable(world, 5_000n);
      const body = { note, to: world.supplier.id, expiresMs: world.chain.timeMs + HOUR_MS };
      world.chain.act(op("note.offer", body), world.seller);
      return world.chain.refusal(op("note.setOff", setOffBody(world, note, 500n)), world.seller, world.debtor);
    },
  ],
  [
    "a claim that falls due after the note is not set off",
    "SETOFF_UNFOUNDED",
    (world) => {
      const { note } = receivable(world, 5_000n);
      const claimDueDay = dayOf(world.chain.timeMs) + 91;
      return world.chain.refusal(op("note.setOff", setOffBody(world, note, 500n, { claimDueDay })), world.seller, world.debtor);
    },
  ],
  [
    "no more is set off than is owed",
    "AMOUNT_EXCEEDED",
    (world) =>
      world.chain.refusal(
        op("note.setOff", setOffBody(world, receivable(world, 5_000n).note, 5_001n)),
        world.seller,
        world.debtor,
      ),
  ],
  [
    "a notice is acknowledged once",
    "WRONG_STATUS",
    (world) => {
      reliedUpon(world);
      const body = { notice: world.chain.all("notice")[0]?.id as Hash };
      world.chain.act(op("notice.acknowledge", body), world.debtor);
      return world.chain.refusal(op("notice.acknowledge", body), world.debtor);
    },
  ],
  [
    "a maturity is put off once",
    "EXTENSIONS_EXCEEDED",
    (world) => {
      const { root, note } = receivable(world, 5_000n);
      const amendment = world.chain.act(op("receivable.extend", extendBody(world, root, [note])), world.debtor).created();
      world.chain.act(op("amendment.consent", { amendment, party: world.seller.id }), world.seller);
      return world.chain.refusal(op("receivable.extend", extendBody(world, root, [note])), world.debtor);
    },
  ],
  [
    "an extension asks every holder",
    "CLAIMS_INCOMPLETE",
    (world) => {
      const { root, notes } = divided(world, [2_000n, 3_000n]);
      return world.chain.refusal(op("receivable.extend", extendBody(world, root, notes.slice(1))), world.debtor);
    },
  ],
  [
    "an extension waits for the answer to an offer",
    "NOTE_NOT_OPEN",
    (world) => {
      const { root, note } = receivable(world, 5_000n);
      const body = { note, to: world.supplier.id, expiresMs: world.chain.timeMs + HOUR_MS };
      world.chain.act(op("note.offer", body), world.seller);
      return world.chain.refusal(op("receivable.extend", extendBody(world, root, [note])), world.debtor);
    },
  ],
  [
    "an extension prolongs guarantees of the same receivable only",
    "NOT_FOUND",
    (world) => {
      const { root, note } = receivable(world, 5_000n);
      const other = receivable(world, 5_000n);
      const { guarantor, chain } = world;
      const untilDay = dayOf(chain.timeMs) + 100;
      const body = { guarantor: guarantor.id, receivable: other.root, cap: 1_000n, untilDay, document };
      const guarantee = chain.act(op("guarantee.attach", body), guarantor).created();
      return chain.refusal(op("receivable.extend", extendBody(world, root, [note], { guarantees: [guarantee] })), world.debtor);
    },
  ],
  [
    "what has matured is not replaced",
    "WRONG_STATUS",
    (world) => {
      const { root, note } = receivable(world, 5_000n);
      mature(world, root);
      return world.chain.refusal(replacement(root, [note]), world.debtor, world.seller, world.platform);
    },
  ],
  [
    "what was paid in part is not replaced",
    "WRONG_STATUS",
    (world) => {
      const { root, note } = receivable(world, 5_000n);
      const body = { ...attestation(world, 1_000n), note, face: 1_000n };
      const { receipt } = world.chain.act(op("payment.early", body), attester(world), world.debtor, world.seller);
      if (receipt.code !== 0) throw new Error("paid in part");
      const rest = world.chain.all("note").find(({ position }) => position === "OPEN")?.id as Hash;
      return world.chain.refusal(replacement(root, [rest]), world.debtor, world.seller, world.platform);
    },
  ],
  [
    "a change of medium takes every holder",
    "CLAIMS_INCOMPLETE",
    (world) => {
      const { root, notes } = divided(world, [2_000n, 3_000n]);
      return world.chain.refusal(replacement(root, notes.slice(1)), world.debtor, world.seller, world.platform);
    },
  ],
  [
    "what was redeemed is not disputed",
    "NOTE_NOT_OPEN",
    (world) => {
      const { root, note } = contestable(world, 5_000n);
      mature(world, root);
      pay(world, [{ note, amount: 5_000n }]);
      return world.chain.refusal(op("dispute.raise", disputeBody(note, 500n)), world.debtor);
    },
  ],
  [
    "what is disputed is not disputed again",
    "NOTE_DISPUTED",
    (world) => world.chain.refusal(op("dispute.raise", disputeBody(disputed(world).contested, 500n)), world.debtor),
  ],
  [
    "no more is disputed than is unpaid",
    "AMOUNT_EXCEEDED",
    (world) => world.chain.refusal(op("dispute.raise", disputeBody(contestable(world, 5_000n).note, 5_001n)), world.debtor),
  ],
  [
    "a dispute over dust is none",
    "PART_TOO_SMALL",
    (world) => world.chain.refusal(op("dispute.raise", disputeBody(contestable(world, 5_000n).note, 99n)), world.debtor),
  ],
  ...(["dispute.respond", "dispute.withdraw", "dispute.settle", "dispute.award"] as const).map(
    (kind): Refused => [
      `${kind} needs a dispute that stands`,
      "WRONG_STATUS",
      (world) => {
        const { dispute } = disputed(world);
        const { chain, debtor, seller, court } = world;
        chain.act(op("dispute.withdraw", { dispute }), debtor);
        if (kind === "dispute.respond") return chain.refusal(op(kind, { dispute, response: document }), seller);
        if (kind === "dispute.withdraw") return chain.refusal(op(kind, { dispute }), debtor);
        if (kind === "dispute.settle") return chain.refusal(op(kind, { dispute, upheld: 0n }), debtor, seller);
        return chain.refusal(op(kind, { dispute, authority: court.id, upheld: 0n, document }), court);
      },
    ],
  ),
  [
    "no more is upheld than was disputed",
    "AMOUNT_EXCEEDED",
    (world) => {
      const { dispute } = disputed(world);
      return world.chain.refusal(op("dispute.settle", { dispute, upheld: 2_001n }), world.debtor, world.seller);
    },
  ],
  [
    "nor is it by a court",
    "AMOUNT_EXCEEDED",
    (world) => {
      const { dispute } = disputed(world);
      const body = { dispute, authority: world.court.id, upheld: 2_001n, document };
      return world.chain.refusal(op("dispute.award", body), world.court);
    },
  ],
  [
    "a bank awards nothing",
    "ROLE_MISSING",
    (world) => {
      const body = { dispute: disputed(world).dispute, authority: world.bank.id, upheld: 0n, document };
      return world.chain.refusal(op("dispute.award", body), world.bank);
    },
  ],
  [
    "what is in dispute is not paid",
    "NOTE_DISPUTED",
    (world) => {
      const { root, contested } = disputed(world);
      mature(world, root);
      return world.chain.refusal(op("payment.attest", paymentBody(world, [{ note: contested, amount: 2_000n }])), world.bank);
    },
  ],
  [
    "what is in dispute is not transferred",
    "NOTE_DISPUTED",
    (world) =>
      world.chain.refusal(
        op("note.transfer", { note: disputed(world).contested, to: world.supplier.id }),
        world.seller,
        world.supplier,
      ),
  ],
  [
    "a platform freezes nothing",
    "ROLE_MISSING",
    (world) => {
      const body = freezeBody(world, receivable(world, 5_000n).note, 500n, { by: [world.platform.id] });
      return world.chain.refusal(op("freeze.place", body), world.platform);
    },
  ],
  [
    "two members do not stand for an authority",
    "MEMBERS_TOO_FEW",
    (world) => {
      const members = [world.platform, world.verifier];
      const { note } = receivable(world, 5_000n);
      const body = freezeBody(world, note, 500n, { kind: "GOVERNANCE", by: members.map(({ id }) => id).sort() });
      return world.chain.refusal(op("freeze.place", body), ...members);
    },
  ],
  [
    "what is frozen is not frozen again",
    "NOTE_FROZEN",
    (world) => {
      const { held } = frozen(world, receivable(world, 5_000n).note, 2_000n);
      return world.chain.refusal(op("freeze.place", freezeBody(world, held, 500n)), world.court);
    },
  ],
  [
    "no more is frozen than is there",
    "AMOUNT_EXCEEDED",
    (world) => world.chain.refusal(op("freeze.place", freezeBody(world, receivable(world, 5_000n).note, 5_001n)), world.court),
  ],
  [
    "what is frozen is not transferred",
    "NOTE_FROZEN",
    (world) => {
      const { held } = frozen(world, receivable(world, 5_000n).note, 5_000n);
      return world.chain.refusal(op("note.transfer", { note: held, to: world.supplier.id }), world.seller, world.supplier);
    },
  ],
  [
    "a freeze on a committed note stops the money from going out",
    "NOTE_FROZEN",
    (world) => {
      const { note } = receivable(world, 5_000n);
      const decision = decide(world, apply(world, [note], 4_000n), 4_000n);
      const { chain, court, seller, bank } = world;
      const loan = chain.act(op("finance.accept", { decision }), seller).created();
      chain.act(op("freeze.place", freezeBody(world, note, 1_000n)), court);
      const filing = { loan, number: document, timeMs: chain.timeMs, untilDay: dayOf(chain.timeMs) + 400, proof: document };
      chain.act(op("registry.file", filing), bank);
      const found = { by: bank.id, subject: seller.id, hits: 0, result: document, timeMs: chain.timeMs };
      const search = chain.act(op("registry.search", found), bank).created();
      return chain.refusal(op("loan.order", { loan, search, instruction: document }), bank);
    },
  ],
  [
    "an order that was lifted is over",
    "WRONG_STATUS",
    (world) => {
      const { freeze } = frozen(world, receivable(world, 5_000n).note, 2_000n);
      world.chain.act(op("freeze.lift", { freeze, document }), world.court);
      return world.chain.refusal(op("freeze.lift", { freeze, document }), world.court);
    },
  ],
  [
    "and is not carried out",
    "WRONG_STATUS",
    (world) => {
      const { freeze } = frozen(world, receivable(world, 5_000n).note, 2_000n);
      world.chain.act(op("freeze.lift", { freeze, document }), world.court);
      return world.chain.refusal(op("freeze.transfer", { freeze, to: world.supplier.id, document }), world.court);
    },
  ],
  [
    "a lender's security comes before execution",
    "NOTE_NOT_OPEN",
    (world) => {
      const { notes } = lend(world, [receivable(world, 5_000n).note], 4_000n);
      const { freeze } = frozen(world, notes[0] as Hash, 2_000n);
      return world.chain.refusal(op("freeze.transfer", { freeze, to: world.supplier.id, document }), world.court);
    },
  ],
  [
    "execution gives a claim to nobody unknown",
    "NOT_FOUND",
    (world) => {
      const { freeze } = frozen(world, receivable(world, 5_000n).note, 2_000n);
      return world.chain.refusal(op("freeze.transfer", { freeze, to: firm("nobody", testUscc(88)).id, document }), world.court);
    },
  ],
];

function replacement(root: Hash, notes: readonly Hash[]) {
  const body = { receivable: root, notes: [...notes].sort(), medium: "PAPER", statement: document } as const;
  return op("receivable.replace", body);
}
