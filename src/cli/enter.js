// Plain JavaScript that any Node can parse. The sources are TypeScript, which Node 24 runs directly; the package brings such a Node
// along, so an older one on the PATH hands over to it.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import * as nodeModule from "node:module";
import { fileURLToPath } from "node:url";

const NODE_MAJOR = 24;

/**
 * @param {string} main the TypeScript module to run, relative to this file; it exports `main(argv)` resolving to the exit status
 * @param {readonly string[]} flags what the engine must be told before it begins; of two that disagree the operator's own counts
 */
export async function enter(main, flags = []) {
  const major = Number(process.versions.node.split(".")[0]);
  if (major >= NODE_MAJOR) {
    beginAnew(flags);
    // Stripping types and compiling is most of a start's cost: what one process compiled the next one takes over.
    nodeModule.enableCompileCache(fileURLToPath(new URL("../../node_modules/.cache/compile", import.meta.url)));
    const module = await import(new URL(main, import.meta.url).href);
    process.exitCode = await module.main(process.argv.slice(2));
    return;
  }
  const bundled = fileURLToPath(new URL("../../node_modules/node/bin/node", import.meta.url));
  if (!existsSync(bundled)) {
    console.error(
      `zhonglian needs Node ${NODE_MAJOR} or newer and this is ${process.version}. Run "npm ci" in the project folder: it brings its own.`,
    );
    process.exitCode = 1;
    return;
  }
  const script = /** @type {string} */ (process.argv[1]);
  const child = spawn(bundled, [...flags, script, ...process.argv.slice(2)], { stdio: "inherit" });
  // The terminal sends its own signals to both; others reach only this process and are passed on.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  const [status, signal] = await new Promise((resolve) => child.once("exit", (...outcome) => resolve(outcome)));
  if (signal !== null) {
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  }
  process.exitCode = status ?? 1;
}

/**
 * The engine lays out its memory before it reads a line of the program, so the process becomes another program in its place: the same id,
 * parent and pipes. Where the system cannot do that, it goes on as it is.
 * @param {readonly string[]} flags
 */
function beginAnew(flags) {
  const { platform, execve, execArgv, execPath, argv, env } = process;
  if (platform === "win32" || execve === undefined || flags.every((flag) => execArgv.includes(flag))) return;
  execve(execPath, [execPath, ...flags, ...execArgv, ...argv.slice(1)], env);
}
