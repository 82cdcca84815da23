import { blockId, commitSchema, headerSchema, validatorsSchema } from "../codec/block.ts";
import { SchemaError } from "../codec/schema.ts";
import { verify } from "../crypto/ed25519.ts";
import { CodedError } from "../lib/coded-error.ts";
import { type Conflict, type ShownHeader, signersOfBoth, skipTo } from "../light/skip.ts";
import type { Engine, Trusted } from "../light/trust.ts";
import type { Height } from "../types/scalars.ts";
import { Client, type ClientOptions } from "./client.ts";

/** One endpoint, asked alone, so that what it says is its own. */
export interface Source {
  readonly endpoint: string;
  readonly client: Client;
}

/** Why an endpoint was not believed, or what it could not answer. */
export interface Doubt {
  readonly endpoint: string;
  readonly code: string;
}

/** What an endpoint did by which it lost belief, for a person; any other code speaks for itself. */
const DONE: Readonly<Record<string, string>> = {
  UNREACHABLE: "does not answer",
  ANSWER_MALFORMED: "answers what no node answers",
  BLOCK_NOT_FOUND: "has not the block that it told of",
  HEIGHT_OTHER: "shows another block than it was asked for",
  CHAIN_OTHER: "is of another chain than the genesis",
  AUTHORITIES_OTHER: "names authorities to whom nothing trusted leads",
  COMMIT_NO_QUORUM: "shows a block that fewer than a quorum signed",
  COMMIT_BAD_SIGNATURE: "shows a block with a signature that does not verify",
  COMMIT_OTHER_BLOCK: "shows signatures of another block",
  PROOF_STATE: "answers what the state does not hold",
  PROOF_OTHER_ID: "answers about something else",
  PROOF_STALE: "answers from an older block than it had shown",
};

/** No endpoint showed what could be verified. */
export class LightClientError extends CodedError<"NO_SOUND_ENDPOINT"> {
  override readonly name = "LightClientError";
  readonly doubts: readonly Doubt[];
  constructor(doubts: readonly Doubt[]) {
    super(
      "NO_SOUND_ENDPOINT",
      `no endpoint is to be believed: ${doubts.map(({ endpoint, code }) => `${endpoint} ${DONE[code] ?? "is refused"} (${code})`).join(", ")}`,
    );
    this.doubts = doubts;
  }
}

/** The chain has two final blocks at one height: nothing on it is to be relied on until people have looked. */
export class ConflictError extends CodedError<"CONFLICTING_COMMITS"> {
  override readonly name = "ConflictError";
  /** Both headers with their commits: evidence against whoever signed both. */
  readonly conflict: Conflict;
  readonly signedBoth: readonly string[];
  constructor(conflict: Conflict) {
    super("CONFLICTING_COMMITS", `two final blocks at height ${conflict.one.header.height}`);
    this.conflict = conflict;
    this.signedBoth = signersOfBoth(conflict);
  }
}

export interface LightClientOptions extends Omit<ClientOptions, "endpoints"> {
  /** Asked one by one, and each compared with the others. */
  readonly endpoints: readonly string[];
  /** The genesis (`trustGenesis`), or the authorities above a header that one trusts. */
  readonly trusted: Trusted;
  readonly engine?: Engine;
}

const HEADERS_KEPT_MAX = 1_024;

/** Follows a chain by its commits alone, from what is trusted on, skipping as many heights as the authorities allow. */
export class LightClient {
  readonly sources: readonly Source[];
  /** What it was told to trust in the beginning. */
  readonly base: Trusted;
  readonly engine: Engine;
  #trusted: Trusted;
  /** Verified headers, oldest first. */
  readonly #verified = new Map<Height, ShownHeader>();

  constructor({ endpoints, trusted, engine, ...options }: LightClientOptions) {
    this.sources = endpoints.map((endpoint) => ({ endpoint, client: new Client({ ...options, endpoints: [endpoint] }) }));
    this.base = trusted;
    this.#trusted = trusted;
    this.engine = engine ?? { verify };
  }

  /** The height up to which the chain was followed. */
  get height(): Height {
    return this.#trusted.height;
  }

  get newest(): ShownHeader | undefined {
    return this.#verified.get(this.#trusted.height);
  }

  /**
   * Verifies the newest block of whichever endpoint is furthest and to be believed, and compares it with what the others have there. Answers
   * the endpoints that were not believed. Throws ConflictError, or LightClientError if there is no endpoint to believe.
   */
  async advance(): Promise<readonly Doubt[]> {
    const doubts: Doubt[] = [];
    const claims: { readonly source: Source; readonly height: Height }[] = [];
    for (const source of this.sources) {
      try {
        const { height } = await source.client.status();
        if (!Number.isSafeInteger(height)) throw new Doubtful("ANSWER_MALFORMED");
        claims.push({ source, height });
      } catch (error) {
        doubts.push({ endpoint: source.endpoint, code: codeOf(error) });
      }
    }
    claims.sort((left, right) => right.height - left.height);
    for (const { source, height } of claims) {
      if (height === this.height) return this.#compare(source, doubts);
      if (height < this.height) continue;
      try {
        await this.#follow(source, height);
      } catch (error) {
        if (error instanceof ConflictError) throw error;
        doubts.push({ endpoint: source.endpoint, code: codeOf(error) });
        continue;
      }
      return this.#compare(source, doubts);
    }
    throw new LightClientError(doubts);
  }

  /**
   * A header that was verified, here or in a proof: it must not contradict what is known, and leads further if it says who signs next. Throws
   * ConflictError.
   */
  adopt(shown: ShownHeader): void {
    const known = this.#verified.get(shown.header.height);
    if (known !== undefined && blockId(known.header) !== blockId(shown.header))
      throw new ConflictError({ one: known, other: shown });
    if (shown.header.height <= this.height || shown.nextSet.length === 0) return;
    this.#trusted = { chain: this.base.chain, height: shown.header.height, set: shown.nextSet };
    this.#remember(shown);
  }

  /** From what is trusted to a height: at one stride if possible, else over heights in between. */
  async #follow(source: Source, height: Height): Promise<void> {
    const steps = await this.#path(source, this.#trusted, height);
    for (const step of steps) this.adopt(step);
  }

  /** The headers that lead from `trusted` to `height`, each verified by the one before. Throws Doubtful. */
  async #path(source: Source, trusted: Trusted, height: Height): Promise<readonly ShownHeader[]> {
    const ahead = [await shownBy(source, height)];
    const steps: ShownHeader[] = [];
    let now = trusted;
    while (ahead.length > 0) {
      const next = ahead.at(-1) as ShownHeader;
      const result = skipTo(now, next, this.engine);
      if (result.ok) {
        now = result.value;
        steps.push(next);
        ahead.pop();
      } else if (result.error === "TOO_FAR") {
        ahead.push(await shownBy(source, Math.floor((now.height + next.header.height) / 2)));
      } else {
        throw new Doubtful(result.error);
      }
    }
    return steps;
  }

  /** What the others have at the newest height: a lie of theirs, or, if it can be verified as well, a conflict. Answers all doubts. */
  async #compare(chosen: Source, before: readonly Doubt[]): Promise<readonly Doubt[]> {
    const newest = this.newest;
    if (newest === undefined) return before;
    const { height } = newest.header;
    const doubts = [...before];
    for (const source of this.sources) {
      if (source === chosen || before.some(({ endpoint }) => endpoint === source.endpoint)) continue;
      try {
        const shown = await shownBy(source, height);
        if (blockId(shown.header) === blockId(newest.header)) continue;
        await this.#path(source, this.base, height);
        throw new ConflictError({ one: newest, other: shown });
      } catch (error) {
        if (error instanceof ConflictError) throw error;
        // Who is only behind has shown nothing wrong.
        if (codeOf(error) !== "BLOCK_NOT_FOUND") doubts.push({ endpoint: source.endpoint, code: codeOf(error) });
      }
    }
    return doubts;
  }

  #remember(shown: ShownHeader): void {
    this.#verified.set(shown.header.height, shown);
    if (this.#verified.size > HEADERS_KEPT_MAX) this.#verified.delete(this.#verified.keys().next().value as Height);
  }
}

/** What an endpoint shows does not verify. */
class Doubtful extends Error {
  readonly code: string;
  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

async function shownBy({ client }: Source, height: Height): Promise<ShownHeader> {
  const block = await client.call<{ readonly header: unknown; readonly commit: unknown }>("chain_getBlock", { height });
  const sets = await Promise.all([height, height + 1].map((at) => client.call<unknown>("chain_getValidators", { height: at })));
  try {
    const header = headerSchema.fromJson(block.header, "header");
    if (header.height !== height) throw new Doubtful("HEIGHT_OTHER");
    const [set, nextSet] = sets.map((each) => validatorsSchema.fromJson(withoutPower(each), "validators"));
    return { header, commit: commitSchema.fromJson(block.commit, "commit"), set: set ?? [], nextSet: nextSet ?? [] };
  } catch (error) {
    if (error instanceof SchemaError) throw new Doubtful("ANSWER_MALFORMED");
    throw error;
  }
}

/** Every authority has one vote; a set as it is hashed does not say so. */
function withoutPower(json: unknown): unknown {
  return Array.isArray(json)
    ? json.map(({ member, key }: { readonly member: unknown; readonly key: unknown }) => ({ member, key }))
    : json;
}

export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "ANSWER_MALFORMED";
}
