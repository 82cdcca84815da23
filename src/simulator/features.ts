/** Rules that a simulated node knows of: switching them on changes nothing but what the members see. */
export const SIMULATED_FEATURES: readonly string[] = ["x-1", "x-2", "x-3", "x-4"];
