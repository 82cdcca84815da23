import { dayOf } from "../../../src/ledger/calendar.ts";
import { attestationId } from "../../../src/ledger/goods/device.ts";
import { zoneId } from "../../../src/ledger/goods/zone.ts";
import type { BodyOf } from "../../../src/ledger/transitions.ts";
import type { Amount, Hash } from "../../../src/types/scalars.ts";
import { type Alliance, commitment, contractBody, DAY_MS, HOUR_MS, invoiceBody, registerFirm } from "./alliance.ts";
import { by, op, type Signature, type Signing } from "./chain.ts";
import { attestation } from "./changes.ts";
import { decideBody, disbursedBody, filingBody, searchBody } from "./finance.ts";
import { type Firm, firm, testKey, testUscc } from "./firm.ts";

export const KEEPER = firm("keeper", testUscc(60));
export const COIL = { goods: "steel.coil.hot-rolled", grade: "Q235B", unit: "KGM" } as const;
/** A tonne of it. */
export const TONNE_PRICE = 360_000n;

let serial = 0;

/** A commitment that no other call gave. */
export function fresh(what: string): Hash {
  serial += 1;
  return commitment(`${what} ${serial}`);
}

export interface House {
  readonly warehouse: Hash;
  readonly zone: Hash;
  readonly other: Hash;
}

export function houseBody(change: Partial<BodyOf<"warehouse.register">> = {}): BodyOf<"warehouse.register"> {
  const number = fresh("warehouse");
  return { operator: KEEPER.id, number, city: "310000", zones: ["A", "B"], document: commitment("licence"), ...change };
}

export function registerKeeper(world: Alliance): void {
  if (world.chain.find("party", KEEPER.id) === undefined) registerFirm(world, KEEPER, ["WAREHOUSE"]);
}

export function house(world: Alliance): House {
  registerKeeper(world);
  const warehouse = world.chain.act(op("warehouse.register", houseBody()), KEEPER).created();
  return { warehouse, zone: zoneId(warehouse, "A"), other: zoneId(warehouse, "B") };
}

/** A device that signs for the keeper. */
export function sensor(name: string): Signature & { readonly id: Hash } {
  const key = testKey(`device ${name}`, "DEVICE");
  return { ...by(KEEPER, key), id: key.key as unknown as Hash };
}

export function bindBody(
  { warehouse }: House,
  device: Signature,
  change: Partial<BodyOf<"device.bind">> = {},
): BodyOf<"device.bind"> {
  return {
    key: device.key.key,
    warehouse,
    zone: "A",
    kind: "WEIGHT",
    model: commitment("model"),
    firmware: commitment("firmware"),
    intervalMs: DAY_MS,
    ...change,
  };
}

export function bind(world: Alliance, place: House, name: string, change: Partial<BodyOf<"device.bind">> = {}) {
  const device = sensor(name);
  world.chain.act(op("device.bind", bindBody(place, device, change)), KEEPER, device);
  return device;
}

export function attestBody(
  { chain }: Alliance,
  device: Hash,
  change: Partial<BodyOf<"device.attest">> = {},
): BodyOf<"device.attest"> {
  const { seq } = chain.read("attestation", attestationId(device));
  return { device, seq: seq + 1, timeMs: chain.timeMs, batch: fresh("samples"), ...change };
}

/** Answers the alarm that it raised, if it did. */
export function says(world: Alliance, device: ReturnType<typeof sensor>, change: Partial<BodyOf<"device.attest">> = {}): Hash {
  return world.chain.act(op("device.attest", attestBody(world, device.id, change)), device).created();
}

export function inboundBody(
  { seller }: Alliance,
  { warehouse }: House,
  device: Hash,
  tags: Hash,
  declared: number,
  change: Partial<BodyOf<"lot.inbound">> = {},
): BodyOf<"lot.inbound"> {
  const where = { warehouse, zone: "A", depositor: seller.id, ...COIL };
  return { ...where, declared, tags, inspection: commitment("inspection"), device, ...change };
}

/** Goods in a zone, as its scale weighed them. */
export function stored(world: Alliance, quantity = 100_000, change: Partial<BodyOf<"lot.inbound">> = {}, place = house(world)) {
  const scale = bind(world, place, `scale of ${place.warehouse}`);
  const tags = fresh("tags");
  says(world, scale, { subject: tags, quantity });
  const lot = moreStored(world, { ...place, scale }, tags, quantity, change);
  return { ...place, scale, tags, lot };
}

type Stored = House & { readonly scale: ReturnType<typeof sensor> };

function moreStored(
  world: Alliance,
  place: Stored,
  tags: Hash,
  quantity: number,
  change: Partial<BodyOf<"lot.inbound">>,
  depositor: Firm = world.seller,
): Hash {
  const body = inboundBody(world, place, place.scale.id, tags, quantity, { depositor: depositor.id, ...change });
  return world.chain.act(op("lot.inbound", body), KEEPER, depositor).created();
}

/** Another lot where there is one already. */
export function storeMore(
  world: Alliance,
  place: Stored,
  quantity: number,
  change: Partial<BodyOf<"lot.inbound">> = {},
  depositor?: Firm,
): Hash {
  const tags = fresh("tags");
  says(world, place.scale, { subject: tags, quantity });
  return moreStored(world, place, tags, quantity, change, depositor);
}

export function receiptBody(
  world: Alliance,
  lot: Hash,
  quantity: number,
  change: Partial<BodyOf<"receipt.issue">> = {},
): BodyOf<"receipt.issue"> {
  const { chain, bank } = world;
  const { depositor } = chain.read("lot", lot);
  const search = chain.act(op("registry.search", searchBody(world, { subject: depositor })), bank).created();
  return {
    lot,
    number: fresh("receipt"),
    quantity,
    lossBp: 20,
    untilDay: dayOf(chain.timeMs) + 360,
    insurance: commitment("insurance"),
    document: commitment("receipt"),
    search,
    ...change,
  };
}

export function issue(world: Alliance, lot: Hash, quantity: number): Hash {
  const body = receiptBody(world, lot, quantity);
  world.chain.act(op("receipt.issue", body), KEEPER);
  return world.chain.all("warehouseReceipt").find(({ number }) => number === body.number)?.id as Hash;
}

/** 90 tonnes in one receipt, of 100 in the lot. */
export function receipted(world: Alliance, quantity = 90_000) {
  const made = stored(world);
  return { ...made, receipt: issue(world, made.lot, quantity) };
}

export function priceBody(
  { chain, platform, verifier }: Alliance,
  price: Amount,
  change: Partial<BodyOf<"price.attest">> = {},
): BodyOf<"price.attest"> {
  const quotes = [platform, verifier].map(({ id: source }) => ({ source, price }));
  quotes.sort((one, other) => (one.source < other.source ? -1 : 1));
  return { ...COIL, currency: "CNY", timeMs: chain.timeMs, quotes, ...change };
}

export function priceSigners({ platform, verifier }: Alliance): readonly Signing[] {
  return [by(platform, platform.attester), by(verifier, verifier.attester)];
}

export function price(world: Alliance, value: Amount = TONNE_PRICE): void {
  world.chain.act(op("price.attest", priceBody(world, value)), ...priceSigners(world));
}

export function applyOnBody(
  { chain, bank }: Alliance,
  receipts: readonly Hash[],
  amount: Amount,
  change: Partial<BodyOf<"receipt.apply">> = {},
): BodyOf<"receipt.apply"> {
  const asked = { lenders: [bank.id], amount, consent: commitment("consent"), expiresMs: chain.timeMs + 20 * HOUR_MS };
  return { ...asked, receipts: [...receipts].sort(), currency: "CNY", ...change };
}

/** 90 tonnes are worth 324,000.00; of that 70 % may be lent. */
export const LENT = 20_000_000n;

export function agree(world: Alliance, application: Hash, amount: Amount, borrower: Firm = world.seller): Hash {
  const { chain, bank } = world;
  const decision = chain.act(op("finance.decide", decideBody(world, application, amount)), bank).created();
  return chain.act(op("finance.accept", { decision }), borrower).created();
}

/** A committed loan on a receipt. */
export function committedOnGoods(world: Alliance, change: Partial<BodyOf<"finance.decide">> = {}) {
  const made = receipted(world);
  const { chain, seller, bank } = world;
  price(world);
  const application = chain.act(op("receipt.apply", applyOnBody(world, [made.receipt], LENT)), seller).created();
  const decision = chain.act(op("finance.decide", decideBody(world, application, LENT, change)), bank).created();
  return { ...made, application, loan: chain.act(op("finance.accept", { decision }), seller).created() };
}

export function pledgeBody(loan: Hash, device: Hash, change: Partial<BodyOf<"receipt.pledge">> = {}): BodyOf<"receipt.pledge"> {
  return { loan, agreement: commitment("tripartite agreement"), devices: [device], ...change };
}

export function filedOnGoods(world: Alliance) {
  const made = committedOnGoods(world);
  world.chain.act(op("registry.file", filingBody(world, made.loan)), world.bank);
  return made;
}

/** The money goes out on what was filed. */
export function payOut(world: Alliance, loan: Hash, amount: Amount, borrower: Firm = world.seller): void {
  const { chain, bank } = world;
  const search = chain.act(op("registry.search", searchBody(world, { subject: borrower.id })), bank).created();
  chain.act(op("loan.order", { loan, search, instruction: commitment("pain.001") }), bank);
  chain.act(op("loan.disbursed", disbursedBody(world, loan, amount)), by(bank, bank.attester));
}

/** An active loan on a pledged receipt. */
export function lentOnGoods(world: Alliance) {
  const made = filedOnGoods(world);
  const { chain, seller, bank } = world;
  chain.act(op("receipt.pledge", pledgeBody(made.loan, made.scale.id)), seller, bank, KEEPER);
  payOut(world, made.loan, LENT);
  return made;
}

/** Another receipt of the borrower's in the same zone, which is watched and quiet. */
export function spare(world: Alliance, place: Stored, quantity = 95_000): Hash {
  const lot = storeMore(world, place, 100_000);
  return issue(world, lot, quantity);
}

export function topUpBody(loan: Hash, receipt: Hash, device: Hash): BodyOf<"receipt.topUp"> {
  return { loan, receipt, device };
}

/** The price falls twice by less than the band, each time a day later; devices are heard in between. */
export function fall(world: Alliance, device: ReturnType<typeof sensor>): void {
  for (const value of [300_000n, 250_000n]) {
    world.chain.pass(20 * HOUR_MS);
    says(world, device);
    price(world, value);
  }
}

/** A loan that the goods do not cover any more, and the borrower knows it. */
export function called(world: Alliance) {
  const made = lentOnGoods(world);
  fall(world, made.scale);
  world.chain.act(op("margin.call", { loan: made.loan }), world.bank);
  return made;
}

/** And has not answered. */
export function unanswered(world: Alliance) {
  const made = called(world);
  world.chain.pass(3 * DAY_MS + HOUR_MS);
  says(world, made.scale);
  price(world, 250_000n);
  return made;
}

export function liquidateBody(
  world: Alliance,
  loan: Hash,
  receipts: readonly Hash[],
  amount: Amount,
): BodyOf<"receipt.liquidate"> {
  return { ...attestation(world, amount), loan, receipts: [...receipts].sort(), buyer: world.supplier.id };
}

export function orderContract(world: Alliance, total = 10_000_000n): Hash {
  const body = contractBody(world, { number: fresh("order"), total });
  return world.chain.act(op("contract.register", body), world.seller, world.debtor).created();
}

export function applyOnOrderBody(
  { chain, bank }: Alliance,
  contract: Hash,
  amount: Amount,
  change: Partial<BodyOf<"order.apply">> = {},
): BodyOf<"order.apply"> {
  const asked = { lenders: [bank.id], amount, consent: commitment("consent"), expiresMs: chain.timeMs + 20 * HOUR_MS };
  return { ...asked, contract, ...change };
}

/** An active loan on an order over 100,000.00. */
export function lentOnOrder(world: Alliance, amount = 5_000_000n) {
  const { chain, seller, bank } = world;
  const contract = orderContract(world);
  const application = chain.act(op("order.apply", applyOnOrderBody(world, contract, amount)), seller).created();
  const loan = agree(world, application, amount);
  chain.act(op("registry.file", filingBody(world, loan)), bank);
  payOut(world, loan, amount);
  return { contract, application, loan };
}

/** Delivered under the order, accepted, and invoiced. */
export function invoiceUnder(world: Alliance, contract: Hash, amount: Amount): Hash {
  const { chain, seller, debtor, verifier } = world;
  const body = { contract, amount, day: dayOf(chain.timeMs), evidence: commitment("weighbridge") };
  const delivery = chain.act(op("delivery.record", body), seller).created();
  chain.act(op("delivery.accept", { delivery, amount }), debtor);
  const invoice = op("invoice.register", invoiceBody(world, contract, amount));
  return chain.act(invoice, seller, by(verifier, verifier.attester)).created();
}

/** The debtor buys, the seller is paid in advance: 100 tonnes for 300,000.00, a fifth of it as margin. */
export const PREPAID = { price: 30_000_000n, margin: 6_000_000n, quantity: 100_000 } as const;

export function openBody(
  { chain, bank }: Alliance,
  contract: Hash,
  warehouse: Hash,
  change: Partial<BodyOf<"prepayment.open">> = {},
): BodyOf<"prepayment.open"> {
  return {
    contract,
    lender: bank.id,
    warehouse,
    ...COIL,
    quantity: PREPAID.quantity,
    margin: PREPAID.margin,
    shipByDay: dayOf(chain.timeMs) + 30,
    agreement: commitment("agreement of four"),
    consent: commitment("consent"),
    expiresMs: chain.timeMs + 20 * HOUR_MS,
    ...change,
  };
}

export function opened(world: Alliance) {
  const { chain, seller, debtor, bank } = world;
  const place = house(world);
  const contract = orderContract(world, PREPAID.price);
  const sent = chain.act(op("prepayment.open", openBody(world, contract, place.warehouse)), debtor, seller, bank, KEEPER);
  return { ...place, contract, prepayment: sent.created(0, 1), application: sent.created() };
}

/** Committed, filed, and the margin paid. */
export function margined(world: Alliance) {
  const made = opened(world);
  const { chain, bank, debtor } = world;
  const loan = agree(world, made.application, PREPAID.price - PREPAID.margin, debtor);
  chain.act(op("registry.file", filingBody(world, loan)), bank);
  const body = { ...attestation(world, PREPAID.margin), prepayment: made.prepayment };
  chain.act(op("prepayment.marginPaid", body), by(bank, bank.attester));
  return { ...made, loan };
}

/** The seller is paid. */
export function prepaid(world: Alliance) {
  const made = margined(world);
  payOut(world, made.loan, PREPAID.price - PREPAID.margin, world.debtor);
  return made;
}

/** Half of it is shipped and in a receipt that was born pledged. */
export function shipped(world: Alliance, quantity = 50_000) {
  const made = prepaid(world);
  const scale = bind(world, made, `scale of ${made.warehouse}`);
  const attested = Math.ceil(quantity / 0.99);
  const lot = storeMore(world, { ...made, scale }, attested, { prepayment: made.prepayment }, world.debtor);
  return { ...made, scale, lot, receipt: issue(world, lot, quantity) };
}
