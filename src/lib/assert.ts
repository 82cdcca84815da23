/** A bug in this program, as opposed to bad input (a Rejection) or a fault of the world. It ends the process. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
  readonly code = "BUG_ASSERTION";
}

/** Throws {@link AssertionError} unless `condition` holds. For what only a bug can break, never for input from outside. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** For the end of a switch over a closed union: a new variant is a type error at the call. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${String(value)}`);
}
