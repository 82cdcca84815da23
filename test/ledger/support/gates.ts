import type { Hash } from "../../../src/types/scalars.ts";
import { type Alliance, commitment, receivable, registerFirm, trade } from "./alliance.ts";
import { by, op } from "./chain.ts";
import { applyBody, decideBody } from "./finance.ts";
import { type Firm, firm, testUscc } from "./firm.ts";

/** A firm that sells and buys. */
export function trader(world: Alliance, serial: number): Firm {
  const made = firm(`trader ${serial}`, testUscc(700 + serial));
  registerFirm(world, made, ["DEBTOR", "SELLER"]);
  return made;
}

/** One firm sells to another: contract, delivery, invoice. */
export function sells(world: Alliance, seller: Firm, debtor: Firm, amount: bigint): void {
  trade({ ...world, seller, debtor }, amount);
}

/** A bank officer approves finance on the notes, of the seller unless somebody else holds them; answers the code. */
export function approval(world: Alliance, notes: readonly Hash[], holder: Firm = world.seller) {
  const { chain, bank } = world;
  const application = chain.act(op("finance.apply", applyBody(world, notes, 1_000n)), holder).created();
  return chain.refusal(op("finance.decide", decideBody(world, application, 1_000n)), bank);
}

/** The same, with a checker who says why although. */
export function overridden(world: Alliance, notes: readonly Hash[]): Hash {
  const { chain, bank } = world;
  const application = chain.act(op("finance.apply", applyBody(world, notes, 1_000n)), world.seller).created();
  const override = { reason: "KNOWN_CUSTOMER", document: commitment("minutes of the credit committee") };
  const body = decideBody(world, application, 1_000n, { override });
  return chain.act(op("finance.decide", body), bank, by(bank, bank.checker)).created();
}

/** Seller and debtor say that they belong together. */
export function related({ chain, seller, debtor, platform }: Alliance): void {
  const group = commitment("group");
  const roles = ["DEBTOR", "SELLER"];
  chain.act(op("party.update", { party: seller.id, roles, size: "SME", group }), seller, platform);
  chain.act(op("party.update", { party: debtor.id, roles: ["DEBTOR"], size: "LARGE", group }), debtor, platform);
}

/** The debtor sells what it bought to others, and the last of them to the first seller. */
export function circle(world: Alliance, hands: number, amount: bigint): Hash {
  const debtor = trader(world, 0);
  const others = Array.from({ length: hands }, (_, index) => trader(world, 1 + index));
  const line = [debtor, ...others, world.seller];
  for (const [index, seller] of line.slice(0, -1).entries()) sells(world, seller, line[index + 1] as Firm, amount);
  return receivable({ ...world, debtor }, 100_000n).note;
}
