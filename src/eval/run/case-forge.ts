import { createHash } from "node:crypto";
import type { Forge, FolderEntry, MergeRequest } from "../../review/forge.ts";
import type { EvalCase } from "../set/eval-case.ts";

const refuse = async (): Promise<never> => {
  throw new Error("A recorded merge request cannot be written to.");
};

const digest = (text: string): string => createHash("sha1").update(text).digest("hex");

/** Commits that no repository has; the same for the same case. */
const refsOf = ({ name }: EvalCase) => ({
  baseSha: digest(`${name} base`),
  startSha: digest(`${name} base`),
  headSha: digest(`${name} head`),
});

/** A recorded merge request as the place where a review reads. Whatever commit is asked for, files are as before the change. */
export const createCaseForge = (found: EvalCase): Forge => ({
  currentUser: async () => ({ id: 0, username: "eval" }),
  fetchDiff: async () => ({ refs: refsOf(found), files: found.changes }),
  fetchDiscussions: async () => [],
  fetchDiscussion: async () => null,
  hasNote: async () => false,
  fetchReactions: async () => null,
  fetchAccessLevel: async () => null,
  isProtectedBranch: async () => true,
  listFolder: async (_ref, { path, recursive }) => listFolder(found.files, path, recursive),
  fetchFile: async (_ref, { path }) => {
    const text = found.files.get(path);
    if (text === undefined) return { kind: "missing" };
    return text.includes("\0") ? { kind: "binary" } : { kind: "text", text };
  },
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

const listFolder = (
  files: ReadonlyMap<string, string>,
  folder: string,
  recursive: boolean,
): readonly FolderEntry[] => {
  const prefix = folder === "" ? "" : `${folder}/`;
  const entries = new Map<string, FolderEntry>();
  for (const [path, text] of files) {
    if (!path.startsWith(prefix)) continue;
    const [name = "", ...below] = path.slice(prefix.length).split("/");
    if (recursive || below.length === 0) {
      entries.set(path, { path, type: "blob", mode: "100644", id: digest(text) });
      continue;
    }
    const sub = prefix + name;
    entries.set(sub, { path: sub, type: "tree", mode: "040000", id: digest(sub) });
  }
  return [...entries.values()];
};

/** A case in the place of a merge request. */
export const toMergeRequest = (found: EvalCase): MergeRequest => ({
  ref: { projectId: 0, iid: 0 },
  projectPath: "eval",
  title: found.title,
  description: found.description,
  state: "opened",
  draft: false,
  webUrl: "",
  author: { id: 0, username: "eval" },
  sourceBranch: "change",
  targetBranch: "base",
  headSha: refsOf(found).headSha,
  diffRefs: refsOf(found),
  labels: [],
  reviewerIds: [],
});
