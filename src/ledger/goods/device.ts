import { choice, hash, int, optional, publicKey } from "../../codec/schema.ts";
import { LIMITS } from "../../types/limits.ts";
import type { Hash, PublicKey } from "../../types/scalars.ts";
import { require } from "../codes.ts";
import { schedule } from "../due.ts";
import { keyId, namedId } from "../ids.ts";
import type { ObjectOf } from "../objects.ts";
import { isFree } from "../parties/keys.ts";
import { type Call, type Situation, transition } from "../transition.ts";
import { DEVICE_KINDS, zoneNameSchema } from "./objects.ts";
import { HEARTBEATS, judgeSilence } from "./severity.ts";
import { escalate, openAlarm, zoneId } from "./zone.ts";

type Device = ObjectOf<"device">;

/**
 * A device becomes a witness: its key, which never leaves it, signs to prove that it is there. The key is the operator's for this
 * purpose only, takes no place among the keys by which the operator acts, and can sign nothing but what a device says.
 */
export const bindDevice = transition({
  kind: "device.bind",
  label: { zh: "绑定设备", en: "bind a device" },
  ground: "担保解释 art. 55: control of pledged stock is shown by who watches it; 电子签名法 art. 13",
  signedBy: "operator of the warehouse; the device's own key",
  body: {
    key: publicKey,
    warehouse: hash,
    zone: zoneNameSchema,
    kind: choice(...DEVICE_KINDS),
    model: hash,
    firmware: hash,
    intervalMs: int({ max: LIMITS.deviceIntervalMaxMs }),
    /** A device of kind GATEWAY in the same warehouse, if its words are to be signed by that one as well. */
    gateway: optional(hash),
  },
  signers: ({ warehouse }, { book }) => [book.get("warehouse", warehouse).operator],
  requires: [
    ({ body, book }) => require(book.get("warehouse", body.warehouse).zones.includes(body.zone), "NOT_FOUND"),
    ({ body, book }) => require(isFree(book, body.key), "KEY_TAKEN"),
    (call) => signedByDevice(call, call.book.get("warehouse", call.body.warehouse).operator, call.body.key),
    ({ body, business }) => require(body.intervalMs >= business.deviceHeartbeatMs, "EXPIRY_OUT_OF_RANGE"),
    ({ body, book }) => {
      if (body.gateway === undefined) return;
      const { kind, warehouse, status } = book.get("device", body.gateway);
      require(kind === "GATEWAY" && warehouse === body.warehouse && status === "BOUND", "DEVICE_ELSEWHERE");
    },
  ],
  effect: (call) => {
    const { body, book, timeMs } = call;
    const { key, warehouse, kind, model, firmware, intervalMs, gateway = null } = body;
    const { operator } = book.get("warehouse", warehouse);
    const id = keyId(key);
    book.create("key", { id, party: operator, purpose: "DEVICE", fromMs: timeMs });
    const zone = zoneId(warehouse, body.zone);
    book.create("device", { id, operator, warehouse, zone, kind, model, firmware, intervalMs, gateway, status: "BOUND" });
    book.create("attestation", {
      id: attestationId(id),
      device: id,
      seq: 0,
      // By its own clock, of which nothing is known yet.
      timeMs: 0,
      recordedMs: timeMs,
      severity: "GREEN",
      subject: null,
      quantity: null,
      batch: firmware,
      video: null,
      alarm: null,
    });
    schedule(call, timeMs + HEARTBEATS.warn * intervalMs + 1, "device", id);
    return [id, zone];
  },
});

/** A device is taken down. What it alarmed about stays open until it is cleared; its key ends for good. */
export const unbindDevice = transition({
  kind: "device.unbind",
  label: { zh: "解绑设备", en: "unbind a device" },
  ground: "电子签名法 art. 15",
  signedBy: "operator of the warehouse",
  body: { device: hash },
  signers: ({ device }, { book }) => [book.get("device", device).operator],
  requires: [({ body, book }) => require(book.get("device", body.device).status === "BOUND", "WRONG_STATUS")],
  effect: ({ body, book, timeMs }) => {
    const key = book.get("key", body.device);
    if (key.revokedMs === undefined) book.update("key", key, { revokedMs: timeMs });
    return [book.update("device", book.get("device", body.device), { status: "UNBOUND" }).id];
  },
});

/**
 * Falls due: a device that was not heard for more than two intervals is warned of, for more than six critical. Each device waits in the
 * queue and is looked at about every second interval, however often it speaks. One that was silent for so long that it waits no more is
 * put there again with its next word (attest.ts); looks that meet are one.
 */
export function deviceDue(situation: Situation, device: Device): void {
  const { book, timeMs } = situation;
  if (device.status !== "BOUND") return;
  const last = book.get("attestation", attestationId(device.id));
  const finding = judgeSilence(timeMs - last.recordedMs, device.intervalMs);
  if (finding === null) {
    schedule(situation, last.recordedMs + HEARTBEATS.warn * device.intervalMs + 1, "device", device.id);
    return;
  }
  if (finding.severity === "WARN")
    schedule(situation, last.recordedMs + HEARTBEATS.critical * device.intervalMs + 1, "device", device.id);
  const open = last.alarm === null ? undefined : book.get("alarm", last.alarm);
  if (open === undefined) {
    const from = { source: device.kind, by: device.id, evidence: null };
    const id = namedId("alarm", device.id, String(last.seq), finding.severity);
    // Said once of one silence, and cleared since.
    if (book.find("alarm", id) !== undefined) return;
    const alarm = openAlarm(situation, book.get("zone", device.zone), id, finding, from);
    book.update("attestation", last, { alarm, severity: finding.severity });
  } else if (finding.severity === "CRITICAL" && open.severity === "WARN") {
    escalate(situation, open, finding);
    book.update("attestation", last, { severity: "CRITICAL" });
  }
}

export function attestationId(device: Hash): Hash {
  return namedId("attestation", device);
}

/** The device's own key is among the signatures: no word of a device by its operator's hand. */
export function signedByDevice({ signers }: Call<unknown>, operator: Hash, key: PublicKey): void {
  require(signers.some((signer) => signer.party === operator && signer.key === key), "SIGNER_MISSING");
}

/** A bound device that watches the zone, and was heard within two intervals. */
export function watches({ book, timeMs }: Situation, id: Hash, zone: Hash): void {
  const device = book.get("device", id);
  require(device.status === "BOUND" && device.zone === zone, "DEVICE_ELSEWHERE");
  const { recordedMs, seq, severity } = book.get("attestation", attestationId(id));
  require(seq > 0 && timeMs - recordedMs <= HEARTBEATS.warn * device.intervalMs, "ATTESTATION_STALE");
  require(severity === "GREEN", "ZONE_NOT_GREEN");
}
