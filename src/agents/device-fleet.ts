import { sha256 } from "../crypto/hash.ts";
import { Prng } from "../lib/prng.ts";

/** What kinds of device stand in a smart warehouse, behind a gateway; any other has one gateway, which counts once a day. */
export const SMART_KINDS = ["WEIGHT", "RFID_COUNT", "FENCE", "CAMERA", "DOOR", "TEMP_HUM"] as const;
export type FleetKind = (typeof SMART_KINDS)[number] | "GATEWAY";

export interface FleetDevice {
  /** One of a kind in the fleet; what its key is made from. */
  readonly name: string;
  readonly kind: FleetKind;
  readonly zone: string;
  readonly intervalMs: number;
  /** The name of the gateway that signs beside it, which stands before it in its warehouse's list; null for a gateway. */
  readonly behind: string | null;
}

export interface FleetWarehouse {
  readonly index: number;
  /** Administrative division by GB/T 2260. */
  readonly city: string;
  readonly isSmart: boolean;
  readonly zones: readonly string[];
  readonly devices: readonly FleetDevice[];
}

export const FLEET = { warehouses: 350, cities: 50, smart: 50 } as const;
const DAY_MS = 86_400_000;

/** Fifty cities in which goods in bulk are stored, from the ports inland. */
const CITIES = [
  "310000 120000 110000 500000 440100 440300 330200 370200 210200 320500",
  "320200 320100 330100 420100 510100 610100 410100 430100 370100 340100",
  "350200 350100 450100 530100 520100 620100 630100 640100 650100 150100",
  "140100 130100 210100 220100 230100 360100 460100 440600 441900 320400",
  "320600 321100 330400 330600 370600 370700 130200 130900 420600 431000",
].flatMap((line) => line.split(" "));

/** The same seed gives the same warehouses: spread over the cities, in each of them the first of them smart as long as there are any. */
export function fleetOf(seed: string, size: Partial<Record<keyof typeof FLEET, number>> = {}): readonly FleetWarehouse[] {
  const { warehouses, cities, smart } = { ...FLEET, ...size };
  const random = new Prng(numberOf(seed));
  const used = CITIES.slice(0, Math.max(1, Math.min(cities, CITIES.length)));
  return Array.from({ length: warehouses }, (_, index): FleetWarehouse => {
    // The first round visits every city once; after that the big ones, which are named first, have more.
    const nth = index < used.length ? index : Math.min(random.below(used.length), random.below(used.length));
    const isSmart = index < smart;
    const zones = isSmart ? ["A", "B"] : ["A"];
    const kinds: readonly FleetKind[] = isSmart ? ["GATEWAY", ...SMART_KINDS] : ["GATEWAY"];
    const nameOf = (kind: FleetKind): string => `${seed}/${index}/${kind}`;
    const devices = kinds.map((kind) => {
      const behind = kind === "GATEWAY" ? null : nameOf("GATEWAY");
      return { name: nameOf(kind), kind, zone: "A", intervalMs: DAY_MS, behind };
    });
    return { index, city: used[nth] as string, isSmart, zones, devices };
  });
}

function numberOf(seed: string): number {
  const [a = 0, b = 0, c = 0, d = 0] = sha256(new TextEncoder().encode(`device fleet ${seed}`));
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}
