import { destination, pino } from "pino";
import type { Logger } from "../ports/observe.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";

/** JSON lines on standard error. */
export function jsonLogger(level: LogLevel, base: Readonly<Record<string, unknown>>): Logger {
  const logger = pino({ level, base, timestamp: pino.stdTimeFunctions.isoTime }, destination({ dest: 2, sync: true }));
  return {
    debug: (event, data) => logger.debug(data ?? {}, event),
    info: (event, data) => logger.info(data ?? {}, event),
    warn: (event, data) => logger.warn(data ?? {}, event),
    error: (event, data) => logger.error(data ?? {}, event),
  };
}
