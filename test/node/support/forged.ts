import { assemble, buildTransaction, op, signedMessage } from "../../../src/client/transaction-builder.ts";
import { decodeTransaction } from "../../../src/codec/transaction.ts";
import { publicKeyOf } from "../../../src/crypto/ed25519.ts";
import { objectId, partyId } from "../../../src/ledger/ids.ts";
import type { BodyOf } from "../../../src/ledger/transitions.ts";
import { Prng } from "../../../src/lib/prng.ts";
import { Node } from "../../../src/node/node.ts";
import type { Store } from "../../../src/ports/store.ts";
import type { Transport } from "../../../src/ports/transport.ts";
import { Checkers } from "../../../src/simulator/checkers.ts";
import { Scheduler } from "../../../src/simulator/scheduler.ts";
import { cheapScheme, simulatedHasher } from "../../../src/simulator/virtual-crypto.ts";
import { VirtualNetwork } from "../../../src/simulator/virtual-network.ts";
import { type Machine, seedOf, World } from "../../../src/simulator/world.ts";
import { ChainForge } from "../../../src/testnet/chain-forge.ts";
import type { Checkpoint } from "../../../src/types/genesis.ts";
import type { Hash, TimeMs, TxId } from "../../../src/types/scalars.ts";
import type { Envelope, Operation } from "../../../src/types/transaction.ts";
import { MemoryStore } from "./memory-store.ts";

/** Four authorities of a simulated network: keys, genesis, and a signature scheme that costs nothing. */
export function fourMachines() {
  const scheduler = new Scheduler();
  const random = new Prng(1);
  const network = new VirtualNetwork(scheduler, random, () => undefined);
  const options = { authorities: 4, follower: false, scheme: cheapScheme, byzantine: [] };
  return new World(options, { scheduler, network, checkers: new Checkers(), random });
}

/** A chain of `blocks` blocks, each of `transactions` registrations of firms, in a store in memory. */
export async function forgedChain(world: World, blocks: number, transactions: number) {
  const { identity, machines } = world;
  const store = new MemoryStore();
  const keys = machines.map(({ name, authoritySeed }) => ({
    member: name,
    sign: (message: Uint8Array) => cheapScheme.sign(authoritySeed, message),
  }));
  const forge = await ChainForge.open(identity, keys, { store, hasher: simulatedHasher });
  let { timeMs } = identity.genesis;
  let firms = 0;
  const append = async (...envelopes: readonly Envelope[]): Promise<void> => {
    timeMs += 50;
    const { receipts } = await forge.append(timeMs, envelopes);
    if (receipts.some(({ code }) => code !== 0)) throw new Error("a forged transaction failed");
  };
  const extend = async (more: number, each: number): Promise<void> => {
    for (let block = 0; block < more; block++)
      await append(...Array.from({ length: each }, () => registration(world, firms++, timeMs + 50)));
    await forge.flush();
  };
  await extend(blocks, transactions);
  const wait = (forMs: number): void => {
    timeMs += forMs;
  };
  /** A block of nothing but a transaction that the chain has: no node may take it. */
  const repeat = async (id: TxId): Promise<void> => {
    const decoded = decodeTransaction(forge.store.body(id) as Uint8Array);
    if (!decoded.ok) throw new Error(decoded.error.detail);
    timeMs += 50;
    await forge.append(timeMs, [decoded.value]);
    await forge.flush();
  };
  /** All members vote for it: with the second of two blocks it takes effect. */
  const decide = async (change: BodyOf<"governance.propose">["change"]): Promise<void> => {
    const signed = (by: Machine, operation: Operation): Envelope =>
      envelopeOf(world, timeMs, [operation], [{ party: by.party, seed: by.makerSeed }]);
    const [first] = machines as [Machine];
    const expiresMs = timeMs + 60_000;
    const proposing = signed(first, op("governance.propose", { member: first.name, change, expiresMs }));
    await append(proposing);
    const proposal = objectId(proposing.pair.id, 0, 0);
    const vote = (by: Machine): Envelope => signed(by, op("governance.vote", { proposal, member: by.name, approve: true }));
    await append(...machines.slice(0, 3).map(vote));
    await forge.flush();
  };
  return { store, chain: forge.store, objects: forge.objects, extend, decide, wait, repeat };
}

function registration({ identity, machines }: World, number: number, timeMs: number): Envelope {
  const sponsor = machines[number % machines.length] as Machine;
  const seed = seedOf(`firm-${number}`);
  const key = publicKeyOf(seed);
  const legalId = { scheme: "SIM", value: `firm-${number}` };
  const party = partyId(legalId);
  const keys = [{ key, purpose: "MAKER" as const }];
  const signers = [
    { party: sponsor.party, seed: sponsor.makerSeed },
    { party, seed },
  ];
  const body = { legalId, roles: ["SELLER"], size: "SME" as const, sponsor: sponsor.name, keys, policy: [] };
  return envelopeOf({ identity }, timeMs, [op("party.register", body)], signers);
}

function envelopeOf(
  { identity }: Pick<World, "identity">,
  timeMs: TimeMs,
  ops: readonly Operation[],
  signers: readonly { readonly party: Hash; readonly seed: Uint8Array }[],
): Envelope {
  const { unsigned, id } = buildTransaction({
    chain: identity.chain,
    ops,
    notAfter: timeMs + 60_000,
    signers: signers.map(({ party, seed }) => ({ party, key: publicKeyOf(seed) })),
    salt: new Uint8Array(16),
  });
  const message = signedMessage(id);
  const signatures = new Map(signers.map(({ seed }) => [publicKeyOf(seed), cheapScheme.sign(seed, message)]));
  const decoded = decodeTransaction(assemble(unsigned, signatures));
  if (!decoded.ok) throw new Error(decoded.error.detail);
  return decoded.value;
}

const NEVER_WRITTEN = { initial: new Uint8Array(0), append: () => undefined, replace: () => undefined };

interface Following {
  /** What it warns its operator of, with the code if there is one. */
  readonly warned?: (event: string, code: unknown) => void;
  readonly checkpoint?: Checkpoint;
  /** Why it ends by itself. */
  readonly fatal?: (error: Error) => void;
}

/** A follower's production node on these ports; time is real, signatures are cheap. */
export function follower(world: World, store: Store, transport: Transport, following: Following = {}): Node {
  const [self] = world.machines as [Machine];
  const fail = (error: Error): never => {
    throw error;
  };
  return new Node(
    {
      identity: world.identity,
      member: self.name,
      ...(following.checkpoint === undefined ? {} : { checkpoint: following.checkpoint }),
    },
    {
      wall: { nowMs: () => Date.now() },
      clock: { nowMs: () => performance.now(), after: (delayMs, fire) => void setTimeout(fire, delayMs) },
      store,
      consensusLog: { ...NEVER_WRITTEN, append: (_, done) => void setImmediate(done, null) },
      guardLog: NEVER_WRITTEN,
      transport,
      signer: null,
      verifier: {
        verify: (items, _lane, done) => {
          const valid = items.map(({ key, message, signature }) => cheapScheme.verify(key, message, signature));
          setImmediate(done, valid);
        },
      },
      hasher: simulatedHasher,
      logger: {
        debug: () => undefined,
        info: () => undefined,
        warn: (event, data) => following.warned?.(event, data?.code),
        error: (event, data) => following.warned?.(event, data?.code),
      },
      metrics: { add: () => undefined, set: () => undefined, observe: () => undefined },
      fatal: following.fatal ?? fail,
    },
  );
}
