import { FIELD_LABELS } from "./fields.ts";
import { KIND_LABELS } from "./kinds.ts";
import type { Label } from "./label.ts";
import { WORD_LABELS } from "./words.ts";

const own = (name: string): Label => ({ zh: name, en: name });

export function kindLabel(kind: string): Label {
  return KIND_LABELS.get(kind) ?? own(kind);
}

/** What has no label stands under its own name. */
export function fieldLabel(field: string): Label {
  return FIELD_LABELS.get(field) ?? own(field);
}

/** A word of a closed list, such as a status; undefined if the text is none. */
export function wordLabel(word: string): Label | undefined {
  return WORD_LABELS.get(word);
}
