import { describe, expect, it } from "vitest";
import { Attendance } from "../../src/node/attendance.ts";
import type { MemberId, PublicKey } from "../../src/types/scalars.ts";

const NAMES = ["zbank", "zhongnong", "zhuogang", "huasu"];
const keyOf = (name: string) => `key of ${name}` as PublicKey;

function meeting(isAuthority = true) {
  const here = new Set<string>();
  const said: string[] = [];
  const log = (event: string): void => void said.push(event);
  const attendance = new Attendance({
    member: "zbank" as MemberId,
    membership: { isAuthority, memberOf: (peer) => NAMES.find((name) => keyOf(name) === peer) as MemberId | undefined },
    transport: {
      peers: () =>
        [...here].map((name) => ({ nodeKey: keyOf(name), peerId: "", address: "", direction: "inbound", latencyMs: null })),
    },
    authorities: () => NAMES.map((name) => ({ member: name as MemberId, key: keyOf(name) })),
    logger: { debug: log, info: log, warn: (event, data) => log(`${event} ${JSON.stringify(data)}`), error: log },
  });
  return {
    attendance,
    said,
    come: (name: string) => {
      here.add(name);
      attendance.onConnected(keyOf(name));
    },
    go: (name: string) => {
      here.delete(name);
      attendance.onDisconnected(keyOf(name));
    },
  };
}

describe("who of the authorities is connected", () => {
  it("says by name whom an authority lacks for a block, and nothing while it has a quorum", () => {
    const { attendance, come, go } = meeting();
    expect(attendance.absence).toMatchObject({ here: 1, absent: ["zhongnong", "zhuogang", "huasu"] });
    for (const name of NAMES.slice(1)) come(name);
    expect(attendance.absence).toBe(null);
    go("huasu");
    expect(attendance.absence).toBe(null);
    go("zhuogang");
    expect(attendance.absence).toEqual({ here: 2, authorities: 4, needed: 3, absent: ["zhuogang", "huasu"] });
  });

  it("asks no follower for a quorum: it may have its blocks from anybody", () => {
    expect(meeting(false).attendance.absence).toBe(null);
  });

  it("tells the log who comes and goes, and warns once when a quorum is lost", () => {
    const { said, come, go } = meeting();
    come("zhongnong");
    come("zhuogang");
    expect(said.at(-1)).toBe("a quorum of the authorities is connected");
    go("zhuogang");
    go("zhongnong");
    const warning = "fewer than a quorum of the authorities are connected: no block can be made";
    expect(said.filter((event) => event.startsWith(warning))).toEqual([
      `${warning} {"here":2,"authorities":4,"needed":3,"absent":["zhuogang","huasu"]}`,
    ]);
    expect(said.filter((event) => event === "a member's node is gone")).toHaveLength(2);
  });
});
