import { statfsSync } from "node:fs";
import { folderBytes } from "../adapters/folder-bytes.ts";
import type { Node } from "../node/node.ts";
import type { Logger, Metrics } from "../ports/observe.ts";
import { SettingsError } from "./settings.ts";

const CHECK_MS = 5_000;
const MEASURE_MS = 30_000;

/** Bytes that are free where the folder lies. */
export function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/**
 * Throws DISK_FULL if a copy of one folder into another would leave less than the floor below which nodes on this disk stop signing: what is
 * made for safety must not end what it is made for.
 */
export async function requireRoomToCopy(from: string, into: string, freeBytesMin: number): Promise<void> {
  const bytes = await folderBytes(from);
  const free = freeBytes(into);
  if (free - bytes >= freeBytesMin) return;
  throw new SettingsError(
    "DISK_FULL",
    `${free} bytes of disk are free at ${into}; this takes ${bytes} beside the ${freeBytesMin} that a node needs (freeBytesMin)`,
  );
}

/** A node that ended because a write failed would end again: it opens nothing before there is space (protocol.md §7). */
export async function waitForSpace(folder: string, freeBytesMin: number, logger: Logger): Promise<void> {
  for (let said = false; freeBytes(folder) < freeBytesMin; said = true) {
    if (!said) logger.error("too little free disk to start: waiting for space", { free: freeBytes(folder), freeBytesMin });
    await new Promise((done) => setTimeout(done, CHECK_MS));
  }
}

/** Below a floor of free space a node stops signing and says so, before a write fails and ends it. Answers how to end the watch. */
export function watchSpace(folder: string, freeBytesMin: number, node: Pick<Node, "suspend">): () => void {
  const check = (): void => {
    const free = freeBytes(folder);
    node.suspend(free < freeBytesMin ? `only ${free} bytes of disk are free, ${freeBytesMin} are needed to sign` : null);
  };
  check();
  const timer = setInterval(check, CHECK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** Tells now and then what the chain's store takes of the disk. Answers how to end it. */
export function watchDisk(folder: string, metrics: Pick<Metrics, "set">): () => void {
  const measure = (): void => {
    folderBytes(folder).then(
      (bytes) => metrics.set("zhonglian_disk_bytes", bytes),
      () => undefined,
    );
  };
  measure();
  const timer = setInterval(measure, MEASURE_MS);
  timer.unref();
  return () => clearInterval(timer);
}
