import { readdirSync, readFileSync } from "node:fs";

/** CPU seconds of a group of threads, in user space and in the kernel. */
export interface CpuSeconds {
  readonly user: number;
  readonly system: number;
}

/** What the threads of a node process do, by the names that Node and LevelDB give them. */
const ROLES: readonly (readonly [name: RegExp, role: string])[] = [
  [/^(MainThread|node)$/, "main thread: admission, consensus, execution, network"],
  [/^WorkerThread$/, "signature verification"],
  [/^V8Worker/, "garbage collection and compilation"],
  [/^(libuv-worker|leveldb)/, "disk: log, store, compaction"],
];
const OTHERS = "others";
/** Kernel clock ticks per second, as /proc counts CPU time. */
const TICKS_PER_SECOND = 100;

/** CPU time so far of the processes' threads, by what they do. Linux only: reads /proc. */
export function cpuByRole(pids: readonly number[]): ReadonlyMap<string, CpuSeconds> {
  const sums = new Map<string, CpuSeconds>();
  for (const pid of pids) {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8");
      const name = stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const role = ROLES.find(([pattern]) => pattern.test(name))?.[1] ?? OTHERS;
      const { user, system } = sums.get(role) ?? { user: 0, system: 0 };
      sums.set(role, {
        user: user + Number(fields[11]) / TICKS_PER_SECOND,
        system: system + Number(fields[12]) / TICKS_PER_SECOND,
      });
    }
  }
  return sums;
}

export function cpuTotal(byRole: ReadonlyMap<string, CpuSeconds>): number {
  return [...byRole.values()].reduce((sum, { user, system }) => sum + user + system, 0);
}

/** What was spent between two readings, as lines "role, user, kernel" in µs per unit of work. */
export function cpuTable(
  before: ReadonlyMap<string, CpuSeconds>,
  after: ReadonlyMap<string, CpuSeconds>,
  units: number,
): readonly string[] {
  return [...after]
    .map(([role, { user, system }]) => {
      const from = before.get(role) ?? { user: 0, system: 0 };
      const micros = (seconds: number): number => Math.round((seconds * 1e6) / units);
      return { role, user: micros(user - from.user), system: micros(system - from.system) };
    })
    .filter(({ user, system }) => user + system > 0)
    .sort((left, right) => right.user + right.system - left.user - left.system)
    .map(({ role, user, system }) => `  ${role.padEnd(56)} ${String(user).padStart(6)} ${String(system).padStart(6)}`);
}
