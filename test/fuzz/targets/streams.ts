import { FrameReader, frame } from "../../../src/adapters/frames.ts";
import { concatBytes, equalBytes, toHex } from "../../../src/lib/bytes.ts";
import { decodeMessage, encodeMessage } from "../../../src/node/messages.ts";
import type { Hash } from "../../../src/types/scalars.ts";
import { Finding, type Target } from "../target.ts";

const PAYLOAD_MAX = 64;
const PIECES = [1, 3, 7, 1_000_000] as const;
const BLOCK = "ab".repeat(32) as Hash;
const NOTHING = new Uint8Array(0);

/** What comes over a consensus stream: frames of a byte stream, and the message in each. */
export function streamTargets(): readonly Target[] {
  const status = { height: 3, round: 1, step: 1, proposal: 1, prevotes: Uint8Array.of(5), precommits: NOTHING, validRound: 0 };
  return [
    {
      name: "frames of a stream",
      form: "cbor",
      corpus: [concatBytes(frame(Uint8Array.of(1, 2, 3)), frame(NOTHING), frame(new Uint8Array(PAYLOAD_MAX).fill(9)))],
      check: (input) => {
        const [first, ...others] = PIECES.map((bytes) => cut(input, bytes));
        for (const other of others) if (other !== first) throw new Finding("frames depend on the pieces they came in");
        return first !== "" && first?.endsWith("!") === false;
      },
    },
    {
      name: "consensus message",
      form: "cbor",
      corpus: [
        encodeMessage("status", { ...status, validPrevotes: Uint8Array.of(1) }),
        encodeMessage("announce", [{ id: BLOCK as never, sigs: BLOCK }]),
        encodeMessage("time", { wallMs: 1_700_000_000_000 }),
        encodeMessage("commit", { height: 3, round: 0, block: BLOCK as never, sigs: [] }),
      ],
      check: (input) => {
        const decoded = decodeMessage(input);
        if (!decoded.ok) return false;
        const { kind, body } = decoded.value;
        if (!equalBytes(encodeMessage(kind, body as never), input))
          throw new Finding("a message was taken that is not the encoding of its value");
        return true;
      },
    },
  ];
}

/** The frames of a stream that comes in pieces of so many bytes; "!" behind the last if it was refused there. */
function cut(input: Uint8Array, bytes: number): string {
  const frames: string[] = [];
  const reader = new FrameReader(PAYLOAD_MAX, (payload) => {
    if (payload.length > PAYLOAD_MAX) throw new Finding("a frame is longer than it may be");
    frames.push(`${toHex(payload)};`);
  });
  for (let at = 0; at < input.length; at += bytes) if (!reader.push(input.subarray(at, at + bytes))) return `${frames.join("")}!`;
  return frames.join("");
}
