import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorLine } from "../../src/cli/advice.ts";
import { loadSettings } from "../../src/cli/settings.ts";
import { scratch } from "../e2e/support.ts";

let folder: ReturnType<typeof scratch>;

beforeAll(() => {
  folder = scratch();
  writeFileSync(join(folder.path, "settings.json"), JSON.stringify({ member: "zbank" }));
});
afterAll(() => folder.remove());

const wrong = (flags: Readonly<Record<string, string>>): string => {
  try {
    loadSettings(folder.path, {}, flags);
    return "taken";
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return `${message} [${code}]`;
  }
};

describe("settings", () => {
  it("takes no value that only fails later, and says what a right one is", () => {
    const refusals: readonly (readonly [Readonly<Record<string, string>>, string])[] = [
      [{ logLevel: "loud" }, `"logLevel" must be debug, info, warn or error, not "loud"`],
      [{ joinBy: "snapshots" }, `"joinBy" must be blocks or snapshot, not "snapshots"`],
      [{ rpcPort: "99999" }, `"rpcPort" must be at most 65535, not "99999"`],
      [{ rpcPort: "-1" }, `"rpcPort" must be a whole number, not "-1"`],
      [
        { listenAddress: "0.0.0.0:7600" },
        `"listenAddress" must be a multiaddr such as /ip4/0.0.0.0/tcp/7600, not "0.0.0.0:7600"`,
      ],
      [{ signWithoutMemory: "yes" }, `"signWithoutMemory" must be true or false, not "yes"`],
      [{ rpcTlsCertFile: "cert.pem" }, `"rpcTlsCertFile" and "rpcTlsKeyFile" are set together or not at all`],
      [{ rpcTlsKeyFile: "key.pem" }, `"rpcTlsCertFile" and "rpcTlsKeyFile" are set together or not at all`],
    ];
    for (const [flags, words] of refusals) expect(wrong(flags)).toBe(`${words} [SETTING_WRONG]`);
    expect(wrong({ listenAddress: "/dns4/node.example/tcp/7600", rpcTlsCertFile: "c", rpcTlsKeyFile: "k" })).toBe("taken");
  });
});

describe("an error's line", () => {
  it("says what to do where the fault was found by what knows nothing of commands", () => {
    expect(errorLine("the data folder d is damaged", "STORE_CORRUPT")).toBe(
      "zhonglian: the data folder d is damaged: with the node stopped, `zhonglian store repair --dir NODE` [STORE_CORRUPT]",
    );
    expect(errorLine("as it is", "constructor")).toBe("zhonglian: as it is [constructor]");
    expect(errorLine("as it is", undefined)).toBe("zhonglian: as it is");
  });
});
