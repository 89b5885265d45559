import { diffEntries } from "./diff-entries.ts";
import { discussionEntity, draftEntity, mergeRequestDetail } from "./entities.ts";
import type { MergeRequest } from "./state.ts";
import { latestVersion } from "./world.ts";
import type { World } from "./world.ts";

/** Everything that a page of the merge request would show, as plain JSON in the API's shapes. */
export const viewMergeRequest = async (world: World, mergeRequest: MergeRequest) => {
  const version = latestVersion(mergeRequest);
  const files =
    version === null ? [] : await mergeRequest.project.repository.diff(version.base, version.head);
  const discussions = mergeRequest.discussions.map((discussion) =>
    discussionEntity(world, mergeRequest, discussion),
  );
  return {
    mergeRequest: await mergeRequestDetail(world, mergeRequest, null),
    diffs: diffEntries({ ...world, collapseDiffs: false }, files),
    discussions,
    notes: discussions.flatMap((discussion) => discussion.notes).sort((one, other) => one.id - other.id),
    drafts: mergeRequest.drafts.map((draft) => draftEntity(mergeRequest, draft)),
    approvedBy: mergeRequest.approvedBy.map((user) => user.username),
    statuses: mergeRequest.project.statuses
      .filter((status) => mergeRequest.versions.some((one) => one.head === status.sha))
      .map(({ name, status, description, sha }) => ({ name, status, description, sha })),
    reactions: world.awards
      .filter(
        (award) =>
          (award.awardableType === "MergeRequest" && award.awardableId === mergeRequest.id) ||
          (award.awardableType === "Note" &&
            discussions.some((discussion) => discussion.notes.some((note) => note.id === award.awardableId))),
      )
      .map((award) => ({
        name: award.name,
        user: award.user.username,
        on: award.awardableType,
        id: award.awardableId,
      })),
  };
};

/** What `viewMergeRequest` gives. */
export type MergeRequestView = Awaited<ReturnType<typeof viewMergeRequest>>;
