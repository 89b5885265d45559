import { z } from "zod";
import { decodeText } from "../../base/decode-text.ts";
import type { Diff, FileReading, FolderEntry, Forge, MergeRequest } from "../../review/forge.ts";
import type { ChosenChange } from "./choose-change.ts";
import type { Git } from "./git.ts";
import { splitZeros } from "./read-diff.ts";

/** Files beyond this are not read as rules, in bytes. */
const MAX_FILE = 1024 * 1024;

const ENTRY = /^(\d{6}) (blob|tree|commit) ([0-9a-f]+)\t(.+)$/s;

const EntryType = z.enum(["blob", "tree", "commit"]);

const toEntry = (line: string): readonly FolderEntry[] => {
  const [, mode, type, id, path] = ENTRY.exec(line) ?? [];
  const kind = EntryType.safeParse(type);
  return mode === undefined || id === undefined || path === undefined || !kind.success
    ? []
    : [{ mode, type: kind.data, id, path }];
};

const refuse = async (): Promise<never> => {
  throw new Error("A local review has no merge request to write to.");
};

/**
 * A repository on this machine as the place where a review reads: its diff, and its files as they are at
 * the start of the change, whatever commit is asked for, so that no change decides about its own review.
 * There is nobody else here and nothing can be written.
 */
export const createLocalForge = (git: Git, { base }: ChosenChange, diff: Diff): Forge => ({
  currentUser: async () => ({ id: 0, username: "local" }),
  fetchDiff: async () => diff,
  fetchDiscussions: async () => [],
  fetchDiscussion: async () => null,
  hasNote: async () => false,
  fetchReactions: async () => null,
  fetchAccessLevel: async () => null,
  isProtectedBranch: async () => true,
  listFolder: async (_ref, { path, recursive }) => {
    const folder = path === "" ? [] : [`${path}/`];
    const options = ["--full-tree", "-z", ...(recursive ? ["-r"] : [])];
    const list = await git.run(["ls-tree", ...options, base, "--", ...folder]);
    return splitZeros(list).flatMap(toEntry);
  },
  fetchFile: async (_ref, { path }) => readAt(git, base, path),
  fetchMergeRequest: refuse,
  upsertNote: refuse,
  publish: refuse,
  reply: refuse,
  resolveDiscussion: refuse,
  react: refuse,
  unreact: refuse,
  setStatus: refuse,
  endStatus: refuse,
  removeNote: refuse,
  updateDescription: refuse,
});

const readAt = async (git: Git, base: string, path: string): Promise<FileReading> => {
  const size = Number((await git.ask(["cat-file", "-s", `${base}:${path}`])) ?? Number.NaN);
  if (Number.isNaN(size)) return { kind: "missing" };
  if (size > MAX_FILE) return { kind: "too-large" };
  const bytes = await git.run(["cat-file", "blob", `${base}:${path}`]);
  return bytes.includes(0) ? { kind: "binary" } : { kind: "text", text: decodeText(bytes) };
};

/** A change in the place of a merge request. */
export const toMergeRequest = ({ title, description, base, head }: ChosenChange): MergeRequest => ({
  ref: { projectId: 0, iid: 0 },
  projectPath: "local",
  title,
  description,
  state: "opened",
  draft: false,
  webUrl: "",
  author: { id: 0, username: "local" },
  sourceBranch: "HEAD",
  // Any name will do: the forge reads at the start of the change.
  targetBranch: "base",
  headSha: head ?? base,
  reviewerIds: [],
  diffRefs: { baseSha: base, startSha: base, headSha: head ?? base },
  labels: [],
});
