import { describe } from "vitest";
import { hasRuntime } from "../../src/agents/model/runtime.ts";

/** `.ci/run` installs onnxruntime-node and sets this: there, tests that need it do not skip but fail without it. */
const isRequired = process.env.ZHONGLIAN_MODEL_RUNTIME === "required";
const isThere = hasRuntime();

/** A block of tests that run a model; skipped, and saying so, where the optional peer is not installed. */
export function describeWithRuntime(name: string, body: () => void): void {
  const isSkipped = !isThere && !isRequired;
  describe.skipIf(isSkipped)(isSkipped ? `${name} (skipped: onnxruntime-node is not installed)` : name, body);
}
