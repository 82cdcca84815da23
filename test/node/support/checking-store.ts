import type { Check } from "../../../src/light/commit.ts";
import type { ChainStore } from "../../../src/node/chain-store.ts";
import { StoreAudit } from "../../../src/node/store-audit.ts";
import { StoreCheck } from "../../../src/node/store-check.ts";
import { ValidatorHistory } from "../../../src/node/validator-history.ts";
import { cheapScheme, simulatedHasher } from "../../../src/simulator/virtual-crypto.ts";
import { authoritiesOf, type ChainIdentity } from "../../../src/types/genesis.ts";
import type { MemoryStore } from "./memory-store.ts";

/** A look at all of a store whose chain was signed with the cheap scheme; each run sees the store as it is then. */
export function checkerOf(identity: ChainIdentity, chain: ChainStore, store: MemoryStore): () => ReturnType<StoreCheck["run"]> {
  const validators = new ValidatorHistory(chain.view, authoritiesOf(identity.genesis), () => chain.head.height);
  const audit = new StoreAudit({
    chain,
    store,
    hasher: simulatedHasher,
    chainId: identity.chain,
    setAt: (height) => validators.at(height),
  });
  const verify = ({ key, message, signature }: Check) => cheapScheme.verify(key, message, signature);
  return () => new StoreCheck({ chain, audit, state: store.snapshot(), hasher: simulatedHasher, verify }).run();
}
