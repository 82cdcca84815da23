/** What an operator does about an error, where its message cannot say so: those who find it know nothing of commands. */
const ADVICE: Readonly<Record<string, string>> = {
  FOLDER_LOCKED: "end that process first",
  STORE_CORRUPT: "with the node stopped, `zhonglian store repair --dir NODE`",
  STATE_CORRUPT: "with the node stopped, `zhonglian store repair --dir NODE`",
  STORE_UNUSABLE: "see to the disk and the folder's owner; else, with the node stopped, `zhonglian store repair --dir NODE`",
  UNREACHABLE: "does a node run there? --rpc names another",
};

/** One line for a person: what went wrong, its stable code, and what to do. */
export function errorLine(message: string, code: string | undefined): string {
  const advice = code !== undefined && Object.hasOwn(ADVICE, code) ? `: ${ADVICE[code]}` : "";
  return `zhonglian: ${message}${advice}${code === undefined ? "" : ` [${code}]`}`;
}
