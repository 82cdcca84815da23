/** One result: a line of JSON with --json, else readable text. */
export function print(value: unknown, json: boolean): void {
  console.log(json ? JSON.stringify(value) : readable(value, ""));
}

function readable(value: unknown, indent: string): string {
  if (Array.isArray(value)) {
    if (value.length === 0) return `${indent}(none)`;
    return indent === ""
      ? value.map((entry) => readable(entry, "")).join("\n\n")
      : value.map((entry) => item(entry, indent)).join("\n");
  }
  if (typeof value !== "object" || value === null) return `${indent}${String(value)}`;
  return Object.entries(value)
    .map(([key, entry]) => {
      const nested = typeof entry === "object" && entry !== null;
      return nested ? `${indent}${key}:\n${readable(entry, `${indent}  `)}` : `${indent}${key}: ${String(entry)}`;
    })
    .join("\n");
}

/** An entry of a list within something: a dash shows where it begins. */
function item(entry: unknown, indent: string): string {
  return `${indent}- ${readable(entry, `${indent}  `).trimStart()}`;
}
