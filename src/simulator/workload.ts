import { assemble, buildTransaction, op, signedMessage } from "../client/transaction-builder.ts";
import { taggedHash } from "../crypto/hash.ts";
import { dayOf } from "../ledger/calendar.ts";
import { objectId, partyId } from "../ledger/ids.ts";
import type { Prng } from "../lib/prng.ts";
import type { Hash, PublicKey, TimeMs, TxId } from "../types/scalars.ts";
import type { Operation } from "../types/transaction.ts";
import type { Checkers } from "./checkers.ts";
import type { ReferenceChain } from "./reference-chain.ts";
import type { Scheduler } from "./scheduler.ts";
import { keyOf, type Scheme } from "./virtual-crypto.ts";
import { legalId, type Machine, seedOf, type World } from "./world.ts";

export interface Signing {
  readonly party: Hash;
  readonly key: PublicKey;
  readonly seed: Uint8Array;
}

/** What a client wants on the chain; made anew if its time runs out before any block held it. */
interface Wish {
  readonly op: Operation;
  readonly signers: readonly Signing[];
  readonly done: (id: TxId) => void;
}

interface Sent {
  readonly id: TxId;
  readonly bytes: Uint8Array;
  readonly notAfter: TimeMs;
}

const RESEND_MS = 1_000;
/** Most wishes have all the time that there is, but for what clocks may be off; some so little that trouble may outlast them. */
const SLACK_MS = 10_000;
const IMPATIENCE_MS = 4_000;
const TRADERS = 3;
const FACE = 1_000_000n;

/** Clients: they send, and send again to any node, until a block has their transaction or its time has run out on the chain. */
export class Workload {
  readonly #m: {
    readonly world: World;
    readonly scheduler: Scheduler;
    readonly checkers: Checkers;
    readonly reference: ReferenceChain;
    readonly random: Prng;
    readonly scheme: Scheme;
  };
  #planned = 0;
  #open = 0;
  #salts = 0;

  constructor(modules: {
    readonly world: World;
    readonly scheduler: Scheduler;
    readonly checkers: Checkers;
    readonly reference: ReferenceChain;
    readonly random: Prng;
    readonly scheme: Scheme;
  }) {
    this.#m = modules;
  }

  /** `count` parties are registered at random times within `overMs`. */
  plan(count: number, overMs: number): void {
    for (let left = count; left > 0; left--) {
      const number = this.#planned++;
      this.#open += 1;
      this.#m.scheduler.at(this.#m.random.between(0, overMs), "client", () => this.#register(number));
    }
  }

  /** One trade from contract to transferred note, each step once the one before is final. */
  planTrade(delayMs: number): void {
    const { random, scheduler, world } = this.#m;
    if (world.machines.length < TRADERS) return;
    const number = this.#planned++;
    this.#open += 1;
    const seller = random.pick(world.machines);
    const others = world.machines.filter((machine) => machine !== seller);
    const debtor = random.pick(others);
    const holder = random.pick(others.filter((machine) => machine !== debtor));
    scheduler.at(delayMs, "client", () => this.#trade(number, seller, debtor, holder));
  }

  /** One operation until it is final, by whoever has these keys; `done` may ask for more. */
  ask(operation: Operation, signers: readonly Signing[], done: (id: TxId) => void): void {
    this.#open += 1;
    this.#begin({
      op: operation,
      signers,
      done: (id) => {
        done(id);
        this.#open -= 1;
      },
    });
  }

  get isDone(): boolean {
    return this.#open === 0;
  }

  /** How many wishes are not final. */
  get missing(): number {
    return this.#open;
  }

  #register(number: number): void {
    const sponsor = this.#m.random.pick(this.#m.world.machines);
    const seed = seedOf(`client-${number}`);
    const key = keyOf(seed);
    const id = legalId(`client-${number}`);
    const body = {
      legalId: id,
      roles: ["SELLER"],
      size: "SME" as const,
      sponsor: sponsor.name,
      keys: [{ key, purpose: "MAKER" as const }],
      policy: [],
    };
    this.#begin({
      op: op("party.register", body),
      signers: [signingOf(sponsor), { party: partyId(id), key, seed }],
      done: () => {
        this.#open -= 1;
      },
    });
  }

  #trade(number: number, seller: Machine, debtor: Machine, holder: Machine): void {
    const day = dayOf(this.#m.world.wallMs());
    const named = (what: string): Hash => taggedHash("val", new TextEncoder().encode(`${what} ${number}`));
    const act = (by: readonly Machine[], operation: Operation, then: (made: Hash, id: TxId) => void): void =>
      this.#begin({ op: operation, signers: by.map(signingOf), done: (id) => then(objectId(id, 0, 0), id) });
    const contract = {
      number: named("contract"),
      seller: seller.party,
      buyer: debtor.party,
      currency: "CNY",
      total: FACE,
      toleranceBp: 0,
      payTermDays: 180,
      inspectionDays: 10,
      document: named("text"),
    };
    const issue = (contractId: Hash, invoice: Hash): Operation =>
      op("receivable.issueBySeller", {
        contract: contractId,
        face: FACE,
        maturityDay: day + 90,
        document: named("receivable"),
        allocation: [{ invoice, amount: FACE }],
      });
    act([seller, debtor], op("contract.register", contract), (contractId) =>
      act([seller], op("delivery.record", { contract: contractId, amount: FACE, day, evidence: named("scale") }), (delivery) =>
        act([debtor], op("delivery.accept", { delivery, amount: FACE }), () =>
          act(
            [seller],
            op("invoice.register", {
              contract: contractId,
              total: FACE,
              tax: FACE / 10n,
              issueDay: day,
              fingerprint: named("fingerprint"),
              document: named("invoice"),
            }),
            (invoice) =>
              act([seller], issue(contractId, invoice), (receivable) =>
                act([debtor], op("receivable.confirm", { receivable, mode: "UNCONDITIONAL", amount: FACE }), (note) =>
                  act([seller], op("note.split", { note, parts: [FACE / 4n, (FACE * 3n) / 4n] }), (part) =>
                    act([seller, holder], op("note.transfer", { note: part, to: holder.party }), () => {
                      this.#open -= 1;
                    }),
                  ),
                ),
              ),
          ),
        ),
      ),
    );
  }

  #begin(wish: Wish): void {
    const { world, reference, random, scheme } = this.#m;
    const { txWindowMs } = world.identity.genesis.params;
    const mostMs = txWindowMs - Math.min(SLACK_MS, txWindowMs / 2);
    const patienceMs = random.chance(150) ? Math.min(IMPATIENCE_MS, mostMs) : mostMs;
    const notAfter = Math.max(world.wallMs(), reference.timeMs) + patienceMs;
    const salt = new Uint8Array(16);
    new DataView(salt.buffer).setUint32(0, this.#salts++);
    const { unsigned, id } = buildTransaction({
      chain: world.identity.chain,
      ops: [wish.op],
      notAfter,
      signers: wish.signers.map(({ party, key }) => ({ party, key })),
      salt,
    });
    const message = signedMessage(id);
    const signatures = new Map(wish.signers.map(({ key, seed }) => [key, scheme.sign(seed, message)]));
    this.#send(wish, { id, bytes: assemble(unsigned, signatures), notAfter });
  }

  #send(wish: Wish, sent: Sent): void {
    const { checkers, random, reference, scheduler, world } = this.#m;
    if (checkers.isCommitted(sent.id)) {
      wish.done(sent.id);
      return;
    }
    if (reference.timeMs > sent.notAfter) {
      this.#begin(wish);
      return;
    }
    const { running } = world;
    if (running.length > 0) {
      const { name, node } = random.pick(running);
      node?.submit(sent.bytes, () => {
        if (node.isExpired(sent.id)) checkers.saidExpired(name, sent.id);
      });
    }
    scheduler.at(random.between(RESEND_MS / 5, RESEND_MS), "client again", () => this.#send(wish, sent));
  }
}

export function signingOf({ party, makerKey, makerSeed }: Machine): Signing {
  return { party, key: makerKey, seed: makerSeed };
}
