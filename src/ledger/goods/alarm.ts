import { choice, hash, optional } from "../../codec/schema.ts";
import { require } from "../codes.ts";
import { roleOf } from "../conditions.ts";
import { transition } from "../transition.ts";
import { attestationId } from "./device.ts";
import { closeAlarm, openAlarm } from "./zone.ts";

/** A person sees what no device does: the keeper itself, or an inspector. */
export const raiseAlarm = transition({
  kind: "alarm.raise",
  label: { zh: "发出告警", en: "raise an alarm" },
  ground: "Civil Code art. 907: the keeper gives notice of danger to the goods; 担保解释 art. 55",
  signedBy: "operator of the warehouse, or an inspector (verifier)",
  body: { zone: hash, by: hash, severity: choice("WARN", "CRITICAL"), evidence: hash },
  signers: ({ by }) => [by],
  requires: [
    (call) => {
      if (call.book.get("zone", call.body.zone).operator !== call.body.by) roleOf(call, call.body.by, "VERIFIER");
    },
    ({ body, book }) => {
      const { alarms } = book.get("zone", body.zone);
      require(!alarms.some((id) => book.get("alarm", id).by === body.by), "ALARM_OPEN");
    },
  ],
  effect: (call) => {
    const { body, book, newId } = call;
    const { severity, by, evidence } = body;
    const zone = book.get("zone", body.zone);
    const alarm = openAlarm(call, zone, newId(), { rule: "REPORTED", severity }, { source: "PERSON", by, evidence });
    return alarm === null ? [zone.id] : [alarm, zone.id];
  },
});

/** Whoever relies on the goods and whoever keeps them agree that all is well; where nobody relies on them, an inspector says so. */
export const clearAlarm = transition({
  kind: "alarm.clear",
  label: { zh: "解除告警", en: "clear an alarm" },
  ground: "担保解释 art. 55: the supervisor acts for the creditor",
  signedBy:
    "operator; every lender with a pledge in the zone, or, of a critical alarm where there is none, an inspector (verifier)",
  body: { alarm: hash, inspector: optional(hash), report: hash },
  signers: ({ alarm, inspector }, { book }) => {
    const { zone, severity } = book.get("alarm", alarm);
    const { operator, lenders } = book.get("zone", zone);
    const relying = severity === "WARN" ? [] : lenders.map(({ lender }) => lender);
    return inspector === undefined ? [operator, ...relying] : [operator, ...relying, inspector];
  },
  requires: [
    ({ body, book }) => require(book.get("alarm", body.alarm).status === "OPEN", "WRONG_STATUS"),
    (call) => {
      if (call.body.inspector !== undefined) roleOf(call, call.body.inspector, "VERIFIER");
    },
    ({ body, book }) => {
      const { zone, severity } = book.get("alarm", body.alarm);
      const isJudged = severity === "WARN" || book.get("zone", zone).lenders.length > 0 || body.inspector !== undefined;
      require(isJudged, "INSPECTOR_MISSING");
    },
  ],
  effect: (call) => {
    const { body, book } = call;
    const alarm = book.get("alarm", body.alarm);
    closeAlarm(call, alarm, "CLEARED");
    const said = alarm.source === "PERSON" ? undefined : book.find("attestation", attestationId(alarm.by));
    if (said?.alarm === alarm.id) book.update("attestation", said, { alarm: null });
    return [alarm.id, alarm.zone];
  },
});
