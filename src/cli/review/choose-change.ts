import { message } from "../../messages/message.ts";
import { type Git, GitError } from "./git.ts";

/** What of a repository is to be reviewed. */
export type Wanted =
  | { readonly kind: "range"; readonly range: string | null }
  | { readonly kind: "staged" }
  | { readonly kind: "worktree" };

/** A change as git is asked for it. */
export type ChosenChange = {
  /** As it was asked for, such as `main...HEAD` or `--staged`. */
  readonly name: string;
  /** The commit or tree that the change starts from; the rules of the repository are read there. */
  readonly base: string;
  /** The commit at the other end; null for the index and the working tree, which have none. */
  readonly head: string | null;
  /** The sides, as `git diff` takes them. */
  readonly sides: readonly string[];
  /** What people wrote about it. */
  readonly title: string;
  readonly description: string;
  /** Whether files that git does not know yet would belong to it. */
  readonly hasUntracked: boolean;
};

const MAX_DESCRIPTION = 20_000;

/** Finds the two sides of a change. Throws a GitError that names what cannot be found. */
export const chooseChange = async (git: Git, wanted: Wanted): Promise<ChosenChange> => {
  if (wanted.kind === "range") return chooseRange(git, wanted.range ?? `${await defaultBranch(git)}...HEAD`);
  const isStaged = wanted.kind === "staged";
  const base = (await git.ask(["rev-parse", "--verify", "HEAD^{commit}"])) ?? (await emptyTree(git));
  return {
    name: isStaged ? "--staged" : "--worktree",
    base,
    head: null,
    sides: isStaged ? ["--cached", base] : [base],
    // The model reads it, in English as the rest of its instructions.
    // oxlint-disable-next-line reviewflow/catalogue-only
    title: isStaged ? "Staged changes" : "Changes of the working tree",
    description: "",
    hasUntracked: !isStaged,
  };
};

/** Before the first commit everything is new. The id depends on the repository's kind of digest. */
const emptyTree = async (git: Git): Promise<string> =>
  (await git.run(["hash-object", "-t", "tree", "/dev/null"])).toString("utf8").trim();

const chooseRange = async (git: Git, range: string): Promise<ChosenChange> => {
  const [, from = "", dots = "...", to = "HEAD"] = /^(.*?)(\.{2,3})(.*)$/s.exec(range) ?? ["", range];
  const start = await commitOf(git, from === "" ? "HEAD" : from);
  const head = await commitOf(git, to === "" ? "HEAD" : to);
  const base = dots === "..." ? await mergeBase(git, start, head, range) : start;
  const messages = (await git.ask(["log", "--no-show-signature", "--format=%B", `${base}..${head}`])) ?? "";
  const [title = ""] = messages.split("\n");
  return {
    name: range,
    base,
    head,
    sides: [base, head],
    title: title === "" ? range : title,
    description: messages.slice(title.length).trim().slice(0, MAX_DESCRIPTION),
    hasUntracked: false,
  };
};

/** What a name may mean, the first that is there: branches come before tags, which anybody who may push makes. */
const meaningsOf = (name: string): readonly string[] =>
  name === "HEAD" || /^[0-9a-f]{40,64}$/.test(name)
    ? [name]
    : [`refs/heads/${name}`, `refs/remotes/${name}`, name];

const findCommit = async (git: Git, name: string): Promise<string | null> => {
  for (const meaning of meaningsOf(name)) {
    const commit = await git.ask([
      "rev-parse",
      "--verify",
      "--quiet",
      "--end-of-options",
      `${meaning}^{commit}`,
    ]);
    const sha = (commit ?? "").split("\n").at(-1) ?? "";
    if (/^[0-9a-f]{40,64}$/.test(sha)) return sha;
  }
  return null;
};

const commitOf = async (git: Git, name: string): Promise<string> => {
  const commit = await findCommit(git, name);
  if (commit !== null) return commit;
  throw new GitError(message("cli.git.no-commit", { name }), { code: "git-no-commit" });
};

const mergeBase = async (git: Git, start: string, head: string, range: string): Promise<string> => {
  const base = await git.ask(["merge-base", start, head]);
  if (base !== null && base !== "") return base;
  throw new GitError(message("cli.git.no-merge-base", { range }), { code: "git-no-merge-base" });
};

const CANDIDATES = ["origin/main", "origin/master", "main", "master"];

const defaultBranch = async (git: Git): Promise<string> => {
  const remote = (await git.ask(["symbolic-ref", "refs/remotes/origin/HEAD"])) ?? "";
  for (const name of [remote.replace(/^refs\/remotes\//, ""), ...CANDIDATES])
    if (name !== "" && (await findCommit(git, name)) !== null) return name;
  throw new GitError(message("cli.git.no-default-branch"), { code: "git-no-default-branch" });
};
