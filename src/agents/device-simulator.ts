import { op, type SigningKey } from "../client/transaction-builder.ts";
import { publicKeyOf, sign } from "../crypto/ed25519.ts";
import { sha256 } from "../crypto/hash.ts";
import { toHex } from "../lib/bytes.ts";
import type { Hash, PublicKey } from "../types/scalars.ts";
import type { Operation } from "../types/transaction.ts";
import type { FleetDevice } from "./device-fleet.ts";

/** What goes wrong in front of a device; nothing, if nothing is said. */
export type Incident = "TAMPERED" | "DOOR_OPEN" | "FENCE_CROSSED" | "TAG_MISSING" | "CLOCK_OFF" | "VIDEO_GAP";

export interface Seen {
  /** A lot, or the tags of goods about to come in, and how much of it there is. */
  readonly measure?: { readonly subject: Hash; readonly quantity: number };
  readonly incident?: Incident;
}

/**
 * A device as the alliance's chain sees it: a key of its own that signs nothing but its words, numbered without a gap. It keeps no state but
 * its number; the same device says the same at the same moment, so that a story that is told again says the same bytes.
 */
export class SimulatedDevice {
  readonly device: FleetDevice;
  readonly key: SigningKey;
  /** Of the gateway that it stands behind. */
  readonly #gateway: SigningKey | null;
  #seq: number;

  /** `operator`: the party of the warehouse. `seq`: of its last word, if it has said any. */
  constructor(device: FleetDevice, operator: Hash, seq = 0) {
    this.device = device;
    this.key = keyOf(device.name, operator);
    this.#gateway = device.behind === null ? null : keyOf(device.behind, operator);
    this.#seq = seq;
  }

  /** Who signs its words: it, and its gateway. */
  get signers(): readonly SigningKey[] {
    return this.#gateway === null ? [this.key] : [this.key, this.#gateway];
  }

  /** On the chain a device is named by its key. */
  get id(): Hash {
    return this.key.publicKey as PublicKey as unknown as Hash;
  }

  get seq(): number {
    return this.#seq;
  }

  /** To be signed by the operator and by the device; its gateway is bound before. */
  bind(warehouse: Hash): Operation {
    const { kind, zone, intervalMs } = this.device;
    const [model, firmware] = [digest(`model ${kind}`), digest(`firmware ${kind} 1.0`)];
    const gateway = this.#gateway === null ? {} : { gateway: this.#gateway.publicKey as PublicKey as unknown as Hash };
    return op("device.bind", { key: this.key.publicKey, warehouse, zone, kind, model, firmware, intervalMs, ...gateway });
  }

  /** The next word, to be signed by `signers`. A word that is never sent leaves a gap, and the next is refused. */
  attest(timeMs: number, { measure, incident }: Seen = {}): Operation {
    this.#seq += 1;
    const body = { device: this.id, seq: this.#seq, timeMs, batch: this.#digestOf("samples", this.#seq) };
    const measured = measure === undefined ? {} : { subject: measure.subject, quantity: measure.quantity };
    return op("device.attest", { ...body, ...measured, ...this.#video(incident), ...signsOf(incident) });
  }

  /** A camera's segments hang together by their hashes. */
  #video(incident: Incident | undefined): { readonly videoBefore?: Hash; readonly video?: Hash } {
    if (this.device.kind !== "CAMERA") return {};
    const video = this.#digestOf("segment", this.#seq);
    if (this.#seq === 1 || incident === "VIDEO_GAP") return { video };
    return { videoBefore: this.#digestOf("segment", this.#seq - 1), video };
  }

  #digestOf(what: string, seq: number): Hash {
    return digest(`${what} ${this.device.name} ${seq}`);
  }
}

function signsOf(incident: Incident | undefined): Partial<Signs> {
  switch (incident) {
    case undefined:
    case "VIDEO_GAP":
      return {};
    case "TAMPERED":
      return { tampered: true };
    case "DOOR_OPEN":
      return { doorOpen: true };
    case "FENCE_CROSSED":
      return { crossings: 1 };
    case "TAG_MISSING":
      return { tagsMissing: 1 };
    case "CLOCK_OFF":
      return { clockOffsetMs: 90_000 };
  }
}

interface Signs {
  readonly tampered: boolean;
  readonly doorOpen: boolean;
  readonly crossings: number;
  readonly tagsMissing: number;
  readonly clockOffsetMs: number;
}

function keyOf(name: string, operator: Hash): SigningKey {
  const seed = sha256(new TextEncoder().encode(`device key ${name}`));
  return { party: operator, publicKey: publicKeyOf(seed), sign: (message) => sign(seed, message) };
}

function digest(text: string): Hash {
  return toHex(sha256(new TextEncoder().encode(text))) as Hash;
}
