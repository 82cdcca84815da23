import { appendFile, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { SnapshotFiles } from "../ports/snapshot-files.ts";
import type { Height } from "../types/scalars.ts";

const MAKING = "making";
const NAME = /^[0-9]{1,15}$/;

/** The SnapshotFiles port: a folder for each height under one, `making` for what is not whole yet. */
export class SnapshotFolder implements SnapshotFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async heights(): Promise<readonly Height[]> {
    const names = await readdir(this.#folder).catch(() => []);
    return names
      .filter((name) => NAME.test(name))
      .map(Number)
      .sort((left, right) => left - right);
  }

  read(height: Height, name: string): Promise<Uint8Array | undefined> {
    return present(readFile(join(this.#folder, String(height), name)));
  }

  async begin(): Promise<void> {
    await rm(join(this.#folder, MAKING), { recursive: true, force: true });
    await mkdir(join(this.#folder, MAKING), { recursive: true, mode: 0o700 });
  }

  append(name: string, bytes: Uint8Array): Promise<void> {
    return appendFile(join(this.#folder, MAKING, name), bytes);
  }

  async readBack(name: string): Promise<Uint8Array> {
    return (await present(readFile(join(this.#folder, MAKING, name)))) ?? new Uint8Array(0);
  }

  discard(name: string): Promise<void> {
    return rm(join(this.#folder, MAKING, name), { force: true });
  }

  async complete(height: Height): Promise<void> {
    const making = join(this.#folder, MAKING);
    for (const name of await readdir(making)) await sync(join(making, name));
    await this.remove(height);
    await rename(making, join(this.#folder, String(height)));
    await sync(this.#folder);
  }

  async remove(height: Height): Promise<void> {
    await rm(join(this.#folder, String(height)), { recursive: true, force: true });
  }
}

async function sync(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Only absence is an answer; other faults of the disk are thrown. */
async function present(reading: Promise<Uint8Array>): Promise<Uint8Array | undefined> {
  try {
    return await reading;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
