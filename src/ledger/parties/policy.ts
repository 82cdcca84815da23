import { hash, list } from "../../codec/schema.ts";
import { LIMITS } from "../../types/limits.ts";
import type { Amount, TimeMs } from "../../types/scalars.ts";
import type { TxSigner } from "../../types/transaction.ts";
import type { Book } from "../book.ts";
import { require } from "../codes.ts";
import { activeParty } from "../conditions.ts";
import { keyId } from "../ids.ts";
import type { ObjectOf } from "../objects.ts";
import { transition } from "../transition.ts";
import { policyRuleSchema } from "./objects.ts";

export type PolicyRule = ObjectOf<"party">["policy"][number];
type Purpose = ObjectOf<"key">["purpose"];

/** Without a rule of its own a party acts by one maker. */
const ONE_MAKER = { makers: 1, checkers: 0 } as const;

/** The rule for an action and amount: the most specific action, then the highest threshold reached. */
export function ruleFor(
  policy: readonly PolicyRule[],
  action: string,
  amount: Amount,
): { readonly makers: number; readonly checkers: number } {
  let best: PolicyRule | undefined;
  for (const rule of policy) {
    if (amount < rule.amountMin || !matches(rule.action, action)) continue;
    if (
      best === undefined ||
      rule.action.length > best.action.length ||
      (rule.action.length === best.action.length && rule.amountMin > best.amountMin)
    ) {
      best = rule;
    }
  }
  return best ?? ONE_MAKER;
}

/**
 * Maker–checker: enough distinct keys of each purpose have signed for the party. A key that the transaction itself adds does not count
 * (else a single maker could add the checker that it lacks), except for a party that the same transaction registers.
 */
export function policyHolds(
  book: Book,
  party: ObjectOf<"party">,
  signers: readonly TxSigner[],
  act: { readonly action: string; readonly amount: Amount; readonly makers: readonly string[] },
): void {
  const isNew = book.findBefore("party", party.id) === undefined;
  let makers = 0;
  let checkers = 0;
  for (const signer of signers) {
    if (signer.party !== party.id) continue;
    const id = keyId(signer.key);
    const purpose = (isNew ? book.find("key", id) : book.findBefore("key", id))?.purpose;
    if (purpose === "MAKER" || (purpose !== undefined && act.makers.includes(purpose))) makers += 1;
    else if (purpose === "CHECKER") checkers += 1;
  }
  const rule = ruleFor(party.policy, act.action, act.amount);
  const fact = (field: string, value: number | bigint | string) => ({ of: "party", id: party.id, field, value: String(value) });
  require(makers >= rule.makers && checkers >= rule.checkers && makers + checkers > 0, "POLICY_NOT_MET", () => [
    fact("action", act.action),
    fact("amount", act.amount),
    fact("makers needed", rule.makers),
    fact("makers that signed", makers),
    fact("checkers needed", rule.checkers),
    fact("checkers that signed", checkers),
  ]);
}

/** Whether the keys could ever satisfy each rule, within the signers that one transaction may have. There is always a maker. */
export function isSatisfiable(policy: readonly PolicyRule[], keys: readonly { readonly purpose: Purpose }[]): boolean {
  const makers = keys.filter(({ purpose }) => purpose !== "CHECKER" && purpose !== "DEVICE").length;
  const checkers = keys.filter(({ purpose }) => purpose === "CHECKER").length;
  return (
    keys.some(({ purpose }) => purpose === "MAKER") &&
    policy.every((rule) => rule.makers <= makers && rule.checkers <= checkers && rule.makers + rule.checkers <= LIMITS.signersMax)
  );
}

/** A party sets its own rules; the rules in force decide who must sign that. */
export const setPolicy = transition({
  kind: "party.policy",
  label: { zh: "设定签署规则", en: "set the signing policy" },
  ground: "电子签名法 art. 13: the signatory decides how its signature is made",
  signedBy: "the party, by the policy still in force",
  body: { party: hash, policy: list(policyRuleSchema, { max: 32 }) },
  signers: ({ party }) => [party],
  requires: [
    (call) => {
      activeParty(call, call.body.party);
    },
    ({ body, book, timeMs }) => {
      require(isSatisfiable(body.policy, liveKeys(book, book.get("party", body.party), timeMs)), "POLICY_UNSATISFIABLE");
    },
  ],
  effect: ({ body, book }) => [book.update("party", book.get("party", body.party), { policy: body.policy }).id],
});

/** Keys of a party that are neither revoked nor run out. */
export function liveKeys(book: Book, party: ObjectOf<"party">, timeMs: TimeMs): readonly ObjectOf<"key">[] {
  return party.keys
    .map((key) => book.get("key", keyId(key)))
    .filter((key) => key.revokedMs === undefined && (key.untilMs === undefined || key.untilMs > timeMs));
}

function matches(pattern: string, action: string): boolean {
  if (pattern === "*" || pattern === action) return true;
  return pattern.endsWith(".*") && action.startsWith(pattern.slice(0, -1));
}
