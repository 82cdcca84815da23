import type { PlayName } from "../../../src/simulator/adversary.ts";
import type { Swarm } from "../../../src/simulator/swarm.ts";

/** A deliberate mistake in production code, and what the simulator must say of it. */
export interface SeededFault {
  readonly name: string;
  /** Under src/. */
  readonly file: string;
  /** Stands there exactly once. */
  readonly find: string;
  readonly replace: string;
  /** Where to begin to look: the first seed that caught it when it was last searched for from 1 on. */
  readonly from: number;
  /** The kind of trouble that brings it to light; the rest is drawn from the seed. */
  readonly swarm: Partial<Swarm>;
  readonly seen: RegExp;
}

const CALM: Partial<Swarm> = { weather: "changing", authorities: 4, snapshots: false };
const WITH_INVALID_BLOCKS: Partial<Swarm> = { ...CALM, byzantine: ["invalidBlocks"], strikes: [], lossPermille: 0 };
const WITH_LIAR: Partial<Swarm> = {
  ...CALM,
  follower: true,
  governance: false,
  byzantine: ["syncLiar"],
  strikes: ["lostDisk", "crash"],
};
const WITH_FORGER: Partial<Swarm> = { ...CALM, byzantine: ["forger"] };
const REJOINING: Partial<Swarm> = { ...CALM, follower: true, governance: false, byzantine: [], snapshots: true };
const LETTING_GO: Partial<Swarm> = {
  ...CALM,
  follower: true,
  governance: false,
  byzantine: [],
  strikes: ["crash", "partition"],
  snapshots: true,
  keeping: "recent",
};
const FORGETFUL: Partial<Swarm> = { ...CALM, byzantine: [], strikes: ["staleLog", "crash"], lossPermille: 100 };
const played = (play: PlayName): Partial<Swarm> => ({ weather: "adversarial", play });
const LOSSY: Partial<Swarm> = { weather: "harsh", authorities: 4, byzantine: [], snapshots: false };

export const SEEDED_FAULTS: readonly SeededFault[] = [
  {
    name: "a fresh proposal is prevoted without a look at the lock",
    file: "consensus/rules.ts",
    find: "mayPrevoteFresh: (lock, block) => lock.round === -1 || lock.block === block,",
    replace: "mayPrevoteFresh: () => true,",
    from: 1,
    swarm: played("a lock holds"),
    seen: /^(lock|agreement)/,
  },
  {
    name: "a proposal made again needs no proof that it was locked",
    file: "consensus/machine.ts",
    find: 'state.votes.count(validRound, "prevote", block) < this.#rules.quorum(state.n)) return false;',
    replace: "state.proposals.size === 0) return false;",
    from: 63,
    swarm: { ...WITH_FORGER, lossPermille: 300, strikes: [] },
    seen: /^(lock|agreement)/,
  },
  {
    name: "half of the authorities count as a quorum",
    file: "consensus/rules.ts",
    find: "  quorum,\n",
    replace: "  quorum: (n) => Math.ceil(n / 2),\n",
    from: 1,
    swarm: CALM,
    seen: /^(agreement|validity|lock)/,
  },
  {
    name: "one message of a later round is enough to jump there",
    file: "consensus/rules.ts",
    find: "someCorrect: (n) => faultsTolerated(n) + 1,",
    replace: "someCorrect: (n) => Math.max(1, faultsTolerated(n)),",
    from: 1,
    swarm: { ...CALM, byzantine: ["roundSpammer"] },
    seen: /^(liveness|member-\d sent what does not decode)/,
  },
  {
    name: "a lock never yields to a newer one",
    file: "consensus/rules.ts",
    find: "mayPrevoteAgain: (lock, block, validRound) => lock.round <= validRound || lock.block === block,",
    replace: "mayPrevoteAgain: (lock, block) => lock.round === -1 || lock.block === block,",
    from: 1,
    swarm: played("a lock yields"),
    seen: /^liveness/,
  },
  {
    name: "a valid value is never proposed again",
    file: "consensus/rules.ts",
    find: "proposeAgain: (valid) => (valid.block === null ? null : valid),",
    replace: "proposeAgain: () => null,",
    from: 1,
    swarm: played("a lock yields"),
    seen: /^liveness/,
  },
  {
    name: "the prevote timeout precommits nothing",
    file: "consensus/machine.ts",
    find: 'if (state.step === "prevote") this.#precommit(state, null); // 61–64',
    replace: "// nothing",
    from: 1,
    swarm: LOSSY,
    seen: /^liveness/,
  },
  {
    name: "votes of earlier rounds count in the current one",
    file: "consensus/vote-book.ts",
    find: "    const { round, kind, index, block } = vote;\n",
    replace: "    const { kind, index, block } = vote;\n    const round = Math.max(vote.round, current);\n",
    from: 3,
    swarm: LOSSY,
    seen: /^(agreement|validity|lock)/,
  },
  {
    name: "peers are not told the votes they lack",
    file: "consensus/machine.ts",
    find: "    addRound(peer.round, peer);\n",
    replace: "",
    from: 1,
    swarm: LOSSY,
    seen: /^liveness/,
  },
  {
    name: "votes leave before the log is on disk",
    file: "node/consensus-log.ts",
    find: "    this.#waiting.push(action);\n    this.#flush();",
    replace: "    this.#flush();\n    action();",
    from: 1,
    swarm: CALM,
    seen: /^durability/,
  },
  {
    name: "the guard does not write what it signs",
    file: "node/double-sign-guard.ts",
    find: "      this.#file.append(framed, done);",
    replace: "      done(null);",
    from: 1,
    swarm: CALM,
    seen: /^durability/,
  },
  {
    name: "the log is not replayed",
    file: "node/recovery.ts",
    find: "if (log.corrupt) return [];",
    replace: "if (log.records.length >= 0) return [];",
    from: 1,
    swarm: { ...CALM, byzantine: [], strikes: ["crash", "crashOfAll"], lossPermille: 300 },
    seen: /^(lock|agreement|liveness)/,
  },
  {
    name: "nobody notices that the log lacks what the guard holds",
    file: "node/consensus-driver.ts",
    find: "return this.#m.guard?.holdsOnly(this.#machine.height, requests) !== false;",
    replace: "return requests.length >= 0;",
    from: 7,
    swarm: FORGETFUL,
    seen: /^(lock|agreement)/,
  },
  {
    name: "the head moves before its block is durable",
    file: "node/chain-store.ts",
    find: "    this.#store.write(batch, (fault) => {\n      if (fault === null) {\n        this.#head = head;\n        this.#moveTip(head, finalised);\n      }\n      done(fault);\n    });",
    replace:
      "    this.#store.write(batch, () => undefined);\n    this.#head = head;\n    this.#moveTip(head, finalised);\n    done(null);",
    from: 2,
    swarm: { ...CALM, strikes: ["crashInWrite"] },
    seen: /^(durability|member-\d ended)/,
  },
  {
    name: "a vote's signature is not checked",
    file: "node/message-check.ts",
    find: 'if (valid !== true) {\n          transport.penalise(peer, "vote with a wrong signature");',
    replace: 'if (valid === undefined) {\n          transport.penalise(peer, "vote with a wrong signature");',
    from: 1,
    swarm: WITH_FORGER,
    seen: /^(validity|agreement|accountability)/,
  },
  {
    name: "a commit of f+1 finalises",
    file: "light/commit.ts",
    find: 'if (commit.sigs.length < quorum(claim.set.length)) return err("COMMIT_NO_QUORUM");',
    replace: 'if (commit.sigs.length < quorum(claim.set.length) - 1) return err("COMMIT_NO_QUORUM");',
    from: 34,
    swarm: WITH_LIAR,
    seen: /^validity/,
  },
  {
    name: "half of the signatures of a commit are verified",
    file: "light/commit.ts",
    find: "    previous = index;\n    checks.push(",
    replace: "    previous = index;\n    if (index % 2 === 0) checks.push(",
    from: 126,
    swarm: WITH_LIAR,
    seen: /^validity/,
  },
  {
    name: "a transaction that ran out may stand in a block",
    file: "node/block-validator.ts",
    find: "if (refusal !== null) return ",
    replace: 'if (refusal !== null && refusal.code !== "EXPIRED") return ',
    from: 4,
    swarm: WITH_INVALID_BLOCKS,
    seen: /^validity.*EXPIRED/,
  },
  {
    name: "a transaction may stand in two blocks",
    file: "node/block-validator.ts",
    find: 'if (pairs.some(({ id }) => this.#isUsed(id))) return "BLOCK_REPEATS_TRANSACTION";',
    replace: "void this.#isUsed;",
    from: 8,
    swarm: WITH_INVALID_BLOCKS,
    seen: /^validity.*once more/,
  },
  {
    name: "signatures of transactions in others' blocks are not checked",
    file: "node/block-validator.ts",
    find: "if (!trusted.has(envelope) && !this.#m.verified.hasEnvelope(envelope)) items.push(...signatureChecks(envelope));",
    replace: "void [trusted, signatureChecks];",
    from: 20,
    swarm: WITH_INVALID_BLOCKS,
    seen: /^validity.*signature/,
  },
  {
    name: "evidence is believed without its signatures",
    file: "node/block-validator.ts",
    find: 'return "BLOCK_EVIDENCE";\n      items.push(...checks);',
    replace: 'return "BLOCK_EVIDENCE";',
    from: 4,
    swarm: WITH_INVALID_BLOCKS,
    seen: /^(accountability|validity.*evidence)/,
  },
  {
    name: "a block may be of a time that has not come",
    file: "consensus/machine.ts",
    find: "if (block.timeMs > stampMs + drift && block.timeMs !== state.parentTimeMs + 1) return false;",
    replace: "",
    from: 14,
    swarm: WITH_INVALID_BLOCKS,
    seen: /^validity.*time/,
  },
  {
    name: "who took part is judged by the own commit and not by the carried one",
    file: "node/block-validator.ts",
    find: "parent: parentTurn(lastCommit, this.#m.store.tipHeader),",
    replace: "parent: parentTurn(this.#m.store.commit(header.height - 1) ?? lastCommit, this.#m.store.tipHeader),",
    from: 1,
    swarm: { ...LOSSY, byzantine: ["invalidBlocks"] },
    seen: /^(validity|liveness|agreement|member-\d ended)/,
  },
  {
    name: "a proof older than the lock frees it",
    file: "consensus/rules.ts",
    find: "mayPrevoteAgain: (lock, block, validRound) => lock.round <= validRound || lock.block === block,",
    replace: "mayPrevoteAgain: () => true,",
    from: 1,
    swarm: played("an old proof frees no lock"),
    seen: /^(lock|agreement)/,
  },
  {
    name: "who joins by a snapshot does not ask which transactions are used",
    file: "node/snapshot-joiner.ts",
    find: "await this.#fetchUsedIds(block, sources);",
    replace: "",
    from: 1,
    swarm: REJOINING,
    seen: /^durability.*is used/,
  },
  {
    name: "blocks of the window are let go of",
    file: "node/pruner.ts",
    find: "const usedMs = usedIdsSinceMs(head.timeMs);",
    replace: "const usedMs = Math.max(head.timeMs, usedIdsSinceMs(head.timeMs));",
    from: 1,
    swarm: LETTING_GO,
    seen: /^durability.*is used/,
  },
  {
    name: "the mark that a chunk is here is written before the chunk",
    file: "node/snapshot-joiner.ts",
    find: "await this.#write([...writes, { key, value: new Uint8Array(0) }]);",
    replace: "await this.#write([{ key, value: new Uint8Array(0) }]);\n      await this.#write(writes);",
    from: 10,
    swarm: REJOINING,
    seen: /^member-\d ended/,
  },
];
