import { verifyCommit } from "../light/commit.ts";
import type { Decided } from "../node/consensus-driver.ts";
import { decodeMessage } from "../node/messages.ts";
import type { Hash, MemberId, PublicKey, TxId } from "../types/scalars.ts";
import type { ValidatorSet } from "../types/validator-set.ts";
import type { Scheme } from "./virtual-crypto.ts";

/** What must hold in every run, looked at while it goes on. The first failure is kept. */
export class Checkers {
  #failure: string | null = null;
  /** What any node finalised at a height. */
  readonly #blocks = new Map<number, { readonly id: Hash; readonly stateRoot: Hash; readonly by: MemberId }>();
  readonly #heights = new Map<MemberId, number>();
  readonly #committed = new Set<TxId>();
  /** What each authority has signed, by slot. */
  readonly #signed = new Map<string, string>();
  #chain: Hash | null = null;
  #set: ValidatorSet = [];
  #scheme: Scheme | null = null;
  #accused = false;
  #guilty: MemberId | null = null;
  #indexOf: ReadonlyMap<PublicKey, number> = new Map();

  get failure(): string | null {
    return this.#failure;
  }

  get heights(): number {
    return Math.max(0, ...this.#blocks.keys());
  }

  /** Whether a finalised block holds evidence against the one who misbehaves. */
  get accused(): boolean {
    return this.#accused;
  }

  isCommitted(id: TxId): boolean {
    return this.#committed.has(id);
  }

  /** Whom the signatures belong to, and who may sign what it should not. */
  watch(chain: Hash, set: ValidatorSet, scheme: Scheme, nodeKeys: readonly PublicKey[], guilty: MemberId | null): void {
    this.#guilty = guilty;
    this.#chain = chain;
    this.#set = set;
    this.#scheme = scheme;
    this.#indexOf = new Map(nodeKeys.map((key, index) => [key, index]));
  }

  fail(reason: string): void {
    this.#failure ??= reason;
  }

  /** Durability: a node comes back with at least what it had finalised. */
  restarted(name: MemberId, height: number): void {
    const before = this.#heights.get(name) ?? 0;
    if (height < before) this.fail(`${name} had finalised height ${before} and came back with ${height}`);
  }

  /** Agreement and validity: one block and one state per height, each with a commit that verifies from the genesis on. */
  decided(name: MemberId, { block, id, commit, envelopes }: Decided): void {
    const { height, stateRoot } = block.header;
    const known = this.#blocks.get(height);
    if (known === undefined) this.#blocks.set(height, { id, stateRoot, by: name });
    else if (known.id !== id || known.stateRoot !== stateRoot)
      this.fail(`agreement: ${known.by} and ${name} finalised different blocks at height ${height}`);
    if ((this.#heights.get(name) ?? 0) + 1 < height)
      this.fail(`${name} skipped from height ${this.#heights.get(name) ?? 0} to ${height}`);
    this.#heights.set(name, height);
    const parent = height === 1 ? undefined : this.#blocks.get(height - 1);
    if (parent !== undefined && block.header.parent !== parent.id)
      this.fail(`${name} finalised a block at ${height} that does not follow the one before`);
    if (this.#chain !== null && this.#scheme !== null) {
      const fault = verifyCommit(this.#chain, commit, { height, block: id, set: this.#set }, this.#scheme.verify);
      if (fault !== null) this.fail(`the commit of height ${height} at ${name}: ${fault}`);
    }
    for (const { authority } of block.evidence) {
      if (authority !== this.#guilty)
        this.fail(`accountability: ${name} finalised evidence against ${authority}, who is innocent`);
      else this.#accused = true;
    }
    for (const { pair } of envelopes) this.#committed.add(pair.id);
  }

  /** No two different signed messages for one slot ever leave an authority. */
  onMessage(from: PublicKey, bytes: Uint8Array): void {
    const decoded = decodeMessage(bytes);
    if (!decoded.ok) {
      this.fail(`a node sent what does not decode: ${decoded.error.code}`);
      return;
    }
    const message = decoded.value;
    if (message.kind !== "vote" && message.kind !== "proposal") return;
    const said = message.kind === "vote" ? message.body : message.body.proposal;
    // Others' messages are passed on; only the signer's own are its deeds.
    if (this.#indexOf.get(from) !== said.index || this.#set[said.index]?.member === this.#guilty) return;
    const kind = message.kind === "vote" ? message.body.kind : "proposal";
    const slot = `${said.index}/${said.height}/${said.round}/${kind}`;
    const what = message.kind === "vote" ? String(message.body.block) : `${said.block}/${message.body.proposal.validRound}`;
    const before = this.#signed.get(slot);
    if (before === undefined) this.#signed.set(slot, what);
    else if (before !== what)
      this.fail(`authority ${said.index} signed two different messages at height ${said.height}, round ${said.round}, ${kind}`);
  }
}
