import type { StructSchema } from "../../codec/schema.ts";
import { KINDS, type Kind } from "../../ledger/kinds.ts";
import type { Label } from "../../ledger/labels/label.ts";
import { kindLabel, wordLabel } from "../../ledger/labels/lookup.ts";
import { handsOf, type ObjectJson, parentFrom } from "../../ledger/title.ts";
import type { ProofJson } from "../../node/proof-reader.ts";
import type { Commit, Header } from "../../types/block.ts";
import { LIMITS } from "../../types/limits.ts";
import type { Hash, Height } from "../../types/scalars.ts";
import type { LocalNode } from "../local-node.ts";
import { proofOf } from "../proofs.ts";
import { RpcError } from "../rpc-error.ts";
import { type Directory, dateText, factLines, moneyText, named, timeText } from "./facts.ts";
import { certificateHtml, type Section } from "./page.ts";

/** The fields by which notes, receivables and what is like them name parties. */
const PARTY_FIELDS = ["holder", "seller", "debtor", "owner", "keeper", "borrower", "lender", "party"] as const;

interface LegalId {
  readonly scheme: string;
  readonly value: string;
}

interface Party {
  readonly id: string;
  readonly legalId: string;
  readonly proof: ProofJson;
}

/**
 * A proof as a page to be printed, in Chinese and English: what is proved in words and fields, who signed it, and the proof's digest. A
 * note is shown together with its receivable, as they are after the same block. Throws RpcError.
 */
export async function certificate(
  node: LocalNode,
  asked: { readonly kind: string; readonly id: string; readonly height?: number },
  local: { readonly network: string; readonly directory: Directory },
): Promise<string> {
  if (!node.isKind(asked.kind))
    throw new RpcError("params", "KIND_UNKNOWN", "a certificate is of an object of the ledger: /certificate?kind=…&id=…");
  const proof = await proofOf(node, asked.kind, asked.id, asked.height);
  const header = proof.header as unknown as Header;
  const proofs = [proof, ...(await receivableOf(node, proof))];
  const sections = proofs.map(readObject);
  const parties = await partiesOf(node, sections, header.height);
  const names = withLegalIds(local.directory, parties);
  const set = node.validators(header.height) ?? [];
  const { block, sigs } = proof.commit as unknown as Commit;
  return certificateHtml({
    sections: sections.map((each) => sectionOf(each, names)),
    parties: parties.map(({ id, legalId, proof: shown }) => ({
      id,
      name: names.get(id) ?? legalId,
      digest: String(shown.digest),
      proof: JSON.stringify(shown),
      fileName: fileNameOf("party", id, header.height),
    })),
    network: local.network,
    chain: header.chain,
    height: header.height,
    block,
    time: timeText(header.timeMs),
    signedBy: sigs.flatMap(({ index }) => set[index]?.member ?? []),
    authorities: set.length,
  });
}

/** A note says little without the claim that it is a share of. */
async function receivableOf(node: LocalNode, { kind, present, header }: ProofJson): Promise<readonly ProofJson[]> {
  if (kind !== "note" || present === undefined) return [];
  const { value } = present as unknown as { readonly value: ObjectJson };
  // One page speaks of one block: where the next has come in between, the note stands alone.
  const { height } = header as unknown as Header;
  const proof = await node.proofs.prove("receivable", String(value.receivable), height);
  return proof.ok ? [proof.value] : [];
}

interface Read {
  readonly proof: ProofJson;
  readonly kind: Kind;
  readonly id: string;
  /** The object and those it came from, nearest first; empty if it was proved that there is none. */
  readonly line: readonly ObjectJson[];
}

function readObject(proof: ProofJson): Read {
  const kind = String(proof.kind) as Kind;
  const shown = proof.present as unknown as { readonly value: ObjectJson; readonly title?: readonly ObjectJson[] } | undefined;
  return { proof, kind, id: String(proof.id), line: shown === undefined ? [] : lineOf(kind, shown.value, shown.title ?? []) };
}

/** Who is named by an id alone is nobody to a court: whom the ledger registered under it is proved beside it, after the same block. */
async function partiesOf(node: LocalNode, sections: readonly Read[], height: Height): Promise<readonly Party[]> {
  const named = sections.flatMap(({ line }) => line.flatMap((object) => PARTY_FIELDS.map((field) => object[field])));
  const parties: Party[] = [];
  for (const id of [...new Set(named.filter((each) => typeof each === "string"))].slice(0, LIMITS.certificatePartiesMax)) {
    const proved = await node.proofs.prove("party", id, height);
    if (!proved.ok || proved.value.present === undefined) continue;
    const { value } = proved.value.present as unknown as { readonly value: { readonly legalId: LegalId } };
    parties.push({ id, legalId: `${value.legalId.scheme} ${value.legalId.value}`, proof: proved.value });
  }
  return parties;
}

/** The local name, if there is one, and the registration that was proved. */
function withLegalIds(directory: Directory, parties: readonly Party[]): Directory {
  const names = parties.map(({ id, legalId }) => [
    id,
    [directory.get(id), legalId].filter((part) => part !== undefined).join(", "),
  ]);
  return new Map([...directory, ...(names as [string, string][])]);
}

function fileNameOf(kind: string, id: string, height: Height): string {
  return `${kind}-${id.slice(0, 16)}-${height}.json`;
}

function sectionOf({ proof, kind, id, line }: Read, directory: Directory): Section {
  const label = kindLabel(kind);
  const [value] = line;
  const { height, timeMs } = proof.header as unknown as Header;
  const when = { zh: `区块 ${height}（${timeText(timeMs)}）`, en: `block ${height} (${timeText(timeMs)})` };
  const shared = {
    digest: String(proof.digest),
    proof: JSON.stringify(proof),
    fileName: fileNameOf(kind, id, height),
    heading: label,
  };
  if (value === undefined) {
    const sentence = {
      zh: `兹证明：截至${when.zh}，本链上不存在编号为 ${id} 的${label.zh}。`,
      en: `This certifies that after ${when.en} there is no ${label.en} ${id} on this chain.`,
    };
    return { ...shared, sentence, facts: [], title: [], isTitleWhole: true };
  }
  return {
    ...shared,
    sentence: sentenceOf(kind, value, handsOf(line), when, directory),
    facts: factLines(value, directory),
    title: line.length === 1 ? [] : line.map(({ holder }) => named(String(holder), directory)),
    isTitleWhole: line.at(-1)?.parent === null,
  };
}

function lineOf(kind: Kind, value: ObjectJson, title: readonly ObjectJson[]): readonly ObjectJson[] {
  const line = [value];
  for (const differences of title) {
    const child = line.at(-1) as ObjectJson;
    line.push(parentFrom(child, child.parent as Hash, differences, KINDS[kind].schema as unknown as StructSchema<unknown>));
  }
  return line;
}

function sentenceOf(kind: Kind, object: ObjectJson, holders: number, when: Label, directory: Directory): Label {
  const who = (id: unknown): string => named(String(id), directory);
  const money = (amount: unknown): string => moneyText(String(amount), String(object.currency));
  const word = (status: unknown): Label => wordLabel(String(status)) ?? { zh: String(status), en: String(status) };
  switch (kind) {
    case "note": {
      const { zh, en } = word(object.position);
      return {
        zh: `兹证明：截至${when.zh}，编号 ${object.id} 的应收账款份额凭证，金额 ${money(object.amount)}，由 ${who(object.holder)} 持有，状态为“${zh}”${holders > 1 ? `，共经 ${holders} 个持有人` : ""}。`,
        en: `This certifies that after ${when.en} the note ${object.id} of ${money(object.amount)} is held by ${who(object.holder)} and is ${en}${holders > 1 ? `; it went through the hands of ${holders} holders` : ""}.`,
      };
    }
    case "receivable": {
      const { zh, en } = word(object.status);
      const due = dateText(Number(object.maturityDay));
      return {
        zh: `兹证明：截至${when.zh}，编号 ${object.id} 的应收账款，债务人 ${who(object.debtor)} 应于 ${due} 向债权人支付，确权金额 ${money(object.confirmed)}，状态为“${zh}”。`,
        en: `This certifies that after ${when.en} the receivable ${object.id} is owed by ${who(object.debtor)}, due on ${due}, confirmed for ${money(object.confirmed)}, and is ${en}.`,
      };
    }
    default: {
      const label = kindLabel(kind);
      return {
        zh: `兹证明：截至${when.zh}，编号 ${object.id} 的${label.zh}如下所列。`,
        en: `This certifies that after ${when.en} the ${label.en} ${object.id} is as listed below.`,
      };
    }
  }
}
