import { HASH_WORDS } from "./words.ts";

/**
 * Arithmetic of a page's masks. A page is four binary levels in heap order: node 1 is the top, nodes 16…31 are the children. Of the children
 * (leaves, branches, those that changed) bit i is child i; of the nodes above them bit i is node i.
 */
export const CHILDREN = 16;
export const ALL_CHILDREN = 0xffff;

/** The masks stand in one word before the children. */
const MASKS_WORDS = 1;

/** The nodes of each level above the children, the lowest level first. */
export const LEVELS = [0xff00, 0x00f0, 0x000c, 0x0002] as const;

/** Words of the stored form: two hashes for a leaf, one for a branch. */
export function storedWords(leaves: number, branches: number): number {
  return MASKS_WORDS + HASH_WORDS * (2 * ones(leaves) + ones(branches));
}

/** The nodes above the children that have two leaves or a branch below them. One leaf alone rises: it is what stands there. */
export function innerOf(leaves: number, branches: number): number {
  let any = leaves | branches;
  let many = branches;
  let inner = 0;
  for (let first = CHILDREN / 2; first >= 1; first >>= 1) {
    many = eitherOfPairs(many) | bothOfPairs(any);
    any = eitherOfPairs(any);
    inner |= many << first;
  }
  return inner;
}

/** The nodes above these children. */
export function nodesAbove(children: number): number {
  let level = children;
  let above = 0;
  for (let first = CHILDREN / 2; first >= 1; first >>= 1) {
    level = eitherOfPairs(level);
    above |= level << first;
  }
  return above;
}

/** The children below a node of the heap. */
export function childrenBelow(index: number): number {
  const first = 1 << (31 - Math.clz32(index));
  const width = CHILDREN / first;
  return ((1 << width) - 1) << ((index - first) * width);
}

export function highestOf(mask: number): number {
  return 31 - Math.clz32(mask);
}

export function lowestOf(mask: number): number {
  return 31 - Math.clz32(mask & -mask);
}

export function ones(mask: number): number {
  const twos = mask - ((mask >> 1) & 0x5555);
  const nibbles = (twos & 0x3333) + ((twos >> 2) & 0x3333);
  const bytes = (nibbles + (nibbles >> 4)) & 0x0f0f;
  return (bytes + (bytes >> 8)) & 0x1f;
}

function eitherOfPairs(mask: number): number {
  return everySecond((mask | (mask >> 1)) & 0x5555);
}

function bothOfPairs(mask: number): number {
  return everySecond(mask & (mask >> 1) & 0x5555);
}

/** Bit i of what it answers is bit 2i. */
function everySecond(mask: number): number {
  const twos = (mask | (mask >> 1)) & 0x3333;
  const nibbles = (twos | (twos >> 2)) & 0x0f0f;
  return (nibbles | (nibbles >> 4)) & 0x00ff;
}
