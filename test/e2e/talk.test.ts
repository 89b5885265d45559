import { formatMessage } from "../../src/messages/format-message.ts";
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { type TalkWorld, answersIn, findingThreads, startTalkWorld } from "./talk-world.ts";

suite("talking with the bot, over the whole way", () => {
  let opened: TalkWorld | undefined;
  const world = (): TalkWorld => opened ?? assert.fail("not open yet");
  before(async () => {
    opened = await startTalkWorld();
  });
  after(() => opened?.[Symbol.asyncDispose]());

  test("help answers in the thread that asked, with reactions, and mentions nobody", async () => {
    const { gitlab, team, openReviewed, say, bot } = world();
    const mergeRequest = await openReviewed("help");
    const help = await say(mergeRequest, team.author, `${bot} help`);
    assert.equal(help.run?.state, "succeeded", JSON.stringify(help.run?.reason));
    assert.deepEqual(help.reactions, ["eyes", "white_check_mark"]);
    assert.equal(help.answers.length, 1);
    for (const name of ["review", "ask", "resolve", "ignore", "pause", "resume", "help"])
      assert.ok(help.answers[0]?.includes(`\`${bot} ${name}\``), name);
    const unknown = await say(mergeRequest, team.author, `${bot} frobnicate`);
    const problem = formatMessage("en", "command.unknown-command", { text: "`frobnicate`" });
    assert.ok(unknown.answers[0]?.includes(problem));
    const slash = await say(mergeRequest, team.author, "/help");
    assert.ok(slash.answers[0]?.includes(formatMessage("en", "help.head")));
    assert.deepEqual(gitlab.quickActions, []);
  });

  test("review looks at everything anew, or at what is named, and opens nothing twice", async () => {
    const { team, model, openReviewed, say, bot } = world();
    const mergeRequest = await openReviewed("review");
    const calls = model.chatCount();
    const elsewhere = await say(mergeRequest, team.author, `${bot} review docs/`);
    assert.deepEqual(elsewhere.reactions, ["eyes", "white_check_mark"]);
    assert.equal(model.chatCount(), calls);
    const anew = await say(mergeRequest, team.author, `${bot} review src/*.js`);
    assert.deepEqual(anew.reactions, ["eyes", "white_check_mark"]);
    assert.deepEqual(anew.answers, []);
    const again = model.chatCount();
    assert.ok(again > calls);
    await say(mergeRequest, team.author, `${bot} review --changes`);
    assert.equal(model.chatCount(), again);
    assert.equal((await findingThreads(team, mergeRequest)).length, 1);
  });

  test("a question is answered from thread and code, the token is told to nobody", async () => {
    const { team, model, openReviewed, say, bot } = world();
    const mergeRequest = await openReviewed("question");
    const asked = await say(mergeRequest, team.author, `${bot} ask why does the loop end there?`);
    assert.equal(asked.run?.state, "succeeded", JSON.stringify(asked.run?.reason));
    assert.match(asked.answers[0] ?? "", /shown [1-9]\d* line\(s\) of the change and 1 note\(s\)/);
    assert.deepEqual(asked.reactions, ["eyes", "white_check_mark"]);
    const mention = await say(mergeRequest, team.author, `Could you look again, ${bot}?`, asked.discussionId);
    assert.equal(mention.answers.length, 3);
    assert.match(mention.answers[2] ?? "", /3 note\(s\)/);
    const sent = JSON.stringify(model.calls());
    assert.ok(sent.includes("why does the loop end there?"));
    assert.ok(!sent.includes(team.token));
  });

  test("an answer to a finding is heard without a mention; shown wrong, it is withdrawn for good", async () => {
    const { gitlab, team, openReviewed, say, idle, bot } = world();
    const mergeRequest = await openReviewed("withdraw");
    const [thread] = await findingThreads(team, mergeRequest);
    const id = thread?.id ?? assert.fail("no finding");
    const stays = await say(mergeRequest, team.author, "I like it so.", id);
    assert.match(stays.answers.at(-1) ?? "", /stay with what I wrote/);
    const wrong = await say(mergeRequest, team.author, "This is not a bug: the list has a sentinel.", id);
    assert.ok(wrong.answers.at(-1)?.includes(formatMessage("en", "conversation.withdrawn")));
    assert.equal((await findingThreads(team, mergeRequest))[0]?.notes[0]?.resolved, true);
    await say(mergeRequest, team.author, `${bot} review`);
    await gitlab.push(team.project, {
      branch: "withdraw",
      user: team.author,
      actions: [{ action: "write", path: "src/more.js", content: "export const more = 1;\n" }],
    });
    await idle(mergeRequest.iid);
    const threads = await findingThreads(team, mergeRequest);
    assert.equal(threads.length, 1);
    assert.equal(threads[0]?.notes[0]?.resolved, true);
  });

  test("resolve and ignore end a finding in its own thread only", async () => {
    const { gitlab, team, openReviewed, say, bot } = world();
    for (const [command, ended] of [
      ["resolve", "resolved"],
      ["ignore", "ignored"],
    ] as const) {
      const mergeRequest = await openReviewed(command);
      const lost = await say(mergeRequest, team.author, `${bot} ${command}`);
      assert.ok(lost.answers[0]?.includes(formatMessage("en", "conversation.no-finding")));
      assert.deepEqual(lost.reactions, ["eyes"]);
      const [thread] = await findingThreads(team, mergeRequest);
      const id = thread?.id ?? assert.fail("no finding");
      const done = await say(mergeRequest, team.author, `${bot} ${command} we accept this`, id);
      assert.deepEqual(done.reactions, ["eyes", "white_check_mark"]);
      assert.ok(done.answers.at(-1)?.includes(formatMessage("en", `conversation.${ended}`)));
      assert.equal((await findingThreads(team, mergeRequest))[0]?.notes[0]?.resolved, true);
      // Somebody deletes the whole thread: it is not opened again for that.
      const index = mergeRequest.discussions.findIndex((one) => one.id === id);
      mergeRequest.discussions.splice(index, 1);
      await say(mergeRequest, team.author, `${bot} review`);
      assert.equal((await findingThreads(team, mergeRequest)).length, 0);
      assert.deepEqual(gitlab.failures, []);
    }
  });

  test("pause keeps pushes from being reviewed, with its reason; a command still is, and resume ends it", async () => {
    const { gitlab, team, store, openReviewed, say, idle, bot } = world();
    const mergeRequest = await openReviewed("pause");
    const push = async (content: string): Promise<number> => {
      await gitlab.push(team.project, {
        branch: "pause",
        user: team.author,
        actions: [{ action: "write", path: "src/pushed.js", content }],
      });
      return (await idle(mergeRequest.iid)).filter(({ kind }) => kind === "review").length;
    };
    const paused = await say(mergeRequest, team.author, `${bot} pause`);
    const resume = `\`${bot} resume\``;
    assert.ok(paused.answers[0]?.includes(formatMessage("en", "conversation.paused", { resume })));
    assert.equal(await push("export const a = 1;\n"), 1);
    const [delivery] = (await store.listDeliveries({ limit: 20 })).filter(
      ({ eventName }) => eventName === "Merge Request Hook",
    );
    assert.equal(delivery?.reason.code, "paused");
    await say(mergeRequest, team.author, `${bot} review`);
    assert.equal((await idle(mergeRequest.iid)).filter(({ kind }) => kind === "review").length, 2);
    await say(mergeRequest, team.author, `${bot} resume`);
    assert.equal(await push("export const a = 2;\n"), 3);
  });

  test("describe proposes in the thread, and writes between its marks only when asked to", async () => {
    const { gitlab, team, openReviewed, say, bot } = world();
    const mergeRequest = await openReviewed("describe");
    await gitlab.updateMergeRequest(mergeRequest, team.author, { description: "By hand." });
    const describe = async (command: string): Promise<string> => {
      const { answers, reactions } = await say(mergeRequest, team.author, `${bot} ${command}`);
      assert.match(answers[0] ?? "", /This change touches `src\/describe\.js`/);
      assert.deepEqual(reactions, ["eyes", "white_check_mark"]);
      return mergeRequest.description ?? "";
    };
    assert.equal(await describe("describe"), "By hand.");
    const written = await describe("describe --write");
    assert.match(written, /^By hand\.\n\n<!-- reviewflow:description -->\n[\s\S]*touches/);
    assert.equal(await describe("describe --write"), written);
  });

  test("describe --write runs nothing that an author hid in code between marks that she typed herself", async () => {
    const { gitlab, team, openReviewed, say, bot } = world();
    const mergeRequest = await openReviewed("hidden");
    const [start, end] = ["<!-- reviewflow:description -->", "<!-- reviewflow:description end -->"];
    const description = [
      "About.",
      "",
      start,
      "",
      "```",
      end,
      "/approve",
      "/label ~bug",
      "/close",
      "```",
    ].join("\n");
    await gitlab.updateMergeRequest(mergeRequest, team.author, { description });
    assert.deepEqual(gitlab.quickActions, []);
    await say(mergeRequest, team.author, `${bot} describe --write`);
    assert.deepEqual(gitlab.quickActions, []);
    assert.deepEqual([mergeRequest.state, mergeRequest.approvedBy, mergeRequest.labels], ["opened", [], []]);
    assert.ok(mergeRequest.description?.startsWith(description), "what she wrote stays");
  });

  test("describe --write runs nothing that an author was not allowed to", async () => {
    const { gitlab, team, openReviewed, say, bot } = world();
    const mergeRequest = await openReviewed("refused");
    const run = gitlab.quickActions.length;
    // GitLab leaves a line in the text that its author may not have run.
    mergeRequest.description = "About.\n\n/approve";
    const refused = await say(mergeRequest, team.author, `${bot} describe --write`);
    assert.deepEqual(refused.reactions, ["eyes", "white_check_mark"]);
    assert.equal(gitlab.quickActions.length, run);
    assert.match(mergeRequest.description, /^About\.\n\n\\\/approve\n\n<!-- reviewflow/);
    mergeRequest.description = "---\n~~~\n---\n/approve";
    const said = await say(mergeRequest, team.author, `${bot} describe --write`);
    assert.ok(said.answers[0]?.includes(formatMessage("en", "conversation.description-acts")));
    assert.deepEqual(said.reactions, ["eyes"]);
    assert.equal(mergeRequest.description, "---\n~~~\n---\n/approve");
  });

  test("who is below Developer is told so once, and nothing is done", async () => {
    const { gitlab, team, model, openReviewed, say, bot } = world();
    const reporter = gitlab.createUser({ username: "reporter" });
    gitlab.addMember(team.project, reporter, "reporter");
    const mergeRequest = await openReviewed("reporter");
    const calls = model.chatCount();
    const first = await say(mergeRequest, reporter, `${bot} review`);
    const role = formatMessage("en", "role.developer");
    assert.ok(first.answers[0]?.includes(formatMessage("en", "conversation.role-too-low", { role })));
    assert.equal(first.answers.length, 1);
    const second = await say(mergeRequest, reporter, `${bot} ask why?`);
    assert.deepEqual(second.answers, []);
    assert.deepEqual([...first.reactions, ...second.reactions], []);
    assert.equal(model.chatCount(), calls);
  });

  test("bots are not answered, and a user who behaves like one only so often", async () => {
    const { gitlab, team, openReviewed, say, bot } = world();
    const mergeRequest = await openReviewed("loop");
    const other = gitlab.createProjectToken(team.project).user;
    const ofBot = await say(mergeRequest, other, `${bot} ask who are you?`);
    assert.equal(ofBot.run, null);
    assert.deepEqual(ofBot.answers, []);
    const eager = gitlab.createUser({ username: "eager" });
    gitlab.addMember(team.project, eager, "developer");
    const { discussionId } = await say(mergeRequest, eager, `${bot} ask and then?`);
    for (let i = 0; i < 8; i += 1) await say(mergeRequest, eager, `${bot} ask and then?`, discussionId);
    const notes = await answersIn(gitlab, mergeRequest, discussionId);
    const ours = notes.filter(({ author }) => author.id === team.bot.id);
    assert.equal(ours.length, 6);
    assert.ok(ours.at(-1)?.body.includes(formatMessage("en", "conversation.last-reply")));
  });

  test("what people say to each other is left alone", async () => {
    const { team, model, store, openReviewed, say } = world();
    const mergeRequest = await openReviewed("people");
    const calls = model.chatCount();
    const first = await say(mergeRequest, team.owner, "Shall we merge this?");
    assert.equal(first.run, null, "a note in no thread is known not to be for us");
    const [delivery] = await store.listDeliveries({ limit: 1 });
    assert.equal(delivery?.reason.code, "note-not-for-us");
    const second = await say(mergeRequest, team.author, "Yes.", first.discussionId);
    assert.deepEqual(second.answers, ["Yes."]);
    assert.deepEqual([...first.reactions, ...second.reactions], []);
    assert.equal(model.chatCount(), calls);
  });

  test("the same delivery five times gives one answer; several notes are answered in their order", async () => {
    const { gitlab, team, model, openReviewed, say, idle, resendNote, bot } = world();
    const mergeRequest = await openReviewed("again");
    const asked = await say(mergeRequest, team.author, `${bot} ask once?`);
    const calls = model.chatCount();
    for (let i = 0; i < 5; i += 1) await resendNote(asked.noteId);
    await idle(mergeRequest.iid);
    assert.equal((await answersIn(gitlab, mergeRequest, asked.discussionId)).length, 1);
    assert.equal(model.chatCount(), calls);
    const ids: number[] = [];
    for (const nth of ["first", "second", "third"]) {
      const added = await gitlab.addNote(mergeRequest, team.author, { body: `${bot} ask ${nth}?` });
      ids.push(added?.note.id ?? 0);
    }
    await idle(mergeRequest.iid);
    const { notes } = await gitlab.viewMergeRequest(mergeRequest);
    const answered = notes.flatMap(
      ({ body }) => /^<!-- reviewflow:reply note=(\d+) -->/.exec(body)?.[1] ?? [],
    );
    assert.deepEqual(answered.slice(-3).map(Number), ids);
  });
});
