import { taggedHash } from "../../../src/crypto/hash.ts";
import { dayOf } from "../../../src/ledger/calendar.ts";
import type { BodyOf } from "../../../src/ledger/transitions.ts";
import type { ChainIdentity, ChainParams, Genesis } from "../../../src/types/genesis.ts";
import type { Amount, Hash, MemberId } from "../../../src/types/scalars.ts";
import { by, identityOf, op, TestChain } from "./chain.ts";
import { type Firm, firm, testKey, testUscc } from "./firm.ts";

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

export const TEST_PARAMS: ChainParams = {
  txWindowMs: 600_000,
  blockBytesMax: 4_194_304,
  blockTxMax: 10_000,
  blockIntervalMs: 50,
  heartbeatMs: 600_000,
  confirmDays: 30,
  offerTtlMs: 72 * HOUR_MS,
  reserveTtlMs: 24 * HOUR_MS,
  payByTtlMs: 24 * HOUR_MS,
  searchTtlMs: 24 * HOUR_MS,
  cutoffDays: 1,
  graceDays: 3,
  tenorSoftMonths: 6,
  tenorHardMonths: 12,
  splitDepthMax: 10,
  notesPerRootMax: 1_024,
  noteMinorUnitsMin: 100,
};

/** A 32-byte commitment to any text. */
export function commitment(text: string): Hash {
  return taggedHash("val", new TextEncoder().encode(text));
}

/** A chain of four members (a bank and three platforms) and trading firms that they sponsored. */
export interface Alliance {
  readonly chain: TestChain;
  readonly bank: Firm;
  readonly platform: Firm;
  readonly verifier: Firm;
  readonly lender: Firm;
  readonly seller: Firm;
  readonly debtor: Firm;
  readonly supplier: Firm;
  readonly guarantor: Firm;
  /** Court, arbitrator and regulator in one. */
  readonly court: Firm;
}

/** Wednesday 2026-01-07, 10:00 in Beijing. */
export const START_MS = Date.UTC(2026, 0, 7, 2, 0, 0);

const MEMBERS = [
  ["zbank", ["BANK", "LENDER", "REGISTRY"]],
  ["zhongnong", ["PLATFORM", "VERIFIER"]],
  ["zhuogang", ["ARBITRATOR", "COURT", "PLATFORM", "POLICE", "REGULATOR", "VERIFIER"]],
  ["huasu", ["LENDER", "PLATFORM"]],
] as const;

export function testGenesis(params: Partial<ChainParams> = {}): { readonly genesis: Genesis; readonly firms: readonly Firm[] } {
  const firms = MEMBERS.map(([name], index) => firm(name, testUscc(9_000 + index)));
  const members = MEMBERS.map(([name, roles], index) => {
    const member = firms[index] as Firm;
    return {
      id: name as string as MemberId,
      legalId: member.legalId,
      roles: [...roles],
      nodeKey: testKey(`${name} node`).key,
      authorityKey: testKey(`${name} authority`).key,
      keys: [member.maker, member.checker, member.engine, member.attester].map(({ key, purpose }) => ({ key, purpose })),
    };
  });
  const genesis: Genesis = {
    v: 1,
    network: "test",
    timeMs: START_MS,
    clock: "driven",
    members,
    params: { ...TEST_PARAMS, ...params },
  };
  return { genesis, firms };
}

export function alliance(params: Partial<ChainParams> = {}, signatures: "real" | "none" = "real"): Alliance {
  return allianceOn((identity) => new TestChain(identity, signatures), params);
}

/** The same on a chain of the test's own. */
export function allianceOn<C extends TestChain>(
  make: (identity: ChainIdentity) => C,
  params: Partial<ChainParams> = {},
): Alliance & { readonly chain: C } {
  const { genesis, firms } = testGenesis(params);
  const chain = make(identityOf(genesis));
  const [bank, platform, verifier, lender] = firms as unknown as [Firm, Firm, Firm, Firm];
  const seller = firm("seller", testUscc(1));
  const debtor = firm("debtor", testUscc(2));
  const supplier = firm("supplier", testUscc(3));
  const guarantor = firm("guarantor", testUscc(4));
  // The law is no member of its own, so that every member is an authority; one of them plays its part.
  const world = { chain, bank, platform, verifier, lender, seller, debtor, supplier, guarantor, court: verifier };
  registerFirm(world, seller, ["DEBTOR", "SELLER"]);
  registerFirm(world, debtor, ["DEBTOR"], { size: "LARGE" });
  chain.act(
    [op("party.register", registration(supplier, ["SELLER"])), op("party.register", registration(guarantor, ["GUARANTOR"]))],
    platform,
    supplier,
    by(supplier, supplier.checker),
    guarantor,
    by(guarantor, guarantor.checker),
  );
  return world;
}

export function registration(
  party: Firm,
  roles: readonly string[],
  change: Partial<BodyOf<"party.register">> = {},
): BodyOf<"party.register"> {
  return {
    legalId: party.legalId,
    roles,
    size: "SME",
    sponsor: "zhongnong" as MemberId,
    keys: [party.maker, party.checker].map(({ key, purpose }) => ({ key, purpose })),
    policy: [],
    ...change,
  };
}

export function registerFirm(
  { chain, platform }: Pick<Alliance, "chain" | "platform">,
  party: Firm,
  roles: readonly string[],
  change: Partial<BodyOf<"party.register">> = {},
): void {
  chain.act(op("party.register", registration(party, roles, change)), platform, party, by(party, party.checker));
}

export function contractBody(
  { seller, debtor }: Alliance,
  change: Partial<BodyOf<"contract.register">> = {},
): BodyOf<"contract.register"> {
  return {
    number: commitment("contract 1"),
    seller: seller.id,
    buyer: debtor.id,
    currency: "CNY",
    total: 10_000_000n,
    toleranceBp: 0,
    payTermDays: 180,
    inspectionDays: 10,
    document: commitment("contract text"),
    ...change,
  };
}

let serial = 0;

/** A contract with an accepted delivery and a verified invoice over `amount`. */
export function trade(world: Alliance, amount: Amount, change: Partial<BodyOf<"contract.register">> = {}) {
  const { chain, seller, debtor } = world;
  serial += 1;
  const body = contractBody(world, { number: commitment(`contract ${serial}`), total: amount, ...change });
  const contract = chain.act(op("contract.register", body), seller, debtor).created();
  const delivery = chain
    .act(op("delivery.record", { contract, amount, day: dayOf(chain.timeMs), evidence: commitment("weighbridge") }), seller)
    .created();
  chain.act(op("delivery.accept", { delivery, amount }), debtor);
  const invoice = chain
    .act(op("invoice.register", invoiceBody(world, contract, amount)), seller, by(world.verifier, world.verifier.attester))
    .created();
  return { contract, delivery, invoice };
}

export function invoiceBody(
  { chain, verifier }: Alliance,
  contract: Hash,
  total: Amount,
  change: Partial<BodyOf<"invoice.register">> = {},
): BodyOf<"invoice.register"> {
  serial += 1;
  return {
    contract,
    total,
    tax: total / 10n,
    issueDay: dayOf(chain.timeMs),
    fingerprint: commitment(`fingerprint ${serial}`),
    document: commitment("invoice file"),
    verifier: verifier.id,
    ...change,
  };
}

export function terms(
  { chain }: Alliance,
  { contract, invoice }: { readonly contract: Hash; readonly invoice: Hash },
  face: Amount,
  change: Partial<BodyOf<"receivable.issueBySeller">> = {},
): BodyOf<"receivable.issueBySeller"> {
  return {
    contract,
    face,
    maturityDay: dayOf(chain.timeMs) + 90,
    document: commitment("receivable"),
    allocation: [{ invoice, amount: face }],
    ...change,
  };
}

/** An effective receivable with its one open note in the seller's hands. */
export function receivable(world: Alliance, face: Amount, change: Partial<BodyOf<"receivable.issueBySeller">> = {}) {
  const traded = trade(world, face);
  const { chain, seller, debtor } = world;
  const root = chain.act(op("receivable.issueBySeller", terms(world, traded, face, change)), seller).created();
  const note = chain.act(op("receivable.confirm", { receivable: root, mode: "UNCONDITIONAL", amount: face }), debtor).created();
  return { ...traded, root, note };
}
