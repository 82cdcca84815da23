import { BASIC_COMMANDS, type Command, type Modelled } from "./commands.ts";
import { CHANGE_COMMANDS } from "./commands-changes.ts";

/** Every kind of command, by name. */
export const COMMANDS: Readonly<Record<Modelled, Command>> = { ...BASIC_COMMANDS, ...CHANGE_COMMANDS };

export const KINDS_OF_COMMAND = Object.keys(COMMANDS) as Modelled[];
