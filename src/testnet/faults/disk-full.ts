import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Fault } from "./fault.ts";
import type { Field } from "./field.ts";
import { resumes, standsFor } from "./outages.ts";
import { until } from "./until.ts";

const MIB = 1024 * 1024;
const DISK_MIB = 128;
const FLOOR_BYTES = 64 * MIB;
/** Left free by the first filling: less than the floor, enough to follow for a while. */
const LEFT_BYTES = 40 * MIB;

export const DISK_FULL: readonly Fault[] = [
  {
    name: "disk-full",
    does: `the data folder of one authority is a tmpfs of ${DISK_MIB} MiB, filled below the floor, emptied, filled to the last byte, emptied`,
    holds:
      "below the floor it follows without signing and says why in /readyz and log; it signs on when there is space; after a failed write it ends with 70, waits at start, and goes on",
    obstacle: () => (canMount() ? null : "this machine does not allow to mount a tmpfs"),
    run: async (field) => {
      const id = field.authorities[1] as string;
      const node = field.node(id);
      const filler = await ontoSmallDisk(field, id);
      await fillBelowFloor(field, id, filler);
      await until(async () => {
        const { status, text } = await field.readiness(id);
        return status === 503 && text.includes("bytes of disk are free");
      }, `/readyz of ${id} says why`);
      if (!node.log().includes("signing is suspended")) throw new Error("the log does not say that signing is suspended");
      await field.load.progress(10);
      rmSync(filler);
      await until(async () => (await field.status(id))?.signing === true, `${id} signs again`);
      await field.blocks(id, 3);

      fill(filler);
      const exitCode = await node.ended();
      if (exitCode !== 70) throw new Error(`${id} ended with status ${exitCode} when its disk was full`);
      node.start();
      await until(() => node.log().includes("waiting for space"), `${id} waits for space`);
      rmSync(filler);
      await field.rejoined(id);
    },
  },
  {
    name: "disk-full-on-two",
    does: "the disks of two authorities are filled below the floor, for a while, and emptied; nobody is restarted",
    holds: "without a quorum nothing is decided; the chain resumes within f+1 capped rounds once there is space",
    obstacle: () => (canMount() ? null : "this machine does not allow to mount a tmpfs"),
    run: async (field) => {
      const ids = field.authorities.slice(1, 3);
      const fillers: string[] = [];
      for (const id of ids) fillers.push(await ontoSmallDisk(field, id));
      for (const [index, id] of ids.entries()) await fillBelowFloor(field, id, fillers[index] as string);
      await standsFor(field);
      for (const filler of fillers) rmSync(filler);
      for (const id of ids) await until(async () => (await field.status(id))?.signing === true, `${id} signs again`);
      await resumes(field, ids);
    },
  },
];

/** Puts a node's data folder on a small disk of its own and starts it there; answers the path of a file to fill it with. */
async function ontoSmallDisk(field: Field, id: string): Promise<string> {
  const data = join(field.folder(id).folder, "data");
  await field.node(id).terminate();
  moveToTmpfs(data);
  field.afterwards(() => void spawnSync("umount", [data]));
  field.configure(id, { freeBytesMin: FLOOR_BYTES });
  await field.restart(id);
  await until(async () => (await field.status(id))?.signing === true, `${id} signs`);
  return join(data, "filler");
}

async function fillBelowFloor(field: Field, id: string, filler: string): Promise<void> {
  writeFileSync(filler, Buffer.alloc(freeBytes(dirname(filler)) - LEFT_BYTES));
  await until(async () => (await field.status(id))?.signing === false, `${id} stops signing`);
}

export function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), "zhonglian-mount-"));
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]);
  if (status === 0) spawnSync("umount", [folder]);
  rmSync(folder, { recursive: true, force: true });
  return status === 0;
}

/** The folder's content on a small disk of its own, in its place. */
function moveToTmpfs(folder: string): void {
  const aside = `${folder}.aside`;
  cpSync(folder, aside, { recursive: true });
  const { status, stderr } = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${DISK_MIB}m`, "tmpfs", folder]);
  if (status !== 0) throw new Error(`mount: ${String(stderr)}`);
  cpSync(aside, folder, { recursive: true });
  rmSync(aside, { recursive: true });
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/** To the last byte: others write meanwhile. */
function fill(path: string): void {
  for (let bytes = 8 * MIB; bytes >= 4_096; ) {
    try {
      writeFileSync(path, Buffer.alloc(bytes), { flag: "a" });
    } catch {
      bytes /= 2;
    }
  }
}
