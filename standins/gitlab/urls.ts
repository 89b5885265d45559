import type { MergeRequest, Project } from "./state.ts";
import type { World } from "./world.ts";

/** The project's page. */
export const projectUrl = (world: World, project: Project): string => `${world.url}/${project.path}`;

/** The merge request's page, as `web_url` gives it. */
export const mergeRequestUrl = (world: World, mergeRequest: MergeRequest): string =>
  `${projectUrl(world, mergeRequest.project)}/-/merge_requests/${mergeRequest.iid}`;

/** A note on the merge request's page. */
export const noteUrl = (world: World, mergeRequest: MergeRequest, noteId: number): string =>
  `${mergeRequestUrl(world, mergeRequest)}#note_${noteId}`;

/** GitLab knows drafts by their title's prefix. */
export const isDraft = (mergeRequest: { readonly title: string }): boolean =>
  /^\s*(\[draft\]|\(draft\)|draft:)/i.test(mergeRequest.title);

/** The title with or without the draft prefix. */
export const withDraft = (title: string, draft: boolean): string => {
  const plain = title.replace(/^\s*(\[draft\]|\(draft\)|draft:)\s*/i, "");
  return draft ? `Draft: ${plain}` : plain;
};
