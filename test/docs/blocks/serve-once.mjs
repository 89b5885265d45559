/** `serve-once.mjs COMMAND…`: runs a server until it is ready, ends it as Ctrl-C would, and exits as it did. */
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

const [command, ...parameters] = process.argv.slice(2);
const child = spawn(command, parameters, { stdio: "inherit" });
const ended = new Promise((resolve) => child.once("exit", (code, signal) => resolve(code ?? signal)));
const isReady = async () => {
  try {
    return (await fetch(`http://127.0.0.1:${process.env.REVIEWFLOW_PORT}/readyz`)).ok;
  } catch {
    return false;
  }
};
while (child.exitCode === null && child.signalCode === null && !(await isReady())) await sleep(50);
if (child.exitCode === null && child.signalCode === null) process.stdout.write("READY\n");
child.kill("SIGINT");
process.exitCode = (await ended) === 0 ? 0 : 1;
