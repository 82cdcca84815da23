#!/usr/bin/env node
// Plain JavaScript that any Node can parse: checks the version before the TypeScript sources are loaded.
import { enter } from "./enter.js";

await enter("./main.ts");
