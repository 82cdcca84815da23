import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { crc32c } from "./crc32.ts";

/** LevelDB's journal: blocks of 32 KiB; records of masked CRC-32C (4 bytes), length (2), kind (1), data, within a block. */
const BLOCK_BYTES = 32 * 1024;
const HEAD_BYTES = 7;
const KIND_MAX = 4;
const MASK_DELTA = 0xa282ead8;

/**
 * What is wrong with the files of a database that LevelDB itself would pass over, null if nothing: without its file CURRENT it would
 * begin a new database and take into it whatever journals lie there; and it would drop records of a journal that do not check and
 * apply the later ones. A torn tail of a journal, as a crash leaves it, is no damage.
 */
export function filesDamage(folder: string): string | null {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return null;
  const names = readdirSync(folder).sort();
  if (!names.includes("CURRENT") && names.some((name) => /^MANIFEST-|\.ldb$/.test(name))) return "its file CURRENT is missing";
  const journal = names.find((name) => /^[0-9]+\.log$/.test(name) && hasDamage(readFileSync(join(folder, name))));
  return journal === undefined ? null : `${journal} has records that do not check`;
}

function hasDamage(bytes: Uint8Array): boolean {
  let unsound = false;
  for (let start = 0; start < bytes.length; start += BLOCK_BYTES) {
    const block = bytes.subarray(start, start + BLOCK_BYTES);
    for (let at = 0; at + HEAD_BYTES <= block.length; ) {
      if (isFiller(block, at)) break;
      const length = recordAt(block, at);
      if (length === undefined) {
        unsound = true;
        at += 1;
      } else if (unsound) {
        return true;
      } else {
        at += HEAD_BYTES + length;
      }
    }
  }
  return false;
}

/** Length of the data of the record at a place, undefined if there is none that checks. */
function recordAt(block: Uint8Array, at: number): number | undefined {
  const length = (block[at + 4] as number) | ((block[at + 5] as number) << 8);
  const kind = block[at + 6] as number;
  if (kind < 1 || kind > KIND_MAX || at + HEAD_BYTES + length > block.length) return undefined;
  const stored = new DataView(block.buffer, block.byteOffset).getUint32(at, true);
  const crc = crc32c(block.subarray(at + HEAD_BYTES - 1, at + HEAD_BYTES + length));
  return (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0 === stored ? length : undefined;
}

/** What is left of a block that no record fits in is filled with zeros. */
function isFiller(block: Uint8Array, at: number): boolean {
  for (let index = at; index < at + HEAD_BYTES; index++) if (block[index] !== 0) return false;
  return true;
}
