import { InvalidArgumentError } from "commander";

/** Reads an option as an integer from `min` to `max`; anything else is an error of usage. */
export function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) throw new InvalidArgumentError(`an integer from ${min} to ${max} is wanted`);
    return value;
  };
}

/** Reads an option as a count, or the word for no limit. */
export function countOrAll(text: string): number | "all" {
  return text === "all" ? text : integer(0, Number.MAX_SAFE_INTEGER)(text);
}
