/** Chinese and English for what a certificate names. What is not listed stands under its own name. */
export interface Label {
  readonly zh: string;
  readonly en: string;
}

const label = (zh: string, en: string): Label => ({ zh, en });

const KIND_LABELS: Readonly<Record<string, Label>> = {
  member: label("成员", "member"),
  party: label("主体", "party"),
  key: label("密钥", "key"),
  contract: label("合同", "contract"),
  delivery: label("交付", "delivery"),
  invoice: label("发票", "invoice"),
  receivable: label("应收账款", "receivable"),
  note: label("应收账款份额凭证", "note of a receivable"),
  offer: label("转让要约", "offer"),
  notice: label("债权转让通知", "notice of assignment"),
  application: label("融资申请", "application for finance"),
  decision: label("授信决定", "credit decision"),
  loan: label("贷款", "loan"),
  payment: label("付款", "payment"),
  filing: label("登记", "registry filing"),
  search: label("登记查询", "registry search"),
  param: label("链参数", "chain parameters"),
  evidence: label("违规证据", "evidence of an offence"),
  warehouseReceipt: label("仓单", "warehouse receipt"),
  lot: label("货物批次", "lot of goods"),
};

const FIELD_LABELS: Readonly<Record<string, Label>> = {
  id: label("编号", "id"),
  version: label("版本", "version"),
  receivable: label("所属应收账款", "receivable"),
  parent: label("来源凭证", "came from note"),
  depth: label("拆分层级", "depth of splitting"),
  currency: label("币种", "currency"),
  amount: label("金额", "amount"),
  holder: label("持有人", "holder"),
  position: label("状态", "position"),
  ref: label("关联事项", "due to"),
  seller: label("债权人(卖方)", "creditor (seller)"),
  debtor: label("债务人", "debtor"),
  face: label("票面金额", "face amount"),
  confirmed: label("确权金额", "confirmed amount"),
  issueDay: label("签发日", "day of issue"),
  maturityDay: label("到期日", "day of maturity"),
  mode: label("确权方式", "confirmation"),
  origin: label("发起方", "issued by"),
  contract: label("合同", "contract"),
  document: label("文件摘要", "digest of the document"),
  allocation: label("对应发票", "invoices"),
  invoice: label("发票", "invoice"),
  status: label("状态", "status"),
  deadlineMs: label("截止时间", "deadline"),
  live: label("存续金额", "live amount"),
  redeemed: label("已兑付金额", "redeemed amount"),
  diluted: label("已冲减金额", "diluted amount"),
  cancelled: label("已注销金额", "cancelled amount"),
  setoff: label("已抵销金额", "amount set off"),
  leaves: label("现有份额数", "live notes"),
  moved: label("曾经流转", "was moved"),
  hold: label("冻结措施", "hold"),
  dispute: label("争议", "dispute"),
  cutoffDays: label("到期前停止流转(银行日)", "bank days before maturity without movement"),
  graceDays: label("宽限期(日)", "days of grace"),
  defaultDays: label("逾期转违约(日)", "days until default"),
  noticed: label("债务人已获通知", "debtor was notified"),
  extensions: label("展期次数", "extensions"),
  guarantees: label("保证", "guarantees"),
  replaces: label("替代的应收账款", "replaces receivable"),
  lender: label("贷款人", "lender"),
  borrower: label("借款人", "borrower"),
  principal: label("本金", "principal"),
  outstanding: label("未还本金", "outstanding"),
  buyer: label("买方", "buyer"),
  payer: label("付款人", "payer"),
  bank: label("银行", "bank"),
  valueDay: label("起息日", "value day"),
  party: label("主体", "party"),
  legalId: label("统一社会信用代码等标识", "legal identifier"),
  sponsor: label("引荐成员", "sponsoring member"),
};

const WORD_LABELS: Readonly<Record<string, Label>> = {
  OPEN: label("可流转", "open"),
  OFFERED: label("要约中", "offered"),
  RESERVED: label("已预留", "reserved"),
  COMMITTED: label("已承诺", "committed"),
  PLEDGED: label("已质押", "pledged"),
  ASSIGNED: label("已转让融资", "assigned"),
  REDEEMED: label("已兑付", "redeemed"),
  CONSUMED: label("已转出", "spent"),
  CANCELLED: label("已注销", "cancelled"),
  PROPOSED: label("待确认", "proposed"),
  EFFECTIVE: label("有效", "effective"),
  MATURED: label("已到期", "matured"),
  OVERDUE: label("逾期", "overdue"),
  SETTLED: label("已结清", "settled"),
  REJECTED: label("已拒绝", "rejected"),
  WITHDRAWN: label("已撤回", "withdrawn"),
  LAPSED: label("已失效", "lapsed"),
  EXISTENCE: label("确认债权存在,保留抗辩", "existence, defences kept"),
  UNCONDITIONAL: label("无条件付款承诺", "unconditional"),
  SELLER: label("卖方", "seller"),
  DEBTOR: label("债务人", "debtor"),
  ACTIVE: label("有效", "active"),
};

const own = (name: string): Label => ({ zh: name, en: name });

export function kindLabel(kind: string): Label {
  return KIND_LABELS[kind] ?? own(kind);
}

export function fieldLabel(field: string): Label {
  return FIELD_LABELS[field] ?? own(field);
}

/** A word of a closed list, such as a status; undefined if the text is none. */
export function wordLabel(word: string): Label | undefined {
  return Object.hasOwn(WORD_LABELS, word) ? WORD_LABELS[word] : undefined;
}
