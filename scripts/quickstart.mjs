/** `npm run quickstart`: installs what is missing, then shows a review from webhook to note. */
import { spawn } from "node:child_process";
import { bringGit, findNode, install, nodeEnvironment, root } from "./bootstrap.mjs";

install();
const node = findNode({ bring: true });
// Where it cannot be brought, the demo says so.
bringGit();
const child = spawn(node, ["src/cli/reviewflow.ts", "demo", ...process.argv.slice(2)], {
  cwd: root,
  stdio: "inherit",
  env: nodeEnvironment(node),
});
// Ctrl-C reaches the demo as well as us; it puts away what it started, and we wait for it.
process.on("SIGINT", () => undefined);
for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("error", (error) => {
  console.error(`${node} could not be started: ${error.message}`);
  process.exitCode = 1;
});
child.on("exit", (code, signal) => {
  process.exitCode = code ?? (signal === null ? 1 : 128);
});
