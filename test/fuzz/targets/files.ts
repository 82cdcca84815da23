import { genesisFromJson, genesisSchema, genesisToJson } from "../../../src/codec/genesis.ts";
import { sha256, sha256Pairs } from "../../../src/crypto/hash.ts";
import { concatBytes } from "../../../src/lib/bytes.ts";
import type { Prng } from "../../../src/lib/prng.ts";
import { ConsensusLog } from "../../../src/node/consensus-log.ts";
import { DoubleSignGuard, newGuardFile } from "../../../src/node/double-sign-guard.ts";
import { frame, parseLog } from "../../../src/node/framed-log.ts";
import { decodeRecord } from "../../../src/node/log-records.ts";
import type { AppendFile } from "../../../src/ports/append-file.ts";
import type { Hasher, Signer } from "../../../src/ports/crypto.ts";
import { Page, StateCorruptError } from "../../../src/state/page.ts";
import type { PublicKey } from "../../../src/types/scalars.ts";
import { GENESIS } from "../../codec/support/sample.ts";
import { randomJson } from "../random-value.ts";
import { Finding, type Target } from "../target.ts";

const text = new TextEncoder();
const hasher: Hasher = { sha256, sha256Pairs };
const KEY = "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29" as PublicKey;
const signer: Signer = { publicKey: KEY, sign: () => undefined };

function fileOf(initial: Uint8Array): AppendFile {
  return { initial, append: () => undefined, replace: () => undefined };
}

/** Files that a node reads at its start: whatever is in them, it says so or takes it, and never breaks over it. */
export function fileTargets(): readonly Target[] {
  const guard = newGuardFile(KEY, sha256);
  const log = concatBytes(
    frame(1, Uint8Array.of(0, 0xa1, 0x66, 0x68, 0x65, 0x69, 0x67, 0x68, 0x74, 1), sha256),
    frame(2, Uint8Array.of(9), sha256),
  );
  const page = Uint8Array.of(0, 1, 0, 2, ...new Uint8Array(64).fill(7), ...new Uint8Array(32).fill(9));
  return [
    {
      name: "guard file",
      form: "cbor",
      corpus: [guard],
      check: (input) => new DoubleSignGuard({ file: fileOf(input), hasher, signer }).hasMemory,
    },
    {
      name: "consensus log",
      form: "cbor",
      corpus: [log],
      check: (input) => {
        const consensusLog = new ConsensusLog({
          file: fileOf(input),
          hasher,
          fatal: (error) => {
            throw error;
          },
        });
        return !consensusLog.corrupt;
      },
    },
    {
      name: "framed log",
      form: "cbor",
      corpus: [log],
      check: (input) => {
        const parsed = parseLog(input, sha256);
        if (parsed.soundBytes > input.length) throw new Finding("more of a log is sound than there is");
        for (const { payload } of parsed.records) decodeRecord(payload);
        return parsed.records.length > 0;
      },
    },
    { name: "log record", form: "cbor", corpus: [log.slice(20, 30)], check: (input) => decodeRecord(input) !== undefined },
    {
      name: "page of the state tree",
      form: "cbor",
      corpus: [page],
      check: (input) => {
        try {
          Page.decode(input, hasher).encode();
          return true;
        } catch (error) {
          if (error instanceof StateCorruptError) return false;
          throw error;
        }
      },
    },
    {
      name: "genesis file",
      form: "text",
      corpus: [text.encode(JSON.stringify(genesisToJson(GENESIS)))],
      fresh: (random: Prng) => text.encode(JSON.stringify(randomJson(genesisSchema.jsonSchema, random.next()))),
      check: (input) => {
        const json = jsonOf(input);
        return json !== undefined && genesisFromJson(json).ok;
      },
    },
  ];
}

function jsonOf(input: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(input));
  } catch {
    return undefined;
  }
}
