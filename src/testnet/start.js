// What `npm start` runs; plain JavaScript, see src/cli/enter.js.
import { enter } from "../cli/enter.js";

await enter("../testnet/start.ts");
