import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import type { MemberFolder } from "../network-folder.ts";
import { until } from "./until.ts";

const SUBNET = "10.78.0";

/** Runs inside a namespace: what comes in by a socket in the file system goes to the node's RPC port there. */
const FORWARDER = `
  const net = require("node:net");
  const [path, port] = process.argv.slice(1);
  net.createServer((inside) => {
    const node = net.connect(Number(port), "127.0.0.1");
    for (const socket of [inside, node]) socket.on("error", () => socket.destroy());
    inside.on("close", () => node.destroy());
    node.on("close", () => inside.destroy());
    inside.pipe(node).pipe(inside);
  }).listen(path);
  process.stdin.on("end", () => process.exit()).resume();
`;

/**
 * A network namespace for each node, joined by bridges: to the kernel each is a machine of its own, and a link that is cut loses packets
 * instead of closing connections. Needs root. Nothing here reaches or is reached from outside this machine.
 */
export class Namespaces {
  readonly #tag: string;
  readonly #members: readonly MemberFolder[];
  readonly #forwarders: ChildProcess[] = [];
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();

  private constructor(members: readonly MemberFolder[]) {
    this.#tag = `zl${process.pid % 100_000}`;
    this.#members = members;
  }

  /** Why there can be none here; null if there can. */
  static obstacle(): string | null {
    const probe = `zlprobe${process.pid % 100_000}`;
    const made = spawnSync("ip", ["netns", "add", probe]).status === 0;
    if (made) spawnSync("ip", ["netns", "del", probe]);
    return made ? null : "this machine does not allow network namespaces";
  }

  static async open(members: readonly MemberFolder[]): Promise<Namespaces> {
    const spaces = new Namespaces(members);
    try {
      spaces.#makeLinks();
      for (const member of members) await spaces.#forwardRpc(member);
      return spaces;
    } catch (error) {
      await spaces.close();
      throw error;
    }
  }

  /** Where a member's node listens. */
  address(id: string): string {
    const { index, member } = this.#find(id);
    return `/ip4/${SUBNET}.${index + 1}/tcp/${member.listenPort}`;
  }

  /** What to run a member's process under. */
  under(id: string): readonly string[] {
    return ["ip", "netns", "exec", this.#space(this.#find(id).index)];
  }

  /** These are on the one side, all others on the other. */
  split(ids: readonly string[]): void {
    for (const id of ids) ip("link", "set", this.#port(this.#find(id).index), "master", this.#bridge("b"));
  }

  heal(): void {
    for (const index of this.#members.keys()) ip("link", "set", this.#port(index), "master", this.#bridge("a"));
  }

  async close(): Promise<void> {
    for (const child of this.#forwarders) child.kill("SIGKILL");
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#servers.map((server) => new Promise<void>((done) => server.close(() => done()))));
    for (const index of this.#members.keys()) {
      spawnSync("ip", ["link", "del", this.#port(index)]);
      spawnSync("ip", ["netns", "del", this.#space(index)]);
    }
    for (const side of ["a", "b"]) spawnSync("ip", ["link", "del", this.#bridge(side)]);
  }

  #makeLinks(): void {
    for (const side of ["a", "b"]) {
      ip("link", "add", this.#bridge(side), "type", "bridge");
      ip("link", "set", this.#bridge(side), "up");
    }
    for (const index of this.#members.keys()) {
      const space = this.#space(index);
      ip("netns", "add", space);
      ip("link", "add", this.#port(index), "type", "veth", "peer", "name", "eth0", "netns", space);
      ip("link", "set", this.#port(index), "master", this.#bridge("a"), "up");
      ip("-n", space, "addr", "add", `${SUBNET}.${index + 1}/24`, "dev", "eth0");
      for (const device of ["lo", "eth0"]) ip("-n", space, "link", "set", device, "up");
    }
  }

  /** The node's RPC port is loopback of its namespace: bytes go by a socket in the file system, which namespaces share. */
  async #forwardRpc({ id, folder, rpcPort }: MemberFolder): Promise<void> {
    const path = join(folder, "rpc.sock");
    const [command = "ip", ...before] = this.under(id);
    this.#forwarders.push(
      spawn(command, [...before, process.execPath, "-e", FORWARDER, path, String(rpcPort)], {
        stdio: ["pipe", "ignore", "ignore"],
      }),
    );
    const server = createServer((outside) => {
      const inside = connect(path);
      for (const [socket, other] of [
        [outside, inside],
        [inside, outside],
      ] as const) {
        this.#sockets.add(socket);
        socket.on("error", () => socket.destroy());
        socket.on("close", () => {
          this.#sockets.delete(socket);
          other.destroy();
        });
      }
      outside.pipe(inside).pipe(outside);
    });
    this.#servers.push(server);
    await new Promise<void>((done, fail) => server.once("error", fail).listen(rpcPort, "127.0.0.1", () => done()));
    await until(() => canConnect(path), `the RPC port of ${id} is reached`);
  }

  #find(id: string): { readonly index: number; readonly member: MemberFolder } {
    const index = this.#members.findIndex((each) => each.id === id);
    const member = this.#members[index];
    if (member === undefined) throw new Error(`no member ${id}`);
    return { index, member };
  }

  #space(index: number): string {
    return `${this.#tag}n${index}`;
  }

  #port(index: number): string {
    return `${this.#tag}p${index}`;
  }

  #bridge(side: string): string {
    return `${this.#tag}${side}`;
  }
}

function canConnect(path: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(path, () => {
      socket.destroy();
      done(true);
    });
    socket.on("error", () => done(false));
  });
}

function ip(...argv: readonly string[]): void {
  const { status, stderr } = spawnSync("ip", argv);
  if (status !== 0) throw new Error(`ip ${argv.join(" ")}: ${String(stderr).trim()}`);
}
