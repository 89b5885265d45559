#!/usr/bin/env node
/** The installed command: hands over to the Node 26 that npm brought, whatever Node started us. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { findNode, nodeEnvironment } from "../scripts/bootstrap.mjs";

const node = findNode();
const command = fileURLToPath(new URL("../src/cli/reviewflow.ts", import.meta.url));
const child = spawn(node, [command, ...process.argv.slice(2)], {
  stdio: "inherit",
  env: nodeEnvironment(node),
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) => {
  process.exitCode = code ?? (signal === null ? 1 : 128);
});
