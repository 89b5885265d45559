import { readFile, realpath, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { parseEnv } from "node:util";
import { describeError } from "../base/errors.ts";
import type { Environment } from "../config/environment.ts";
import { GitError, openGit } from "./review/git.ts";
import { printable, processTerminal, type Terminal, terminalTexts } from "./terminal.ts";

/** Where the environment of a server is read; the process's own in its working folder when left out. */
export type ServerEnvironmentOptions = Partial<Pick<Terminal, "complain">> & {
  readonly environment?: Environment;
  readonly folder?: string;
};

/**
 * The environment for `serve` and the commands that talk to the server: the process's own, and for what it
 * leaves out the `.env` of the working folder. A variable and its `_FILE` form count as one, so that
 * whichever the process has wins. A file that came with a repository (git tracks it) or belongs to another
 * user could send our tokens elsewhere: it is passed over, with a line that says so.
 */
export const readServerEnvironment = async ({
  complain = processTerminal.complain,
  environment = process.env,
  folder = process.cwd(),
}: ServerEnvironmentOptions = {}): Promise<Environment> => {
  const file = join(folder, ".env");
  const t = terminalTexts(environment);
  let text: string;
  try {
    const problem = await findProblem(file, folder);
    if (problem !== null) {
      complain(printable(`${t(problem, { file })}\n`));
      return environment;
    }
    text = await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return environment;
    complain(printable(`${t("cli.env.unreadable", { file, problem: describeError(error) })}\n`));
    return environment;
  }
  const isGiven = (name: string): boolean => {
    const plain = name.replace(/_FILE$/, "");
    return environment[plain] !== undefined || environment[`${plain}_FILE`] !== undefined;
  };
  const added = Object.entries(parseEnv(text)).filter(([name]) => !isGiven(name));
  return { ...Object.fromEntries(added), ...environment };
};

const findProblem = async (
  file: string,
  folder: string,
): Promise<"cli.env.foreign" | "cli.env.tracked" | null> => {
  const { uid } = await stat(file);
  const own = process.getuid?.();
  if (own !== undefined && uid !== own && uid !== 0) return "cli.env.foreign";
  return (await isTracked(folder)) ? "cli.env.tracked" : null;
};

const isTracked = async (folder: string): Promise<boolean> => {
  try {
    const git = await openGit(folder);
    const path = relative(git.root, join(await realpath(folder), ".env"));
    return (await git.ask(["ls-files", "--error-unmatch", "--", path])) !== null;
  } catch (error) {
    // No git, or no repository: nothing that git could have brought.
    if (error instanceof GitError) return false;
    throw error;
  }
};
