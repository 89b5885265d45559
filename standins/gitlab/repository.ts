import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createGit, GitFailure, STAND_IN_IDENTITY } from "./git.ts";
import type { Git } from "./git.ts";
import { parseRawAndPatch } from "./raw-diff.ts";
import type { FileDiff } from "./raw-diff.ts";
import { parseLineTruth } from "./line-truth.ts";
import type { FileTruth } from "./line-truth.ts";

/** A git file mode that a scenario may set. */
type FileMode = "100644" | "100755" | "120000";

/** One change of a commit. `write` creates or replaces; `rename` keeps the content, a later `write` changes it. */
export type FileAction =
  | {
      readonly action: "write";
      readonly path: string;
      readonly content: string | Buffer;
      readonly mode?: FileMode;
    }
  | { readonly action: "delete"; readonly path: string }
  | { readonly action: "rename"; readonly from: string; readonly to: string }
  | { readonly action: "chmod"; readonly path: string; readonly mode: FileMode };

/** What to commit. `parent` is a SHA, or null for a commit without history. */
type CommitRequest = {
  readonly branch: string;
  readonly parent: string | null;
  readonly message: string;
  readonly actions: readonly FileAction[];
  readonly author?: { readonly name: string; readonly email: string };
  readonly at: Date;
  /** Further parents make it a merge commit. */
  readonly mergedParents?: readonly string[];
};

/** A commit as read from git. */
export type CommitInfo = {
  readonly sha: string;
  readonly parents: readonly string[];
  readonly authorName: string;
  readonly authorEmail: string;
  readonly at: string;
  readonly message: string;
};

/** A file in a tree. */
type TreeEntry = { readonly mode: string; readonly sha: string };

/** A file or folder as a listing shows it. */
type TreeItem = TreeEntry & { readonly type: "tree" | "blob" | "commit"; readonly path: string };

/** One bare repository, with the questions that the stand-in asks of it. */
export type Repository = {
  readonly folder: string;
  readonly commit: (request: CommitRequest) => Promise<string>;
  readonly setBranch: (branch: string, sha: string | null) => Promise<void>;
  readonly setTag: (tag: string, sha: string) => Promise<void>;
  readonly fetchFrom: (folder: string, sha: string) => Promise<void>;
  /** The commit's SHA, or null where the name is unknown. */
  readonly resolve: (name: string) => Promise<string | null>;
  readonly branches: () => Promise<readonly string[]>;
  readonly mergeBase: (one: string, other: string) => Promise<string | null>;
  readonly commitsBetween: (base: string, head: string) => Promise<readonly CommitInfo[]>;
  readonly commitInfo: (sha: string) => Promise<CommitInfo | null>;
  readonly entry: (ref: string, path: string) => Promise<TreeEntry | null>;
  /** Files and folders of a folder (empty for the root), all below it where `recursive`. */
  readonly tree: (ref: string, path: string, recursive: boolean) => Promise<readonly TreeItem[]>;
  readonly blob: (sha: string) => Promise<Buffer>;
  readonly diff: (base: string, head: string) => Promise<readonly FileDiff[]>;
  readonly patch: (base: string, head: string) => Promise<Buffer>;
  readonly truth: (base: string, head: string) => Promise<readonly FileTruth[]>;
  readonly mergeTree: (ours: string, theirs: string) => Promise<string | null>;
  readonly commitTree: (tree: string, parents: readonly string[], message: string) => Promise<string>;
};

/** Gitaly finds renames from 30 % likeness on.† */
const FIND_RENAMES = "-M30%";
const FULL_CONTEXT = "-U1000000";

const quotePath = (path: string): string =>
  `"${path.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;

const block = (bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`data ${bytes.length}\n`), bytes, Buffer.from("\n")]);

const actionText = async (git: Git, parent: string | null, action: FileAction): Promise<Buffer> => {
  switch (action.action) {
    case "write":
      return Buffer.concat([
        Buffer.from(`M ${action.mode ?? "100644"} inline ${quotePath(action.path)}\n`),
        block(Buffer.isBuffer(action.content) ? action.content : Buffer.from(action.content)),
      ]);
    case "delete":
      return Buffer.from(`D ${quotePath(action.path)}\n`);
    case "rename":
      return Buffer.from(`R ${quotePath(action.from)} ${quotePath(action.to)}\n`);
    case "chmod": {
      const found = parent === null ? null : await readEntry(git, parent, action.path);
      if (found === null) throw new Error(`chmod: ${action.path} is not in the parent commit`);
      return Buffer.from(`M ${action.mode} ${found.sha} ${quotePath(action.path)}\n`);
    }
  }
};

const readEntry = async (git: Git, ref: string, path: string): Promise<TreeEntry | null> => {
  const listed = (await git(["ls-tree", "-z", ref, "--", `:(literal)${path}`])).toString("utf8");
  const match = /^(\d{6}) blob ([0-9a-f]+)\t/.exec(listed);
  return match === null ? null : { mode: match[1] ?? "", sha: match[2] ?? "" };
};

const listTree = async (
  git: Git,
  ref: string,
  path: string,
  recursive: boolean,
): Promise<readonly TreeItem[]> => {
  const folder = path === "" ? "" : `${path.replace(/\/+$/, "")}/`;
  const where = folder === "" ? [] : ["--", folder];
  const listed = (await git(["ls-tree", "-z", ...(recursive ? ["-r", "-t"] : []), ref, ...where])).toString(
    "utf8",
  );
  return listed
    .split("\0")
    .filter(Boolean)
    .flatMap((record) => {
      const match = /^(\d{6}) (blob|tree|commit) ([0-9a-f]+)\t(.*)$/s.exec(record);
      // With -t git lists the folder itself and those above it too.
      if (match?.[4]?.startsWith(folder) !== true) return [];
      const type = match[2] === "tree" ? "tree" : match[2] === "commit" ? "commit" : "blob";
      return [{ mode: match[1] ?? "", type, sha: match[3] ?? "", path: match[4] ?? "" } as const];
    });
};

const createCommit =
  (git: Git) =>
  async (request: CommitRequest): Promise<string> => {
    const author = request.author ?? STAND_IN_IDENTITY;
    const seconds = Math.floor(request.at.getTime() / 1000);
    // The reset makes the branch start from the stated parent, whatever it pointed at before.
    const ref = `refs/heads/${request.branch}`;
    const parts: Buffer[] = [
      Buffer.from(`reset ${ref}\n`),
      Buffer.from(`commit ${ref}\nmark :1\n`),
      Buffer.from(`author ${author.name} <${author.email}> ${seconds} +0000\n`),
      Buffer.from(`committer ${author.name} <${author.email}> ${seconds} +0000\n`),
      block(Buffer.from(request.message)),
    ];
    if (request.parent !== null) parts.push(Buffer.from(`from ${request.parent}\n`));
    for (const merged of request.mergedParents ?? []) parts.push(Buffer.from(`merge ${merged}\n`));
    for (const action of request.actions) parts.push(await actionText(git, request.parent, action));
    parts.push(Buffer.from(`\nget-mark :1\n`));
    const out = await git(["fast-import", "--quiet", "--force", "--cat-blob-fd=1"], Buffer.concat(parts));
    return out.toString("utf8").trim();
  };

const COMMIT_FORMAT = "--format=%H%x00%P%x00%an%x00%ae%x00%aI%x00%B%x00%x00";

const parseCommits = (text: string): readonly CommitInfo[] =>
  text
    .split("\0\0\n")
    .filter((record) => record.trim() !== "")
    .map((record) => {
      const [sha = "", parents = "", authorName = "", authorEmail = "", at = "", message = ""] =
        record.split("\0");
      return { sha, parents: parents.split(" ").filter(Boolean), authorName, authorEmail, at, message };
    });

/** Null where git says no, with the given statuses; any other failure is passed on. */
const orNull = async (answer: Promise<Buffer>, statuses: readonly number[]): Promise<string | null> => {
  try {
    return (await answer).toString("utf8").trim();
  } catch (error) {
    if (error instanceof GitFailure && error.status !== null && statuses.includes(error.status)) return null;
    throw error;
  }
};

/** What is asked of commits by their SHAs never changes, so each question goes to git once. */
const remember = <A extends readonly string[], T>(ask: (...names: A) => Promise<T>) => {
  const known = new Map<string, Promise<T>>();
  return (...names: A): Promise<T> => {
    const key = names.join("\0");
    const found = known.get(key) ?? ask(...names);
    known.set(key, found);
    return found;
  };
};

/**
 * Histories as this process wrote them, without a process of git for each question. Null where one of the commits is a
 * merge or came by a fetch: git knows.
 */
const createHistories = () => {
  const parents = new Map<string, string | null>();
  /** A commit with those before it, the youngest first. */
  const lineOf = (head: string): readonly string[] | null => {
    const line: string[] = [];
    for (let at: string | null = head; at !== null;) {
      const parent = parents.get(at);
      if (parent === undefined) return null;
      line.push(at);
      at = parent;
    }
    return line;
  };
  return {
    add: (sha: string, { parent, mergedParents = [] }: CommitRequest): void => {
      if (mergedParents.length === 0) parents.set(sha, parent);
    },
    mergeBase: (one: string, other: string): string | null => {
      const line = lineOf(one);
      const others = lineOf(other);
      return line === null || others === null ? null : (line.find((sha) => others.includes(sha)) ?? null);
    },
  };
};

/** The least that git takes for a bare repository; `git init` would cost a process for each project. */
const lay = async (folder: string, defaultBranch: string): Promise<void> => {
  await mkdir(join(folder, "objects"), { recursive: true });
  await mkdir(join(folder, "refs", "heads"), { recursive: true });
  await writeFile(join(folder, "HEAD"), `ref: refs/heads/${defaultBranch}\n`);
  await writeFile(join(folder, "config"), "[core]\n\trepositoryformatversion = 0\n\tbare = true\n");
};

/** Branches and commits are known here, because nobody else writes to the repository. */
const createRefs = (git: Git, defaultBranch: string) => {
  const tips = new Map<string, string>();
  const tags = new Map<string, string>();
  const commits = new Set<string>();
  const ask = (name: string) =>
    orNull(git(["rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`]), [1, 128]);
  return {
    set: (branch: string, sha: string): void => {
      tips.set(branch, sha);
      commits.add(sha);
    },
    setTag: (tag: string, sha: string): void => void tags.set(tag, sha),
    remove: (branch: string): void => void tips.delete(branch),
    branches: (): readonly string[] => [...tips.keys()].sort(),
    resolve: async (name: string): Promise<string | null> => {
      if (name.startsWith("refs/heads/")) return tips.get(name.slice("refs/heads/".length)) ?? null;
      if (commits.has(name)) return name;
      // As git does, a bare name is a tag before it is a branch.
      return tags.get(name) ?? tips.get(name === "HEAD" ? defaultBranch : name) ?? (await ask(name));
    },
  };
};

/** Creates an empty bare repository in `folder`, with `defaultBranch` as its HEAD. */
export const createRepository = async (folder: string, defaultBranch: string): Promise<Repository> => {
  await lay(folder, defaultBranch);
  const git = createGit(folder);
  const refs = createRefs(git, defaultBranch);
  const histories = createHistories();
  const commit = createCommit(git);
  const tree = (mode: readonly string[]) => (base: string, head: string) =>
    git([
      "diff-tree",
      "-r",
      "--no-ext-diff",
      "--no-textconv",
      "--full-index",
      FIND_RENAMES,
      ...mode,
      base,
      head,
    ]);
  return {
    folder,
    commit: async (request) => {
      const sha = await commit(request);
      refs.set(request.branch, sha);
      histories.add(sha, request);
      return sha;
    },
    setBranch: async (branch, sha) => {
      const ref = `refs/heads/${branch}`;
      await git(sha === null ? ["update-ref", "-d", ref] : ["update-ref", ref, sha]);
      if (sha === null) refs.remove(branch);
      else refs.set(branch, sha);
    },
    setTag: async (tag, sha) => {
      await git(["update-ref", `refs/tags/${tag}`, sha]);
      refs.setTag(tag, sha);
    },
    fetchFrom: async (source, sha) => void (await git(["fetch", "--quiet", "--no-tags", source, sha])),
    resolve: refs.resolve,
    branches: () => Promise.resolve(refs.branches()),
    mergeBase: remember(
      async (one, other) =>
        histories.mergeBase(one, other) ?? (await orNull(git(["merge-base", one, other]), [1])),
    ),
    commitsBetween: remember(async (base, head) =>
      parseCommits((await git(["log", COMMIT_FORMAT, `${base}..${head}`])).toString("utf8")),
    ),
    commitInfo: remember(async (sha) => {
      const found = await orNull(git(["log", "-1", COMMIT_FORMAT, sha]), [128]);
      return found === null ? null : (parseCommits(`${found}\n`)[0] ?? null);
    }),
    entry: remember((ref, path) => readEntry(git, ref, path)),
    tree: (ref, path, recursive) => listTree(git, ref, path, recursive),
    blob: remember((sha) => git(["cat-file", "blob", sha])),
    diff: remember(async (base, head) => parseRawAndPatch(await tree(["--raw", "-p", "-z"])(base, head))),
    patch: tree(["-p"]),
    truth: remember(async (base, head) =>
      parseLineTruth(await tree(["--raw", "-p", "-z", FULL_CONTEXT])(base, head)),
    ),
    mergeTree: async (ours, theirs) => orNull(git(["merge-tree", "--write-tree", ours, theirs]), [1]),
    commitTree: async (treeSha, parents, message) =>
      (await git(["commit-tree", treeSha, ...parents.flatMap((sha) => ["-p", sha]), "-m", message]))
        .toString("utf8")
        .trim(),
  };
};
