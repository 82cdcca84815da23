import { yamux } from "@libp2p/yamux";

type Yamux = ReturnType<typeof yamux>;
type Muxer = ReturnType<ReturnType<Yamux>["createStreamMuxer"]>;

/** What decides on a window update inside a Yamux stream; it is not part of the package's types. */
interface Windowed {
  state: number;
  recvWindow: number;
  recvWindowCapacity: number;
  sendWindowUpdate(): void;
}

/** StreamState.Established of the package: no flag waits to be sent with the next frame. */
const ESTABLISHED = 3;

/**
 * Yamux that tells the sender of freed window only once half of it is used up, as the implementation that the protocol comes from
 * does. The package does so after every frame: a frame to encrypt, write, read and decrypt for each message, however small, which
 * was nearly half of all frames between our nodes. On a stream of another build than we know nothing is changed.
 */
export function yamuxWithLazyWindows(): Yamux {
  const make = yamux();
  return () => {
    const factory = make();
    const createStreamMuxer = factory.createStreamMuxer.bind(factory);
    factory.createStreamMuxer = (connection) => withLazyWindows(createStreamMuxer(connection));
    return factory;
  };
}

function withLazyWindows(muxer: Muxer): Muxer {
  const makes = muxer as unknown as { _newStream?: (...args: unknown[]) => unknown };
  const newStream = makes._newStream?.bind(muxer);
  if (newStream !== undefined) {
    makes._newStream = (...args) => {
      const stream = newStream(...args);
      if (isWindowed(stream)) updateAtHalf(stream);
      return stream;
    };
  }
  return muxer;
}

function updateAtHalf(stream: Windowed): void {
  const sendWindowUpdate = stream.sendWindowUpdate.bind(stream);
  stream.sendWindowUpdate = () => {
    if (stream.state !== ESTABLISHED || stream.recvWindowCapacity * 2 < stream.recvWindow) sendWindowUpdate();
  };
}

function isWindowed(stream: unknown): stream is Windowed {
  const { state, recvWindow, recvWindowCapacity, sendWindowUpdate } = stream as Partial<Windowed>;
  return (
    typeof state === "number" &&
    typeof recvWindow === "number" &&
    typeof recvWindowCapacity === "number" &&
    typeof sendWindowUpdate === "function"
  );
}
