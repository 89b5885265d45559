import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

const COMMAND = fileURLToPath(new URL("../../src/cli/reviewflow.ts", import.meta.url));

/** What a command came to. */
export type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

/**
 * Runs `reviewflow ARGUMENTS` in a process of its own, with exactly this environment, perhaps in another folder
 * or as another user (by number, which takes root).
 */
export const runCommand = async (
  parameters: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = {},
  { folder, user }: { readonly folder?: string; readonly user?: number } = {},
): Promise<Ended> => {
  const child = spawn(process.execPath, [COMMAND, ...parameters], {
    env: {
      PATH: process.env["PATH"],
      NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
      ...environment,
    },
    ...(folder === undefined ? {} : { cwd: folder }),
    stdio: ["ignore", "pipe", "pipe"],
    ...(user === undefined ? {} : { uid: user, gid: user }),
  });
  const [stdout, stderr] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    child.exitCode === null && child.signalCode === null ? once(child, "exit") : null,
  ]);
  return { code: child.exitCode, stdout, stderr };
};
