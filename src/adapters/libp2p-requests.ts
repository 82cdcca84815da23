import type { Connection, Stream } from "@libp2p/interface";
import { LIMITS } from "../types/limits.ts";
import type { PublicKey } from "../types/scalars.ts";
import { FrameReader, frame } from "./frames.ts";

/** Asks on a stream of its own; `answer` may be called more than once, the first counts, and null is no answer. Rejects if no stream opens. */
export async function ask(
  connection: Connection,
  protocol: string,
  request: Uint8Array,
  answer: (response: Uint8Array | null) => void,
): Promise<void> {
  const signal = AbortSignal.timeout(LIMITS.requestTimeoutMs);
  const stream = await connection.newStream(protocol, { signal, maxOutboundStreams: LIMITS.requestsPerPeerMax * 4 });
  read(stream, LIMITS.responseBytesMax, (response) => {
    answer(response.length === 0 ? null : response);
    void stream.close().catch(() => undefined);
  });
  stream.addEventListener("close", () => answer(null));
  signal.addEventListener("abort", () => {
    answer(null);
    if (stream.status === "open") stream.abort(new Error("no answer in time"));
  });
  stream.send(frame(request));
}

/** Takes peers' requests: so many at once of each, each for so long. */
export class RequestDesk {
  readonly #serving = new Map<PublicKey, number>();

  /** Hands the stream's request to `handle`, or refuses it. */
  take(
    peer: PublicKey,
    stream: Stream,
    handle: (request: Uint8Array, respond: (response: Uint8Array | null) => void) => void,
  ): void {
    const serving = this.#serving.get(peer) ?? 0;
    if (serving >= LIMITS.requestsPerPeerMax) {
      stream.abort(new Error("refused"));
      return;
    }
    this.#serving.set(peer, serving + 1);
    const timer = setTimeout(() => {
      if (stream.status === "open") stream.abort(new Error("request took too long"));
    }, LIMITS.requestTimeoutMs);
    timer.unref();
    stream.addEventListener("close", () => {
      clearTimeout(timer);
      this.#done(peer);
    });
    read(stream, LIMITS.requestBytesMax, (request) =>
      handle(request, (response) => {
        if (stream.status !== "open") return;
        stream.send(frame(response ?? new Uint8Array(0)));
        void stream.close().catch(() => undefined);
      }),
    );
  }

  #done(peer: PublicKey): void {
    const serving = (this.#serving.get(peer) ?? 1) - 1;
    if (serving > 0) this.#serving.set(peer, serving);
    else this.#serving.delete(peer);
  }
}

/** Frames of a stream, until one is longer than it may be. */
export function read(stream: Stream, bytesMax: number, onFrame: (frame: Uint8Array) => void): void {
  const reader = new FrameReader(bytesMax, onFrame);
  stream.addEventListener("message", ({ data }) => {
    if (!reader.push(data)) stream.abort(new Error("frame too long"));
  });
}
