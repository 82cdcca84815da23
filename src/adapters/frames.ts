import type { Uint8ArrayList } from "uint8arraylist";

const HEAD_BYTES = 4;

/** A frame on a stream: length of the payload (u32, big endian), payload; one buffer, so that it is one write. */
export function frame(payload: Uint8Array): Uint8Array {
  const framed = new Uint8Array(HEAD_BYTES + payload.length);
  new DataView(framed.buffer).setUint32(0, payload.length);
  framed.set(payload, HEAD_BYTES);
  return framed;
}

/** Cuts a byte stream into frames. Holds at most one frame; refuses longer ones before they are buffered. */
export class FrameReader {
  readonly #payloadMax: number;
  readonly #onFrame: (payload: Uint8Array) => void;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #needed = HEAD_BYTES;
  #inPayload = false;

  constructor(payloadMax: number, onFrame: (payload: Uint8Array) => void) {
    this.#payloadMax = payloadMax;
    this.#onFrame = onFrame;
  }

  /** False if the stream announces a frame that is too long: it is to be reset. */
  push(data: Uint8Array | Uint8ArrayList): boolean {
    const chunk = data instanceof Uint8Array ? data : data.subarray();
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    while (this.#bytes >= this.#needed) {
      const part = this.#take(this.#needed);
      if (this.#inPayload) {
        this.#inPayload = false;
        this.#needed = HEAD_BYTES;
        this.#onFrame(part);
        continue;
      }
      const length = new DataView(part.buffer, part.byteOffset).getUint32(0);
      if (length > this.#payloadMax) return false;
      this.#inPayload = true;
      this.#needed = length;
    }
    return true;
  }

  #take(count: number): Uint8Array {
    const taken = new Uint8Array(count);
    let at = 0;
    while (at < count) {
      const first = this.#chunks[0] as Uint8Array;
      const part = first.subarray(0, count - at);
      taken.set(part, at);
      at += part.length;
      if (part.length === first.length) this.#chunks.shift();
      else this.#chunks[0] = first.subarray(part.length);
    }
    this.#bytes -= count;
    return taken;
  }
}
