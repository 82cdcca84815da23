import { decode } from "../codec/cbor.ts";
import { encode } from "../codec/schema.ts";
import { decodeTransaction } from "../codec/transaction.ts";
import { judgeAgainstParent, judgeForm } from "../ledger/judge.ts";
import { fromHex } from "../lib/bytes.ts";
import { err, ok, type Result } from "../lib/result.ts";
import type { Mempool } from "../mempool/mempool.ts";
import type { MonotonicClock, WallClock } from "../ports/clock.ts";
import type { Hasher, Verifier, VerifyItem } from "../ports/crypto.ts";
import type { Metrics } from "../ports/observe.ts";
import type { Transport } from "../ports/transport.ts";
import type { ObjectView } from "../state/view.ts";
import { LIMITS } from "../types/limits.ts";
import type { Hash, PublicKey, TimeMs, TxId } from "../types/scalars.ts";
import type { Envelope, TxPair } from "../types/transaction.ts";
import type { EventLoop } from "./event-loop.ts";
import { bodiesRequestSchema, bodiesResponseSchema, encodeMessage, gossipSchema } from "./messages.ts";

/** Why a transaction was not taken; `retriable` if a block later, or another node, may take it. */
export interface AdmissionRefusal {
  readonly code: string;
  readonly detail: string;
  readonly retriable: boolean;
}

export type AdmissionAnswer = (result: Result<TxId, AdmissionRefusal>) => void;

interface PoolModules {
  readonly chain: Hash;
  readonly loop: EventLoop;
  readonly mempool: Mempool;
  readonly view: ObjectView;
  readonly wall: WallClock;
  readonly clock: MonotonicClock;
  readonly transport: Transport;
  readonly verifier: Verifier;
  readonly hasher: Hasher;
  readonly metrics: Metrics;
  readonly headTimeMs: () => TimeMs;
  readonly isUsed: (id: TxId) => boolean;
  readonly memberOf: (peer: PublicKey) => string | undefined;
  /** There is work to propose. */
  readonly onWork: () => void;
}

const OWN = "self";
/** Refusals in which correct nodes may differ, being a block apart. */
const MAY_DIFFER: ReadonlySet<string> = new Set([
  "EXPIRED",
  "NOT_AFTER_TOO_FAR",
  "KEY_UNKNOWN",
  "KEY_INVALID",
  "PARTY_INACTIVE",
  "MEMPOOL_FULL",
  "NODE_BUSY",
  "ALREADY_FINAL",
]);
const ALREADY_FINAL: AdmissionRefusal = {
  code: "ALREADY_FINAL",
  detail: "a finalised block holds this transaction: it takes effect once",
  retriable: false,
};
/** Admissions under verification at once, of all sources; beyond it the door is closed for a moment. */
const VERIFYING_MAX = 20_000;
const VERIFYING_BYTES_MAX = 64 * 1024 * 1024;

/** A transaction whose signatures are being verified. */
interface Verifying {
  readonly envelope: Envelope;
  readonly answers: AdmissionAnswer[];
  /** Of the last block when its id was looked up. */
  readonly headTimeMs: TimeMs;
}

/** A node's door for transactions, and their way to the other nodes (protocol.md §2, §6). */
export class TransactionPool {
  readonly #m: PoolModules;
  readonly #verifying = new Map<string, Verifying>();
  #verifyingBytes = 0;
  #outgoing: Uint8Array[] = [];
  #outgoingBytes = 0;
  #flushing = false;
  /** Own transactions that were not announced yet, oldest first. */
  #own: { readonly id: TxId; readonly arrivedMs: number }[] = [];

  constructor(modules: PoolModules) {
    this.#m = modules;
  }

  /** Starts the periodic duties. */
  start(): void {
    this.#every(LIMITS.unproposedAfterMs, () => this.#announceUnproposed());
    this.#every(LIMITS.announceIntervalMs, () => {
      for (const { nodeKey } of this.#m.transport.peers()) this.announceTo(nodeKey);
    });
  }

  /** From this node's own organisation; answered once. */
  submit(bytes: Uint8Array, answer: AdmissionAnswer): void {
    const refusal = this.#admit([{ bytes, answer }], null);
    for (const { entry, error } of refusal) entry.answer?.(err(error));
  }

  /** A transaction that has come and whose signatures are not verified yet. */
  incoming({ id, sigs }: TxPair): Envelope | undefined {
    return this.#verifying.get(id + sigs)?.envelope;
  }

  /** Own transactions leave at once, so that they are there before the block that holds them. */
  hurry(): void {
    this.#flush();
  }

  /** One gossip message. What no state could accept lowers the sender's standing. */
  onGossip(peer: PublicKey, message: Uint8Array): void {
    const decoded = decode(gossipSchema, message, LIMITS.gossipMessageBytesMax);
    if (decoded.ok) this.onBodies(peer, decoded.value);
    else this.#m.transport.penalise(peer, `gossip: ${decoded.error.code}`);
  }

  /** Whole transactions that a peer sent, asked for or not. */
  onBodies(peer: PublicKey, bodies: readonly Uint8Array[]): void {
    const refused = this.#admit(
      bodies.filter((bytes) => bytes.length > 0).map((bytes) => ({ bytes })),
      peer,
    );
    for (const { error } of refused) {
      if (!MAY_DIFFER.has(error.code)) {
        this.#m.transport.penalise(peer, `transaction: ${error.code}`);
        return;
      }
    }
  }

  /** Ids that a peer holds: what is missing here is asked for. */
  onAnnounce(peer: PublicKey, pairs: readonly TxPair[]): void {
    const missing = pairs.filter(
      ({ id, sigs }) => !this.#m.mempool.has(id) && !this.#verifying.has(id + sigs) && !this.#m.isUsed(id),
    );
    if (missing.length === 0) return;
    this.#m.transport.request(
      peer,
      "bodies",
      encode(bodiesRequestSchema, { height: 0, pairs: missing }),
      this.#m.loop.callback((response: Uint8Array | null) => {
        const bodies = response === null ? undefined : decode(bodiesResponseSchema, response, LIMITS.responseBytesMax);
        if (bodies?.ok) this.onBodies(peer, bodies.value);
      }),
    );
  }

  announceTo(peer: PublicKey): void {
    const pairs = this.#m.mempool.pending(this.#m.clock.nowMs(), LIMITS.bodiesPerRequestMax);
    if (pairs.length > 0) this.#m.transport.sendConsensus(peer, encodeMessage("announce", pairs));
  }

  #admit(
    entries: readonly { readonly bytes: Uint8Array; readonly answer?: AdmissionAnswer }[],
    peer: PublicKey | null,
  ): readonly { readonly entry: { readonly answer?: AdmissionAnswer }; readonly error: AdmissionRefusal }[] {
    const refused: { entry: { readonly answer?: AdmissionAnswer }; error: AdmissionRefusal }[] = [];
    const toVerify: Envelope[] = [];
    for (const entry of entries) {
      const judged = this.#judge(entry.bytes);
      if (!judged.ok) {
        this.#count(peer, judged.error.code);
        refused.push({ entry, error: judged.error });
        continue;
      }
      const { pair } = judged.value;
      // Sent again while it waits: nothing is lost and nothing gained.
      if (this.#m.mempool.has(pair.id)) {
        entry.answer?.(ok(pair.id));
        continue;
      }
      const name = pair.id + pair.sigs;
      const waiting = this.#verifying.get(name);
      if (waiting !== undefined) {
        if (entry.answer !== undefined) waiting.answers.push(entry.answer);
        continue;
      }
      if (this.#verifying.size >= VERIFYING_MAX || this.#verifyingBytes + entry.bytes.length > VERIFYING_BYTES_MAX) {
        refused.push({
          entry,
          error: { code: "NODE_BUSY", detail: "too many transactions wait for verification", retriable: true },
        });
        continue;
      }
      const answers = entry.answer === undefined ? [] : [entry.answer];
      this.#verifying.set(name, { envelope: judged.value, answers, headTimeMs: this.#m.headTimeMs() });
      this.#verifyingBytes += entry.bytes.length;
      toVerify.push(judged.value);
    }
    if (toVerify.length > 0) this.#verify(toVerify, peer);
    return refused;
  }

  #judge(bytes: Uint8Array): Result<Envelope, AdmissionRefusal> {
    const decoded = decodeTransaction(bytes, this.#m.hasher.sha256);
    if (!decoded.ok) return err({ ...decoded.error, retriable: false });
    const form = judgeForm(decoded.value, this.#m.chain);
    if (form !== null) return err(form);
    const { id } = decoded.value.pair;
    if (this.#m.mempool.has(id)) return decoded;
    if (this.#m.isUsed(id)) return err(ALREADY_FINAL);
    const timeMs = Math.max(this.#m.wall.nowMs(), this.#m.headTimeMs() + 1);
    const refusal = judgeAgainstParent(this.#m.view, decoded.value, { chain: this.#m.chain, timeMs });
    return refusal === null ? decoded : err(refusal);
  }

  #verify(envelopes: readonly Envelope[], peer: PublicKey | null): void {
    const items = envelopes.flatMap(signatureChecks);
    this.#m.verifier.verify(
      items,
      "transactions",
      this.#m.loop.callback((valid: readonly boolean[]) => {
        let at = 0;
        for (const envelope of envelopes) {
          const count = envelope.tx.sigs.length;
          const sound = valid.slice(at, at + count).every((each) => each);
          at += count;
          this.#verified(envelope, sound, peer);
        }
      }),
    );
  }

  #verified(envelope: Envelope, sound: boolean, peer: PublicKey | null): void {
    const { pair } = envelope;
    const name = pair.id + pair.sigs;
    const { answers, headTimeMs } = this.#verifying.get(name) as Verifying;
    this.#verifying.delete(name);
    this.#verifyingBytes -= envelope.bytes.length;
    const result = sound
      ? this.#take(envelope, peer, headTimeMs)
      : err({ code: "SIGNATURE_INVALID", detail: "a signature does not verify", retriable: false });
    this.#count(peer, result.ok ? "OK" : result.error.code);
    if (!sound && peer !== null) this.#m.transport.penalise(peer, "transaction: SIGNATURE_INVALID");
    for (const answer of answers) answer(result);
  }

  #take(envelope: Envelope, peer: PublicKey | null, judgedAtMs: TimeMs): Result<TxId, AdmissionRefusal> {
    const { id } = envelope.pair;
    // A block may have been finalised with it while its signatures were being verified.
    if (this.#m.headTimeMs() !== judgedAtMs && this.#m.isUsed(id)) return err(ALREADY_FINAL);
    const origin = peer === null ? OWN : (this.#m.memberOf(peer) ?? OWN);
    const arrivedMs = this.#m.clock.nowMs();
    const admission = this.#m.mempool.add({ envelope, origin, arrivedMs });
    if (admission.kind === "full") return err({ code: "MEMPOOL_FULL", detail: "the mempool is full", retriable: true });
    if (admission.kind === "added") {
      if (peer === null) {
        this.#gossip(envelope.bytes);
        this.#own.push({ id, arrivedMs });
      }
      this.#m.onWork();
    }
    return ok(id);
  }

  #gossip(bytes: Uint8Array): void {
    if (this.#outgoingBytes + bytes.length > LIMITS.gossipBatchBytesMax || this.#outgoing.length >= LIMITS.bodiesPerRequestMax)
      this.#flush();
    this.#outgoing.push(bytes);
    this.#outgoingBytes += bytes.length;
    if (this.#flushing) return;
    this.#flushing = true;
    // A message costs as much as the verification of several transactions: where many wait for a block, each carries more of them.
    const isLoaded = this.#m.mempool.size >= LIMITS.gossipBatchLoadedFrom;
    this.#m.clock.after(
      isLoaded ? LIMITS.gossipBatchLoadedMs : LIMITS.gossipBatchMs,
      this.#m.loop.callback(() => {
        this.#flushing = false;
        this.#flush();
      }),
    );
  }

  #flush(): void {
    if (this.#outgoing.length === 0) return;
    this.#m.transport.publish(encode(gossipSchema, this.#outgoing));
    this.#outgoing = [];
    this.#outgoingBytes = 0;
  }

  /**
   * Work that nobody proposed for a while is made known to every peer directly, once: gossip may have been shed, or a proposer leave it
   * out. Ids go, and whoever lacks a body asks for it: under load most have it, and bodies sent twice would be the load.
   */
  #announceUnproposed(): void {
    const before = this.#m.clock.nowMs() - LIMITS.unproposedAfterMs;
    const due = this.#own.findIndex(({ arrivedMs }) => arrivedMs >= before);
    const old = this.#own.splice(0, due < 0 ? this.#own.length : due);
    const pairs = old.flatMap(({ id }) => this.#m.mempool.get(id)?.pair ?? []).slice(0, LIMITS.bodiesPerRequestMax);
    if (pairs.length === 0) return;
    const message = encodeMessage("announce", pairs);
    for (const { nodeKey } of this.#m.transport.peers()) this.#m.transport.sendConsensus(nodeKey, message);
  }

  #every(intervalMs: number, duty: () => void): void {
    this.#m.clock.after(
      intervalMs,
      this.#m.loop.callback(() => {
        duty();
        this.#every(intervalMs, duty);
      }),
    );
  }

  #count(peer: PublicKey | null, outcome: string): void {
    this.#m.metrics.add("zhonglian_admissions_total", 1, { source: peer === null ? "rpc" : "peer", outcome });
  }
}

/** Every signer signs the transaction's id. */
export function signatureChecks({ tx, pair }: Envelope): readonly VerifyItem[] {
  const message = fromHex(pair.id) as Uint8Array;
  return tx.signers.map(({ key }, index) => ({ key, message, signature: tx.sigs[index] as Uint8Array }));
}
