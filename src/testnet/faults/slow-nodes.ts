import { LIMITS } from "../../types/limits.ts";
import { proposerIndex } from "../../types/validator-set.ts";
import type { Fault } from "./fault.ts";
import type { Field } from "./field.ts";
import { sleep } from "./until.ts";

const BLOCKS = 60;

export const SLOW_NODES: readonly Fault[] = [
  {
    name: "paused-authority",
    does: "one authority is stopped with SIGSTOP for a while and goes on",
    holds: "the others go on; it catches up without a restart and signs on",
    run: async (field) => {
      const [id] = field.authorities as [string];
      field.node(id).pause();
      await field.load.progress(10);
      await field.outage();
      await field.load.progress(10);
      field.node(id).resume();
      await field.rejoined(id);
      await field.blocks(id, 3);
    },
  },
  {
    name: "stuttering-proposer",
    does: "one authority is stopped and let go again ten times for 0.7 s, so that it is late whenever its turn comes",
    holds: "the chain moves on all the while",
    run: async (field) => {
      const [id] = field.authorities as [string];
      for (let turn = 0; turn < 10; turn++) {
        field.node(id).pause();
        await sleep(700);
        field.node(id).resume();
        await sleep(700);
        if (turn % 3 === 2) await field.load.progress(5);
      }
    },
  },
  {
    name: "dead-authority-loses-its-turn",
    does: "one authority is killed and stays dead while 60 blocks are made",
    holds: "blocks do not wait for its turn each cycle, but at no more than one height in eight",
    run: async (field) => {
      const [id, other] = field.authorities as [string, string];
      await field.node(id).kill();
      await field.load.progress(10);
      const from = (await field.client(other).status()).height;
      await field.blocks(other, BLOCKS);
      const { lost, late } = await turnsLost(field, other, id, from, from + BLOCKS);
      field.notes.push(`${lost} of ${BLOCKS} blocks waited for the dead authority's turn, ${late} took more than one round`);
      if (lost > BLOCKS / 8) throw new Error(`${lost} of ${BLOCKS} blocks waited for the dead authority`);
      await field.restart(id);
    },
  },
];

/**
 * At how many heights of (from, to] the first turn was the dead authority's, by the rule of protocol.md §4 told once more: who misses a
 * turn rests for n·2^k heights, k its consecutive misses. And how many took a second round, which on a busy machine anybody may need.
 */
async function turnsLost(field: Field, reader: string, dead: string, from: number, to: number) {
  const seats = field.authorities.map((member) => ({ member, misses: 0, restUntil: 0 }));
  const n = seats.length;
  let lost = 0;
  let late = 0;
  for (let height = 1; height <= to; height++) {
    const { header, commit } = await field.client(reader).call<BlockTurn>("chain_getBlock", { height });
    const active = seats.flatMap(({ restUntil }, index) => (restUntil >= height ? [] : [index]));
    const proposer = (round: number): string | undefined => seats[proposerIndex(height, round, n, active)]?.member;
    if (height > from && proposer(0) === dead) lost += 1;
    if (height > from && commit.round > 0) late += 1;
    const missed = new Set(Array.from({ length: Math.min(commit.round, 2 * n) }, (_, round) => proposer(round)));
    for (const seat of seats) {
      if (seat.member === header.proposer) {
        seat.misses = 0;
      } else if (missed.has(seat.member)) {
        seat.misses += 1;
        seat.restUntil = height + 1 + n * 2 ** Math.min(seat.misses, LIMITS.restShiftMax);
      }
    }
  }
  return { lost, late };
}

interface BlockTurn {
  readonly header: { readonly proposer: string };
  readonly commit: { readonly round: number };
}
