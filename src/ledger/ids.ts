import { type Sha256, sha256, taggedHash } from "../crypto/hash.ts";
import { writeHex } from "../lib/bytes.ts";
import { RecentMap } from "../lib/recent-map.ts";
import type { LegalId } from "../types/genesis.ts";
import type { Hash, PublicKey, TxId } from "../types/scalars.ts";

const TEXT = new TextEncoder();

/** An object that operation `op` creates as its `child`-th: `H("obj", txId ‖ op ‖ child)`, both as two bytes. Known before signing. */
export function objectId(tx: TxId, op: number, child: number, digest: Sha256 = sha256): Hash {
  const preimage = new Uint8Array(36);
  writeHex(tx, preimage, 0);
  preimage[32] = op >> 8;
  preimage[33] = op & 255;
  preimage[34] = child >> 8;
  preimage[35] = child & 255;
  return taggedHash("obj", preimage, digest);
}

/** Fixed children of one operation are numbered below this; the others as they come, from here on. */
const FRESH_FROM = 1_024;

/** The id of the `nth` object that operation `op` creates beside its numbered ones, such as the parts that are carved out of a note. */
export function freshObjectId(tx: TxId, op: number, nth: number, digest: Sha256 = sha256): Hash {
  return objectId(tx, op, FRESH_FROM + nth, digest);
}

const NAMES_KEPT_MAX = 4_096;
/** Nearly every transaction asks for the same few: of a year's bank days, of the minute in which something falls due. */
const named = new RecentMap<string, Hash>(NAMES_KEPT_MAX);

/** Objects with a name of their own: `H("obj", kind ‖ "/" ‖ name)` in UTF-8. No transaction id has 36 bytes of such text. */
export function namedId(kind: string, ...parts: readonly string[]): Hash {
  const name = `named/${kind}/${parts.join("/")}`;
  const known = named.get(name);
  if (known !== undefined) return known;
  const id = taggedHash("obj", TEXT.encode(name));
  named.set(name, id);
  return id;
}

/** A party is named by its legal identifier, so registering it twice cannot make two. */
export function partyId(legalId: LegalId): Hash {
  return namedId("party", legalId.scheme, legalId.value);
}

/** A key's id is the key. */
export function keyId(key: PublicKey): Hash {
  return key as unknown as Hash;
}

export function paymentId(bank: Hash, reference: Hash): Hash {
  return namedId("payment", bank, reference);
}

export const PARAM_ID = namedId("param");
export const TURNS_ID = namedId("turns");
export const MEMBERS_ID = namedId("members");
export const FEATURES_ID = namedId("features");

export function memberObjectId(name: string): Hash {
  return namedId("member", name);
}

export function featureId(name: string): Hash {
  return namedId("feature", name);
}

export function readinessId(key: PublicKey): Hash {
  return namedId("readiness", key);
}
