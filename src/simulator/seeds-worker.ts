import { parentPort } from "node:worker_threads";
import { runSimulation } from "./simulation.ts";

/** A thread that runs the seeds it is given, one after the other; null ends it. */
parentPort?.on("message", (seed: number | null) => {
  if (seed === null) parentPort?.close();
  else void runSimulation({ seed }).then((result) => parentPort?.postMessage(result));
});
