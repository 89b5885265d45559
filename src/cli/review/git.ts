import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { message } from "../../messages/message.ts";
import { CommandError } from "../command-error.ts";

/** Git refused, or what it was asked for is not there. The message says what to change. */
export class GitError extends CommandError {}

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
 * What git is called with, whoever made the repository: no program that its configuration names runs, nothing
 * is fetched, a bare repository among its files is not taken for it (all three: what a repository names is its
 * maker's), nothing beside its commits says what they hold or follow, nor which files are as they were, and a diff has
 * the form that is parsed. docs/security.md says which forms are tried.
 */
const SETTINGS: readonly Setting[] = [
  ["safe.bareRepository", "explicit"],
  ["core.fsmonitor", "false"],
  ["core.hooksPath", "/dev/null"],
  ["core.commitGraph", "false"],
  ["core.checkStat", "default"],
  ["core.trustctime", "true"],
  ["advice.graftFileDeprecated", "false"],
  ["core.quotePath", "true"],
  ["diff.noprefix", "false"],
  ["diff.mnemonicPrefix", "false"],
  ["diff.suppressBlankEmpty", "false"],
  ["diff.relative", "false"],
];

type Setting = readonly [key: string, value: string];

/** Nothing may wait for a password, and git's messages are shown as they are. */
const ENVIRONMENT = {
  LC_ALL: "C",
  GIT_TERMINAL_PROMPT: "0",
  GIT_LITERAL_PATHSPECS: "1",
  GIT_ALLOW_PROTOCOL: "none",
  GIT_NO_LAZY_FETCH: "1",
  GIT_NO_REPLACE_OBJECTS: "1",
  GIT_GRAFT_FILE: "/dev/null",
} as const;

/** Settings by the environment, behind those that somebody gave so: a key may hold an equals sign there. */
const toEnvironment = (settings: readonly Setting[]): NodeJS.ProcessEnv => {
  const given = Number.parseInt(process.env["GIT_CONFIG_COUNT"] ?? "0", 10) || 0;
  return {
    ...process.env,
    ...ENVIRONMENT,
    GIT_CONFIG_COUNT: String(given + settings.length),
    ...Object.fromEntries(
      settings.flatMap(([key, value], index) => [
        [`GIT_CONFIG_KEY_${given + index}`, key],
        [`GIT_CONFIG_VALUE_${given + index}`, value],
      ]),
    ),
  };
};

const runGit = (
  folder: string,
  parameters: readonly string[],
  settings: readonly Setting[] = SETTINGS,
): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    execFile(
      "git",
      ["--no-optional-locks", ...parameters],
      { cwd: folder, encoding: "buffer", maxBuffer: MAX_OUTPUT, env: toEnvironment(settings) },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(toGitError(error, folder, parameters[0] ?? "", stderr.toString("utf8")));
      },
    );
  });

/** What git says where it may not fetch what a partial clone left out. */
const MISSING_OBJECTS =
  /lazy fetching disabled|transport '[^']*' not allowed|unable to read [0-9a-f]{40}|could not fetch [0-9a-f]{40}/;

const toGitError = (
  error: Error & { readonly code?: unknown },
  folder: string,
  command: string,
  said: string,
): GitError => {
  if (error.code === "ENOENT" && !existsSync(folder))
    return new GitError(message("cli.git.no-folder", { folder }), {
      code: "git-no-repository",
      cause: error,
    });
  if (error.code === "ENOENT")
    return new GitError(message("cli.git.missing"), { code: "git-missing", cause: error });
  if (error.code === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER")
    return new GitError(message("cli.git.too-large"), {
      code: "git-output-too-large",
      cause: error,
    });
  if (MISSING_OBJECTS.test(said))
    return new GitError(message("cli.git.objects-missing"), { code: "git-objects-missing", cause: error });
  const [problem = ""] = said.trim().split("\n");
  const what =
    problem === ""
      ? message("cli.git.failed-silently", { command })
      : message("cli.git.failed", { command, problem });
  return new GitError(what, { code: "git-failed", cause: error });
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
    throw new GitError(message("cli.git.no-repository", { folder }), {
      code: "git-no-repository",
      cause: error,
    });
  }
  const [found, own] = await Promise.all([gitFolder(folder), gitFolder(root)]);
  if (found !== own)
    throw new GitError(message("cli.git.elsewhere", { folder, root }), {
      code: "git-working-tree-elsewhere",
    });
  const settings = [...SETTINGS, ...(await filtersOff(root))];
  const run: Git["run"] = (parameters) => runGit(root, parameters, settings);
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

/** The folder of git itself that is found from a folder; null for none. */
const gitFolder = async (folder: string): Promise<string | null> => {
  try {
    return (await runGit(folder, ["rev-parse", "--absolute-git-dir"])).toString("utf8");
  } catch (error) {
    if (error instanceof GitError && error.code === "git-failed") return null;
    throw error;
  }
};

/** Scopes of what came with a repository. */
const THEIRS = new Set(["local", "worktree"]);

/**
 * Settings that turn off every filter of contents that the repository's own configuration names; filters of
 * the user or of the machine stay. Git LFS runs programs of the repository's `lfs.extension`: then it is off.
 */
const filtersOff = async (root: string): Promise<readonly Setting[]> => {
  const names = new Set<string>();
  for (const [scope, key] of await listKeys(root)) {
    if (!THEIRS.has(scope)) continue;
    const filter = /^filter\.(.+)\.[a-z]+$/s.exec(key)?.[1];
    if (filter !== undefined) names.add(filter);
    if (key.startsWith("lfs.extension.")) names.add("lfs");
  }
  return [...names].flatMap((name): readonly Setting[] => [
    [`filter.${name}.clean`, ""],
    [`filter.${name}.smudge`, ""],
    [`filter.${name}.process`, ""],
    [`filter.${name}.required`, "false"],
  ]);
};

/** The keys that speak of filters, each with where it is set. */
const listKeys = async (root: string): Promise<readonly (readonly [scope: string, key: string])[]> => {
  const listed = await runGit(root, ["config", "--show-scope", "--null", "--name-only", "--list"]);
  const fields = listed.toString("utf8").split("\0");
  return fields.flatMap((scope, index) => {
    const key = fields[index + 1];
    return index % 2 === 0 && key !== undefined ? [[scope, key] as const] : [];
  });
};
