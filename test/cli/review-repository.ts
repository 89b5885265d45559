import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type ReviewOptions, runReview } from "../../src/cli/review.ts";
import { recordedTerminal } from "./recorded-terminal.ts";

/** A repository in a temporary folder, on the branch main. */
export type Repository = AsyncDisposable & {
  readonly folder: string;
  readonly git: (...parameters: readonly string[]) => string;
  readonly write: (path: string, content: string | Uint8Array) => Promise<void>;
  readonly commit: (message: string) => void;
};

/** Nobody's own settings of git decide about a test. */
const ISOLATED = { GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" };

/** Creates an empty repository. */
export const createRepository = async (): Promise<Repository> => {
  const folder = await mkdtemp(join(tmpdir(), "reviewflow-review-"));
  const git = (...parameters: readonly string[]): string =>
    execFileSync("git", parameters, {
      cwd: folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...ISOLATED },
    });
  git("init", "-q", "-b", "main");
  git("config", "user.name", "Dev");
  git("config", "user.email", "dev@example.com");
  return {
    folder,
    git,
    write: async (path, content) => {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), content);
    },
    commit: (message) => {
      git("add", "-A");
      git("commit", "-q", "-m", message);
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
};

/** A function without a mistake, and what makes it one. */
export const SOUND = "export const sum = (list) => {\n  let total = 0;\n  return total;\n};\n";
export const PLANTED =
  "export const sum = (list) => {\n  let total = 0;\n  for (let i = 0; i <= list.length; i += 1) total += list[i];\n  return total;\n};\n";

/** A repository whose branch work plants a mistake in src/sum.js. */
export const createPlanted = async (): Promise<Repository> => {
  const repository = await createRepository();
  await repository.write("src/sum.js", SOUND);
  repository.commit("Begin");
  repository.git("switch", "-q", "-c", "work");
  await repository.write("src/sum.js", PLANTED);
  repository.commit("Add up the list\n\nAll of it.");
  return repository;
};

/** Runs the command as the command line does. */
export const review = async (
  { folder }: Pick<Repository, "folder">,
  modelUrl: string,
  range?: string,
  options: ReviewOptions = {},
) => {
  const terminal = recordedTerminal();
  const environment = { MODEL_NAME: "stand-in", MODEL_BASE_URL: modelUrl };
  const code = await runReview(range, { ...terminal, folder, environment, isTerminal: false, ...options });
  return { code, out: terminal.out(), err: terminal.err() };
};
