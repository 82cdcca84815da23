import { isNativeAccelerationEnabled } from "cbor-x";
import { describe, expect, it, vi } from "vitest";
import { everyValueRoundTrips, whatIsAcceptedIsIdentical } from "./support/decoder-properties.ts";

// cbor-x reads texts by a native part where one is installed. A node without it must read the same.
vi.hoisted(() => {
  process.env.CBOR_NATIVE_ACCELERATION_DISABLED = "true";
});

describe("decoding without the native part of cbor-x", () => {
  it("is what these tests look at", () => {
    expect(isNativeAccelerationEnabled).toBe(false);
  });

  it("gives every value back", everyValueRoundTrips);

  it("accepts only what encoding gives", whatIsAcceptedIsIdentical);
});
