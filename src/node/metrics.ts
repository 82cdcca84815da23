/** Every metric of a node, declared once; the Prometheus adapter registers exactly these. Units last in the names. */
export interface MetricDeclaration {
  readonly name: string;
  readonly kind: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels?: readonly string[];
  readonly buckets?: readonly number[];
}

const DURATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export const METRICS = [
  { name: "zhonglian_height", kind: "gauge", help: "Height of the last finalised block" },
  { name: "zhonglian_base", kind: "gauge", help: "The lowest height whose block and state are kept; 0: all are" },
  { name: "zhonglian_pruned_rows_total", kind: "counter", help: "Rows of the store that were let go of" },
  { name: "zhonglian_disk_bytes", kind: "gauge", help: "Bytes that the chain's store takes of the disk" },
  {
    name: "zhonglian_history_bytes_total",
    kind: "counter",
    help: "Bytes that blocks added to the past that is kept, by whether they held transactions; divide by the transactions, or by the days",
    labels: ["block"],
  },
  { name: "zhonglian_round", kind: "gauge", help: "Round of the undecided height" },
  { name: "zhonglian_peers", kind: "gauge", help: "Connected peers" },
  { name: "zhonglian_syncing", kind: "gauge", help: "1 while the node fetches blocks that others have finalised" },
  { name: "zhonglian_signing", kind: "gauge", help: "1 while the node signs consensus messages" },
  { name: "zhonglian_clock_ahead_seconds", kind: "gauge", help: "How far this node's clock is ahead of its peers' median" },
  { name: "zhonglian_pending_transactions", kind: "gauge", help: "Transactions in the mempool" },
  { name: "zhonglian_pending_bytes", kind: "gauge", help: "Bytes of the transactions in the mempool" },
  { name: "zhonglian_blocks_total", kind: "counter", help: "Blocks finalised since start", labels: ["how"] },
  { name: "zhonglian_transactions_total", kind: "counter", help: "Transactions finalised since start", labels: ["outcome"] },
  {
    name: "zhonglian_admissions_total",
    kind: "counter",
    help: "Transactions that reached this node's door",
    labels: ["source", "outcome"],
  },
  { name: "zhonglian_peer_faults_total", kind: "counter", help: "Messages that no correct peer sends", labels: ["reason"] },
  {
    name: "zhonglian_audit_checked_total",
    kind: "counter",
    help: "Pieces of the store that were compared with the roots again",
    labels: ["what"],
  },
  { name: "zhonglian_audit_passes_total", kind: "counter", help: "How often the whole store was gone through" },
  { name: "zhonglian_execution_seconds", kind: "histogram", help: "Execution of one block", buckets: DURATION_BUCKETS },
  { name: "zhonglian_commit_seconds", kind: "histogram", help: "Writing one block", buckets: DURATION_BUCKETS },
  {
    name: "zhonglian_block_transactions",
    kind: "histogram",
    help: "Transactions in a block",
    buckets: [1, 3, 10, 30, 100, 300, 1000, 3000, 10000],
  },
] as const satisfies readonly MetricDeclaration[];
