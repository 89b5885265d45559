import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { lessons } from "../../src/cli/lessons.ts";
import type { MergeRequest } from "../../standins/gitlab/state.ts";
import { readBlocks } from "../../standins/model/prompt-blocks.ts";
import { recordedTerminal } from "../cli/recorded-terminal.ts";
import { type TalkWorld, findingThreads, startTalkWorld } from "./talk-world.ts";

suite("learning from what people make of findings, over the whole way", () => {
  let opened: TalkWorld | undefined;
  const world = (): TalkWorld => opened ?? assert.fail("not open yet");
  before(async () => {
    opened = await startTalkWorld();
  });
  after(() => opened?.[Symbol.asyncDispose]());

  const threadOf = async (mergeRequest: MergeRequest) => {
    const [thread] = await findingThreads(world().team, mergeRequest);
    const [note] = thread?.notes ?? [];
    return { id: thread?.id ?? assert.fail("no finding"), noteId: note?.id ?? assert.fail("no note") };
  };

  /** The lessons that the model was told with the last part of a review. */
  const told = (): string => {
    const blocks = world()
      .model.calls()
      .map(({ chat }) => (chat === null ? new Map<string, string>() : readBlocks(chat)))
      .filter((all) => all.has("lessons"));
    return blocks.at(-1)?.get("lessons")?.trim() ?? assert.fail("no review was told of lessons");
  };

  /** What became of emoji, the newest first: why nothing was done at once, or what the run found. */
  const reasons = async (): Promise<readonly string[]> => {
    const { store } = world();
    const runs = new Map((await store.listRuns({ limit: 200 })).map((run) => [run.deliveryId, run.reason]));
    return (await store.listDeliveries({ limit: 200 }))
      .filter(({ eventName }) => eventName === "Emoji Hook")
      .map(({ id, reason }) => (runs.get(id) ?? reason).code);
  };

  const command = async (...asked: readonly [action: "show" | "on" | "off" | "edit", file?: string]) => {
    const { setup, url, team } = world();
    const terminal = recordedTerminal();
    const code = await lessons(asked[0], team.project.path, {
      ...terminal,
      environment: setup.environment,
      config: setup.configFile,
      server: url,
      ...(asked[1] === undefined ? {} : { input: async () => asked[1] ?? "" }),
    });
    assert.equal(code, 0, terminal.err());
    return terminal.out();
  };

  test("a thumb down and an order to ignore are told to the next review, until somebody turns it off", async () => {
    const { team, openReviewed, say, bot, gitlab, store, award } = world();
    const first = await openReviewed("first");
    assert.equal(told(), "");
    const { id, noteId } = await threadOf(first);
    await award(first, team.author, noteId, "thumbsdown");
    const passerBy = gitlab.createUser({ username: "passer-by" });
    gitlab.addMember(team.project, passerBy, "reporter");
    await award(first, passerBy, noteId, "thumbsup");
    await say(first, team.author, `${bot} ignore`, id);
    await openReviewed("second");
    const lesson = told();
    assert.match(
      lesson,
      /not welcome here\n- bug, such as ".*", in "src\/\*\*\/\*\.js": 1 disliked, 1 to be ignored \(1 finding\)$/,
    );
    assert.match(await command("show"), /1 disliked, 1 to be ignored/);
    // The reactions by which we show that we heard are events as well.
    const onNotes = (await reasons()).filter((code) => code !== "emoji-not-on-note");
    assert.deepEqual(onNotes, ["own-event", "own-event", "outcome-kept", "outcome-kept"]);

    await command("off");
    await openReviewed("third");
    assert.equal(told(), "");
    await command("on");
    const file = await command("show");
    await command("edit", `${file}\nLoops over lists of this project may go one step further.\n`);
    await openReviewed("fourth");
    assert.match(told(), /1 disliked, 1 to be ignored[\s\S]*one step further\.$/);
    const own = await command("show");
    await command("edit", own.replace(/^- bug.*\n/mu, ""));
    await openReviewed("fifth");
    assert.match(told(), /^# Lessons for .*\n+(?:## .*\n+)?Loops over lists/);
    assert.equal((await store.countRuns()).failed, 0);
  });

  test("a thumb that is taken back, and one on a note that is no finding, count for nothing", async () => {
    const { team, openReviewed, award } = world();
    const mergeRequest = await openReviewed("taken");
    const { noteId } = await threadOf(mergeRequest);
    const before = (await reasons()).length;
    const takeBack = await award(mergeRequest, team.author, noteId, "thumbsup");
    await takeBack();
    await award(mergeRequest, team.author, noteId, "tada");
    const { notes } = await team.gitlab.viewMergeRequest(mergeRequest);
    const summary = notes.find(
      (note) => note.author.id === team.bot.id && note.id !== noteId && !note.system,
    );
    await award(mergeRequest, team.author, summary?.id ?? assert.fail("no summary"), "thumbsdown");
    const all = await reasons();
    assert.deepEqual(all.slice(0, all.length - before), [
      "emoji-not-on-finding",
      "emoji-not-a-thumb",
      "outcome-dropped",
      "outcome-kept",
    ]);
  });

  test("threads that were resolved before the merge are looked at with the next review", async () => {
    const { gitlab, team, openReviewed, idle } = world();
    for (const name of ["settled", "accepted"]) {
      await gitlab.push(team.project, {
        branch: name,
        user: team.author,
        actions: [
          { action: "write", path: `src/${name}.js`, content: `export const is = (a) => a == "${name}";\n` },
        ],
      });
      const title = `Add ${name}`;
      const { author } = team;
      const mergeRequest = await gitlab.openMergeRequest(team.project, { author, sourceBranch: name, title });
      await idle(mergeRequest.iid);
      const { id } = await threadOf(mergeRequest);
      const base = `${gitlab.url}/api/v4/projects/${team.project.id}/merge_requests/${mergeRequest.iid}`;
      const answer = await fetch(`${base}/discussions/${id}?resolved=true`, {
        method: "PUT",
        headers: { "private-token": gitlab.createPersonalToken(author) },
      });
      assert.equal(answer.status, 200, await answer.text());
      await gitlab.mergeMergeRequest(mergeRequest, team.owner);
      await idle(mergeRequest.iid);
    }
    await openReviewed("after");
    assert.match(told(), /2 resolved without a change \(2 findings\)/);
  });
});
