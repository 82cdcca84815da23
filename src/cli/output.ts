/** One result: a line of JSON with --json, else readable text. */
export function print(value: unknown, json: boolean): void {
  console.log(json ? JSON.stringify(value) : readable(value, ""));
}

function readable(value: unknown, indent: string): string {
  if (Array.isArray(value))
    return value.length === 0
      ? `${indent}(none)`
      : value.map((entry) => readable(entry, indent)).join(`\n${indent === "" ? "\n" : ""}`);
  if (typeof value !== "object" || value === null) return `${indent}${String(value)}`;
  return Object.entries(value)
    .map(([key, entry]) => {
      const nested = typeof entry === "object" && entry !== null;
      return nested ? `${indent}${key}:\n${readable(entry, `${indent}  `)}` : `${indent}${key}: ${String(entry)}`;
    })
    .join("\n");
}
