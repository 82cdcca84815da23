import { createCipheriv, createDecipheriv, randomBytes, scrypt } from "node:crypto";
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { publicKeyOf } from "../crypto/ed25519.ts";
import { fromHex, toHex } from "../lib/bytes.ts";
import { CodedError } from "../lib/coded-error.ts";
import type { PublicKey } from "../types/scalars.ts";

const derive = promisify(scrypt) as (password: Buffer, salt: Buffer, length: number, options: object) => Promise<Buffer>;
const FILE_BYTES_MAX = 16 * 1024;
const FORMAT = "zhonglian-keystore";

export type KeystoreFault =
  | "KEYSTORE_MISSING"
  | "KEYSTORE_EXISTS"
  | "KEYSTORE_PERMISSIONS"
  | "KEYSTORE_CORRUPT"
  | "KEYSTORE_PASSPHRASE";

export class KeystoreError extends CodedError<KeystoreFault> {
  override readonly name = "KeystoreError";
}

/** An opened key: 32-byte Ed25519 seed and its public key. Never logged, never in an error. */
export interface OpenedKey {
  readonly publicKey: PublicKey;
  readonly seed: Uint8Array;
}

/** `costLog2`: scrypt's N as a power of two; 17 for keys that matter, less for networks that live for an hour. */
export interface KeystoreOptions {
  readonly costLog2?: number;
}

/**
 * Makes an encrypted keystore file, mode 0600; never overwrites. scrypt (RFC 7914) makes the key, AES-256-GCM seals the seed with the public
 * key and parameters as associated data. Throws KeystoreError.
 */
export async function createKeystore(
  path: string,
  seed: Uint8Array,
  passphrase: string,
  options: KeystoreOptions = {},
): Promise<PublicKey> {
  const costLog2 = options.costLog2 ?? 17;
  const publicKey = publicKeyOf(seed);
  const salt = randomBytes(16);
  const nonce = randomBytes(12);
  const head = {
    format: FORMAT,
    v: 1,
    publicKey,
    kdf: { name: "scrypt", costLog2, r: 8, p: 1, salt: toHex(salt) },
    cipher: "aes-256-gcm",
    nonce: toHex(nonce),
  };
  const cipher = createCipheriv("aes-256-gcm", await kdf(passphrase, salt, costLog2), nonce);
  cipher.setAAD(Buffer.from(JSON.stringify(head)));
  const sealed = Buffer.concat([cipher.update(seed), cipher.final(), cipher.getAuthTag()]);
  createOnce(path, `${JSON.stringify({ ...head, sealed: toHex(sealed) }, null, 2)}\n`);
  return publicKey;
}

/** The whole file or none, also if the machine stops half-way: it gets its name only once it is on disk, and only if the name is free. */
function createOnce(path: string, content: string): void {
  const draft = `${path}.${toHex(randomBytes(8))}.draft`;
  try {
    const fd = openSync(draft, "wx", 0o600);
    try {
      writeFileSync(fd, content);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST")
      throw new KeystoreError("KEYSTORE_EXISTS", `${path} exists and is not overwritten`);
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  const folder = openSync(dirname(path), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Opens a keystore. Throws KeystoreError. */
export async function openKeystore(path: string, passphrase: string): Promise<OpenedKey> {
  const { head, sealed, salt, nonce, costLog2, publicKey } = parse(path);
  const decipher = createDecipheriv("aes-256-gcm", await kdf(passphrase, salt, costLog2), nonce);
  decipher.setAAD(Buffer.from(JSON.stringify(head)));
  decipher.setAuthTag(sealed.subarray(32));
  let seed: Uint8Array;
  try {
    seed = new Uint8Array(Buffer.concat([decipher.update(sealed.subarray(0, 32)), decipher.final()]));
  } catch {
    throw new KeystoreError("KEYSTORE_PASSPHRASE", `${path}: the passphrase is wrong, or the file was changed`);
  }
  if (publicKeyOf(seed) !== publicKey)
    throw new KeystoreError("KEYSTORE_CORRUPT", `${path}: the key does not match its public key`);
  return { publicKey, seed };
}

/** The public key of a keystore, without opening it. Throws KeystoreError. */
export function publicKeyOfKeystore(path: string): PublicKey {
  return parse(path).publicKey;
}

function parse(path: string) {
  let text: string;
  try {
    const { mode, size } = statSync(path);
    if ((mode & 0o077) !== 0) throw new KeystoreError("KEYSTORE_PERMISSIONS", `${path} can be read by others: chmod 600 it`);
    if (size > FILE_BYTES_MAX) throw new KeystoreError("KEYSTORE_CORRUPT", `${path} is not a keystore`);
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT")
      throw new KeystoreError("KEYSTORE_MISSING", `there is no keystore at ${path}`);
    throw error;
  }
  const corrupt = new KeystoreError("KEYSTORE_CORRUPT", `${path} is not a keystore of this program`);
  try {
    const { sealed: sealedHex, ...head } = JSON.parse(text) as Record<string, unknown>;
    const { costLog2, salt: saltHex } = head.kdf as Record<string, unknown>;
    const sealed = fromHex(sealedHex as string);
    const salt = fromHex(saltHex as string);
    const nonce = fromHex(head.nonce as string);
    const publicKey = head.publicKey as PublicKey;
    const known =
      head.format === FORMAT &&
      head.v === 1 &&
      /^[0-9a-f]{64}$/.test(publicKey) &&
      Number.isInteger(costLog2) &&
      (costLog2 as number) >= 10;
    if (!known || (costLog2 as number) > 20 || sealed?.length !== 48 || salt?.length !== 16 || nonce?.length !== 12)
      throw corrupt;
    return {
      head,
      sealed: Buffer.from(sealed),
      salt: Buffer.from(salt),
      nonce: Buffer.from(nonce),
      costLog2: costLog2 as number,
      publicKey,
    };
  } catch {
    throw corrupt;
  }
}

function kdf(passphrase: string, salt: Buffer, costLog2: number): Promise<Buffer> {
  const N = 2 ** costLog2;
  return derive(Buffer.from(passphrase.normalize("NFC")), salt, 32, { N, r: 8, p: 1, maxmem: 256 * N * 8 });
}
