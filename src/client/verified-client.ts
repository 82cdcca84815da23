import { validatorsHash } from "../codec/block.ts";
import type { ObjectJson } from "../ledger/title.ts";
import type { Hash, Height, MemberId, TimeMs } from "../types/scalars.ts";
import { codeOf, type Doubt, type LightClient, LightClientError } from "./light-client.ts";
import { type Proved, verifyProof } from "./verify-proof.ts";

/** What was proved, and the endpoints that were not believed on the way to it. */
export interface Verified extends Proved {
  readonly doubts: readonly Doubt[];
}

export interface VerifiedObject {
  /** null: it was proved that there is none. */
  readonly object: ObjectJson | null;
  /** The objects it came from, nearest first. */
  readonly title: readonly ObjectJson[];
  readonly height: Height;
  readonly timeMs: TimeMs;
  readonly signedBy: readonly MemberId[];
  readonly doubts: readonly Doubt[];
}

/**
 * Any RPC endpoint as one that need not be believed: whatever is answered was proved against authorities that the light client
 * followed, and is not older than the newest block it has seen.
 */
export class VerifiedClient {
  readonly #light: LightClient;

  constructor(light: LightClient) {
    this.#light = light;
  }

  /** Throws LightClientError if no endpoint can prove what it says, ConflictError if two final blocks contradict each other. */
  async ledgerGet(kind: string, id: Hash): Promise<VerifiedObject> {
    const { fact, height, timeMs, signedBy, doubts } = await this.proof(kind, id);
    const shown = { height, timeMs, signedBy, doubts };
    return fact.kind === "object" ? { object: fact.object, title: fact.title, ...shown } : { object: null, title: [], ...shown };
  }

  /** An object, a `transaction`, `txReceipt` or `event` as the first endpoint proves it that can. */
  async proof(kind: string, id: string): Promise<Verified> {
    const doubts: Doubt[] = [];
    for (const { client, endpoint } of this.#light.sources) {
      let text: string;
      try {
        text = await client.proof(kind, id, { since: this.#light.base.height });
      } catch (error) {
        doubts.push({ endpoint, code: codeOf(error) });
        continue;
      }
      const code = this.#judge(text, kind, id);
      if (typeof code !== "string") return { ...code, doubts };
      doubts.push({ endpoint, code });
    }
    throw new LightClientError(doubts);
  }

  /** What is proved, or why it is not believed. */
  #judge(text: string, kind: string, id: string): Proved | string {
    const light = this.#light;
    const result = verifyProof(text, light.base, light.engine);
    if (!result.ok) return result.error.code;
    const proved = result.value;
    if (proved.kind !== kind || proved.id !== id) return "PROOF_OTHER_ID";
    const { header, commit, set } = proved.final;
    // What is in a block stays so; what the state holds may have changed since.
    const isOfState = proved.fact.kind === "object" || proved.fact.kind === "absence";
    if (isOfState && header.height < light.height) return "PROOF_STALE";
    // With the last block of a set the next one is not shown: it is not followed, only compared.
    light.adopt({ header, commit, set, nextSet: header.nextValidators === validatorsHash(set) ? set : [] });
    return proved;
  }
}
