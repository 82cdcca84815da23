import { CRASH_POINTS } from "./crash-points.ts";
import { DAMAGE } from "./damage.ts";
import { DISK_FULL } from "./disk-full.ts";
import type { Fault } from "./fault.ts";
import { FLOODS } from "./floods.ts";
import { LOST_MEMORY } from "./lost-memory.ts";
import { OUTAGES } from "./outages.ts";
import { PARTITIONS } from "./partitions.ts";
import { ROLLING_RESTART } from "./rolling-restart.ts";
import { SLOW_NODES } from "./slow-nodes.ts";
import { TWIN_KEY } from "./twin-key.ts";
import { WRONG_CLOCK } from "./wrong-clock.ts";

/** Every fault that is tried on real processes, in the order in which they are. */
export const FAULTS: readonly Fault[] = [
  ...CRASH_POINTS,
  ...OUTAGES,
  ...PARTITIONS,
  ...SLOW_NODES,
  ...LOST_MEMORY,
  ...TWIN_KEY,
  ...DAMAGE,
  ...DISK_FULL,
  ...WRONG_CLOCK,
  ...FLOODS,
  ...ROLLING_RESTART,
];
