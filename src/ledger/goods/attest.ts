import { bool, hash, int, optional } from "../../codec/schema.ts";
import { LIMITS } from "../../types/limits.ts";
import type { Hash, PublicKey } from "../../types/scalars.ts";
import { require } from "../codes.ts";
import { schedule } from "../due.ts";
import type { ObjectOf } from "../objects.ts";
import { type Call, transition } from "../transition.ts";
import { attestationId, signedByDevice } from "./device.ts";
import { quantitySchema } from "./objects.ts";
import { type Finding, HEARTBEATS, judgeReading, type Measure } from "./severity.ts";
import { closeAlarm, escalate, openAlarm } from "./zone.ts";

type Attestation = ObjectOf<"attestation">;

interface Reading {
  readonly device: Hash;
  readonly subject?: Hash;
  readonly quantity?: number;
}

/**
 * What a device saw in a window: the root of its raw samples, a measure, and what was amiss. The ledger judges it by fixed rules and raises
 * the alarm itself. The state keeps a device's newest word only, so that a year of them takes no more room than a day.
 */
export const attest = transition({
  kind: "device.attest",
  label: { zh: "设备数据存证", en: "attest measurements" },
  ground: "担保解释 art. 55: evidence of actual control; EPCIS 2.0 ObjectEvent OBSERVE",
  signedBy: "the device, and its gateway if it was bound behind one, for the operator of the warehouse",
  makers: ["DEVICE"],
  body: {
    device: hash,
    seq: int({ min: 1 }),
    timeMs: int(),
    batch: hash,
    subject: optional(hash),
    quantity: optional(quantitySchema),
    tagsMissing: optional(int({ max: 1_000_000 })),
    crossings: optional(int({ max: 1_000_000 })),
    doorOpen: optional(bool),
    tampered: optional(bool),
    clockOffsetMs: optional(int({ min: -86_400_000, max: 86_400_000 })),
    /** The segment before this one and this one, of a chain of video hashes. */
    videoBefore: optional(hash),
    video: optional(hash),
  },
  signers: ({ device }, { book }) => [book.get("device", device).operator],
  requires: [
    (call) => {
      const { operator, status, gateway } = call.book.get("device", call.body.device);
      require(status === "BOUND", "WRONG_STATUS");
      signedByDevice(call, operator, call.body.device as unknown as PublicKey);
      // A gateway that was taken down signs nothing: its devices fall silent, and are missed.
      if (gateway !== null) signedByDevice(call, operator, gateway as unknown as PublicKey);
    },
    ({ body, book }) => require(body.seq === book.get("attestation", attestationId(body.device)).seq + 1, "DEVICE_SEQ_WRONG"),
    ({ body, book, timeMs }) => {
      const last = book.get("attestation", attestationId(body.device));
      require(body.timeMs >= last.timeMs && body.timeMs <= timeMs + LIMITS.deviceClockOffsetMaxMs, "EXPIRY_OUT_OF_RANGE");
    },
    ({ body }) => require((body.subject === undefined) === (body.quantity === undefined), "MEASURE_INCOMPLETE"),
  ],
  effect: (call) => {
    const { body, book, timeMs } = call;
    const last = book.get("attestation", attestationId(body.device));
    const signs = {
      tagsMissing: body.tagsMissing ?? 0,
      crossings: body.crossings ?? 0,
      isDoorOpen: body.doorOpen ?? false,
      isTampered: body.tampered ?? false,
      clockOffsetMs: body.clockOffsetMs ?? 0,
      hasVideoGap: last.video !== null && body.videoBefore !== last.video,
    };
    const finding = judgeReading(signs, measureOf(call));
    const { intervalMs } = book.get("device", body.device);
    const silenceMs = HEARTBEATS.warn * intervalMs;
    if (timeMs - last.recordedMs > silenceMs) schedule(call, timeMs + silenceMs + 1, "device", body.device);
    const { alarm, about } = alarmAfter(call, last, finding);
    book.update("attestation", last, {
      seq: body.seq,
      timeMs: body.timeMs,
      recordedMs: timeMs,
      severity: finding?.severity ?? "GREEN",
      subject: body.subject ?? null,
      quantity: body.quantity ?? null,
      batch: body.batch,
      video: body.video ?? null,
      alarm,
    });
    return [body.device, ...about];
  },
});

/** Against the books, if the subject is a lot of the device's own zone. */
function measureOf({ body, book }: Call<Reading>): Measure | null {
  if (body.subject === undefined || body.quantity === undefined) return null;
  const lot = book.find("lot", body.subject);
  if (lot === undefined || lot.zone !== book.get("device", body.device).zone) return null;
  return { expected: lot.quantity, measured: body.quantity };
}

/** The device's alarm from now on, and what was changed: opened, made worse, or ended where it was only a warning that has passed. */
function alarmAfter(call: Call<Reading>, { alarm }: Attestation, finding: Finding | null) {
  const { book, body } = call;
  const open = alarm === null ? null : book.get("alarm", alarm);
  if (open !== null) {
    if (finding === null && open.severity === "WARN") {
      closeAlarm(call, open, "RESUMED");
      return { alarm: null, about: [open.id] };
    }
    if (finding?.severity === "CRITICAL" && open.severity === "WARN") escalate(call, open, finding);
    return { alarm, about: [open.id] };
  }
  if (finding === null) return { alarm: null, about: [] };
  const device = book.get("device", body.device);
  const from = { source: device.kind, by: device.id, evidence: null };
  const opened = openAlarm(call, book.get("zone", device.zone), call.newId(), finding, from);
  return { alarm: opened, about: opened === null ? [device.zone] : [opened, device.zone] };
}
