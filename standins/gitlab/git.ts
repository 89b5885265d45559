import { spawn } from "node:child_process";
import { constants } from "node:os";

/** Runs git in one repository and gives its standard output; a failing command rejects with its message. */
export type Git = (args: readonly string[], input?: Buffer) => Promise<Buffer>;

/** The identity of commits whose author a scenario does not name. */
export const STAND_IN_IDENTITY = {
  name: "Reviewflow stand-in",
  email: "stand-in@reviewflow.invalid",
} as const;

/** A git command that ended with a status other than 0. */
export class GitFailure extends Error {
  readonly status: number | null;
  constructor(args: readonly string[], status: number | null, stderr: string) {
    super(`git ${args[0] ?? ""} ended with ${status ?? "a signal"}: ${stderr.trim()}`);
    this.name = "GitFailure";
    this.status = status;
  }
}

/**
 * The environment is built anew, so that no configuration, hook, pager, credential or locale of the machine
 * changes a result.
 */
const environment = (folder: string): NodeJS.ProcessEnv => ({
  PATH: process.env["PATH"],
  HOME: folder,
  LC_ALL: "C.UTF-8",
  TZ: "UTC",
  GIT_DIR: folder,
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_TERMINAL_PROMPT: "0",
  GIT_ATTR_NOSYSTEM: "1",
  GIT_AUTHOR_NAME: STAND_IN_IDENTITY.name,
  GIT_AUTHOR_EMAIL: STAND_IN_IDENTITY.email,
  GIT_COMMITTER_NAME: STAND_IN_IDENTITY.name,
  GIT_COMMITTER_EMAIL: STAND_IN_IDENTITY.email,
});

/** Without gc nothing is ever lost, so no ref has to keep a commit; a temporary folder needs no fsync. */
const SETTINGS = [
  "core.quotePath=false",
  "core.fsync=none",
  "gc.auto=0",
  "diff.algorithm=myers",
  "diff.renameLimit=2000",
  "fastimport.unpackLimit=1",
];

/** A runner for the (bare) repository in `folder`. */
export const createGit = (folder: string): Git => {
  const env = environment(folder);
  const config = SETTINGS.flatMap((setting) => ["-c", setting]);
  return (args, input) =>
    new Promise((resolve, reject) => {
      const child = spawn("git", [...config, ...args], { env, cwd: folder, stdio: ["pipe", "pipe", "pipe"] });
      const out: Buffer[] = [];
      const err: Buffer[] = [];
      child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
      child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
      child.on("error", reject);
      child.stdin.on("error", (error: NodeJS.ErrnoException) => {
        // A command that ends before it has read its input closes the pipe; its status tells the reason.
        if (error.errno !== -constants.errno.EPIPE) reject(error);
      });
      child.on("close", (status) => {
        if (status === 0) resolve(Buffer.concat(out));
        else reject(new GitFailure(args, status, Buffer.concat(err).toString("utf8")));
      });
      child.stdin.end(input ?? Buffer.alloc(0));
    });
};
