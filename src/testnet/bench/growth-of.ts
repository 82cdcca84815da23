/** What `bench --growth` measures the growth of, in this order. */
export const GROWTH_OF = ["receivables", "parties", "notes", "network"] as const;
export type GrowthOf = (typeof GROWTH_OF)[number];
