/** Deeper pages are not kept in memory: of hashes nobody has found two that are alike for so long. */
const PLACE_NIBBLES_MAX = 12;
const HIGH_NIBBLES = 8;

/** The path of a page in two numbers: its first nibbles; those that follow, and how many there are in all. All too deep are alike. */
export interface Place {
  readonly high: number;
  readonly low: number;
}

export const TOP_PLACE: Place = { high: 0, low: 0 };

/** Of the page below a child. */
export function placeBelow({ high, low }: Place, nibble: number): Place {
  const length = lengthOf(low);
  if (length > PLACE_NIBBLES_MAX) return { high, low };
  if (length < HIGH_NIBBLES) return { high: (high << 4) | nibble, low: low + 1 };
  return { high, low: ((low & ~15) << 4) | (nibble << 4) | (length + 1) };
}

export function placeOf(path: string): Place {
  let place = TOP_PLACE;
  for (let index = 0; index < path.length; index++) place = placeBelow(place, nibbleOf(path.charCodeAt(index)));
  return place;
}

/** Whether a page there is kept in memory at all. */
export function isKept({ low }: Place): boolean {
  return lengthOf(low) <= PLACE_NIBBLES_MAX;
}

function lengthOf(low: number): number {
  return low & 15;
}

/** Of the code of a lower-case hex digit. */
function nibbleOf(code: number): number {
  return code < 0x3a ? code - 0x30 : code - 0x57;
}
