/** Every feature of the scorecard, in the order in which points are listed (domain.md §4.1). All integers; null: nothing to judge by. */
export const FEATURES = [
  "tenureDays",
  "orders12m",
  "onTimeBp",
  "maxDpd12m",
  "dilutionBp",
  "top1Bp",
  "dbtDays",
  "debtorGradeX100",
  "evidenceBp",
  "utilBp",
  "openDisputeBp",
] as const;
export type Feature = (typeof FEATURES)[number];
