import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { ReviewflowError } from "../../base/errors.ts";

/** Git refused, or what it was asked for is not there. The message says what to change. */
export class GitError extends ReviewflowError {}

/** Runs git in one repository. */
export type Git = {
  /** The folder of the working tree. */
  readonly root: string;
  /** What git writes to standard output; throws a GitError when it fails. */
  readonly run: (parameters: readonly string[]) => Promise<Buffer>;
  /** Like `run`, as one trimmed text; null when git fails. */
  readonly ask: (parameters: readonly string[]) => Promise<string | null>;
};

/** The longest diff that is taken, in bytes. */
const MAX_OUTPUT = 256 * 1024 * 1024;

/**
 * Settings of a repository or a user that would have git run a program of theirs, or write a diff in
 * another form than the one that is parsed.
 */
const SETTINGS = [
  "core.fsmonitor=false",
  "core.quotePath=true",
  "diff.noprefix=false",
  "diff.mnemonicPrefix=false",
  "diff.suppressBlankEmpty=false",
  "diff.relative=false",
].flatMap((setting) => ["-c", setting]);

const runGit = (folder: string, parameters: readonly string[]): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    execFile(
      "git",
      ["--no-optional-locks", ...SETTINGS, ...parameters],
      {
        cwd: folder,
        encoding: "buffer",
        maxBuffer: MAX_OUTPUT,
        // Git's messages are shown as they are, and nothing may wait for a password.
        env: { ...process.env, LC_ALL: "C", GIT_TERMINAL_PROMPT: "0", GIT_LITERAL_PATHSPECS: "1" },
      },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(toGitError(error, folder, parameters[0] ?? "", stderr.toString("utf8")));
      },
    );
  });

const toGitError = (
  error: Error & { readonly code?: unknown },
  folder: string,
  command: string,
  said: string,
): GitError => {
  if (error.code === "ENOENT" && !existsSync(folder))
    return new GitError(`There is no folder ${folder}.`, { code: "git-no-repository", cause: error });
  if (error.code === "ENOENT")
    return new GitError(
      "git is missing: install the package git (Debian, Ubuntu: apt-get install git; Fedora: dnf install git; Alpine: apk add git) and try again.",
      { code: "git-missing", cause: error },
    );
  if (error.code === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER")
    return new GitError("the change is too large to be reviewed at once: choose a smaller range", {
      code: "git-output-too-large",
      cause: error,
    });
  const [line = ""] = said.trim().split("\n");
  return new GitError(`git ${command} failed: ${line === "" ? "it did not say why" : line}`, {
    code: "git-failed",
    cause: error,
  });
};

/** Throws a GitError that names the package where git is not installed. */
export const requireGit = async (): Promise<void> => {
  await runGit(process.cwd(), ["--version"]);
};

/** Opens the repository that `folder` is in. Throws a GitError where there is none. */
export const openGit = async (folder: string): Promise<Git> => {
  let root: string;
  try {
    root = (await runGit(folder, ["rev-parse", "--show-toplevel"])).toString("utf8").replace(/\n$/, "");
  } catch (error) {
    if (!(error instanceof GitError) || error.code !== "git-failed") throw error;
    throw new GitError(`${folder} is in no working tree of git: enter one`, {
      code: "git-no-repository",
      cause: error,
    });
  }
  const run: Git["run"] = (parameters) => runGit(root, parameters);
  return {
    root,
    run,
    ask: async (parameters) => {
      try {
        return (await run(parameters)).toString("utf8").trim();
      } catch (error) {
        if (error instanceof GitError && error.code === "git-failed") return null;
        throw error;
      }
    },
  };
};
