import { BASIC_COMMANDS, type Command, type Modelled } from "./commands.ts";
import { CHANGE_COMMANDS } from "./commands-changes.ts";
import { STANDING_COMMANDS } from "./commands-standing.ts";

/** Every kind of command, by name. */
export const COMMANDS: Readonly<Record<Modelled, Command>> = { ...BASIC_COMMANDS, ...CHANGE_COMMANDS, ...STANDING_COMMANDS };

export const KINDS_OF_COMMAND = Object.keys(COMMANDS) as Modelled[];
