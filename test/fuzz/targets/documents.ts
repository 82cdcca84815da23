import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { readCamt } from "../../../src/gateways/camt.ts";
import { readDocument } from "../../../src/gateways/read-invoice.ts";
import type { Target } from "../target.ts";

const OWN = resolve(import.meta.dirname, "../../../network-configs/local/invoices");
const SAMPLES = resolve(import.meta.dirname, "../../gateways/samples");

/** Documents of the world: taken, or refused with a code. */
export function documentTargets(): readonly Target[] {
  return [
    {
      name: "invoice file",
      form: "text",
      corpus: [join(OWN, "05-steel.xml"), join(OWN, "08-polymer-eur.xml"), join(SAMPLES, "glassware-cii.xml")].map((file) =>
        readFileSync(file),
      ),
      check: (input) => readDocument(input).ok,
    },
    {
      name: "bank message",
      form: "text",
      corpus: [readFileSync(join(SAMPLES, "camt054.xml"))],
      check: (input) => readCamt(input).ok,
    },
  ];
}
