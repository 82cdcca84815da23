import { type FleetWarehouse, fleetOf } from "../../agents/device-fleet.ts";
import { objectId, zoneId } from "../../client/object-id.ts";
import { op } from "../../client/transaction-builder.ts";
import type { Prng } from "../../lib/prng.ts";
import type { Hash } from "../../types/scalars.ts";
import { FIRST_DAY, LAST_DAY } from "./calendar.ts";
import { type Act, beginOf, HOURS, type Hour } from "./diary.ts";
import type { Keeper } from "./people.ts";
import { platformOf, type Setting } from "./setting.ts";

const DAY_MS = 86_400_000;
export const ZONE = "A";
/** Of ten thousand attestations: a door that stands open, and tags that are missing. */
const DOORS_OPEN = 20;
const TAGS_MISSING = 2;
/** Of the alarms about missing tags, percent: the keeper sees it too, and the goods are kept until an inspector has been there. */
const SEEN_PERCENT = 50;
/** One warehouse of so many takes goods that secure loans. */
const STOCKED_EACH = 2;

/** A warehouse with the device that watches it. */
export interface Warehouse {
  readonly index: number;
  readonly city: string;
  readonly keeper: Keeper;
  readonly prng: Prng;
  /** On the chain a device is named by its key. */
  readonly device: Hash;
  /** On the afternoon of this day the device is there. */
  readonly boundDay: number;
  /** Whether lots come in here (stocks.ts): then its device speaks in the first hour. */
  readonly isStocked: boolean;
  /** Days on which tags are missing in any case, and on which nothing is amiss. */
  readonly alarmDays: Set<number>;
  readonly quietDays: Set<number>;
  /** What the device measures on a day: goods that are about to come in. */
  readonly measures: Map<number, { readonly subject: Hash; readonly quantity: number }>;
  id: Hash;
  isBound: boolean;
  /** Attestations so far; alarms that stop the goods, and receipts pledged, at the moment. */
  said: number;
  alarms: number;
  pledges: number;
}

/**
 * Every warehouse has a device with a key of its own, which attests once a day, on holidays too. Most days all is well; a door that stands
 * open is a warning that passes with the next word, missing tags are an alarm that freezes the goods until it is cleared.
 */
export function planWarehouses(setting: Setting, daysWatched: number): readonly Warehouse[] {
  const { people, diary, calendar } = setting;
  for (const keeper of people.keepers) diary.at(FIRST_DAY, "first", () => keeperRegistration(setting, keeper));
  const fleet = fleetOf("year", { warehouses: people.warehouses });
  const firstOpen = calendar.after(FIRST_DAY);
  // The first words of all devices, and an alarm among them, whether they are watched for a year or for a few days.
  const boundDay = FIRST_DAY + daysWatched < LAST_DAY ? firstOpen - 1 : FIRST_DAY;
  const lastDay = Math.min(LAST_DAY, boundDay + daysWatched);
  const warehouses: Warehouse[] = [];
  for (let index = 0; index < people.warehouses; index++) {
    const keeper = people.keepers[index % people.keepers.length] as Keeper;
    const { city } = fleet[index] as FleetWarehouse;
    const warehouse: Warehouse = {
      index,
      city,
      keeper,
      prng: setting.prng.fork(),
      device: setting.deviceOf(keeper, String(index)).publicKey as unknown as Hash,
      boundDay,
      isStocked: index % STOCKED_EACH === 1,
      // No year is without an alarm.
      alarmDays: new Set(index === 0 ? [firstOpen] : []),
      quietDays: new Set(),
      measures: new Map(),
      id: "" as Hash,
      isBound: true,
      said: 0,
      alarms: 0,
      pledges: 0,
    };
    warehouses.push(warehouse);
    diary.at(FIRST_DAY, "second", () => registration(setting, warehouse));
    diary.at(boundDay, "third", () => binding(setting, warehouse));
    for (let day = boundDay + 1; day <= lastDay; day++)
      diary.at(day, hourOf(setting, warehouse, day), () => attestation(setting, warehouse, day));
    if (lastDay < LAST_DAY) diary.at(lastDay, "afternoon", () => unbinding(setting, warehouse));
  }
  return warehouses;
}

/** Spread over the day, so that no hour is full of them; on a holiday all in one. The last one is left free for what an alarm takes. */
function hourOf({ calendar }: Setting, { index, isStocked }: Warehouse, day: number): Hour {
  return calendar.isOpen(day) && !isStocked ? (HOURS[index % 4] as Hour) : "first";
}

function keeperRegistration(setting: Setting, keeper: Keeper): Act {
  const { maker, checker } = setting.keysOf(keeper);
  const body = {
    legalId: keeper.legalId,
    roles: ["WAREHOUSE"],
    size: "NA" as const,
    sponsor: keeper.platform.member as never,
    keys: [
      { key: maker.publicKey, purpose: "MAKER" as const },
      { key: checker.publicKey, purpose: "CHECKER" as const },
    ],
    policy: [],
  };
  const keys = [platformOf(setting, keeper).maker, maker, checker];
  return { name: `register/${keeper.legalId.value}`, keys, ops: [op("party.register", body)], expected: "OK" };
}

function registration(setting: Setting, warehouse: Warehouse): Act {
  const { keeper, index } = warehouse;
  const body = {
    operator: keeper.party,
    number: setting.commit("warehouse", String(index)),
    city: warehouse.city,
    zones: [ZONE],
    document: setting.commit("warehouse licence", String(index)),
  };
  return {
    name: `warehouse/${index}`,
    keys: [setting.keysOf(keeper).maker],
    ops: [op("warehouse.register", body)],
    expected: "OK",
    done: (tx) => {
      warehouse.id = objectId(tx, 0, 0);
    },
  };
}

function binding(setting: Setting, warehouse: Warehouse): Act {
  const { keeper, index, id } = warehouse;
  const device = setting.deviceOf(keeper, String(index));
  const body = {
    key: device.publicKey,
    warehouse: id,
    zone: ZONE,
    kind: "RFID_COUNT" as const,
    model: setting.commit("model", "rfid gate"),
    firmware: setting.commit("firmware", "rfid gate", "1"),
    intervalMs: DAY_MS,
  };
  const keys = [setting.keysOf(keeper).maker, device];
  return { name: `device/${index}`, keys, ops: [op("device.bind", body)], expected: "OK" };
}

function unbinding(setting: Setting, warehouse: Warehouse): Act {
  const { keeper, index, device } = warehouse;
  const keys = [setting.keysOf(keeper).maker];
  warehouse.isBound = false;
  return { name: `unbind/${index}`, keys, ops: [op("device.unbind", { device })], expected: "OK" };
}

function attestation(setting: Setting, warehouse: Warehouse, day: number): Act {
  const { keeper, index, prng } = warehouse;
  const hour = hourOf(setting, warehouse, day);
  const draw = prng.below(10_000);
  // On a holiday nobody is there to look after an alarm.
  const isQuiet = warehouse.quietDays.has(day);
  const isMissing = !isQuiet && (draw < TAGS_MISSING || warehouse.alarmDays.has(day)) && setting.calendar.isOpen(day);
  const isDoorOpen = !isQuiet && !isMissing && draw < TAGS_MISSING + DOORS_OPEN;
  warehouse.said += 1;
  const device = setting.deviceOf(keeper, String(index));
  const body = {
    device: device.publicKey as unknown as Hash,
    seq: warehouse.said,
    timeMs: beginOf(day, hour),
    batch: setting.commit("samples", String(index), String(day)),
    ...warehouse.measures.get(day),
    ...(isMissing ? { tagsMissing: 1 } : {}),
    ...(isDoorOpen ? { doorOpen: true } : {}),
  };
  return {
    name: `attest/${index}/${day}`,
    keys: [device],
    ops: [op("device.attest", body)],
    expected: "OK",
    done: (tx) => {
      if (isMissing) planInspection(setting, warehouse, day, objectId(tx, 0, 0));
    },
  };
}

/**
 * The keeper may raise the alarm as well: two witnesses freeze the goods for good. On the next day an inspector finds all of them there, and
 * where they secure a loan the bank has looked too.
 */
function planInspection(setting: Setting, warehouse: Warehouse, day: number, alarm: Hash): void {
  const { keeper, index, id, prng } = warehouse;
  const { diary, calendar, bank } = setting;
  const own = setting.keysOf(keeper).maker;
  const inspector = platformOf(setting, keeper);
  const next = calendar.after(day);
  const clear = (which: Hash, name: string): Act => {
    const body = { alarm: which, inspector: inspector.party, report: setting.commit("inspection", name) };
    const lender = warehouse.pledges > 0 ? [bank.maker, bank.checker] : [];
    const done = (): void => {
      warehouse.alarms -= 1;
    };
    return { name, keys: [own, inspector.maker, ...lender], ops: [op("alarm.clear", body)], expected: "OK", done };
  };
  warehouse.alarms += 1;
  diary.at(next, "afternoon", () => clear(alarm, `clear/${index}/${day}`));
  if (!(prng.below(100) < SEEN_PERCENT)) return;
  diary.at(day, "afternoon", () => {
    const evidence = setting.commit("keeper report", String(index), String(day));
    const body = { zone: zoneId(id, ZONE), by: keeper.party, severity: "CRITICAL" as const, evidence };
    return {
      name: `raise/${index}/${day}`,
      keys: [own],
      ops: [op("alarm.raise", body)],
      expected: "OK",
      done: (tx) => {
        warehouse.alarms += 1;
        diary.at(next, "afternoon", () => clear(objectId(tx, 0, 0), `clearRaised/${index}/${day}`));
      },
    };
  });
}
