import { createHash } from "node:crypto";
import { privateKeyObject, signNative } from "../../adapters/ed25519-native.ts";
import type { Client } from "../../client/client.ts";
import { objectId, partyId } from "../../client/object-id.ts";
import { op, type SigningKey, signTransaction } from "../../client/transaction-builder.ts";
import { publicKeyOf } from "../../crypto/ed25519.ts";
import type { MemberActor } from "../../story/cast.ts";
import type { Hash, TxId } from "../../types/scalars.ts";
import type { Operation } from "../../types/transaction.ts";

/** Parts of one root; each is where a chain of transactions begins. */
const PARTS = 32;
const PART_AMOUNT = 1_000_000n;
const HOLDERS = 16;

export interface Chain {
  readonly note: Hash;
  readonly holder: SigningKey;
}

export interface Population {
  readonly chains: readonly Chain[];
  readonly holders: readonly SigningKey[];
}

export interface Builder {
  readonly client: Pick<Client, "submitAndWait">;
  readonly chain: Hash;
  readonly nowMs: () => number;
  readonly sponsor: MemberActor;
  /** Tells apart what several populations on one network register. */
  readonly name: string;
}

/** Registers the party of this name; answers its key. */
export async function registerFirm(builder: Omit<Builder, "name">, name: string): Promise<SigningKey> {
  const { sponsor } = builder;
  const key = benchKey(name);
  const body = {
    legalId: { scheme: "BENCH", value: name },
    roles: ["DEBTOR", "SELLER"],
    size: "NA" as const,
    sponsor: sponsor.member as never,
    keys: [{ key: key.publicKey, purpose: "MAKER" as const }],
    policy: [],
  };
  await send(builder, [sponsor.maker, key], op("party.register", body));
  return key;
}

/** Parties, a contract, an invoice, and enough split receivables for `count` independent chains of transfers and splits. */
export async function populate(builder: Builder, count: number): Promise<Population> {
  const { sponsor, name } = builder;
  const roots = Math.ceil(count / PARTS);
  const [seller, debtor, ...others] = Array.from({ length: HOLDERS + 1 }, (_, index) => benchKey(`${name}/${index}`)) as [
    SigningKey,
    SigningKey,
    ...SigningKey[],
  ];
  const holders = [seller, ...others];
  for (let index = 0; index <= HOLDERS; index++) await registerFirm(builder, `${name}/${index}`);
  const face = PART_AMOUNT * BigInt(PARTS);
  const total = face * BigInt(roots);
  const day = Math.floor((builder.nowMs() + 8 * 3_600_000) / 86_400_000);
  const document = digest(name);
  const terms = {
    number: document,
    seller: seller.party,
    buyer: debtor.party,
    currency: "CNY",
    total,
    toleranceBp: 0,
    payTermDays: 180,
    inspectionDays: 7,
    document,
  };
  const contract = objectId(await send(builder, [seller, debtor], op("contract.register", terms)), 0, 0);
  const delivery = objectId(
    await send(builder, [seller], op("delivery.record", { contract, amount: total, day, evidence: document })),
    0,
    0,
  );
  await send(builder, [debtor], op("delivery.accept", { delivery, amount: total }));
  const billed = {
    contract,
    total,
    tax: 0n,
    issueDay: day,
    fingerprint: digest(`${name}/invoice`),
    document,
    verifier: sponsor.party,
  };
  const invoice = objectId(await send(builder, [seller, sponsor.attester], op("invoice.register", billed)), 0, 0);
  const chains: Chain[] = [];
  await Promise.all(
    Array.from({ length: roots }, async () => {
      const issued = op("receivable.issueBySeller", {
        contract,
        face,
        maturityDay: day + 90,
        document,
        allocation: [{ invoice, amount: face }],
      });
      const receivable = objectId(await send(builder, [seller], issued), 0, 0);
      const confirmed = await send(
        builder,
        [debtor],
        op("receivable.confirm", { receivable, mode: "UNCONDITIONAL", amount: face }),
      );
      const parts = Array.from({ length: PARTS }, () => PART_AMOUNT);
      const split = await send(builder, [seller], op("note.split", { note: objectId(confirmed, 0, 0), parts }));
      for (let child = 0; child < PARTS; child++) chains.push({ note: objectId(split, 0, child), holder: seller });
    }),
  );
  return { chains: chains.slice(0, count), holders };
}

export interface Signed {
  readonly id: TxId;
  readonly hex: string;
}

/**
 * `length` transactions that follow each other on one chain's note: three transfers (two signatures, three objects), then a split in two
 * (one signature, four objects) of which the first part goes on.
 */
export async function signChain(
  start: Chain,
  length: number,
  population: Population,
  at: { readonly chain: Hash; readonly notAfter: number },
): Promise<readonly Signed[]> {
  const signed: Signed[] = [];
  let { note, holder } = start;
  let value = PART_AMOUNT;
  for (let index = 0; index < length; index++) {
    const splits = index % 4 === 3 && value >= 1_000n;
    const next = population.holders[
      (population.holders.indexOf(holder) + 1 + (index % 3)) % population.holders.length
    ] as SigningKey;
    const to = next === holder ? (population.holders.find((other) => other !== holder) as SigningKey) : next;
    const first = value / 2n;
    const operation: Operation = splits
      ? op("note.split", { note, parts: [first, value - first] })
      : op("note.transfer", { note, to: to.party });
    const { id, bytes } = await signTransaction(
      { chain: at.chain, ops: [operation], notAfter: at.notAfter },
      splits ? [holder] : [holder, to],
    );
    signed.push({ id, hex: Buffer.from(bytes).toString("hex") });
    note = objectId(id, 0, 0);
    if (splits) value = first;
    else holder = to;
  }
  return signed;
}

async function send(
  { client, chain, nowMs }: Omit<Builder, "name">,
  keys: readonly SigningKey[],
  operation: Operation,
): Promise<TxId> {
  const { id, bytes } = await signTransaction({ chain, ops: [operation], notAfter: nowMs() + 5 * 60_000 }, keys);
  const outcome = await client.submitAndWait(id, bytes);
  if (outcome.status !== "committed") throw new Error(`${operation.kind}: ${outcome.status} ${outcome.code ?? ""}`);
  return id;
}

/** The key of the party that the benches name so: `population/index`. */
export function benchKey(name: string): SigningKey {
  const seed = createHash("sha256").update(name).digest();
  const privateKey = privateKeyObject(seed);
  return {
    party: partyId({ scheme: "BENCH", value: name }),
    publicKey: publicKeyOf(new Uint8Array(seed)),
    sign: (message) => signNative(privateKey, message),
  };
}

function digest(text: string): Hash {
  return createHash("sha256").update(text).digest("hex") as Hash;
}
