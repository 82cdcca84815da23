import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { publicKeyOfKeystore } from "../../../src/adapters/keystore.ts";
import { CursorFile } from "../../../src/agents/cursor-file.ts";
import { Directory } from "../../../src/agents/directory.ts";
import { FingerprintKeys } from "../../../src/agents/fingerprint-keys.ts";
import { readAddresses, readDirectory } from "../../../src/cli/node-files.ts";
import { loadSettings } from "../../../src/cli/settings.ts";
import keystores from "../../vectors/keystore.json" with { type: "json" };
import { Finding, type Target } from "../target.ts";

const PARTY = "ab".repeat(32);

/** Files that an operator writes for a node or an agent: taken, or refused in one line with a stable code. */
export function settingsTargets(): readonly Target[] {
  const target = (name: string, file: string, sound: object, read: (path: string, folder: string) => unknown): Target => ({
    name,
    form: "text",
    corpus: [new TextEncoder().encode(JSON.stringify(sound))],
    check: (input) => {
      // One for each input: a worker that is ended leaves nothing behind.
      const folder = mkdtempSync(join(tmpdir(), "zhonglian-fuzz-"));
      const path = join(folder, file);
      writeFileSync(path, input, { mode: 0o600 });
      try {
        return read(path, folder) !== undefined;
      } catch (error) {
        const { code } = error as { readonly code?: unknown };
        if (typeof code === "string" && /^[A-Z][A-Z0-9_]+$/.test(code)) return false;
        throw new Finding(`a file is refused without a code: ${String(error)}`);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  });
  return [
    target("settings of a node", "settings.json", { member: "zbank", rpcPort: 7_700, signWithoutMemory: false }, (_, folder) =>
      loadSettings(folder, {}, {}),
    ),
    target("addresses of members", "addresses.json", { zbank: ["/ip4/127.0.0.1/tcp/7600"] }, readAddresses),
    target("names of parties", "names.json", { [PARTY]: "a firm" }, readDirectory),
    target("keystore", "key.json", keystores.file, publicKeyOfKeystore),
    target("agent's cursor", "cursor.json", { chain: PARTY, height: 3, index: 1 }, (path) => new CursorFile(path).read(PARTY)),
    target("bank's directory", "directory.json", { [PARTY]: { name: "a firm", account: "DE02", bic: "ABCDDEFF" } }, (path) =>
      Directory.fromFile(path),
    ),
    {
      ...target("fingerprint keys", "keys.json", { "1": PARTY }, () => undefined),
      check: (input) => {
        try {
          return FingerprintKeys.fromText(new TextDecoder().decode(input)).epochs.length > 0;
        } catch (error) {
          if ((error as { readonly code?: unknown }).code === "FINGERPRINT_KEYS_WRONG") return false;
          throw error;
        }
      },
    },
  ];
}
