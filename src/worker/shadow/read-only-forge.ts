import type { Forge } from "../../review/forge.ts";
import type { Snapshot } from "./snapshot-shelf.ts";

const refuse = (): Promise<never> =>
  Promise.reject(new Error("A shadow review must not write to the merge request."));

/** A forge that only reads, and of the changes what is known of them already. */
export const createReadOnlyForge = (forge: Forge, snapshot: Snapshot | null): Forge => ({
  currentUser: forge.currentUser,
  fetchMergeRequest: forge.fetchMergeRequest,
  fetchDiff: async (mergeRequest, signal) => snapshot?.diff ?? (await forge.fetchDiff(mergeRequest, signal)),
  fetchDiscussions: forge.fetchDiscussions,
  fetchDiscussion: forge.fetchDiscussion,
  hasNote: forge.hasNote,
  fetchReactions: forge.fetchReactions,
  fetchAccessLevel: forge.fetchAccessLevel,
  isProtectedBranch: forge.isProtectedBranch,
  listFolder: forge.listFolder,
  fetchFile: forge.fetchFile,
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
