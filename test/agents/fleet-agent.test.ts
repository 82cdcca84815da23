import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FleetAgent, type FleetAgentModules } from "../../src/agents/fleet-agent.ts";
import { type Alliance, allianceOn, DAY_MS } from "../ledger/support/alliance.ts";
import { op } from "../ledger/support/chain.ts";
import { KEEPER, registerKeeper } from "../ledger/support/goods.ts";
import { ProvingChain } from "../node/support/proving-chain.ts";
import { serve, signingKey } from "./serving-chain.ts";

let world: Alliance & { readonly chain: ProvingChain };
let server: Awaited<ReturnType<typeof serve>>;
let said: { line: string; data: Readonly<Record<string, unknown>> }[];

beforeEach(async () => {
  said = [];
  world = allianceOn((identity) => new ProvingChain(identity, "real"));
  registerKeeper(world);
  server = await serve(world.chain);
});

afterEach(() => server.close());

function fleet(change: Partial<FleetAgentModules> = {}): FleetAgent {
  return new FleetAgent({
    client: server.client,
    operator: KEEPER.id,
    maker: signingKey(KEEPER, KEEPER.maker),
    secret: new Uint8Array(32).fill(9),
    size: { warehouses: 3, cities: 50, smart: 1 },
    intervalMs: DAY_MS,
    incidents: {},
    report: (line, data) => void said.push({ line, data }),
    ...change,
  });
}

/** A smart warehouse has six devices and their gateway, another one. */
const DEVICES = 7 + 1 + 1;

describe("the fleet agent", () => {
  it("registers its warehouses, binds their devices, and has each say its first word", async () => {
    const { chain } = world;
    expect(await fleet().speak()).toBe(DEVICES);
    expect(chain.all("warehouse").map(({ operator }) => operator)).toEqual([KEEPER.id, KEEPER.id, KEEPER.id]);
    expect(chain.all("device")).toHaveLength(DEVICES);
    expect(chain.all("attestation").map(({ seq, severity }) => `${seq} ${severity}`)).toEqual(
      Array.from({ length: DEVICES }, () => "1 GREEN"),
    );
    expect(said).toEqual([
      { line: "fleet", data: { warehouses: 3, devices: DEVICES } },
      { line: "attested", data: { devices: DEVICES } },
    ]);
  });

  it("has nobody speak before it is time, and everybody before it is missed", async () => {
    const { chain } = world;
    const agent = fleet();
    await agent.speak();
    chain.pass(DAY_MS / 2);
    expect(await agent.speak()).toBe(0);
    for (let day = 0; day < 4; day++) {
      chain.pass(DAY_MS - 60_000);
      expect(await agent.speak()).toBe(DEVICES);
    }
    expect(chain.all("alarm")).toEqual([]);
    expect(new Set(chain.all("attestation").map(({ seq }) => seq))).toEqual(new Set([5]));
  });

  it("goes on with the next number when it is started again, registers nothing twice, and leaves alone what was taken down", async () => {
    const { chain } = world;
    await fleet().speak();
    const [down] = chain.all("device").filter(({ kind }) => kind === "DOOR");
    if (down === undefined) throw new Error("a smart warehouse has a door");
    chain.act(op("device.unbind", { device: down.id }), KEEPER);
    chain.pass(DAY_MS);
    expect(await fleet().speak()).toBe(DEVICES - 1);
    expect(chain.all("warehouse")).toHaveLength(3);
    expect(chain.all("attestation").filter(({ seq }) => seq === 2)).toHaveLength(DEVICES - 1);
    // And without its gateway nothing of the smart warehouse is heard.
    const gateway = chain.all("device").find(({ kind, warehouse }) => kind === "GATEWAY" && warehouse === down.warehouse);
    chain.act(op("device.unbind", { device: gateway?.id ?? down.id }), KEEPER);
    chain.pass(DAY_MS);
    expect(await fleet().speak()).toBe(2);
  });

  it("learns from the ledger where a device is whose word was lost, and speaks again", async () => {
    const { chain } = world;
    const agent = fleet({ size: { warehouses: 1, cities: 1, smart: 0 } });
    await agent.speak();
    chain.pass(DAY_MS);
    server.loseNext();
    expect(await agent.speak()).toBe(0);
    expect(said.at(-1)).toMatchObject({ line: "not taken", data: { code: "EXPIRED" } });
    chain.pass(60_000);
    expect(await agent.speak()).toBe(1);
    expect(chain.all("attestation").map(({ seq }) => seq)).toEqual([2]);
  });

  it("tells of incidents as often as it was told, the same with the same secret", async () => {
    const { chain } = world;
    await fleet({ incidents: { DOOR_OPEN: 10_000 } }).speak();
    expect(chain.all("alarm").map(({ rule }) => rule)).toEqual(Array.from({ length: DEVICES }, () => "DOOR_OPEN"));
    const rare = fleet({ incidents: { TAG_MISSING: 3_000 } });
    chain.pass(DAY_MS);
    await rare.speak();
    const missing = said.filter(({ line, data }) => line === "incident" && data.incident === "TAG_MISSING").length;
    expect(missing).toBe(chain.all("alarm").filter(({ rule }) => rule === "TAG_MISSING").length);
    expect(missing).toBeLessThan(DEVICES);
  });
});
