import { join } from "node:path";
import { Command } from "commander";
import { FLEET } from "../../agents/device-fleet.ts";
import { FleetAgent } from "../../agents/fleet-agent.ts";
import { int, optional, struct } from "../../codec/schema.ts";
import { LIMITS } from "../../types/limits.ts";
import { openAgent, pathSchema, type RunOptions, readAgentFile, reporter, signer, untilSignal, within } from "../agent-folder.ts";
import { readSecretFile } from "../node-files.ts";

const DAY_MS = 86_400_000;
const count = (max: number) => optional(int({ max }));
/** Of ten thousand words. */
const share = optional(int({ max: 10_000 }));

const devicesSchema = struct({
  ...signer,
  /** What the devices' keys are made from. */
  secretFile: pathSchema,
  warehouses: count(100_000),
  cities: count(FLEET.cities),
  smart: count(100_000),
  intervalSeconds: optional(int({ min: 1, max: LIMITS.deviceIntervalMaxMs / 1_000 })),
  incidents: optional(
    struct({
      TAMPERED: share,
      DOOR_OPEN: share,
      FENCE_CROSSED: share,
      TAG_MISSING: share,
      CLOCK_OFF: share,
      VIDEO_GAP: share,
    }),
  ),
});

/** A keeper's simulated fleet: for drills, and to see what devices would send. */
export function agentDevicesCommand(): Command {
  return new Command("devices")
    .argument("<folder>")
    .description(
      "a keeper's warehouses with simulated devices that sign and send what they see (devices.json in the folder); runs until SIGTERM",
    )
    .option("--json", "log lines of JSON")
    .option("--with-parent", "end when standard input closes")
    .action(async (folder: string, { json, withParent }: RunOptions) => {
      const report = reporter(json === true);
      const settings = readAgentFile(join(folder, "devices.json"), devicesSchema);
      const { warehouses = FLEET.warehouses, cities = FLEET.cities, smart = FLEET.smart } = settings;
      const { intervalSeconds, incidents = {}, party: operator } = settings;
      const { client, key: maker } = await openAgent(folder, settings);
      const secret = new TextEncoder().encode(readSecretFile(within(folder, settings.secretFile), "secretFile"));
      const intervalMs = intervalSeconds === undefined ? DAY_MS : intervalSeconds * 1_000;
      const size = { warehouses, cities, smart };
      await untilSignal(withParent === true, (signal) =>
        new FleetAgent({ client, operator, maker, secret, size, intervalMs, incidents, report }).run(signal),
      );
    });
}
