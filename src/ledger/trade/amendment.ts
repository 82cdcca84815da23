import { hash, list } from "../../codec/schema.ts";
import type { Hash } from "../../types/scalars.ts";
import { require } from "../codes.ts";
import { type Call, type Situation, transition } from "../transition.ts";
import { isDetrimental, newAmendment, reliersNamed } from "./consents.ts";
import { contractTermsSchema } from "./objects.ts";

const NOTES = list(hash, { max: 128, sortedBy: (note) => note });

const bothSides = ({ contract }: { readonly contract: Hash }, { book }: Situation) => {
  const { seller, buyer } = book.get("contract", contract);
  return [seller, buyer];
};

/** Nothing rests on it as an order: what a lender or a buyer has paid in advance for stays as it was agreed. */
function isContractOpen({ body, book }: Call<{ readonly contract: Hash }>): void {
  const { status, position } = book.get("contract", body.contract);
  require(status === "OPEN", "CONTRACT_CLOSED");
  require(position === "OPEN", "ORDER_ENCUMBERED");
}

/**
 * Both sides change the contract. After notice, what would harm those who hold or lend on its receivables has no effect without them:
 * they are named by their notes, asked, and it takes effect with the last consent.
 */
export const amendContract = transition({
  kind: "contract.amend",
  label: { zh: "变更合同", en: "amend a contract" },
  ground: "Civil Code art. 543, 765",
  signedBy: "seller; buyer",
  body: { contract: hash, terms: contractTermsSchema, notes: NOTES },
  signers: bothSides,
  stake: ({ terms }) => terms.total,
  requires: [
    isContractOpen,
    ({ body, book }) => require(book.get("contract", body.contract).delivered <= body.terms.total, "TERMS_BELOW_DELIVERED"),
    (call) => {
      const contract = call.book.get("contract", call.body.contract);
      if (isDetrimental(contract, call.body.terms)) reliersNamed(call, contract, call.body.notes);
    },
  ],
  effect: (call) => {
    const { book, body } = call;
    const contract = book.get("contract", body.contract);
    const notes = isDetrimental(contract, body.terms) ? body.notes : [];
    return newAmendment(call, { kind: "AMENDMENT", target: contract.id, notes, terms: body.terms }, bothSides(body, call));
  },
});

export const terminateContract = transition({
  kind: "contract.terminate",
  label: { zh: "终止合同", en: "terminate a contract" },
  ground: "Civil Code art. 562, 765",
  signedBy: "seller; buyer",
  body: { contract: hash, notes: NOTES },
  signers: bothSides,
  stake: ({ contract }, { book }) => book.get("contract", contract).total,
  requires: [isContractOpen, (call) => reliersNamed(call, call.book.get("contract", call.body.contract), call.body.notes)],
  effect: (call) => {
    const { body } = call;
    return newAmendment(call, { kind: "TERMINATION", target: body.contract, notes: body.notes }, bothSides(body, call));
  },
});
