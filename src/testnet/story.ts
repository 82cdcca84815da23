import type { DrivenClockSource } from "../adapters/driven-clock.ts";
import type { Client, NodeStatus } from "../client/client.ts";
import type { TimeMs } from "../types/scalars.ts";
import type { Launcher } from "./launcher.ts";

/** A running network on which a story is played. */
export interface Stage {
  readonly launcher: Launcher;
  readonly client: Client;
  readonly clock: DrivenClockSource;
  readonly say: (line: string) => void;
}

/** The nodes after it, once they stand at one height. */
export interface NodesAfter {
  readonly nodes: readonly (NodeStatus & { readonly rpc: string })[];
  /** Members whose node does not answer. */
  readonly down: readonly string[];
  readonly seconds: number;
}

/** What a story left: for people, and one object for programs. */
export interface Ending {
  readonly text: (after: NodesAfter) => string;
  readonly json: (after: NodesAfter) => object;
}

/** A story as `npm start` plays it. */
export interface Story {
  /** What the clock shows when it begins. */
  readonly firstMs: TimeMs;
  /** Where the clock goes on in a folder in which the story was interrupted. */
  readonly resumeMs: TimeMs | undefined;
  play(stage: Stage): Promise<Ending>;
}
