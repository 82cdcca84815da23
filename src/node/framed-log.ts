import { equalBytes } from "../lib/bytes.ts";

/**
 * Frame: length of the payload (u32), sequence number (u64), sequence number up to which the file was durable when this was written
 * (u64), first 8 bytes of SHA-256 over all of it, payload.
 */
const HEAD_BYTES = 4 + 8 + 8 + 8;
const SEQUENCE_AT = 4;
const DURABLE_AT = 12;
const CHECK_AT = 20;
const CHECK_BYTES = 8;

type Sha256 = (bytes: Uint8Array) => Uint8Array;

export interface LogRecord {
  readonly sequence: number;
  readonly payload: Uint8Array;
}

export interface ParsedLog {
  readonly records: readonly LogRecord[];
  /** Length of the prefix that checks; what follows was torn and never reported durable. */
  readonly soundBytes: number;
  /**
   * A frame behind an unsound one says that what is unsound had been durable: not a torn tail but damage. One write may hold many
   * frames, and a power cut leave any sectors of it: what only its own write had in front is torn with it.
   */
  readonly corrupt: boolean;
}

/** Frames one record. Sequence numbers start at 1 and rise by one within a file; by default all before this one is durable. */
export function frame(sequence: number, payload: Uint8Array, sha256: Sha256, durable: number = sequence - 1): Uint8Array {
  const framed = new Uint8Array(HEAD_BYTES + payload.length);
  const view = new DataView(framed.buffer);
  view.setUint32(0, payload.length);
  view.setBigUint64(SEQUENCE_AT, BigInt(sequence));
  view.setBigUint64(DURABLE_AT, BigInt(durable));
  framed.set(payload, HEAD_BYTES);
  framed.set(sha256(framed).subarray(0, CHECK_BYTES), CHECK_AT);
  return framed;
}

/** Reads frames until the first that does not check. A torn tail is normal after a crash; LevelDB would drop it silently, we say it. */
export function parseLog(bytes: Uint8Array, sha256: Sha256): ParsedLog {
  const records: LogRecord[] = [];
  let offset = 0;
  for (;;) {
    const record = frameAt(bytes, offset, sha256);
    if (record === undefined || (records.length > 0 && record.sequence !== (records.at(-1) as LogRecord).sequence + 1)) break;
    records.push(record);
    offset += HEAD_BYTES + record.payload.length;
  }
  return { records, soundBytes: offset, corrupt: isDamaged(bytes, offset, records.at(-1)?.sequence ?? 0, sha256) };
}

function frameAt(bytes: Uint8Array, offset: number, sha256: Sha256): LogRecord | undefined {
  if (offset + HEAD_BYTES > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(offset);
  if (offset + HEAD_BYTES + length > bytes.length) return undefined;
  const sequence = view.getBigUint64(offset + SEQUENCE_AT);
  if (sequence === 0n || sequence > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
  const whole = bytes.slice(offset, offset + HEAD_BYTES + length);
  const check = whole.slice(CHECK_AT, CHECK_AT + CHECK_BYTES);
  whole.fill(0, CHECK_AT, CHECK_AT + CHECK_BYTES);
  if (!equalBytes(sha256(whole).subarray(0, CHECK_BYTES), check)) return undefined;
  return { sequence: Number(sequence), payload: whole.subarray(HEAD_BYTES) };
}

/** Looks behind the sound part for a frame that knows more to have been durable. The cheap test of its numbers comes first. */
function isDamaged(bytes: Uint8Array, from: number, last: number, sha256: Sha256): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let offset = from; offset + HEAD_BYTES <= bytes.length; offset++) {
    const sequence = view.getBigUint64(offset + SEQUENCE_AT);
    const durable = view.getBigUint64(offset + DURABLE_AT);
    if (durable <= BigInt(last) || durable >= sequence || sequence > BigInt(last) + 1_000_000n) continue;
    if (frameAt(bytes, offset, sha256) !== undefined) return true;
  }
  return false;
}
