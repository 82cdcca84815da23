import { defineConfig } from "vitest/config";

const report = process.env.ZHONGLIAN_TEST_REPORT;

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Real networks and child processes run in some files: a generous limit, since the machine may stall for seconds.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "forks",
    maxWorkers: 2,
    reporters: report === undefined ? ["default"] : ["default", ["json", { outputFile: report }]],
  },
});
