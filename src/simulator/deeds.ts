import { fromHex } from "../lib/bytes.ts";
import { type ConsensusMessage, decodeMessage } from "../node/messages.ts";
import type { MemberId, PublicKey } from "../types/scalars.ts";
import type { Proposal, Vote } from "../types/vote.ts";
import type { ReferenceChain } from "./reference-chain.ts";
import type { VirtualDisk } from "./virtual-disk.ts";

interface Precommit {
  readonly round: number;
  readonly block: string;
}

interface Modules {
  readonly reference: ReferenceChain;
  readonly memberOf: ReadonlyMap<PublicKey, MemberId>;
  readonly guilty: ReadonlySet<MemberId>;
  readonly fail: (reason: string) => void;
}

/**
 * What authorities sign, watched as it leaves them, before the network can lose it. Each correct one signs one thing per slot, whatever it
 * lost in between; keeps its lock until a newer proof frees it; and lets nothing go that its disk does not hold.
 */
export class Deeds {
  readonly #m: Modules;
  readonly #powered = new Map<MemberId, { readonly disk: VirtualDisk; readonly key: PublicKey }>();
  /** What each authority signed, by slot. */
  readonly #signed = new Map<string, string>();
  /** The newest precommit for a block by authority and height. */
  readonly #locks = new Map<string, Precommit>();
  /** Who prevoted a block, by height, round and block; everybody's, the guilty included. */
  readonly #prevotes = new Map<string, Set<number>>();

  constructor(modules: Modules) {
    this.#m = modules;
  }

  /** The disk on which the member's guard and log are, and the key that is its own now. */
  powered(name: MemberId, disk: VirtualDisk, key: PublicKey): void {
    this.#powered.set(name, { disk, key });
  }

  onMessage(from: PublicKey, bytes: Uint8Array): void {
    const member = this.#m.memberOf.get(from);
    if (member === undefined) return;
    const decoded = decodeMessage(bytes);
    if (!decoded.ok) {
      if (!this.#m.guilty.has(member)) this.#m.fail(`${member} sent what does not decode: ${decoded.error.code}`);
      return;
    }
    const message = decoded.value;
    if (message.kind === "vote") this.#count(message.body as Vote);
    if (this.#m.guilty.has(member)) return;
    if (message.kind === "vote" || message.kind === "proposal") this.#onSigned(member, message);
  }

  #onSigned(member: MemberId, message: Extract<ConsensusMessage, { kind: "vote" | "proposal" }>): void {
    const said = (message.kind === "vote" ? message.body : message.body.proposal) as Vote | Proposal;
    // Others' messages are passed on; only the signer's own are its deeds.
    if (this.#m.reference.setAt(said.height)?.[said.index]?.member !== member) return;
    const kind = message.kind === "vote" ? message.body.kind : "proposal";
    const slot = `${said.index}/${said.height}/${said.round}/${kind}`;
    const what = message.kind === "vote" ? String(said.block) : `${said.block}/${message.body.proposal.validRound}`;
    const before = this.#signed.get(slot);
    if (before !== undefined) {
      if (before !== what)
        this.#m.fail(`double signature: ${member} signed two different ${kind}s at height ${said.height}, round ${said.round}`);
      return;
    }
    this.#signed.set(slot, what);
    this.#isDurable(member, said, kind);
    if (message.kind === "vote") this.#keepsLock(member, message.body as Vote);
  }

  /** The guard has the signature, and the log the block, before anybody else has them. */
  #isDurable(member: MemberId, said: Vote | Proposal, kind: string): void {
    const { disk, key } = this.#powered.get(member) ?? {};
    // What an earlier key of the machine signed it passes on like others' votes; the guard of that key is put aside.
    if (disk === undefined || this.#m.reference.setAt(said.height)?.[said.index]?.key !== key) return;
    const where = `${kind} of ${member} at height ${said.height}, round ${said.round}`;
    if (!disk.holds("guard", said.sig)) this.#m.fail(`durability: the ${where} left before the guard had it`);
    if (said.block !== null && !disk.holds("log", fromHex(said.block) as Uint8Array))
      this.#m.fail(`durability: the ${where} left before the log had its block`);
  }

  /** 23, 29, 36–41: after a precommit for one block, a prevote for another needs a quorum of prevotes that is no older. */
  #keepsLock(member: MemberId, { height, round, kind, block, index }: Vote): void {
    if (block === null) return;
    const name = `${index}/${height}`;
    if (kind === "precommit") {
      this.#locks.set(name, { round, block });
      return;
    }
    const lock = this.#locks.get(name);
    if (lock === undefined || lock.block === block || lock.round >= round) return;
    const n = this.#m.reference.setAt(height)?.length ?? 0;
    for (let proof = lock.round; proof < round; proof++) {
      const voters = this.#prevotes.get(`${height}/${proof}/${block}`)?.size ?? 0;
      if (3 * voters > 2 * n) return;
    }
    this.#m.fail(`lock: ${member} locked a block in round ${lock.round} of height ${height} and prevoted another in ${round}`);
  }

  #count({ height, round, kind, block, index }: Vote): void {
    if (kind !== "prevote" || block === null) return;
    const name = `${height}/${round}/${block}`;
    const voters = this.#prevotes.get(name);
    if (voters === undefined) this.#prevotes.set(name, new Set([index]));
    else voters.add(index);
  }
}
