import { type Flow, TcpProxy } from "./tcp-proxy.ts";

/** The links of a network, each direction of each pair on its own: every node knows its peers only by addresses of proxies. */
export class Links {
  readonly #flows = new Map<string, Flow>();
  readonly #proxies = new Map<string, TcpProxy>();

  private constructor() {}

  /** `ports`: member → its libp2p port. */
  static async open(ports: Readonly<Record<string, number>>): Promise<Links> {
    const links = new Links();
    const members = Object.keys(ports);
    const pairs = members.flatMap((from) => members.filter((to) => to !== from).map((to) => [from, to] as const));
    for (const [from, to] of pairs) links.#flows.set(nameOf(from, to), { cut: false, delayMs: 0 });
    for (const [from, to] of pairs) {
      const flows = { there: links.#flow(from, to), back: links.#flow(to, from) };
      links.#proxies.set(nameOf(from, to), await TcpProxy.open(ports[to] as number, flows));
    }
    return links;
  }

  /** Where `from` finds `to`. */
  port(from: string, to: string): number {
    return (this.#proxies.get(nameOf(from, to)) as TcpProxy).port;
  }

  /** What `from` says does not reach `to` any more. */
  cut(from: string, to: string): void {
    this.#flow(from, to).cut = true;
  }

  /** No group hears another. */
  partition(...groups: readonly (readonly string[])[]): void {
    for (const [index, group] of groups.entries())
      for (const other of groups.filter((_, at) => at !== index).flat()) for (const member of group) this.cut(member, other);
  }

  /** Everything that `from` says, and what others say to it, takes so long. */
  delay(member: string, delayMs: number): void {
    for (const [name, flow] of this.#flows) if (name.split(">").includes(member)) flow.delayMs = delayMs;
  }

  heal(): void {
    for (const flow of this.#flows.values()) {
      flow.cut = false;
      flow.delayMs = 0;
    }
    for (const proxy of this.#proxies.values()) proxy.resume();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#proxies.values()].map((proxy) => proxy.close()));
  }

  #flow(from: string, to: string): Flow {
    return this.#flows.get(nameOf(from, to)) as Flow;
  }
}

function nameOf(from: string, to: string): string {
  return `${from}>${to}`;
}
