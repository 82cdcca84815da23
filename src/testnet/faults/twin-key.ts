import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Fault } from "./fault.ts";
import { NodeProcess } from "./node-process.ts";
import { until } from "./until.ts";

const TWIN_PORTS = 5;
const FOREIGN = "another machine signs with this node's key";
const NO_MEMORY = "no memory of what was signed";

export const TWIN_KEY: readonly Fault[] = [
  {
    name: "same-key-on-two-machines",
    does: "a copy of one authority's folder, guard included, runs beside it on other ports; then the first is restarted beside the copy",
    holds: "no fork and no evidence; whoever meets its own unknown signatures stops signing and says so",
    run: async (field) => {
      const id = field.authorities[1] as string;
      const first = field.node(id);
      await first.terminate();
      const { folder, rpcPort, listenPort } = field.folder(id);
      const copy = `${folder}-copy`;
      cpSync(folder, copy, { recursive: true });
      const settingsFile = join(copy, "settings.json");
      const settings = JSON.parse(readFileSync(settingsFile, "utf8")) as object;
      const ports = {
        rpcPort: rpcPort + TWIN_PORTS,
        listenAddress: `/ip4/127.0.0.1/tcp/${listenPort + TWIN_PORTS}`,
        dataFolder: "data",
      };
      writeFileSync(settingsFile, JSON.stringify({ ...settings, ...ports }));
      await field.restart(id);
      await field.load.progress(30);
      const twin = new NodeProcess({ ...field.folder(id), folder: copy, rpcPort: ports.rpcPort });
      field.afterwards(() => twin.kill());
      twin.start();
      await until(() => twin.log().includes("node started"), "the copy runs");
      await field.load.progress(30);
      await field.outage();
      // Now the others hear the copy, and the first comes back beside it.
      await first.terminate();
      await field.outage();
      first.start();
      await field.load.progress(30);
      await field.outage();
      const noticed = [first, twin].map((node) => [FOREIGN, NO_MEMORY].filter((words) => node.log().includes(words)));
      field.notes.push(`the first said: ${noticed[0]?.join(", ")}; the copy: ${noticed[1]?.join(", ")}`);
      if (noticed.every(({ length }) => length === 0)) throw new Error("neither of the two noticed that its key signs elsewhere");
      await twin.kill();
      await first.terminate();
      await field.restart(id);
    },
  },
];
