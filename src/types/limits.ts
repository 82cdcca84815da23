import { assert } from "../lib/assert.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Every bound of the system, in one table; units last in the names. Those that members may vote on start as `genesis.params`. */
export const LIMITS = {
  // encoding
  nestingMax: 16,

  // transactions (protocol.md §2)
  txBytesMax: 64 * KIB,
  opsMax: 16,
  signersMax: 8,
  expectMax: 64,
  saltBytes: 16,
  kindCharsMax: 48,
  txWindowMs: 10 * MINUTE_MS,

  // blocks (§3, §8)
  blockBytesMax: 4 * MIB,
  blockTxMax: 10_000,
  evidencePerBlockMax: 16,
  evidenceAgeHeightsMax: 100_000,
  blockIntervalMs: 50,
  heartbeatMs: 10 * MINUTE_MS,
  failedShareOfBlockPercent: 5,
  dueItemsPerBlockMax: 1_000,
  /** Notes of one chain of title that an item of the due queue removes; the others come a minute later. */
  removalsPerDueItemMax: 8,

  receiptEventsMax: 4_096,

  // proofs (§3, §7)
  /** Hashes of one path or of one proof of several objects. */
  proofHashesMax: 8_192,
  /** Ancestors shown with a note, nearest first. */
  proofTitleMax: 64,
  proofChangesMax: 1_000,
  /** Parties whose registration a certificate proves beside what it is of. */
  certificatePartiesMax: 80,
  proofBytesMax: 32 * MIB,
  /** What a client takes for an answer of a node. */
  rpcAnswerBytesMax: 64 * MIB,

  // consensus (§4)
  authoritiesMax: 100,
  membersMax: 1_000,
  proposeTimeoutMs: 500,
  proposeTimeoutStepMs: 250,
  voteTimeoutMs: 250,
  voteTimeoutStepMs: 125,
  timeoutMaxMs: 10 * SECOND_MS,
  statusIntervalMs: 500,
  futureHeightsMax: 2,
  restShiftMax: 6,
  clockDriftMs: 2 * SECOND_MS,
  clockAheadMaxMs: 1 * SECOND_MS,
  timeIntervalMs: 5 * SECOND_MS,
  unproposedAfterMs: 200,
  memorylessBlocks: 2,
  bearingsMs: 10 * SECOND_MS,

  // invoices
  /** Keyed fingerprints of what an invoice has in common with others: parties and total, two orders, five lots. */
  likenessesMax: 8,

  // governance (§5)
  livenessBlocks: 100,
  /** An authority's precommits and the blocks that readiness may name are noted at this distance, not in every block. */
  livenessStepBlocks: 10,
  proposalDaysMax: 90,
  featuresMax: 256,

  // mempool (§8)
  mempoolTxMax: 100_000,
  mempoolBytesMax: 256 * MIB,

  // network (§6, §8)
  gossipMessageBytesMax: 1 * MIB,
  gossipBatchBytesMax: 64 * KIB,
  gossipBatchMs: 10,
  gossipBatchLoadedMs: 40,
  gossipBatchLoadedFrom: 32,
  announceIntervalMs: 2 * SECOND_MS,
  peersMax: 256,
  consensusMessageBytesMax: 5 * MIB,
  requestBytesMax: 128 * KIB,
  responseBytesMax: 8 * MIB,
  requestTimeoutMs: 5 * SECOND_MS,
  requestsPerPeerMax: 8,
  syncBlocksPerRequestMax: 64,
  syncBytesAheadMax: 64 * MIB,
  syncCheckAheadMax: 32,
  syncGroupBlocksMin: 32,
  syncGroupBytesMin: 1 * MIB,
  syncGroupDelayMs: 250,
  syncGroupBlocksMax: 64,
  syncGroupBytesMax: 16 * MIB,
  syncSliceMs: 5,

  // snapshots (§6)
  /** A state of more objects than this has a chunk for each prefix of one nibble more. */
  snapshotChunkLeaves: 4_096,
  snapshotNibblesMax: 4,
  snapshotLeavesMax: 65_536,
  snapshotPairListsMax: 256,
  /** Changes of authorities from the genesis on: twenty members that change their keys every month make as many in eighty years. */
  snapshotChangesMax: 20_000,
  snapshotChangesPerPage: 256,
  /** All of them, as one source tells them. */
  snapshotChangesBytesMax: 64 * MIB,
  snapshotHeadersPerPage: 64,
  /** A checkpoint may be so far above a snapshot; their headers are fetched to see that it descends from it. */
  checkpointAncestorsMax: 200_000,
  snapshotsKept: 2,
  snapshotSliceObjects: 500,
  rebuildSliceEntries: 2_000,
  auditSliceObjects: 200,
  backupSliceEntries: 1_000,
  bodiesPerRequestMax: 1_000,

  // retention (§7): small steps in the background, so that no block waits for them for long
  keepBlocksMin: 100,
  pruneTickMs: 50,
  pruneBlocksAtOnce: 64,
  pruneRowsPerSlice: 2_000,
  /** With fewer there is little to give back. */
  pruneCompactRows: 50_000,
  /** Undos of a page that are read at a time. */
  pageUndosPerRead: 32,

  /**
   * Hashed pages of the state tree in memory. Those of a million objects take 153 MiB, and all fit; a node that is busy otherwise takes half a
   * gibibyte, so that both together stay below one.
   */
  stateCacheBytes: 256 * MIB,
  /** The same of a tree that answers a few proofs and is dropped: it comes in pieces of a quarter of a mebibyte, not of four. */
  proofCacheBytes: 4 * MIB,

  // the auditor in the background: about a hundredth of a core, and a pause after each pass
  auditTickMs: 250,
  auditPagesPerTick: 4,
  auditObjectsPerTick: 16,
  auditHistoryPerTick: 4,
  /** Counted in larger steps, since a snapshot of the store is held for as long. */
  auditCountedPages: 128,
  auditCountedObjects: 1_000,
  auditRestMs: 60 * SECOND_MS,

  // JSON-RPC (§8)
  rpcBodyBytesMax: 1 * MIB,
  rpcBatchMax: 100,
  rpcConnectionsMax: 1_000,
  rpcWaitMaxMs: 120 * SECOND_MS,
  rpcSubscriptionsMax: 16,
  /** A subscriber that takes nothing for so long is dropped. */
  rpcSlowMs: 30 * SECOND_MS,
  rpcListMax: 1_000,
  rpcListDefault: 100,

  // ledger
  splitPartsMax: 32,
  notesPerRootMax: 1_024,
  splitDepthMax: 10,
  textCharsMax: 256,
  listItemsMax: 256,
  keysPerPartyMax: 32,
  terminalNoteDaysMax: 400,
  creditDebtorsMax: 256,

  // goods (domain.md §3)
  zonesPerWarehouseMax: 64,
  alarmsPerZoneMax: 32,
  /** All of them sign when an alarm is cleared, beside operator and inspector. */
  lendersPerZoneMax: 6,
  receiptsPerLoanMax: 64,
  notesPerApplicationMax: 64,
  /** With the parts that payments, disputes and freezes carve out of them. */
  notesPerLoanMax: 128,
  /** What a measure may be off, and what receipts leave of a lot. */
  goodsToleranceBp: 50,
  deviceIntervalMaxMs: DAY_MS,
  deviceClockOffsetMaxMs: MINUTE_MS,
  softFreezeMs: DAY_MS,
  priceSourcesMin: 2,
  priceStepMaxBp: 2_000,
  priceTtlMs: 3 * DAY_MS,
  marginCureMs: 3 * DAY_MS,
  /** How long after the deadline of a margin call the goods may be sold for it. */
  marginRightMs: 30 * DAY_MS,
  /** Counterparties at which a search for circular trade looks, per party and direction; how long they are kept; pairs of one application. */
  tradeLinksMax: 64,
  tradeLinkDays: 92,
  gatePairsMax: 16,
  /** Transactions of recent blocks of which a node remembers why they were refused. */
  refusalsKeptMax: 10_000,
  dayMs: DAY_MS,
} as const;

assert(LIMITS.txBytesMax < LIMITS.gossipMessageBytesMax, "one transaction fits a gossip message");
assert(LIMITS.gossipBatchBytesMax <= LIMITS.gossipMessageBytesMax, "a batch fits a gossip message");
assert(LIMITS.blockBytesMax < LIMITS.responseBytesMax, "one whole block fits an answer");
assert(LIMITS.txBytesMax < LIMITS.blockBytesMax, "one transaction fits a block");
assert(LIMITS.responseBytesMax < LIMITS.syncBytesAheadMax, "one answer is not too much to wait");
assert(
  LIMITS.syncGroupBlocksMin < LIMITS.syncGroupBlocksMax && LIMITS.syncGroupBytesMin < LIMITS.syncGroupBytesMax,
  "blocks are executed while a group of others is being written",
);
assert(
  LIMITS.snapshotChangesPerPage * LIMITS.authoritiesMax * 256 < LIMITS.responseBytesMax,
  "a page of changes fits an answer, with key, name and signature of each authority",
);
assert(LIMITS.snapshotChunkLeaves * 16 <= LIMITS.snapshotLeavesMax, "a chunk may be larger than the average");
assert(LIMITS.blockTxMax * 70 < LIMITS.consensusMessageBytesMax, "a full block's pairs fit a proposal");
assert(LIMITS.mempoolTxMax >= LIMITS.blockTxMax, "a full block can wait in the mempool");
assert(2 * LIMITS.txBytesMax < LIMITS.rpcBodyBytesMax, "a transaction in hex fits a request");
assert(
  LIMITS.proposeTimeoutMs <= LIMITS.timeoutMaxMs && LIMITS.voteTimeoutMs <= LIMITS.timeoutMaxMs,
  "timeouts start below their cap",
);
assert(4 * LIMITS.livenessStepBlocks <= LIMITS.livenessBlocks, "what is noted in steps still tells who is live");
assert(LIMITS.clockAheadMaxMs < LIMITS.clockDriftMs, "a clock is reported before it costs blocks");
assert(LIMITS.lendersPerZoneMax + 2 <= LIMITS.signersMax, "whoever must agree to the end of an alarm can sign together");
assert(LIMITS.gossipBatchLoadedMs < LIMITS.blockIntervalMs, "gossip under load is not slower than blocks");
assert(LIMITS.blockIntervalMs < LIMITS.proposeTimeoutMs, "a block is proposed well before its round ends");
