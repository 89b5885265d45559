import assert from "node:assert/strict";
import { Secret } from "../../src/base/secret.ts";
import { createGitLabClient } from "../../src/gitlab/client.ts";
import { createForge } from "../../src/gitlab/forge.ts";
import type { Position } from "../../src/diff/position.ts";
import type { LogFields, Logger } from "../../src/base/logger.ts";
import type { Publication, ThreadDraft } from "../../src/review/discussion.ts";
import { startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import type { StandInOptions } from "../../standins/gitlab/world.ts";
import { createFastClock } from "./tiny-gitlab.ts";

/** The changed files of the merge request; each has its second line changed. */
export const PATHS = ["a.txt", "b.txt", "c.txt", "d.txt", "e.txt"] as const;

/** A publication of nothing, with some of it set. */
export const publicationOf = (given: Partial<Publication> = {}): Publication => ({
  open: [],
  reply: [],
  builtOn: [],
  summary: null,
  addLabels: [],
  status: null,
  ...given,
});

const marked = (name: string, text: string) => {
  const marker = `<!-- reviewflow:test ${name} -->`;
  return { marker, body: `${marker}\n${text}` };
};

/** The summary that the tests publish. */
export const summaryOf = (text = "All in all.", noteId: number | null = null) => ({
  noteId,
  ...marked("summary", text),
});

/** A thread of a name, at a place or nowhere. */
export const threadOf = (name: string, position: Position | null): ThreadDraft => ({
  ...marked(name, `Look at ${name}.`),
  position,
});

/** A reply of a name. */
export const replyOf = (name: string, discussionId: string, resolve: boolean) => ({
  ...marked(name, `Done with ${name}.`),
  discussionId,
  resolve,
});

/** How a process reaches GitLab; `onWrite` comes after a write was carried out, before its answer is seen. */
export type ProcessOptions = {
  readonly token?: string;
  readonly onWrite?: (method: string, url: string, number: number) => void | Promise<void>;
  /** Comes before a write is sent. */
  readonly beforeWrite?: (method: string, url: string, number: number) => void | Promise<void>;
};

/** A GitLab with one merge request, its bot, a person who writes too, and a second merge request. */
export const openReviews = async (options: StandInOptions = {}) => {
  const standIn = await startGitLabStandIn({
    limits: { notesPerMinute: null, ...options.limits },
    ...options,
  });
  const ada = standIn.createUser({ username: "ada" });
  const text = (second: string) => `one\n${second}\nthree\nfour\n`;
  const files = Object.fromEntries(PATHS.map((path) => [path, text("two")]));
  const project = await standIn.createProject({ path: "group/project", owner: ada, files });
  const openOne = async (branch: string) => {
    const actions = PATHS.map((path) => ({ action: "write" as const, path, content: text(branch) }));
    await standIn.push(project, { branch, user: ada, actions });
    return standIn.openMergeRequest(project, { author: ada, sourceBranch: branch });
  };
  const mergeRequest = await openOne("feature");
  const other = await openOne("other");
  const { token, user: bot } = standIn.createProjectToken(project);
  const [version] = mergeRequest.versions;
  assert.ok(version);
  const refs = { baseSha: version.base, startSha: version.start, headSha: version.head };

  /** A forge as a new process would make it. */
  const start = ({ token: given = token, onWrite, beforeWrite }: ProcessOptions = {}) => {
    const { clock, sleeps } = createFastClock(Date.now());
    const warnings: [string, LogFields][] = [];
    const note = (fields: LogFields, message: string) => void warnings.push([message, fields]);
    const logger: Logger = {
      debug: () => undefined,
      info: note,
      warn: note,
      error: note,
      child: () => logger,
    };
    let writes = 0;
    const client = createGitLabClient({
      url: standIn.url,
      token: new Secret(given),
      clock,
      logger,
      random: () => 0,
      timeoutMs: 2_000,
      fetch: async (input, init) => {
        const method = init?.method ?? "GET";
        const url = input instanceof Request ? input.url : input.toString();
        if (method === "GET") return fetch(input, init);
        writes += 1;
        const number = writes;
        await beforeWrite?.(method, url, number);
        const answer = await fetch(input, init);
        await onWrite?.(method, url, number);
        return answer;
      },
    });
    return { forge: createForge(client, { clock, logger }), sleeps, warnings, writes: () => writes };
  };

  /** The second line of a file, which was changed; or another line, which GitLab refuses when it is none. */
  const line = (path: string, newLine = 2): Position => ({
    ...refs,
    oldPath: path,
    newPath: path,
    on: { kind: "line", oldLine: null, newLine, range: null },
  });

  let seenNotifications = 0;
  const view = async () => {
    const { discussions, drafts } = await standIn.viewMergeRequest(mergeRequest);
    const notes = discussions.flatMap((discussion) => discussion.notes).filter(({ system }) => !system);
    return { discussions, drafts, notes };
  };

  return {
    standIn,
    ada,
    bot,
    token,
    project,
    mergeRequest,
    other,
    refs,
    ref: { projectId: project.id, iid: mergeRequest.iid },
    start,
    line,
    view,
    /** How many notes hold a marker, whoever wrote them. */
    count: async (marker: string) => (await view()).notes.filter(({ body }) => body.includes(marker)).length,
    /** The notifications that the bot caused on the merge request since the last reset. */
    notifications: () =>
      standIn.notifications
        .slice(seenNotifications)
        .filter(({ iid, author }) => iid === mergeRequest.iid && author === bot.username)
        .map(({ kind, noteIds }) => [kind, noteIds.length] as const),
    /** The merge request as it was when it was opened. */
    reset: () => {
      mergeRequest.discussions.splice(0);
      mergeRequest.drafts = [];
      mergeRequest.labels = [];
      seenNotifications = standIn.notifications.length;
    },
    /** A thread of the bot that is there already. */
    openThread: async (position: Position | null = null) => {
      const { forge } = start();
      const thread = threadOf(`old-${mergeRequest.discussions.length}`, position);
      await forge.publish(
        { projectId: project.id, iid: mergeRequest.iid },
        publicationOf({ open: [thread] }),
      );
      const id = mergeRequest.discussions.at(-1)?.id ?? "";
      seenNotifications = standIn.notifications.length;
      return id;
    },
    [Symbol.asyncDispose]: async () => {
      await standIn.close();
      assert.deepEqual(standIn.failures, []);
    },
  };
};

/** What `openReviews` gives. */
export type Reviews = Awaited<ReturnType<typeof openReviews>>;
