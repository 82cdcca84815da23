import { codeName } from "../../../src/ledger/codes.ts";
import { Prng } from "../../../src/lib/prng.ts";
import type { Envelope, TxReceipt } from "../../../src/types/transaction.ts";
import { alliance, commitment } from "../support/alliance.ts";
import { type Signing, sent } from "../support/chain.ts";
import { withBusiness } from "../support/refusals-titles.ts";
import { COMMANDS, KINDS_OF_COMMAND } from "./all-commands.ts";
import type { Attempt, Draw, Modelled, World } from "./commands.ts";
import { learnNotes, ofChain, ofModel } from "./compare.ts";
import { checkStep, nothingIsStuck } from "./invariants.ts";
import { Model } from "./model.ts";
import { StatusMoves } from "./status-moves.ts";

export interface Tally {
  readonly ok: Map<Modelled, number>;
  readonly refused: Map<Modelled, number>;
  readonly codes: Map<string, number>;
  /** How objects went from one status to another, transaction by transaction: "loan: ORDERED → ACTIVE". */
  readonly moves: Map<string, number>;
}

export function newTally(): Tally {
  return { ok: new Map(), refused: new Map(), codes: new Map(), moves: new Map() };
}

function seededDraw(seed: number): Draw {
  const random = new Prng(seed);
  return {
    below: (bound) => random.below(bound),
    chance: (percent) => random.below(100) < percent,
    pick: (items) => (items.length === 0 ? undefined : random.pick(items)),
  };
}

/** What business would do next as things stand, so that deep states are reached; any other command comes in between. */
function fitting({ model, draw }: World): readonly Modelled[] {
  const { contracts, deliveries, invoices, roots, offers, applications, decisions, loans } = model;
  const open = model.notes.some(({ position, root }) => position === "OPEN" && root.status === "EFFECTIVE");
  const when = (holds: boolean, ...kinds: readonly Modelled[]): readonly Modelled[] => (holds ? kinds : []);
  const committed = loans.filter(({ status }) => status === "COMMITTED");
  const asked = applications.filter(({ open: isOpen }) => isOpen);
  return [
    ...when(contracts.length < 6, "contract.register"),
    ...when(
      contracts.some(({ delivered, total }) => delivered < total),
      "delivery.record",
    ),
    ...when(
      deliveries.some(({ status }) => status === "PENDING"),
      "delivery.accept",
    ),
    ...when(
      contracts.some(({ invoiced, accepted }) => invoiced < accepted),
      "invoice.register",
    ),
    ...when(
      invoices.some(({ used, total }) => used < total),
      "receivable.issueBySeller",
      "receivable.issueByDebtor",
    ),
    ...when(
      roots.some(({ status, origin }) => status === "PROPOSED" && origin === "SELLER"),
      "receivable.confirm",
    ),
    ...when(
      roots.some(({ status, origin }) => status === "PROPOSED" && origin === "DEBTOR"),
      "receivable.acceptIssue",
    ),
    ...when(open, "note.split", "note.offer", "note.transfer", "finance.apply", "finance.apply"),
    ...when(
      offers.some(({ status }) => status === "PENDING"),
      "note.acceptOffer",
      "note.rejectOffer",
      "note.withdrawOffer",
    ),
    ...when(
      asked.some((each) => !decisions.some(({ application, live }) => application === each && live)),
      "finance.decide",
    ),
    ...when(
      decisions.some(({ live, outcome }) => live && outcome === "APPROVED"),
      "finance.accept",
      "finance.accept",
      "finance.accept",
      "finance.accept",
    ),
    ...when(
      committed.some(({ filing }) => filing === null),
      "registry.file",
      "registry.file",
      "registry.file",
      "registry.file",
    ),
    ...when(
      committed.some(({ filing }) => filing !== null),
      "registry.search",
      "loan.order",
      "loan.order",
      "loan.order",
      "loan.order",
    ),
    ...when(
      loans.some(({ status }) => status === "ORDERED"),
      "loan.disbursed",
      "loan.disbursed",
      "loan.disbursed",
      "loan.disbursed",
      "loan.fail",
    ),
    ...when(
      loans.some(({ status }) => status === "ACTIVE"),
      "loan.repay",
      "loan.release",
      "loan.release",
    ),
    // Seldom, or no loan would be left to grow old.
    ...when(
      open && draw.chance(15),
      "note.consolidate",
      "payment.early",
      "receivable.extend",
      "dispute.raise",
      "freeze.place",
      "guarantee.attach",
    ),
    ...when(
      draw.chance(15) && model.notes.some(({ from, position }) => from !== null && position === "OPEN"),
      "note.returnTransfer",
    ),
    ...when(draw.chance(10), "limit.line", "limit.programme", "consent.grant", "notice.acknowledge", "registry.renew"),
    ...when(draw.chance(5), "party.register", "party.suspend", "party.resume", "consent.revoke"),
    ...when(
      model.amendments.some(({ waiting }) => waiting.length > 0),
      "amendment.consent",
      "amendment.consent",
    ),
    ...when(
      model.disputes.some(({ status }) => status === "RAISED" || status === "ANSWERED"),
      "dispute.respond",
      "dispute.settle",
      "dispute.award",
      "dispute.withdraw",
    ),
    ...when(
      model.freezes.some(({ status }) => status === "ACTIVE"),
      "freeze.lift",
      "freeze.lift",
      "freeze.transfer",
    ),
    ...when(
      draw.chance(50) &&
        model.payments.some(({ status, recordedMs }) => status === "ATTESTED" && model.now - recordedMs < 86_400_000),
      "payment.reverse",
    ),
    ...when(
      model.guarantees.some(({ root, used, cap }) => ["MATURED", "OVERDUE", "DEFAULTED"].includes(root.status) && used < cap),
      "guarantee.pay",
    ),
    ...when(
      draw.chance(25) && loans.some(({ status, notes }) => status === "ACTIVE" && notes.length > 0),
      "loan.resell",
      "loan.buyBack",
    ),
    ...when(
      loans.some(({ status, notes }) => status === "ACTIVE" && notes.some(({ root }) => root.status === "OVERDUE")),
      "loan.demand",
      "loan.demand",
      "loan.demand",
    ),
    ...when(
      loans.some((loan) => loan.status === "ACTIVE" && model.today > loan.startDay + loan.decision.tenorDays + 90),
      "loan.writeOff",
      "loan.writeOff",
    ),
    ...when(
      roots.some(({ status, notes }) => ["MATURED", "OVERDUE", "DEFAULTED"].includes(status) && notes.length > 0),
      "payment.attest",
      "payment.attestProRata",
    ),
    ...when(draw.chance(30) && model.ended.some(({ due }) => due > 0n), "payment.late"),
  ];
}

const HOUR = 3_600_000;
const WAITS = [60_000, 60_000, HOUR, HOUR, HOUR, 5 * HOUR, 26 * HOUR, 5 * 24 * HOUR, 30 * 24 * HOUR, 95 * 24 * HOUR];
const BLOCK_MAX = 3;

/** One world lives through so many blocks, in which `focus` is tried more often, and by the wrong hands; throws at the first difference between ledger and model, or invariant that does not hold. */
export function live(seed: number, blocks: number, tally: Tally, focus?: Modelled): World {
  const world: World = {
    ...alliance({}, "none"),
    model: new Model(),
    draw: seededDraw(seed),
    extraKeys: [],
    serial: 0,
  };
  const { chain, draw, model } = world;
  // The model forgets nothing: removal.test.ts is about what leaves the state.
  withBusiness(world, { terminalDays: 3_660 });
  const moves = new StatusMoves();
  for (let block = 0; block < blocks; block++) {
    if (draw.chance(10)) chain.timeMs += draw.pick(WAITS) as number;
    const blockMs = chain.timeMs + 1_000;
    model.tick(blockMs);
    const attempts: {
      readonly kind: Modelled;
      readonly attempt: Attempt;
      readonly spoilt: boolean;
      readonly envelope: Envelope;
    }[] = [];
    for (let count = 1 + draw.below(BLOCK_MAX); count > 0; count--) {
      const other = draw.chance(75)
        ? (draw.pick(fitting(world)) ?? "contract.register")
        : (draw.pick(KINDS_OF_COMMAND) as Modelled);
      const kind = focus !== undefined && draw.chance(15) ? focus : other;
      const attempt = COMMANDS[kind](world);
      // A signature too few may be enough once an earlier transaction of the block has changed the policy.
      const mayLack = !attempts.some((earlier) => earlier.kind === "party.policy");
      if (attempt !== null) attempts.push({ kind, attempt, ...spoil(world, kind, attempt, mayLack, kind === focus) });
    }
    const included: Envelope[] = [];
    const predicted: boolean[] = [];
    for (const { kind, attempt, spoilt, envelope } of attempts) {
      const refusal = chain.judge(envelope, blockMs);
      const expected = !spoilt && attempt.predict();
      if (expected) attempt.learn?.(sent(envelope, { code: 0, events: [] }));
      if (refusal === null) {
        included.push(envelope);
        predicted.push(expected);
        continue;
      }
      if (expected) throw new Error(`${kind}: refused at the door with ${refusal.code}, but the model lets it pass`);
      count(tally.refused, kind);
      count(tally.codes, refusal.code);
    }
    const before = new Map(chain.objects);
    const { receipts } = chain.block(included);
    for (const [index, receipt] of receipts.entries()) {
      const kind = (included[index] as Envelope).tx.ops[0]?.kind as Modelled;
      const code = codeName((receipt as TxReceipt).code) ?? "?";
      const expected = predicted[index] as boolean;
      if ((code === "OK") !== expected) throw new Error(`${kind}: ledger says ${code}, model ${expected ? "OK" : "no"}`);
      count(code === "OK" ? tally.ok : tally.refused, kind);
      count(tally.codes, code);
    }
    for (const move of moves.since(chain)) count(tally.moves, move);
    learnNotes(chain, model);
    const [left, right] = [ofChain(chain), ofModel(model)];
    for (const name of Object.keys(left)) {
      const [own, other] = [left[name] as readonly string[], right[name] as readonly string[]];
      const odd = own.findIndex((text, index) => text !== other[index]);
      if (odd >= 0 || own.length !== other.length)
        throw new Error(
          `${name} differ in block ${block}: ledger ${own[odd] ?? "-"}, model ${other[odd < 0 ? own.length : odd] ?? "-"}`,
        );
    }
    checkStep(chain, before, included, receipts);
  }
  chain.pass(32 * 24 * HOUR);
  nothingIsStuck(chain);
  return world;
}

/** Some attempts lack a signature, have another's instead, or act on an object that is not as they think: none may take effect. */
function spoil(world: World, kind: Modelled, { operation, signings }: Attempt, mayLack: boolean, isFocus: boolean) {
  const { chain, draw } = world;
  const how = isFocus ? 15 + draw.below(5) : draw.below(20);
  const stranger = kind.startsWith("party.") ? world.supplier : world.platform;
  if (how >= 18 && signsTwice(signings)) return { spoilt: false, envelope: chain.sign(operation, signings) };
  if (how === 19 && signings.length > 1 && mayLack) {
    const dropped = draw.below(signings.length);
    return {
      spoilt: true,
      envelope: chain.sign(
        operation,
        signings.filter((_, index) => index !== dropped),
      ),
    };
  }
  if (how === 18) {
    const replaced = draw.below(signings.length);
    return {
      spoilt: true,
      envelope: chain.sign(
        operation,
        signings.map((signing, index) => (index === replaced ? stranger : signing)),
      ),
    };
  }
  if (how === 17) {
    const id = chain.all("contract")[0]?.id ?? commitment("nothing");
    return { spoilt: true, envelope: chain.sign(operation, signings, { expect: [{ id, version: 99_999 }] }) };
  }
  return { spoilt: false, envelope: chain.sign(operation, signings) };
}

/** A bank that holds the note attests by one key and agrees by another: either is enough for both. */
function signsTwice(signings: readonly Signing[]): boolean {
  const makers = signings.filter((signing) => "legalId" in signing || signing.key.purpose !== "CHECKER");
  return new Set(makers.map((signing) => ("legalId" in signing ? signing.id : signing.party))).size < makers.length;
}

function count<K>(tally: Map<K, number>, key: K): void {
  tally.set(key, (tally.get(key) ?? 0) + 1);
}
