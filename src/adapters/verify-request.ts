import { assert } from "../lib/assert.ts";
import { toHex, writeHex } from "../lib/bytes.ts";
import type { VerifyItem } from "../ports/crypto.ts";
import type { PublicKey } from "../types/scalars.ts";

const KEY_BYTES = 32;
/** Lengths of signature and message (u16 each), key; behind it signature and message. */
const HEAD_BYTES = 4 + KEY_BYTES;

/** Items in one piece of memory of their own, which goes to another thread without being copied: objects would cost it twice as much as a hash. */
export function packItems(items: readonly VerifyItem[]): Uint8Array<ArrayBuffer> {
  let length = 0;
  for (const { signature, message } of items) length += HEAD_BYTES + signature.length + message.length;
  const packed = new Uint8Array(length);
  const view = new DataView(packed.buffer);
  let at = 0;
  for (const { key, signature, message } of items) {
    assert(key.length === 2 * KEY_BYTES && signature.length < 2 ** 16 && message.length < 2 ** 16, "what is signed is short");
    view.setUint16(at, signature.length);
    view.setUint16(at + 2, message.length);
    assert(writeHex(key, packed, at + 4), "keys are hex");
    packed.set(signature, at + HEAD_BYTES);
    packed.set(message, at + HEAD_BYTES + signature.length);
    at += HEAD_BYTES + signature.length + message.length;
  }
  return packed;
}

/** The items again; signatures and messages are views. */
export function unpackItems(packed: Uint8Array): readonly VerifyItem[] {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const items: VerifyItem[] = [];
  for (let at = 0; at < packed.length; ) {
    const signatureAt = at + HEAD_BYTES;
    const messageAt = signatureAt + view.getUint16(at);
    const end = messageAt + view.getUint16(at + 2);
    items.push({
      key: toHex(packed.subarray(at + 4, signatureAt)) as PublicKey,
      signature: packed.subarray(signatureAt, messageAt),
      message: packed.subarray(messageAt, end),
    });
    at = end;
  }
  return items;
}
