import { genesisToJson } from "../../../src/codec/genesis.ts";
import type { ProofKind } from "../../../src/node/proof-reader.ts";
import { authoritiesOf } from "../../../src/types/genesis.ts";
import type { MemberId } from "../../../src/types/scalars.ts";
import { allianceOn, commitment, receivable } from "../../ledger/support/alliance.ts";
import { op } from "../../ledger/support/chain.ts";
import { testKey } from "../../ledger/support/firm.ts";
import { ProvingChain } from "../../node/support/proving-chain.ts";

/** The chain from which test/vectors/proof.json was made: a note in three hands, and authorities that changed once. */
export async function sampleProofs() {
  const world = allianceOn((identity) => new ProvingChain(identity, "real"));
  const { chain, seller, supplier, lender } = world;
  const { note } = receivable(world, 1_000_000n);
  const second = chain.act(op("note.transfer", { note, to: supplier.id }), seller, supplier).created();
  const last = chain.act(op("note.transfer", { note: second, to: lender.id }), supplier, lender);
  const member = "fifth" as MemberId;
  chain.announce([...authoritiesOf(chain.identity.genesis), { member, key: testKey("fifth authority").key }]);
  chain.block([]);
  chain.block([]);
  const asked: readonly (readonly [ProofKind, string])[] = [
    ["note", last.created()],
    ["key", seller.maker.key],
    ["loan", commitment("no such loan")],
    ["transaction", last.id],
    ["txReceipt", last.id],
    ["event", `${last.id}/0`],
  ];
  const proofs = await Promise.all(
    asked.map(async ([kind, id]) => {
      const made = await chain.proofs.prove(kind, id);
      if (!made.ok) throw new Error(made.error.detail);
      return made.value;
    }),
  );
  return { genesis: genesisToJson(chain.identity.genesis), proofs };
}
