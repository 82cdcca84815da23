import { describe, expect, it } from "vitest";
import { yamuxWithLazyWindows } from "../../src/adapters/yamux-windows.ts";

const HEADER_BYTES = 12;
const DATA = 0;
const WINDOW_UPDATE = 1;
const ACK = 2;
const WINDOW_BYTES = 256 * 1024;

function frame(type: number, flags: number, stream: number, length: number, data = new Uint8Array(0)): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(1, type);
  view.setUint16(2, flags);
  view.setUint32(4, stream);
  view.setUint32(8, length);
  bytes.set(data, HEADER_BYTES);
  return bytes;
}

/** The end of a connection that the test holds: what a muxer writes to it, and what it reads from it. */
function connection() {
  const log = Object.assign(() => undefined, { trace: () => undefined, error: () => undefined, newScope: () => log });
  const written: Uint8Array[] = [];
  const end = Object.assign(new EventTarget(), {
    direction: "outbound",
    status: "open",
    log,
    send: (data: { subarray(): Uint8Array }) => {
      written.push(data.subarray());
      return true;
    },
  });
  return {
    end,
    read: (data: Uint8Array) => end.dispatchEvent(Object.assign(new Event("message"), { data })),
    updates: () =>
      written
        .filter((bytes) => bytes[1] === WINDOW_UPDATE)
        .map((bytes) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(8)),
  };
}

describe("yamux with lazy windows", () => {
  it("says nothing for small messages, and frees the window once half of it is used up", async () => {
    const { end, read, updates } = connection();
    const muxer = yamuxWithLazyWindows()().createStreamMuxer(end as never);
    const stream = await muxer.createStream();
    stream.addEventListener("message", () => undefined);
    await Promise.resolve();
    const before = updates().length;
    read(frame(WINDOW_UPDATE, ACK, 1, 0));
    for (let count = 0; count < 100; count++) read(frame(DATA, 0, 1, 100, new Uint8Array(100)));
    expect(updates().length, "no update for 10 kB").toBe(before);
    const half = new Uint8Array(WINDOW_BYTES / 2);
    read(frame(DATA, 0, 1, half.length, half));
    expect(updates().slice(before), "one for all that was read").toEqual([half.length + 100 * 100]);
    muxer.abort(new Error("the test is over"));
  });
});
