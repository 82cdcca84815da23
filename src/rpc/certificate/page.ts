import { renderSVG } from "uqr";
import type { Label } from "../../ledger/labels/label.ts";
import type { FactLine } from "./facts.ts";

/** A proof's own JSON, which goes along in the page. */
interface Download {
  readonly proof: string;
  readonly fileName: string;
}

/** One proof as a certificate shows it. */
export interface Section extends Download {
  readonly heading: Label;
  readonly sentence: Label;
  readonly facts: readonly FactLine[];
  /** The hands it went through, nearest first. */
  readonly title: readonly string[];
  readonly isTitleWhole: boolean;
  readonly digest: string;
}

/** Whom an id on the page stands for, and the proof of it. */
export interface NamedParty extends Download {
  readonly id: string;
  readonly name: string;
  readonly digest: string;
}

export interface CertificatePage {
  readonly sections: readonly Section[];
  readonly parties: readonly NamedParty[];
  readonly network: string;
  readonly chain: string;
  readonly height: number;
  readonly block: string;
  readonly time: string;
  readonly signedBy: readonly string[];
  readonly authorities: number;
}

const STYLE = `
@page { size: A4; margin: 18mm 16mm; }
* { box-sizing: border-box; }
body { font: 10.5pt/1.5 "Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", "WenQuanYi Zen Hei", sans-serif; color: #111; margin: 0 auto; max-width: 178mm; padding: 6mm 0; }
h1 { font-size: 19pt; text-align: center; margin: 0; letter-spacing: .08em; }
h1 + p { text-align: center; color: #555; margin: 1mm 0 7mm; }
h2 { font-size: 12.5pt; border-bottom: .4mm solid #111; padding-bottom: 1mm; margin: 7mm 0 3mm; break-after: avoid; }
.en { color: #555; font-size: .88em; }
.lead { margin: 0 0 2mm; }
table { border-collapse: collapse; width: 100%; margin: 3mm 0; }
th, td { border: .2mm solid #bbb; padding: 1.1mm 2mm; text-align: left; vertical-align: top; }
th { width: 44mm; font-weight: normal; background: #f4f4f2; }
td, code { overflow-wrap: anywhere; }
code { font-family: "DejaVu Sans Mono", "Noto Sans Mono", Consolas, monospace; font-size: .86em; }
tr, .seal, ol { break-inside: avoid; }
.seal { display: flex; gap: 6mm; align-items: center; border: .4mm solid #111; padding: 3mm; margin: 3mm 0; }
.seal svg { width: 32mm; height: 32mm; flex: none; }
ol { margin: 1mm 0 2mm; padding-left: 7mm; }
footer { margin-top: 7mm; border-top: .2mm solid #bbb; padding-top: 2mm; font-size: .88em; color: #333; break-inside: avoid; }
@media print { .screen { display: none; } body { padding: 0; } }
`;

/** The policy with which the page is served: it runs nothing and fetches nothing. */
export const CERTIFICATE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/** A page to be printed: every word of it was proved, or comes from the node's own directory of names. */
export function certificateHtml(page: CertificatePage): string {
  const { sections, parties, network, chain, height, block, time, signedBy, authorities } = page;
  const [first] = sections;
  return `<!doctype html>
<html lang="zh-CN">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${text(first?.heading.zh ?? "")} ${text(first?.fileName ?? "")}</title>
<style>${STYLE}</style>
<h1>链上事实证明书</h1>
<p>Certificate of facts on the chain</p>
${sections.map(sectionHtml).join("\n")}
${partiesHtml(parties)}
<h2>由谁证明 <span class="en">Who stands for it</span></h2>
<table>
${row({ zh: "网络", en: "network" }, text(network))}
${row({ zh: "链标识", en: "chain id" }, code(chain))}
${row({ zh: "区块高度", en: "block height" }, String(height))}
${row({ zh: "区块时间", en: "block time" }, text(time))}
${row({ zh: "区块标识", en: "block id" }, code(block))}
${row({ zh: "签名机构", en: "signed by" }, `${text(signedBy.join("、"))} <span class="en">(${signedBy.length} / ${authorities})</span>`)}
</table>
<footer>
<p class="lead">本页仅为证明文件的可读形式。核验方法：取得证明文件与本链创世文件，离线执行 <code>zhonglian verify 证明文件 --genesis 创世文件</code>，程序所显示的摘要须与上方摘要完全一致。</p>
<p class="lead en">This page is the readable form of a proof. To check it, take the proof's file and the chain's genesis file and run, offline, <code>zhonglian verify PROOF --genesis FILE</code>: the digest it prints must be the one above, digit by digit.</p>
<p class="screen">${[...sections.map((each) => download(each, each.heading.zh)), ...parties.map((each) => download(each, each.name))].join(" · ")}</p>
</footer>
</html>
`;
}

function sectionHtml({ heading, sentence, facts, title, isTitleWhole, digest }: Section): string {
  const holders =
    title.length === 0
      ? ""
      : `<p class="lead">流转记录（由近及远${isTitleWhole ? "" : "，较早者略"}） <span class="en">hands it went through, the latest first${isTitleWhole ? "" : "; earlier ones are not shown"}</span></p>
<ol>${title.map((holder) => `<li>${code(holder)}</li>`).join("")}</ol>`;
  return `<section>
<h2>${text(heading.zh)} <span class="en">${text(heading.en)}</span></h2>
<p class="lead">${text(sentence.zh)}</p>
<p class="lead en">${text(sentence.en)}</p>
${facts.length === 0 ? "" : `<table>\n${facts.map(({ label, zh, en }) => row(label, zh === en ? value(zh) : `${text(zh)} <span class="en">${text(en)}</span>`)).join("\n")}\n</table>`}
${holders}
<div class="seal">${renderSVG(digest, { ecc: "M", border: 2 })}<div>证明文件摘要 <span class="en">digest of the proof (SHA-256)</span><br><code>${(digest.match(/.{8}/g) ?? []).join(" ")}</code></div></div>
</section>`;
}

/** Each with the digest of its own proof, short enough to be compared by eye. */
function partiesHtml(parties: readonly NamedParty[]): string {
  if (parties.length === 0) return "";
  return `<h2>有关各方 <span class="en">Parties named here</span></h2>
<p class="lead">以下登记信息与上述事实在同一区块后取证，各附证明文件及其摘要。 <span class="en">As registered after the same block; each with its own proof and that proof's digest.</span></p>
<table>
${parties.map(({ id, name, digest }) => `<tr><th>${text(name)}</th><td>${code(id)}<br><span class="en">证明文件摘要 digest of the proof</span><br>${code(digest)}</td></tr>`).join("\n")}
</table>`;
}

function row({ zh, en }: Label, html: string): string {
  return `<tr><th>${text(zh)} <span class="en">${zh === en ? "" : text(en)}</span></th><td>${html}</td></tr>`;
}

function download({ proof, fileName }: Download, name: string): string {
  const data = Buffer.from(proof).toString("base64");
  return `<a download="${text(fileName)}" href="data:application/json;base64,${data}">下载证明文件 ${text(name)} / download the proof</a>`;
}

/** Ids and hashes in a fixed width, everything else as it is. */
function value(shown: string): string {
  return /[0-9a-f]{64}/.test(shown) ? code(shown) : text(shown);
}

function code(shown: string): string {
  return `<code>${text(shown)}</code>`;
}

function text(shown: string): string {
  return shown.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
