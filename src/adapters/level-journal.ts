import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { crc32c } from "./crc32.ts";

/** LevelDB's journal: blocks of 32 KiB; records of masked CRC-32C (4 bytes), length (2), kind (1), data, within a block. */
const BLOCK_BYTES = 32 * 1024;
const HEAD_BYTES = 7;
const KIND_MAX = 4;
const MASK_DELTA = 0xa282ead8;

/**
 * Names the first journal in a database's folder of which a part in front of sound records does not check: what had been durable is
 * damaged. LevelDB would drop those records silently and apply the later ones. A torn tail, as a crash leaves it, is no damage.
 */
export function damagedJournal(folder: string): string | null {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return null;
  for (const name of readdirSync(folder).sort())
    if (/^[0-9]+\.log$/.test(name) && hasDamage(readFileSync(join(folder, name)))) return name;
  return null;
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
