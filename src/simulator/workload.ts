import { assemble, buildTransaction, op, signedMessage } from "../client/transaction-builder.ts";
import { publicKeyOf } from "../crypto/ed25519.ts";
import { partyId } from "../ledger/ids.ts";
import type { Prng } from "../lib/prng.ts";
import type { PublicKey, TxId } from "../types/scalars.ts";
import type { Checkers } from "./checkers.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Scheme } from "./virtual-crypto.ts";
import { seedOf, type World } from "./world.ts";

interface Sent {
  readonly id: TxId;
  readonly bytes: Uint8Array;
}

const RESEND_MS = 1_000;

/** Clients: each registers a party through some member's node, and sends again, to any node, until a block has it. */
export class Workload {
  readonly #world: World;
  readonly #scheduler: Scheduler;
  readonly #checkers: Checkers;
  readonly #random: Prng;
  readonly #scheme: Scheme;
  readonly #sent: Sent[] = [];
  #planned = 0;

  constructor(modules: {
    readonly world: World;
    readonly scheduler: Scheduler;
    readonly checkers: Checkers;
    readonly random: Prng;
    readonly scheme: Scheme;
  }) {
    this.#world = modules.world;
    this.#scheduler = modules.scheduler;
    this.#checkers = modules.checkers;
    this.#random = modules.random;
    this.#scheme = modules.scheme;
  }

  /** `count` transactions at random times within `overMs`. */
  plan(count: number, overMs: number): void {
    this.#planned += count;
    for (let index = 0; index < count; index++) {
      const number = this.#planned - count + index;
      this.#scheduler.at(this.#random.between(0, overMs), "client", () => this.#begin(number));
    }
  }

  get isDone(): boolean {
    return this.#sent.length === this.#planned && this.#sent.every(({ id }) => this.#checkers.isCommitted(id));
  }

  get missing(): number {
    return this.#planned - this.#sent.filter(({ id }) => this.#checkers.isCommitted(id)).length;
  }

  #begin(number: number): void {
    const sponsor = this.#random.pick(this.#world.machines);
    const seed = seedOf(`client-${number}`);
    const key = publicKeyOf(seed);
    const legalId = { scheme: "SIM", value: `client-${number}` };
    const party = partyId(legalId);
    const body = {
      legalId,
      roles: ["SELLER"],
      size: "SME" as const,
      sponsor: sponsor.name,
      keys: [{ key, purpose: "MAKER" as const }],
      policy: [],
    };
    const salt = new Uint8Array(16);
    new DataView(salt.buffer).setUint32(0, number);
    const { unsigned, id } = buildTransaction({
      chain: this.#world.identity.chain,
      ops: [op("party.register", body)],
      notAfter: this.#world.identity.genesis.timeMs + Math.floor(this.#scheduler.nowMs) + 590_000,
      signers: [
        { party: sponsor.party, key: sponsor.makerKey },
        { party, key },
      ],
      salt,
    });
    const message = signedMessage(id);
    const seeds: readonly (readonly [PublicKey, Uint8Array])[] = [
      [sponsor.makerKey, sponsor.makerSeed],
      [key, seed],
    ];
    const sent = {
      id,
      bytes: assemble(unsigned, new Map(seeds.map(([own, secret]) => [own, this.#scheme.sign(secret, message)]))),
    };
    this.#sent.push(sent);
    this.#send(sent);
  }

  #send(sent: Sent): void {
    if (this.#checkers.isCommitted(sent.id)) return;
    const up = this.#world.running;
    if (up.length > 0) this.#random.pick(up).node?.submit(sent.bytes, () => undefined);
    this.#scheduler.at(RESEND_MS, "client again", () => this.#send(sent));
  }
}
