import type { AddressInfo } from "node:net";
import { createServer, type Server, Socket } from "node:net";

/** What happens to the bytes of one direction. */
export interface Flow {
  /** Nothing passes, and nothing says so: as when a cable is pulled. What waits is delivered when it heals, as TCP would. */
  cut: boolean;
  delayMs: number;
}

const WAITING_BYTES_MAX = 4 * 1024 * 1024;

/**
 * One TCP address in front of another, on loopback, so that what two nodes say to each other can be held up, in each direction on its
 * own, without touching either. `there` is what the dialling side says, `back` the answers.
 */
export class TcpProxy {
  readonly #server: Server;
  readonly #targetPort: number;
  readonly #flows: { readonly there: Flow; readonly back: Flow };
  readonly #pipes = new Set<Pipe>();
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, targetPort: number, flows: { readonly there: Flow; readonly back: Flow }) {
    this.#server = server;
    this.#targetPort = targetPort;
    this.#flows = flows;
    server.on("connection", (socket) => this.#accept(socket));
  }

  /** Flows may be shared between proxies: changing one changes all. */
  static async open(targetPort: number, flows: { readonly there: Flow; readonly back: Flow }): Promise<TcpProxy> {
    const server = createServer();
    await new Promise<void>((done, fail) => server.once("error", fail).listen(0, "127.0.0.1", () => done()));
    return new TcpProxy(server, targetPort, flows);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** To be called after a flow changed: what was held goes on its way. */
  resume(): void {
    for (const pipe of this.#pipes) pipe.resume();
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((done) => this.#server.close(() => done()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #accept(dialler: Socket): void {
    const target = new Socket();
    target.connect(this.#targetPort, "127.0.0.1");
    const there = new Pipe(dialler, target, this.#flows.there);
    const back = new Pipe(target, dialler, this.#flows.back);
    for (const [socket, outgoing] of [
      [dialler, there],
      [target, back],
    ] as const) {
      this.#sockets.add(socket);
      this.#pipes.add(outgoing);
      socket.setNoDelay(true);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        this.#sockets.delete(socket);
        outgoing.close();
        for (const pipe of [there, back]) if (pipe.isOver) this.#pipes.delete(pipe);
      });
    }
  }
}

/** One direction of one connection: in order, delayed, held while cut. Reads no more than it may hold. */
class Pipe {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #flow: Flow;
  #waiting: { readonly chunk: Buffer; readonly dueMs: number }[] = [];
  #waitingBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #closing = false;

  constructor(from: Socket, to: Socket, flow: Flow) {
    this.#from = from;
    this.#to = to;
    this.#flow = flow;
    from.on("data", (chunk: Buffer) => {
      this.#waiting.push({ chunk, dueMs: performance.now() + flow.delayMs });
      this.#waitingBytes += chunk.length;
      if (this.#waitingBytes > WAITING_BYTES_MAX) from.pause();
      this.resume();
    });
  }

  resume(): void {
    clearTimeout(this.#timer);
    if (this.#flow.cut) return;
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const leftMs = first.dueMs - performance.now();
      if (leftMs > 0) {
        this.#timer = setTimeout(() => this.resume(), leftMs);
        return;
      }
      this.#waiting.shift();
      this.#waitingBytes -= first.chunk.length;
      this.#to.write(first.chunk);
    }
    if (this.#closing) this.#to.destroy();
    else this.#from.resume();
  }

  /** The saying side is gone. The other hears of it after all that was said; behind a cut it hears nothing, as it would not. */
  close(): void {
    this.#closing = true;
    this.resume();
  }

  get isOver(): boolean {
    return this.#closing && this.#to.destroyed;
  }
}
