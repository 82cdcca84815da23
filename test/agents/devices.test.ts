import { describe, expect, it } from "vitest";
import { FLEET, fleetOf, SMART_KINDS } from "../../src/agents/device-fleet.ts";
import { type Incident, SimulatedDevice } from "../../src/agents/device-simulator.ts";
import { attestationId } from "../../src/ledger/goods/device.ts";
import type { Hash } from "../../src/types/scalars.ts";
import { type Alliance, alliance, DAY_MS } from "../ledger/support/alliance.ts";
import { op, type Signature } from "../ledger/support/chain.ts";
import { houseBody, KEEPER, registerKeeper } from "../ledger/support/goods.ts";

/** As the ledger's tests sign: by the device's own key. */
function signatureOf({ key }: Pick<SimulatedDevice, "key">): Signature {
  return { party: key.party, key: { key: key.publicKey, purpose: "DEVICE", sign: (message) => key.sign(message) as never } };
}

/** And its gateway's. */
function signaturesOf({ signers }: SimulatedDevice): readonly Signature[] {
  return signers.map((key) => signatureOf({ key }));
}

/** Warehouses of a fleet on a chain that checks every signature. */
function settle(world: Alliance, count: number): readonly SimulatedDevice[] {
  registerKeeper(world);
  return fleetOf("secret", { warehouses: count, smart: 1 }).flatMap((plan) => {
    const warehouse = world.chain
      .act(op("warehouse.register", houseBody({ city: plan.city, zones: plan.zones })), KEEPER)
      .created();
    return plan.devices.map((each) => {
      const device = new SimulatedDevice(each, KEEPER.id);
      world.chain.act(device.bind(warehouse), KEEPER, signatureOf(device));
      return device;
    });
  });
}

describe("the fleet of devices", () => {
  it("watches 350 warehouses in 50 cities, 50 of them smart, and is the same for the same seed", () => {
    const fleet = fleetOf("a");
    expect(fleet).toHaveLength(FLEET.warehouses);
    expect(new Set(fleet.map(({ city }) => city)).size).toBe(FLEET.cities);
    const smart = fleet.filter(({ isSmart }) => isSmart);
    expect(smart).toHaveLength(FLEET.smart);
    expect(new Set(smart.map(({ city }) => city)).size).toBe(FLEET.cities);
    expect(smart.every(({ devices }) => devices.length === SMART_KINDS.length + 1)).toBe(true);
    expect(fleet.filter(({ isSmart, devices }) => !isSmart && devices.length !== 1)).toEqual([]);
    const names = fleet.flatMap(({ devices }) => devices.map(({ name }) => name));
    expect(new Set(names).size).toBe(names.length);
    expect(fleetOf("a")).toEqual(fleet);
    expect(fleetOf("b").map(({ city }) => city)).not.toEqual(fleet.map(({ city }) => city));
  });

  it("says every day what the ledger takes, word by word, and nothing is amiss", () => {
    const world = alliance();
    const { chain } = world;
    const devices = settle(world, 4);
    for (let day = 0; day < 3; day++) {
      for (const device of devices) chain.act(device.attest(chain.timeMs), ...signaturesOf(device));
      chain.pass(DAY_MS - 60_000);
    }
    expect(chain.all("alarm")).toEqual([]);
    expect(devices.map(({ id, seq }) => [chain.read("attestation", attestationId(id)).seq, seq])).toEqual(
      devices.map(() => [3, 3]),
    );
  });

  it("is taken seriously, incident by incident", () => {
    const incidents: readonly (readonly [Incident, string])[] = [
      ["TAMPERED", "TAMPER CRITICAL"],
      ["FENCE_CROSSED", "FENCE_CROSSED CRITICAL"],
      ["TAG_MISSING", "TAG_MISSING CRITICAL"],
      ["CLOCK_OFF", "CLOCK_OFFSET CRITICAL"],
      ["DOOR_OPEN", "DOOR_OPEN WARN"],
      ["VIDEO_GAP", "VIDEO_GAP WARN"],
    ];
    for (const [incident, expected] of incidents) {
      const world = alliance({}, "none");
      const { chain } = world;
      const camera = settle(world, 1).find(({ device }) => device.kind === "CAMERA") as SimulatedDevice;
      chain.act(camera.attest(chain.timeMs), ...signaturesOf(camera));
      chain.act(camera.attest(chain.timeMs, { incident }), ...signaturesOf(camera));
      expect(chain.all("alarm").map(({ rule, severity }) => `${rule} ${severity}`)).toEqual([expected]);
    }
  });

  it("does not speak twice with one word, nor with another's key, nor without its gateway", () => {
    const world = alliance();
    const { chain } = world;
    const devices = settle(world, 1);
    const [one, other] = devices.slice(-2) as [SimulatedDevice, SimulatedDevice];
    const word = one.attest(chain.timeMs);
    expect(chain.refusal(word, ...signaturesOf(other))).toBe("SIGNER_MISSING");
    expect(chain.refusal(word, signatureOf(one))).toBe("SIGNER_MISSING");
    chain.act(word, ...signaturesOf(one));
    expect(chain.refusal(word, ...signaturesOf(one))).toBe("DEVICE_SEQ_WRONG");
    expect(one.id).not.toBe(other.id as Hash);
  });
});
