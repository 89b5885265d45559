import { z } from "zod";
import type { GitLabStandIn } from "../../../standins/gitlab/gitlab-stand-in.ts";
import type { MergeRequest, Project, User } from "../../../standins/gitlab/state.ts";

/** What the trainee does. */
export type DemoChange = {
  readonly project: string;
  readonly branch: string;
  readonly title: string;
  readonly path: string;
  readonly content: string;
};

/** A thread of the bot as a reviewer sees it. */
type DemoThread = {
  /** The file and the line, empty for a note that hangs nowhere. */
  readonly place: string;
  readonly resolved: boolean;
  /** The bodies of its notes, oldest first. */
  readonly notes: readonly string[];
};

/** What the story tells of a merge request. */
export type DemoMergeRequest = {
  readonly title: string;
  readonly iid: number;
  readonly webUrl: string;
  readonly push: (content: string) => Promise<void>;
  /** How each delivery to the hook was answered, newest first: its status and how long it took, in milliseconds. */
  readonly deliveries: () => readonly { readonly status: string; readonly elapsedMs: number }[];
  /** GitLab sends its newest event once more. */
  readonly resend: () => Promise<void>;
  /** What the bot wrote: threads in the diff, and notes. */
  readonly view: () => Promise<{
    readonly threads: readonly DemoThread[];
    readonly notes: readonly string[];
  }>;
};

/** Who and what takes part. */
export type Observed = {
  readonly gitlab: GitLabStandIn;
  readonly project: Project;
  readonly mergeRequest: MergeRequest;
  readonly author: User;
  readonly bot: User;
  /** The project's webhook, with the API's address for hooks and its owner's headers. */
  readonly hook: {
    readonly id: number;
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
  };
};

/** Lets the story act on a merge request and look at it. */
export const observe = (stage: Observed, change: DemoChange): DemoMergeRequest => {
  const { gitlab, project, mergeRequest, author, bot, hook } = stage;
  const deliveries = () =>
    (project.hooks.find(({ id }) => id === hook.id)?.deliveries ?? []).toSorted(
      (one, other) => other.id - one.id,
    );
  return {
    title: change.title,
    iid: mergeRequest.iid,
    webUrl: `${gitlab.url}/${project.path}/-/merge_requests/${mergeRequest.iid}`,
    push: async (content) => {
      const action = { action: "write", path: change.path, content } as const;
      await gitlab.push(project, { branch: change.branch, user: author, actions: [action] });
    },
    deliveries: () =>
      deliveries().map(({ responseStatus, duration }) => ({
        status: responseStatus,
        elapsedMs: Math.round(duration * 1_000),
      })),
    resend: async () => {
      const url = `${hook.url}/${hook.id}/events/${deliveries()[0]?.id ?? 0}/resend`;
      await fetch(url, { method: "POST", headers: hook.headers });
      await gitlab.settleHooks();
    },
    view: async () => {
      const { discussions } = await gitlab.viewMergeRequest(mergeRequest);
      const ours = discussions.filter(({ notes: [first] }) => first?.author.id === bot.id && !first.system);
      return {
        notes: ours.flatMap((one) => (one.individual_note ? one.notes.map(({ body }) => body) : [])),
        threads: ours.flatMap((one) => (one.individual_note ? [] : [toThread(one.notes)])),
      };
    },
  };
};

const ShownNote = z.object({
  body: z.string(),
  system: z.boolean(),
  resolved: z.boolean().optional(),
  position: z
    .object({ new_path: z.string(), new_line: z.number().nullish(), old_line: z.number().nullish() })
    .nullish(),
});

const toThread = (notes: readonly unknown[]): DemoThread => {
  const read = z.array(ShownNote).parse(notes);
  const position = read[0]?.position;
  const line = position?.new_line ?? position?.old_line;
  return {
    place:
      position === undefined || position === null
        ? ""
        : `${position.new_path}${typeof line === "number" ? `:${line}` : ""}`,
    resolved: read.some(({ resolved }) => resolved === true),
    notes: read.flatMap(({ body, system }) => (system ? [] : [body])),
  };
};
