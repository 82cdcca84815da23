import { decode } from "../codec/cbor.ts";
import { bytes, choice, encode, type Infer, int, publicKey, signature, struct } from "../codec/schema.ts";
import { assert } from "../lib/assert.ts";
import { concatBytes, equalBytes } from "../lib/bytes.ts";
import type { AppendFile } from "../ports/append-file.ts";
import type { Hasher, Signer } from "../ports/crypto.ts";
import type { Height, PublicKey, Round, Signature } from "../types/scalars.ts";
import { frame, parseLog } from "./framed-log.ts";

const STEPS = ["proposal", "prevote", "precommit"] as const;
export type SignStep = (typeof STEPS)[number];

export interface SignRequest {
  readonly height: Height;
  readonly round: Round;
  readonly step: SignStep;
  /** The 32 bytes to be signed. */
  readonly message: Uint8Array;
}

/** `null` when the guard refuses: a different message was signed there, or something later was. */
export type SignAnswer = (fault: Error | null, signature: Signature | null) => void;

const recordSchema = struct({
  height: int(),
  round: int(),
  step: choice(...STEPS),
  message: bytes({ min: 32, max: 32 }),
  sig: signature,
});
type GuardRecord = Infer<typeof recordSchema>;
/** The first record of every guard file, made when the operator creates the node: a file without it is no memory. */
const birthSchema = struct({ key: publicKey });

/** From this height on the file is known to hold all that the key signed, though there is nothing yet. */
const confirmationSchema = struct({ from: int({ min: 1 }) });

const COMPACT_BYTES = 1 << 20;
const RECORD_BYTES_MAX = 4096;

/**
 * The second, independent line against signing twice (protocol.md §4): (height, round, step, message, signature) is durable before
 * a signature is released; equal bytes get the stored one; anything at or before the last slot is refused. It never reads the
 * consensus log or the store.
 */
export class DoubleSignGuard {
  readonly #file: AppendFile;
  readonly #hasher: Hasher;
  readonly #signer: Signer;
  /** What was signed at the last height, in order. */
  #records: GuardRecord[] = [];
  #sequence = 0;
  #fileBytes: number;
  #busy = false;
  /** A torn tail must not stay in front of the next record: the next write replaces the file. */
  #torn = false;
  #isConfirmed = false;
  #hasMemory: boolean;

  constructor(modules: { readonly file: AppendFile; readonly hasher: Hasher; readonly signer: Signer }) {
    this.#file = modules.file;
    this.#hasher = modules.hasher;
    this.#signer = modules.signer;
    this.#fileBytes = modules.file.initial.length;
    this.#hasMemory = this.#load();
  }

  /** False if the file is missing, damaged, or of another key: the node then has no memory of what it signed, until `begin`. */
  get hasMemory(): boolean {
    return this.#hasMemory;
  }

  /** The height of the last signature, 0 if there is none. */
  get lastHeight(): Height {
    return this.#records.at(-1)?.height ?? 0;
  }

  /** Whether it was found once that nothing is missing although nothing is there. */
  get isConfirmed(): boolean {
    return this.#isConfirmed;
  }

  /**
   * Whether a signature by this key for this message can only have been made elsewhere, or before this memory began. Of heights below
   * the last one nothing is remembered, so of them nothing can be said.
   */
  disowns(request: SignRequest): boolean {
    if (request.height < this.lastHeight) return false;
    const stored = this.#records.find((record) => sameSlot(record, request));
    return stored === undefined || !equalBytes(stored.message, request.message);
  }

  /** Whether everything that was signed at this height is among the requests. */
  holdsOnly(height: Height, requests: readonly SignRequest[]): boolean {
    return this.#records.every(
      (record) =>
        record.height !== height ||
        requests.some((request) => sameSlot(record, request) && equalBytes(record.message, request.message)),
    );
  }

  /** One request at a time: the event loop waits for the answer before it goes on. */
  sign(request: SignRequest, answer: SignAnswer): void {
    assert(!this.#busy, "the guard answers one request before it takes the next");
    const stored = this.#records.find((record) => sameSlot(record, request));
    if (stored !== undefined) {
      answer(null, equalBytes(stored.message, request.message) ? stored.sig : null);
      return;
    }
    const last = this.#records.at(-1);
    if (last !== undefined && compareSlots(request, last) < 0) {
      answer(null, null);
      return;
    }
    this.#busy = true;
    this.#signer.sign(request.message, (fault, sig) => {
      if (fault !== null) {
        this.#busy = false;
        answer(fault, null);
        return;
      }
      this.#persist({ ...request, sig }, answer);
    });
  }

  /** Starts an empty memory over a lost one; the caller has waited as protocol.md §4 says, or the operator ordered it. */
  begin(done: (fault: Error | null) => void): void {
    this.#sequence = 0;
    this.#torn = false;
    this.#records = [];
    const birth = this.#frame(encode(birthSchema, { key: this.#signer.publicKey }));
    this.#fileBytes = birth.length;
    this.#file.replace(birth, (fault) => {
      this.#hasMemory = fault === null;
      done(fault);
    });
  }

  /** Notes that an empty memory is a whole one; whoever signed needs no such note. */
  confirm(from: Height, done: (fault: Error | null) => void): void {
    assert(this.#records.length === 0 && !this.#isConfirmed, "only an empty memory is confirmed, once");
    this.#isConfirmed = true;
    const confirmation = encode(confirmationSchema, { from });
    this.#write(confirmation, () => [confirmation], done);
  }

  #persist(record: GuardRecord, answer: SignAnswer): void {
    const last = this.#records.at(-1);
    if (last !== undefined && last.height !== record.height) this.#records = [];
    this.#records.push(record);
    const done = (fault: Error | null): void => {
      this.#busy = false;
      answer(fault, fault === null ? record.sig : null);
    };
    const all = (): readonly Uint8Array[] => this.#records.map((kept) => encode(recordSchema, kept));
    this.#write(encode(recordSchema, record), all, done);
  }

  /** `all`: what the file is to hold behind its birth if it has to be made anew. */
  #write(last: Uint8Array, all: () => readonly Uint8Array[], done: (fault: Error | null) => void): void {
    const framed = this.#frame(last);
    this.#fileBytes += framed.length;
    if (this.#fileBytes < COMPACT_BYTES && !this.#torn) {
      this.#file.append(framed, done);
      return;
    }
    this.#torn = false;
    this.#sequence = 0;
    const birth = this.#frame(encode(birthSchema, { key: this.#signer.publicKey }));
    const compact = concatBytes(birth, ...all().map((content) => this.#frame(content)));
    this.#fileBytes = compact.length;
    this.#file.replace(compact, done);
  }

  #frame(payload: Uint8Array): Uint8Array {
    this.#sequence += 1;
    return frame(this.#sequence, payload, this.#hasher.sha256);
  }

  #load(): boolean {
    const log = parseLog(this.#file.initial, this.#hasher.sha256);
    const [birth, ...rest] = log.records;
    this.#torn = log.soundBytes < this.#file.initial.length;
    if (birth === undefined || log.corrupt) return false;
    const born = decode(birthSchema, birth.payload, RECORD_BYTES_MAX);
    if (!born.ok || born.value.key !== this.#signer.publicKey) return false;
    for (const entry of rest) {
      const record = decode(recordSchema, entry.payload, RECORD_BYTES_MAX);
      if (!record.ok && decode(confirmationSchema, entry.payload, RECORD_BYTES_MAX).ok) {
        this.#isConfirmed = true;
        continue;
      }
      if (!record.ok) return false;
      if (this.#records.length > 0 && record.value.height !== (this.#records.at(-1) as GuardRecord).height) this.#records = [];
      this.#records.push(record.value);
    }
    this.#sequence = (log.records.at(-1) as { sequence: number }).sequence;
    return true;
  }
}

/** The content of a new guard file, written when a node is made. */
export function newGuardFile(key: PublicKey, sha256: Hasher["sha256"]): Uint8Array {
  return frame(1, encode(birthSchema, { key }), sha256);
}

function sameSlot(left: Omit<SignRequest, "message">, right: Omit<SignRequest, "message">): boolean {
  return compareSlots(left, right) === 0;
}

/** Order of slots: height, then round, then proposal before prevote before precommit. */
function compareSlots(left: Omit<SignRequest, "message">, right: Omit<SignRequest, "message">): number {
  return left.height - right.height || left.round - right.round || STEPS.indexOf(left.step) - STEPS.indexOf(right.step);
}
