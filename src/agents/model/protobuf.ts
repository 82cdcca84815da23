/**
 * Writes messages of Protocol Buffers: as much of the format as an ONNX file takes. A field is a key (number and wire type) and its
 * value; a message within a message is its bytes with their length before them. https://protobuf.dev/programming-guides/encoding
 */
export class Message {
  readonly #parts: Uint8Array[] = [];

  /** Integers, enumerations: not negative, which would take ten bytes. */
  int(field: number, value: number): this {
    return this.#key(field, 0).#varint(value);
  }

  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  bytes(field: number, value: Uint8Array): this {
    this.#key(field, 2).#varint(value.length);
    this.#parts.push(value);
    return this;
  }

  message(field: number, value: Message): this {
    return this.bytes(field, value.encode());
  }

  /** 32 bits, little endian. */
  float(field: number, value: number): this {
    this.#key(field, 5);
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    this.#parts.push(bytes);
    return this;
  }

  encode(): Uint8Array {
    const whole = new Uint8Array(this.#parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  #key(field: number, wireType: 0 | 2 | 5): this {
    return this.#varint(field * 8 + wireType);
  }

  /** Seven bits a byte, the lowest first; the eighth says that more follow. */
  #varint(value: number): this {
    const bytes: number[] = [];
    let rest = value;
    while (rest >= 128) {
      bytes.push((rest % 128) + 128);
      rest = Math.floor(rest / 128);
    }
    bytes.push(rest);
    this.#parts.push(Uint8Array.from(bytes));
    return this;
  }
}
