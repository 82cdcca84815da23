import { blockId } from "../codec/block.ts";
import { decode } from "../codec/cbor.ts";
import { decodeTransaction } from "../codec/transaction.ts";
import { equalBytes } from "../lib/bytes.ts";
import { commitChecks } from "../light/commit.ts";
import type { Hasher, Verifier, VerifyItem } from "../ports/crypto.ts";
import type { Block, Commit } from "../types/block.ts";
import { LIMITS } from "../types/limits.ts";
import type { BlockId, Hash, Height } from "../types/scalars.ts";
import type { Envelope } from "../types/transaction.ts";
import type { ValidatorSet } from "../types/validator-set.ts";
import type { BlockExecutor } from "./block-executor.ts";
import type { EventLoop } from "./event-loop.ts";
import { type StoredBlock, storedBlockSchema } from "./messages.ts";
import { signatureChecks } from "./transaction-pool.ts";
import type { VerifiedSignatures } from "./verified-signatures.ts";

/** A fetched block that is sound by itself: what its place on the chain makes of it is still to be seen. */
export interface SoundBlock {
  readonly id: BlockId;
  readonly block: Block;
  readonly commit: Commit;
  readonly envelopes: readonly Envelope[];
}

interface CheckModules {
  readonly chain: Hash;
  readonly loop: EventLoop;
  readonly executor: Pick<BlockExecutor, "authorities">;
  readonly verifier: Verifier;
  readonly verified: VerifiedSignatures;
  readonly hasher: Hasher;
}

/**
 * What of a fetched block can be checked ahead of its turn, while those before it are executed: its form, its ids, the signatures of
 * its transactions; and those of its commits, as long as the authorities are the present ones (else they are verified in its turn).
 * What was verified is remembered in `verified`, so that the block's turn is left with execution alone.
 */
export class FetchedBlockCheck {
  readonly #m: CheckModules;
  /** The commit of the block that was taken up last. */
  #previous: Commit | null = null;

  constructor(modules: CheckModules) {
    this.#m = modules;
  }

  /** `done` is called once, with the block or the code of what is wrong, and whether its commit was verified. */
  check(height: Height, bytes: Uint8Array, done: (outcome: SoundBlock | string, isShown: boolean) => void): void {
    const decoded = decode(storedBlockSchema, bytes, LIMITS.responseBytesMax);
    if (!decoded.ok) {
      done(decoded.error.code, false);
      return;
    }
    const { block, commit } = decoded.value as { readonly block: Block; readonly commit: Commit };
    const id = blockId(block.header, this.#m.hasher.sha256);
    const envelopes = this.#envelopes(decoded.value);
    if (block.header.height !== height || envelopes === undefined) {
      done("BLOCK_BODIES", false);
      return;
    }
    // The authorities may have changed with the last block.
    const { set, hash } = this.#m.executor.authorities();
    const isPresent = block.header.validators === hash;
    const own = isPresent ? this.#commitChecks(commit, height, id, set) : [];
    if (typeof own === "string") {
      done(own, false);
      return;
    }
    const parent = isPresent ? this.#parentChecks(block, set) : [];
    this.#previous = commit;
    const transactions = envelopes.flatMap(signatureChecks);
    this.#m.verifier.verify(
      [...own, ...transactions, ...parent],
      "transactions",
      this.#m.loop.callback((valid: readonly boolean[]) => {
        const needed = own.length + transactions.length;
        for (const [index, check] of own.entries()) if (valid[index] === true) this.#m.verified.add(check);
        // Another set may have signed the parent: what is not sound by the present one is judged in the block's turn.
        for (const [index, check] of parent.entries()) if (valid[needed + index] === true) this.#m.verified.add(check);
        if (!valid.slice(0, needed).every((each) => each)) {
          done("BLOCK_SIGNATURE", false);
          return;
        }
        for (const envelope of envelopes) this.#m.verified.addEnvelope(envelope);
        done({ id, block, commit, envelopes }, isPresent);
      }),
    );
  }

  #commitChecks(commit: Commit, height: Height, block: BlockId, set: ValidatorSet): readonly VerifyItem[] | string {
    const checks = commitChecks(this.#m.chain, commit, { height, block, set }, this.#m.hasher.sha256);
    return checks.ok ? checks.value.filter((check) => !this.#m.verified.has(check)) : checks.error;
  }

  /** Of the commit that the block carries, but for the signatures that came with its parent a moment ago and are being verified. */
  #parentChecks({ header, lastCommit }: Block, set: ValidatorSet): readonly VerifyItem[] {
    const checks = header.height === 1 ? [] : this.#commitChecks(lastCommit, header.height - 1, header.parent, set);
    if (typeof checks === "string") return [];
    const { block, round, sigs } = this.#previous ?? lastCommit;
    if (this.#previous === null || block !== lastCommit.block || round !== lastCommit.round) return checks;
    return checks.filter(({ signature }) => !sigs.some(({ sig }) => equalBytes(sig, signature)));
  }

  #envelopes({ bodies, block }: StoredBlock): readonly Envelope[] | undefined {
    const envelopes: Envelope[] = [];
    for (const [index, bytes] of bodies.entries()) {
      const decoded = decodeTransaction(bytes, this.#m.hasher.sha256);
      const pair = block.pairs[index];
      if (!decoded.ok || pair === undefined || decoded.value.pair.id !== pair.id || decoded.value.pair.sigs !== pair.sigs)
        return undefined;
      envelopes.push(decoded.value);
    }
    return bodies.length === block.pairs.length ? envelopes : undefined;
  }
}
