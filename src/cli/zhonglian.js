#!/usr/bin/env node
// Plain JavaScript that any Node can parse: checks the version before the TypeScript sources are loaded.
import { enter } from "./enter.js";

/**
 * A node's memory for what was made a moment ago is from 16 to 64 MiB, and not from one to 32: blocks on their way to and from the disk would be
 * copied again and again, and taken for what is there to stay. What a command that soon ends does with memory is the engine's affair.
 */
const YOUNG_MEMORY = ["--min-semi-space-size=16", "--max-semi-space-size=64"];

const isNode = process.argv[2] === "node" && process.argv[3] === "start";
await enter("./main.ts", isNode ? YOUNG_MEMORY : []);
