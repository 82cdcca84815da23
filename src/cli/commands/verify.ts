import { readFileSync, statSync } from "node:fs";
import { Command } from "commander";
import { type Fact, type Proved, verifyProof } from "../../client/verify-proof.ts";
import type { Json } from "../../codec/schema.ts";
import { handsOf } from "../../ledger/title.ts";
import { type Trusted, trustGenesis } from "../../light/trust.ts";
import { eventJson, receiptJson, transactionJson } from "../../rpc/presentation.ts";
import { LIMITS } from "../../types/limits.ts";
import { readGenesis } from "../node-files.ts";
import { print } from "../output.ts";
import { SettingsError } from "../settings.ts";

export function verifyCommand(done: (status: number) => void): Command {
  return new Command("verify")
    .argument("<proof>", "file with a proof, as `proof_get` or `ledger proof` answered it")
    .description("check a proof offline against nothing but the genesis; exit status 0 only if it holds")
    .requiredOption("--genesis <file>", "genesis file of the chain")
    .option(
      "--since <proof>",
      "an earlier proof, checked first: the authorities are followed from its block on (`ledger proof --since`)",
    )
    .option("--json", "print JSON")
    .action((file: string, { genesis, since, json }: { genesis: string; since?: string; json?: boolean }) => {
      const origin = trustGenesis(readGenesis(genesis));
      const earlier = since === undefined ? null : verifyProof(readProof(since), origin);
      if (earlier?.ok === false) throw new SettingsError(earlier.error.code, `${since} does not hold: ${earlier.error.detail}`);
      const result = verifyProof(readProof(file), earlier === null ? origin : trustProved(earlier.value));
      if (result.ok) print(json === true ? asJson(result.value) : inWords(result.value), json === true);
      else if (json === true) print({ holds: false, ...result.error }, true);
      else console.error(`zhonglian: ${file} does not hold: ${result.error.detail} [${result.error.code}]`);
      done(result.ok ? 0 : 1);
    });
}

/** Whatever is proved of a block, the same authorities signed it and sign the next, but for a change that it announces itself. */
function trustProved({ chain, height, final }: Proved): Trusted {
  return { chain, height: height - 1, set: final.set };
}

function readProof(file: string): string {
  try {
    if (statSync(file).size > LIMITS.proofBytesMax)
      throw new SettingsError("PROOF_TOO_LARGE", `${file} is too large for a proof`);
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof SettingsError) throw error;
    throw new SettingsError("FILE_UNREADABLE", `cannot read ${file}: ${(error as Error).message}`);
  }
}

function asJson({ fact, final: _, ...proved }: Proved): Json {
  return { holds: true, ...proved, fact: shown(fact) };
}

function shown(fact: Fact): Json {
  switch (fact.kind) {
    case "object":
      return { ...fact };
    case "absence":
      return { ...fact };
    case "transaction":
      return { kind: fact.kind, index: fact.index, transaction: transactionJson(fact.bytes) };
    case "receipt":
      return { kind: fact.kind, index: fact.index, ...receiptJson({ receipt: fact, refusal: null }) };
    case "event":
      return { kind: fact.kind, index: fact.index, event: eventJson(fact.event) };
  }
}

/** What is proved, as sentences and fields. */
function inWords(proved: Proved): Json {
  const { kind, id, height, timeMs, block, chain, authorities, signedBy, changes, digest, fact } = proved;
  const time = new Date(timeMs).toISOString();
  return {
    proved: sentence(proved),
    ...(fact.kind === "object" ? { [kind]: fact.object } : fact.kind === "absence" ? {} : { [kind]: shown(fact) }),
    ...(fact.kind === "object" && fact.title.length > 0
      ? { title: fact.title.map((parent) => `${String(parent.id)} held by ${String(parent.holder)}`) }
      : {}),
    block: `${height}, ${time}, id ${block}`,
    chain,
    "signed by": `${signedBy.join(", ")} (${signedBy.length} of ${authorities} authorities)`,
    ...(changes === 0 ? {} : { "changes of the authorities on the way": changes }),
    digest,
    ...(fact.kind === "event" || fact.kind === "receipt" ? { transaction: id.split("/")[0] as string } : {}),
  };
}

function sentence({ kind, id, height, fact }: Proved): string {
  switch (fact.kind) {
    case "object": {
      const hands = handsOf([fact.object, ...fact.title]);
      const line = fact.isWhole ? `from the first of ${hands} holders on` : `through its last ${hands} holders`;
      return `${kind} ${id} is as follows after block ${height}${fact.title.length === 0 ? "" : `; shown with its title, ${line}`}`;
    }
    case "absence":
      return `there is no ${kind} ${id} after block ${height}`;
    case "transaction":
      return `transaction ${id} is number ${fact.index} of block ${height}`;
    case "receipt":
      return `transaction ${id}, number ${fact.index} of block ${height}, had this outcome`;
    case "event":
      return `transaction ${id.split("/")[0]}, number ${fact.index} of block ${height}, reported this event`;
  }
}
