import type { Signer } from "../ports/crypto.ts";
import { privateKeyObject, signNative } from "./ed25519-native.ts";
import type { OpenedKey } from "./keystore.ts";

/** The Signer port over an opened keystore. `onSigned` is where drills may stop the process. */
export function keystoreSigner({ publicKey, seed }: OpenedKey, onSigned: () => void = () => undefined): Signer {
  const privateKey = privateKeyObject(seed);
  return {
    publicKey,
    sign: (message, done) => {
      const signature = signNative(privateKey, message);
      setImmediate(() => {
        onSigned();
        done(null, signature);
      });
    },
  };
}
