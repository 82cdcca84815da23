import type { Decided } from "../node/decided.ts";
import type { Node } from "../node/node.ts";
import { LIMITS } from "../types/limits.ts";
import type { Hash, Height, MemberId, PublicKey, TimeMs, TxId } from "../types/scalars.ts";
import { Deeds } from "./deeds.ts";
import type { ReferenceChain } from "./reference-chain.ts";
import type { VirtualDisk } from "./virtual-disk.ts";

interface Canonical {
  readonly id: Hash;
  readonly by: MemberId;
}

/** What must hold in every run, looked at while it goes on. The first failure is kept. */
export class Checkers {
  #failure: string | null = null;
  /** What any node finalised at a height. */
  readonly #blocks = new Map<Height, Canonical>();
  readonly #heights = new Map<MemberId, Height>();
  readonly #committed = new Map<TxId, { readonly at: Height; readonly notAfter: TimeMs }>();
  readonly #expired = new Set<TxId>();
  readonly #accused = new Set<MemberId>();
  #reference: ReferenceChain | null = null;
  #deeds: Deeds | null = null;
  #guilty: ReadonlySet<MemberId> = new Set();
  #latestMs: () => TimeMs = () => 0;
  #parentMs: TimeMs = 0;
  #changes = 0;

  get failure(): string | null {
    return this.#failure;
  }

  /** How often the authorities changed. */
  get changes(): number {
    return this.#changes;
  }

  get heights(): number {
    return this.#blocks.size;
  }

  /** Against whom finalised blocks hold evidence. */
  get accused(): ReadonlySet<MemberId> {
    return this.#accused;
  }

  isCommitted(id: TxId): boolean {
    return this.#committed.has(id);
  }

  /** Whose the nodes are, who may do what it should not, and what the time is on the fastest clock of a correct node. */
  watch(view: {
    readonly reference: ReferenceChain;
    readonly memberOf: ReadonlyMap<PublicKey, MemberId>;
    readonly guilty: ReadonlySet<MemberId>;
    readonly latestMs: () => TimeMs;
  }): void {
    this.#reference = view.reference;
    this.#guilty = view.guilty;
    this.#latestMs = view.latestMs;
    this.#deeds = new Deeds({ ...view, fail: (reason) => this.fail(reason) });
  }

  fail(reason: string): void {
    this.#failure ??= reason;
  }

  /** A node is about to start on this disk. */
  powered(name: MemberId, disk: VirtualDisk, key: PublicKey): void {
    this.#deeds?.powered(name, disk, key);
  }

  /** A machine lost its disk: its node may begin anew. */
  forgets(name: MemberId): void {
    this.#heights.delete(name);
  }

  /** Durability: a node comes back with at least what it had finalised, and with nothing else. */
  restarted(name: MemberId, node: Node): void {
    const { height, block } = node.head;
    const before = this.#heights.get(name) ?? 0;
    if (height < before) this.fail(`durability: ${name} had finalised height ${before} and came back with ${height}`);
    const known = this.#blocks.get(height);
    if (known !== undefined && known.id !== block) this.fail(`durability: ${name} came back with another block at ${height}`);
    this.#heights.set(name, height);
    this.#joined(name, node);
  }

  /** A node that does not have the blocks, any more or yet, knows all the same which transactions could come once more. */
  #joined(name: MemberId, { chainStore, head }: Node): void {
    const { base } = chainStore;
    for (const [id, { at, notAfter }] of this.#committed) {
      if (at <= base && notAfter > head.timeMs && !chainStore.hasTransaction(id))
        this.fail(`durability: ${name} has blocks from height ${base} on and does not know that ${id} is used`);
    }
  }

  /** Agreement and validity: one block per height, each what the reference makes of it, with a commit of its authorities. */
  decided(name: MemberId, { block, id, commit, envelopes }: Decided): void {
    const reference = this.#reference;
    if (reference === null || this.#guilty.has(name)) return;
    const { height } = block.header;
    const before = this.#heights.get(name) ?? 0;
    if (before + 1 < height) this.fail(`${name} skipped from height ${before} to ${height}`);
    this.#heights.set(name, height);
    const known = this.#blocks.get(height);
    if (known !== undefined) {
      if (known.id !== id) this.fail(`agreement: ${known.by} and ${name} finalised different blocks at height ${height}`);
      const fault = reference.commitFault(commit, id);
      if (fault !== null) this.fail(`validity: the commit of height ${height} at ${name}: ${fault}`);
      return;
    }
    const fault = reference.take(block, id, commit, envelopes);
    if (fault !== null) this.fail(`validity: the block of height ${height} that ${name} finalised: ${fault}`);
    this.#blocks.set(height, { id, by: name });
    if (block.header.nextValidators !== block.header.validators) this.#changes += 1;
    // 22, protocol.md §4 "Block time": some correct clock was at most so far behind the block when it was voted for.
    if (block.header.timeMs > Math.max(this.#latestMs() + LIMITS.clockDriftMs, this.#parentMs + 1))
      this.fail(`validity: the block of height ${height} is of a time that has not come`);
    this.#parentMs = block.header.timeMs;
    for (const { authority } of block.evidence) {
      if (!this.#guilty.has(authority)) this.fail(`accountability: evidence against ${authority}, who is innocent, is final`);
      this.#accused.add(authority);
    }
    for (const { pair, tx } of envelopes) {
      if (this.#expired.has(pair.id)) this.fail(`durability: ${pair.id} was said to have run out, and is final`);
      this.#committed.set(pair.id, { at: height, notAfter: tx.notAfter });
    }
  }

  /** A node tells a client that no block will ever hold the transaction. */
  saidExpired(name: MemberId, id: TxId): void {
    if (this.#guilty.has(name)) return;
    if (this.#committed.has(id)) this.fail(`durability: ${name} said of ${id}, which is final, that it ran out`);
    this.#expired.add(id);
  }

  /** At the end: a node has every block and every transaction that any node ever finalised, up to its head, from the block on by which it joined. */
  holdsAll(name: MemberId, node: Node): void {
    const { height } = node.head;
    const { base } = node.chainStore;
    this.#joined(name, node);
    for (const [at, { id }] of this.#blocks) {
      if (at >= base && at <= height && node.chainStore.heightOf(id as never) !== at)
        this.fail(`durability: ${name} lacks the block of ${at}`);
    }
    for (const [id, { at }] of this.#committed) {
      if (at > base && at <= height && node.chainStore.transaction(id)?.height !== at)
        this.fail(`durability: ${name} lost transaction ${id}`);
    }
  }

  /** A message leaves a node. */
  onMessage(from: PublicKey, bytes: Uint8Array): void {
    this.#deeds?.onMessage(from, bytes);
  }
}
