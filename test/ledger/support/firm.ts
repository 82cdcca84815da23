import { publicKeyOf, sign } from "../../../src/crypto/ed25519.ts";
import { sha256 } from "../../../src/crypto/hash.ts";
import { partyId } from "../../../src/ledger/ids.ts";
import type { KeyPurpose, LegalId } from "../../../src/types/genesis.ts";
import { usccCheckCharacter } from "../../../src/types/legal-id.ts";
import type { Hash, PublicKey, Signature } from "../../../src/types/scalars.ts";

/** One keystore: a secret that never leaves it, and what it signs. */
export interface TestKey {
  readonly key: PublicKey;
  readonly purpose: KeyPurpose;
  sign(message: Uint8Array): Signature;
}

const made = new Map<string, TestKey>();

/** The same name gives the same key, so that runs are equal. */
export function testKey(name: string, purpose: KeyPurpose = "MAKER"): TestKey {
  const known = made.get(name);
  if (known !== undefined && known.purpose === purpose) return known;
  const seed = sha256(new TextEncoder().encode(`test key ${name}`));
  const key: TestKey = { key: publicKeyOf(seed), purpose, sign: (message) => sign(seed, message) };
  made.set(name, key);
  return key;
}

/** A party with its keystores. */
export interface Firm {
  readonly name: string;
  readonly id: Hash;
  readonly legalId: LegalId;
  readonly maker: TestKey;
  readonly checker: TestKey;
  readonly engine: TestKey;
  readonly attester: TestKey;
}

export function firm(name: string, legalId: LegalId): Firm {
  return {
    name,
    id: partyId(legalId),
    legalId,
    maker: testKey(`${name} maker`),
    checker: testKey(`${name} checker`, "CHECKER"),
    engine: testKey(`${name} engine`, "ENGINE"),
    attester: testKey(`${name} attester`, "ATTEST"),
  };
}

/** A well-formed 统一社会信用代码 for the `serial`-th test firm. */
export function testUscc(serial: number): LegalId {
  const first17 = `91310000MA${String(serial).padStart(7, "0")}`;
  return { scheme: "USCC", value: first17 + (usccCheckCharacter(first17) ?? "") };
}
