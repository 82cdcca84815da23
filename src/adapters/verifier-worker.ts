import { parentPort } from "node:worker_threads";
import type { VerifyItem } from "../ports/crypto.ts";
import { verifyNative } from "./ed25519-native.ts";

parentPort?.on("message", (items: readonly VerifyItem[]) => {
  parentPort?.postMessage(items.map(({ key, message, signature }) => verifyNative(key, message, signature)));
});
