import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/** What the files of a folder take; of those that go while it is looked at, nothing. */
export async function folderBytes(folder: string): Promise<number> {
  const sizes = (await readdir(folder)).map((name) =>
    stat(join(folder, name)).then(
      ({ size }) => size,
      () => 0,
    ),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
