import { decode } from "../codec/cbor.ts";
import type { AuthorityChange } from "../codec/proof.ts";
import { changesPageSchema } from "../codec/snapshot.ts";
import { concatBytes, toHex } from "../lib/bytes.ts";
import type { Hasher } from "../ports/crypto.ts";
import { LIMITS } from "../types/limits.ts";
import type { Height } from "../types/scalars.ts";
import { askForSnapshot, type SnapshotSources } from "./snapshot-sources.ts";

/** Changes of authorities as a source tells them: nothing of it is believed yet. */
export interface Told {
  readonly changes: readonly AuthorityChange[];
  /** Of all their bytes: what two sources tell alike need be judged once. */
  readonly digest: string;
}

/** It sent what no correct node sends; null: it has no more, or does not answer. */
export type TellingFault = "CHANGES_MALFORMED" | "CHANGES_TOO_LARGE" | null;

/** Asks one source for all changes of authorities from the genesis up to a snapshot's block, page by page. */
export async function tellChanges(
  sources: SnapshotSources,
  source: string,
  { height, count }: { readonly height: Height; readonly count: number },
  hasher: Hasher,
): Promise<Told | TellingFault> {
  const changes: AuthorityChange[] = [];
  let digest: Uint8Array = new Uint8Array(0);
  for (let bytes = 0; changes.length < count; ) {
    const response = await askForSnapshot(sources, source, "changes", height, changes.length);
    if (response === null) return null;
    bytes += response.length;
    if (bytes > LIMITS.snapshotChangesBytesMax) return "CHANGES_TOO_LARGE";
    const page = decode(changesPageSchema, response, LIMITS.responseBytesMax);
    if (!page.ok || changes.length + page.value.length > count) return "CHANGES_MALFORMED";
    changes.push(...page.value);
    digest = hasher.sha256(concatBytes(digest, response));
  }
  return { changes, digest: toHex(digest) };
}
