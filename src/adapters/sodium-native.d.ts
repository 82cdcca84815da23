/** What is used of libsodium's bindings; they bring no types of their own. */
declare module "sodium-native" {
  const sodium: {
    /** RFC 8032 without the cofactor. Throws if an argument has not its size. */
    crypto_sign_verify_detached(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean;
  };
  export default sodium;
}
