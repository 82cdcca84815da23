import { expect, it } from "vitest";
import { EarlyMessages } from "../../src/node/early-messages.ts";
import type { ConsensusMessage } from "../../src/node/messages.ts";
import type { PublicKey } from "../../src/types/scalars.ts";

const vote = (number: number) => ({ kind: "vote", body: { round: number } }) as unknown as ConsensusMessage;
const proposal = (number: number) => ({ kind: "proposal", body: { number } }) as unknown as ConsensusMessage;
const [a, b] = ["a", "b"] as PublicKey[] as [PublicKey, PublicKey];

it("keep each peer's newest proposal and few of its votes, and give them back once, proposals first", () => {
  const early = new EarlyMessages();
  for (let number = 0; number < 1_000; number++) {
    early.add(a, vote(number));
    early.add(a, proposal(number));
  }
  early.add(b, vote(7));
  const taken = early.take();
  expect(taken[0]).toEqual({ peer: a, message: proposal(999) });
  expect(taken.filter(({ peer, message }) => peer === a && message.kind === "vote").length).toBe(16);
  expect(taken.at(-1)).toEqual({ peer: b, message: vote(7) });
  expect(early.take()).toEqual([]);
});
