import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { z } from "zod";

const HERE = fileURLToPath(new URL("../..", import.meta.url));

const Line = z.object({ msg: z.string(), url: z.string().optional() });

/** A Reviewflow in a process of its own, which can be killed. */
export type ServerProcess = {
  readonly url: string;
  /** Everything that it printed, for messages and for a look at what it must not print. */
  readonly output: () => string;
  readonly pid: number;
  readonly isAlive: () => boolean;
  /** Null while it runs, and after a signal ended it. */
  readonly exitCode: () => number | null;
  /** SIGKILL: no chance to tidy up. */
  readonly kill: () => Promise<void>;
  /** SIGTERM: an orderly stop; its exit code. */
  readonly stop: () => Promise<number | null>;
};

const exitOf = async (child: ChildProcess, signal: "SIGKILL" | "SIGTERM"): Promise<number | null> => {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exited = once(child, "exit");
  child.kill(signal);
  await exited;
  return child.exitCode;
};

/**
 * Starts `reviewflow serve` with exactly this environment, perhaps with arguments, of another checkout, in another folder
 * or as another user (which takes root), and waits until it listens.
 */
export const startServerProcess = async (
  environment: Readonly<Record<string, string | undefined>>,
  {
    args = [],
    checkout = HERE,
    ...as
  }: {
    readonly args?: readonly string[];
    readonly checkout?: string;
    readonly cwd?: string;
    readonly uid?: number;
    readonly gid?: number;
  } = {},
): Promise<ServerProcess> => {
  const child = spawn(process.execPath, [join(checkout, "src/cli/reviewflow.ts"), "serve", ...args], {
    env: {
      PATH: process.env["PATH"],
      NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
    ...as,
  });
  let output = "";
  child.stderr.on("data", (chunk) => (output += String(chunk)));
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (text) => {
      output += `${text}\n`;
      const line = Line.safeParse(JSON.parse(text));
      if (line.data?.msg === "Reviewflow listens") resolve(line.data.url ?? assert.fail("no address"));
    });
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}: ${output}`)));
  });
  return {
    url,
    output: () => output,
    pid: child.pid ?? assert.fail("no process"),
    exitCode: () => child.exitCode,
    isAlive: () => child.exitCode === null && child.signalCode === null,
    kill: async () => void (await exitOf(child, "SIGKILL")),
    stop: () => exitOf(child, "SIGTERM"),
  };
};
