import { vi } from "vitest";
import { main } from "../../../src/cli/main.ts";

interface Done {
  readonly status: number;
  readonly out: unknown;
  readonly err: string;
}

/** `zhonglian store <argv> --json` in this process: its status, and what it printed. */
export async function storeCommand(...argv: readonly string[]): Promise<Done> {
  const [out, err]: [string[], string[]] = [[], []];
  const log = vi.spyOn(console, "log").mockImplementation((line: string) => void out.push(line));
  const error = vi.spyOn(console, "error").mockImplementation((line: string) => void err.push(line));
  try {
    const status = await main(["store", ...argv, "--json"]);
    return { status, out: out.length === 0 ? null : JSON.parse(out.join("\n")), err: err.join("\n") };
  } finally {
    log.mockRestore();
    error.mockRestore();
  }
}
