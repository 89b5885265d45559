import { allNotes } from "./context.ts";
import type { Context } from "./context.ts";
import { mergeRequestPayload, notePayload, pushPayload } from "./payloads.ts";
import type { Project, User } from "./state.ts";
import type { HookEvent } from "./webhooks.ts";

const pushEvent = async (context: Context, project: Project, user: User): Promise<HookEvent | string> => {
  const head = await project.repository.resolve(`refs/heads/${project.defaultBranch}`);
  const commit = head === null ? null : await project.repository.commitInfo(head);
  if (head === null || commit === null) return "Ensure the project has at least one commit.";
  const before = commit.parents[0] ?? "0".repeat(40);
  const payload = pushPayload(context.world, project, {
    user,
    branch: project.defaultBranch,
    before,
    after: head,
    commits: [commit],
  });
  return { flag: "push_events", trigger: "push_hooks", event: "Push Hook", payload };
};

const mergeRequestEvent = async (
  context: Context,
  project: Project,
  user: User,
): Promise<HookEvent | string> => {
  const mergeRequest = project.mergeRequests.at(-1);
  if (mergeRequest === undefined) return "Ensure the project has merge requests.";
  return {
    flag: "merge_requests_events",
    trigger: "merge_request_hooks",
    event: "Merge Request Hook",
    payload: await mergeRequestPayload(context.world, mergeRequest, { user, action: "open" }),
  };
};

const noteEvent = async (context: Context, project: Project): Promise<HookEvent | string> => {
  for (const mergeRequest of project.mergeRequests.toReversed()) {
    const found = allNotes(mergeRequest).findLast(({ note }) => !note.system);
    if (found === undefined) continue;
    const payload = await notePayload(context.world, mergeRequest, found.discussion, found.note, "create");
    return { flag: "note_events", trigger: "note_hooks", event: "Note Hook", payload };
  }
  return "Ensure the project has notes.";
};

/** The event of a test delivery, made from the newest that the project has, or why there is none. */
export const testEvent = (
  context: Context,
  project: Project,
  user: User,
  trigger: string,
): Promise<HookEvent | string> => {
  switch (trigger) {
    case "push_events":
      return pushEvent(context, project, user);
    case "merge_requests_events":
      return mergeRequestEvent(context, project, user);
    case "note_events":
      return noteEvent(context, project);
    default:
      return Promise.resolve("Ensure the project has data for this trigger.");
  }
};
