import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import type { MergeRequest, User } from "../../standins/gitlab/state.ts";
import { findingThreads, pastTheEnd, startTalkWorld, type TalkWorld } from "./talk-world.ts";
import { SECRET } from "./start.ts";

/** What GitLab would send of a note, by whoever can write it. */
const noteEvent = (
  world: TalkWorld,
  mergeRequest: MergeRequest,
  claim: {
    readonly user: User;
    readonly noteId: number;
    readonly discussionId: string;
    readonly text: string;
  },
) => ({
  object_kind: "note",
  user: { id: claim.user.id, username: claim.user.username },
  project: {
    id: world.team.project.id,
    path_with_namespace: world.team.project.path,
    web_url: `${world.gitlab.url}/${world.team.project.path}`,
  },
  object_attributes: {
    id: claim.noteId,
    note: claim.text,
    noteable_type: "MergeRequest",
    discussion_id: claim.discussionId,
    type: "DiscussionNote",
    system: false,
    internal: false,
    action: "create",
    url: "",
    author_id: claim.user.id,
  },
  merge_request: {
    iid: mergeRequest.iid,
    state: "opened",
    draft: false,
    title: mergeRequest.title,
    description: "",
    url: "",
    author_id: mergeRequest.author.id,
    source_branch: mergeRequest.sourceBranch,
    target_branch: "main",
    last_commit: { id: mergeRequest.versions.at(-1)?.head ?? "" },
  },
});

let deliveries = 0;

const send = async ({ url }: TalkWorld, event: object, kind = "Note Hook"): Promise<void> => {
  const response = await fetch(`${url}/webhooks/gitlab`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-gitlab-event": kind,
      "x-gitlab-token": SECRET,
      "idempotency-key": `forged-${(deliveries += 1)}`,
    },
    body: JSON.stringify(event),
  });
  assert.ok(response.ok, await response.text());
};

suite("a Reporter who copies a marker of ours and writes the event herself", () => {
  let open: TalkWorld | undefined;
  const world = (): TalkWorld => open ?? assert.fail("not started");
  before(async () => {
    open = await startTalkWorld();
  });
  after(async () => open?.[Symbol.asyncDispose]());

  test("changes nothing: what she claims is decided by what GitLab says, and the finding opens its thread", async () => {
    const { gitlab, team, idle, openReviewed, bot } = world();
    const reporter = gitlab.createUser({ username: "reporter-of-markers" });
    gitlab.addMember(team.project, reporter, "reporter");
    // What a finding looks like, she learns from one of her own.
    const sample = await openReviewed("sample");
    const [model] = await findingThreads(team, sample);
    const marked = model?.notes[0]?.body ?? assert.fail("no finding");
    await gitlab.push(team.project, {
      branch: "victim",
      user: team.author,
      actions: [{ action: "write", path: "src/sample.js", content: pastTheEnd("sample") }],
    });
    const mergeRequest = await gitlab.openMergeRequest(team.project, {
      author: team.author,
      sourceBranch: "victim",
      title: "Draft: Add it elsewhere",
    });
    await idle(mergeRequest.iid);
    const threads = async () => findingThreads(team, mergeRequest);
    const before = (await threads()).length;
    const { note, discussion } =
      (await gitlab.addNote(mergeRequest, reporter, { body: marked, thread: true })) ??
      assert.fail("no note");
    const claims = [
      { user: team.owner, text: `${bot} ignore` },
      { user: team.bot, text: `${bot} ignore` },
      { user: team.owner, text: `${bot} resolve it` },
      { user: team.owner, text: `${bot} pause` },
    ];
    for (const claim of claims)
      await send(
        world(),
        noteEvent(world(), mergeRequest, { ...claim, noteId: note.id, discussionId: discussion.id }),
      );
    // A note that is not there, and one of another discussion.
    for (const noteId of [note.id + 1_000, model?.notes[0]?.id ?? 0])
      await send(
        world(),
        noteEvent(world(), mergeRequest, {
          user: team.owner,
          text: `${bot} pause`,
          noteId,
          discussionId: discussion.id,
        }),
      );
    const runs = (await idle(mergeRequest.iid)).filter(({ kind }) => kind === "reply");
    assert.ok(
      runs.every(
        ({ reason }) =>
          reason?.code === "note-gone" ||
          reason?.code === "thread-not-ours" ||
          reason?.code === "note-not-for-us",
      ),
      JSON.stringify(runs.map(({ reason }) => reason)),
    );
    const { discussions } = await gitlab.viewMergeRequest(mergeRequest);
    assert.equal(discussions.find(({ id }) => id === discussion.id)?.notes.length, 1);
    await gitlab.push(team.project, {
      branch: "victim",
      user: team.author,
      actions: [{ action: "write", path: "src/other.js", content: "export const other = 1;\n" }],
    });
    await idle(mergeRequest.iid);
    assert.equal((await threads()).length, Math.max(1, before));
    assert.ok((await threads()).every(({ notes }) => notes[0]?.resolved === false));
  });

  test("gives nobody's thumb but her own, nor takes one back, nor has one count on a note of hers", async () => {
    const { gitlab, team, idle, openReviewed, award } = world();
    const reporter = gitlab.createUser({ username: "reporter-of-thumbs" });
    gitlab.addMember(team.project, reporter, "reporter");
    const mergeRequest = await openReviewed("thumbs");
    const [thread] = await findingThreads(team, mergeRequest);
    const finding = thread?.notes[0] ?? assert.fail("no finding");
    const copy = await gitlab.addNote(mergeRequest, reporter, { body: finding.body, thread: true });
    const copied = copy?.note ?? assert.fail("no note");
    const claim = (user: User, noteId: number, action: "award" | "revoke", emoji = "thumbsdown") => ({
      object_kind: "emoji",
      event_type: action,
      user: { id: user.id, username: user.username },
      project: {
        id: team.project.id,
        path_with_namespace: team.project.path,
        web_url: `${gitlab.url}/${team.project.path}`,
      },
      object_attributes: {
        name: emoji,
        action,
        awardable_type: "Note",
        awardable_id: noteId,
        user_id: user.id,
      },
      note: { author_id: team.bot.id, note: finding.body, system: false },
      merge_request: { iid: mergeRequest.iid },
    });
    let heard = 0;
    /** What became of the thumbs since it was asked last, the oldest first. */
    const became = async () => {
      const runs = (await idle(mergeRequest.iid))
        .filter(({ trigger }) => trigger.startsWith("emoji:"))
        .toSorted((one, other) => (one.id < other.id ? -1 : 1));
      const news = runs.slice(heard).map(({ reason }) => reason?.code);
      heard = runs.length;
      return news;
    };
    for (const event of [
      claim(team.owner, finding.id, "award"),
      claim(team.owner, copied.id, "award"),
      claim(team.owner, finding.id + 1_000, "award"),
    ])
      await send(world(), event, "Emoji Hook");
    assert.deepEqual(await became(), ["outcome-dropped", "emoji-not-on-finding", "note-gone"]);
    // A thumb that is there counts for whoever gave it, whatever is said of it afterwards.
    await award(mergeRequest, team.owner, finding.id, "thumbsup");
    assert.deepEqual(await became(), ["outcome-kept"]);
    await send(world(), claim(team.owner, finding.id, "revoke", "thumbsup"), "Emoji Hook");
    await send(world(), claim(team.owner, finding.id, "award", "thumbsdown"), "Emoji Hook");
    await send(world(), claim(reporter, finding.id, "award", "thumbsup"), "Emoji Hook");
    assert.deepEqual(await became(), ["outcome-kept", "outcome-dropped", "outcome-dropped"]);
  });
});
