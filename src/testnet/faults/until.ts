const POLL_MS = 50;
/** Generous: a shared machine may stall for many seconds. */
const LIMIT_MS = 180_000;

/** Waits for a condition. Throws with its name when the limit is over. */
export async function until(holds: () => boolean | Promise<boolean>, what: string, limitMs = LIMIT_MS): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await sleep(POLL_MS);
  }
}

export function sleep(delayMs: number): Promise<void> {
  return new Promise((done) => setTimeout(done, delayMs));
}
