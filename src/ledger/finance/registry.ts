import { hash, int } from "../../codec/schema.ts";
import type { Hash } from "../../types/scalars.ts";
import { require } from "../codes.ts";
import { activeParty } from "../conditions.ts";
import { daySchema } from "../fields.ts";
import { namedId } from "../ids.ts";
import { transition } from "../transition.ts";

const DAY_MS = 86_400_000;

/** A search in the public registry (动产融资统一登记公示系统), attested by whoever made it. */
export const searchRegistry = transition({
  kind: "registry.search",
  label: { zh: "登记查询", en: "search the registry" },
  ground: "Civil Code art. 768: search, file, search again",
  signedBy: "a lender, verifier or registry",
  body: { by: hash, subject: hash, hits: int({ max: 100_000 }), result: hash, timeMs: int() },
  signers: ({ by }) => [by],
  makers: ["ATTEST", "ENGINE"],
  requires: [
    ({ body, book }) => {
      const { roles } = book.get("party", body.by);
      require(roles.includes("LENDER") || roles.includes("VERIFIER") || roles.includes("REGISTRY"), "ROLE_MISSING");
    },
    (call) => {
      activeParty(call, call.body.subject);
    },
    ({ body, timeMs, params }) =>
      require(body.timeMs <= timeMs && body.timeMs > timeMs - params.searchTtlMs, "EXPIRY_OUT_OF_RANGE"),
  ],
  effect: ({ body, book, newId, timeMs }) => [book.add("search", { id: newId(), ...body, recordedMs: timeMs }).id],
});

/** The lender's filing: its registration time ranks its claim. */
export const fileClaim = transition({
  kind: "registry.file",
  label: { zh: "动产融资登记", en: "file with the registry" },
  ground: "Civil Code art. 445, 768; 银发〔2025〕77号 art. 13",
  signedBy: "lender",
  body: { loan: hash, number: hash, timeMs: int(), untilDay: daySchema, proof: hash },
  signers: ({ loan }, { book }) => [book.get("loan", loan).lender],
  makers: ["ATTEST", "ENGINE"],
  requires: [
    ({ body, book }) =>
      require(book.get("loan", body.loan).status === "COMMITTED" && book.get("loan", body.loan).filing === null, "WRONG_STATUS"),
    ({ body, book }) => require(book.find("filing", filingId(body.number)) === undefined, "REFERENCE_TAKEN"),
    ({ body, timeMs }) => require(body.timeMs <= timeMs && body.timeMs > timeMs - DAY_MS, "EXPIRY_OUT_OF_RANGE"),
    ({ body, book, day }) => require(body.untilDay >= day + book.get("loan", body.loan).tenorDays, "FILING_TERM_SHORT"),
  ],
  effect: ({ body, book, timeMs: recordedMs }) => {
    const loan = book.get("loan", body.loan);
    const { number, timeMs, untilDay, proof } = body;
    const id = filingId(number);
    book.create("filing", { id, by: loan.lender, loan: loan.id, number, timeMs, recordedMs, untilDay, proof, status: "ACTIVE" });
    book.update("loan", loan, { filing: id });
    return [id, loan.id];
  },
});

/** A filing is prolonged before it ends; its rank stays. */
export const renewFiling = transition({
  kind: "registry.renew",
  label: { zh: "登记展期", en: "renew a filing" },
  ground: "动产和权利担保统一登记办法 art. 13: a registration is renewed before its term ends",
  signedBy: "who filed",
  body: { filing: hash, untilDay: daySchema, proof: hash },
  signers: ({ filing }, { book }) => [book.get("filing", filing).by],
  makers: ["ATTEST", "ENGINE"],
  requires: [
    ({ body, book, day }) => {
      const filing = book.get("filing", body.filing);
      require(filing.status === "ACTIVE" && day <= filing.untilDay, "FILING_ENDED");
    },
    ({ body, book }) => require(body.untilDay > book.get("filing", body.filing).untilDay, "FILING_TERM_SHORT"),
  ],
  effect: ({ body, book }) => {
    const { untilDay, proof } = body;
    return [book.update("filing", book.get("filing", body.filing), { untilDay, proof }).id];
  },
});

/** A filing that secures nothing is taken off the registry; paying the loan off does it by itself. */
export const cancelFiling = transition({
  kind: "registry.cancel",
  label: { zh: "注销登记", en: "cancel a filing" },
  ground: "动产和权利担保统一登记办法 art. 20: cancelled within ten working days after the claim has ended",
  signedBy: "who filed",
  body: { filing: hash },
  signers: ({ filing }, { book }) => [book.get("filing", filing).by],
  makers: ["ATTEST", "ENGINE"],
  requires: [
    ({ body, book }) => require(book.get("filing", body.filing).status === "ACTIVE", "FILING_ENDED"),
    ({ body, book }) => {
      const { status, notes, receipts, order, prepayment } = book.get("loan", book.get("filing", body.filing).loan);
      const isBare = notes.length === 0 && receipts.length === 0 && order === null && prepayment === null;
      require(status === "ACTIVE" && isBare, "FILING_NEEDED");
    },
  ],
  effect: ({ body, book }) => [book.update("filing", book.get("filing", body.filing), { status: "CANCELLED" }).id],
});

export function filingId(number: Hash): Hash {
  return namedId("filing", number);
}
