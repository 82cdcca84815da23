import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import type { EventCursor } from "../client/event-stream.ts";

/** Where an agent is among the events of its chain; of another chain it is nowhere. */
export class CursorFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  read(chain: string): EventCursor | undefined {
    if (!existsSync(this.#path)) return undefined;
    try {
      const kept = JSON.parse(readFileSync(this.#path, "utf8")) as { chain?: unknown; height?: unknown; index?: unknown };
      const { height, index } = kept;
      const sound = kept.chain === chain && Number.isSafeInteger(height) && Number.isSafeInteger(index);
      return sound ? { height: height as number, index: index as number } : undefined;
    } catch {
      return undefined;
    }
  }

  write(chain: string, { height, index }: EventCursor): void {
    const aside = `${this.#path}.new`;
    writeFileSync(aside, JSON.stringify({ chain, height, index }), { mode: 0o600 });
    renameSync(aside, this.#path);
  }
}
