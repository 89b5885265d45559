import assert from "node:assert/strict";
import { z } from "zod";
import type { Run } from "../../src/store/store.ts";
import { type GitLabStandIn, startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import type { MergeRequest, User } from "../../standins/gitlab/state.ts";
import { startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { setUpEmbedded, startEmbedded } from "./start-embedded.ts";
import { SECRET } from "./start.ts";
import { type Team, addHook, createTeam, eventually } from "./team.ts";

/** A loop that goes one step past the end, which the scripted model finds. */
export const pastTheEnd = (name: string): string =>
  `export const ${name} = (list) => {\n  for (let i = 0; i <= list.length; i++) console.log(list[i]);\n};\n`;

const NoteRef = z.object({ noteId: z.number() });
const HookEvents = z.array(z.object({ id: z.number(), request_data: z.unknown() }));
const NotePayload = z.object({
  object_kind: z.literal("note"),
  object_attributes: z.object({ id: z.number() }),
});

/** The note that a run answers; null for a review. */
const noteOf = ({ kind, event }: Run): number | null =>
  kind === "reply" ? NoteRef.parse(event).noteId : null;

/** The threads of a merge request that our bot opened. */
export const findingThreads = async (team: Team, mergeRequest: MergeRequest) => {
  const { discussions } = await team.gitlab.viewMergeRequest(mergeRequest);
  return discussions.filter(
    ({ individual_note, notes }) => !individual_note && notes[0]?.author.id === team.bot.id,
  );
};

/** The texts in a thread behind its first note, without hidden lines. */
export const answersIn = async (gitlab: GitLabStandIn, mergeRequest: MergeRequest, discussionId: string) => {
  const { discussions } = await gitlab.viewMergeRequest(mergeRequest);
  const found = discussions.find(({ id }) => id === discussionId) ?? assert.fail("no such thread");
  return found.notes.slice(1).filter(({ system }) => !system);
};

/** A team whose merge requests are reviewed and whose notes are answered by the shipped flows. */
export const startTalkWorld = async (more: Readonly<Record<string, unknown>> = {}) => {
  const stack = new AsyncDisposableStack();
  const gitlab = stack.use(await startGitLabStandIn({ limits: { notesPerMinute: null } }));
  const model = stack.use(await startModelStandIn());
  const team = await createTeam(gitlab);
  const flows = [{ name: "review", file: "builtin:review" }];
  const setup = stack.use(await setUpEmbedded(team, model, { flows, ...more }));
  const reviewflow = stack.use(await startEmbedded(setup));
  const { store } = reviewflow;
  const hook = await addHook(team, {
    url: `${reviewflow.url}/webhooks/gitlab`,
    token: SECRET,
    note_events: true,
    emoji_events: true,
  });
  const runsOf = async (iid: number): Promise<readonly Run[]> =>
    (await store.listRuns({ limit: 200 })).filter((run) => run.iid === iid);
  const idle = (iid: number): Promise<readonly Run[]> =>
    eventually(
      `the runs of !${iid} to end`,
      async () => {
        await gitlab.settleHooks();
        const runs = await runsOf(iid);
        return runs.every(({ finishedAtMs }) => finishedAtMs !== null) ? runs : undefined;
      },
      60_000,
    );
  const openReviewed = async (name: string): Promise<MergeRequest> => {
    await gitlab.push(team.project, {
      branch: name,
      user: team.author,
      actions: [{ action: "write", path: `src/${name}.js`, content: pastTheEnd(name) }],
    });
    const mergeRequest = await gitlab.openMergeRequest(team.project, {
      author: team.author,
      sourceBranch: name,
      title: `Add ${name}`,
    });
    const [run] = await idle(mergeRequest.iid);
    assert.equal(run?.state, "succeeded", JSON.stringify(run?.reason));
    return mergeRequest;
  };
  return {
    gitlab,
    model,
    team,
    store,
    hook,
    url: reviewflow.url,
    setup,
    idle,
    openReviewed,
    bot: `@${team.bot.username}`,
    /** Writes a note and waits until everything that follows from it is done. */
    say: async (mergeRequest: MergeRequest, user: User, body: string, discussionId?: string) => {
      const added = await gitlab.addNote(mergeRequest, user, {
        body,
        ...(discussionId === undefined ? {} : { discussionId }),
      });
      const { note, discussion } = added ?? assert.fail("no note");
      const runs = await idle(mergeRequest.iid);
      const run = runs.find((one) => noteOf(one) === note.id) ?? null;
      const { reactions } = await gitlab.viewMergeRequest(mergeRequest);
      return {
        run,
        noteId: note.id,
        discussionId: discussion.id,
        reactions: reactions.filter(({ id }) => id === note.id).map(({ name }) => name),
        answers: (await answersIn(gitlab, mergeRequest, discussion.id)).map(({ body: text }) => text),
      };
    },
    /**
     * Sets an emoji on a note, as a person does in the browser, and waits until what follows from it is done. Gives
     * what takes it back.
     */
    award: async (mergeRequest: MergeRequest, user: User, noteId: number, name: string) => {
      const base = `${gitlab.url}/api/v4/projects/${team.project.id}/merge_requests/${mergeRequest.iid}`;
      const headers = {
        "private-token": gitlab.createPersonalToken(user),
        "content-type": "application/json",
      };
      const path = `${base}/notes/${noteId}/award_emoji`;
      const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify({ name }) });
      const text = await answer.text();
      assert.equal(answer.status, 201, text);
      await idle(mergeRequest.iid);
      return async (): Promise<void> => {
        const [, id = ""] = /"id":(\d+)/.exec(text) ?? [];
        const gone = await fetch(`${path}/${id}`, { method: "DELETE", headers });
        assert.equal(gone.status, 204);
        await idle(mergeRequest.iid);
      };
    },
    /** Has GitLab send the event of a note again. */
    resendNote: async (noteId: number) => {
      const base = `${gitlab.url}/api/v4/projects/${team.project.id}/hooks/${hook}/events`;
      const headers = { "private-token": team.ownerToken };
      const list = await fetch(base, { headers });
      const event = HookEvents.parse(await list.json()).find(
        ({ request_data: data }) => NotePayload.safeParse(data).data?.object_attributes.id === noteId,
      );
      const answer = await fetch(`${base}/${event?.id ?? assert.fail("no such event")}/resend`, {
        method: "POST",
        headers,
      });
      assert.ok(answer.ok, await answer.text());
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
};

/** What `startTalkWorld` gives. */
export type TalkWorld = Awaited<ReturnType<typeof startTalkWorld>>;
