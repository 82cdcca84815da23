import { verifyNative } from "../../../src/adapters/ed25519-native.ts";
import { verifyProof } from "../../../src/client/verify-proof.ts";
import { genesisFromJson } from "../../../src/codec/genesis.ts";
import { trustGenesis } from "../../../src/light/trust.ts";
import vectors from "../../vectors/proof.json" with { type: "json" };
import { Finding, type Target } from "../target.ts";

/** A proof's file: whatever is changed in it, it is refused, or it says what a true proof says, but for blanks between tokens. */
export function proofTarget(): Target {
  const identity = genesisFromJson(vectors.genesis);
  if (!identity.ok) throw new Error(identity.error.detail);
  const trusted = trustGenesis(identity.value);
  const genuine = vectors.proofs.map((proof) => JSON.stringify(proof));
  const known = new Set(genuine);
  return {
    name: "proof file",
    form: "text",
    corpus: genuine.map((text) => new TextEncoder().encode(text)),
    check: (input) => {
      const text = new TextDecoder().decode(input);
      if (!verifyProof(text, trusted, { verify: verifyNative }).ok) return false;
      if (!known.has(JSON.stringify(JSON.parse(text)))) throw new Finding("a changed proof was taken");
      return true;
    },
  };
}
