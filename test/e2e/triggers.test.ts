import { type ReasonCode, reasonOf } from "../../src/base/reason.ts";
import { formatMessage, translator } from "../../src/messages/format-message.ts";
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import type { Run } from "../../src/store/store.ts";
import type { MergeRequest, Project, User } from "../../standins/gitlab/state.ts";
import { answersIn, pastTheEnd } from "./talk-world.ts";
import { eventually } from "./team.ts";
import { TRIGGER_FLOWS } from "./trigger-flows.ts";
import { startTriggerWorld, type TriggerWorld } from "./trigger-world.ts";

suite("what starts a review and what keeps one away, from webhook to GitLab", () => {
  let opened: TriggerWorld | undefined;
  const world = (): TriggerWorld => opened ?? assert.fail("not open yet");
  before(async () => {
    opened = await startTriggerWorld(TRIGGER_FLOWS, { reconcile: { every: "1s" } });
  });
  after(() => opened?.[Symbol.asyncDispose]());

  const told = (runs: readonly Run[]): readonly string[] =>
    runs.map(({ trigger, state }) => `${trigger} ${state}`);

  suite("triggers", { concurrency: 2 }, () => {
    test("opened and new commits", async () => {
      const { project, open, push, runs } = world();
      const mergeRequest = await open(project("triggers"), "life");
      assert.deepEqual(told(await runs(mergeRequest)), ["opened succeeded"]);
      await push(mergeRequest, "one");
      assert.deepEqual(told(await runs(mergeRequest)), ["opened succeeded", "new-commits succeeded"]);
    });

    test("reopened", async () => {
      const { gitlab, project, author, open, runs, reason } = world();
      const mergeRequest = await open(project("reopened"), "life");
      assert.equal(await reason(mergeRequest), "trigger-off");
      await gitlab.closeMergeRequest(mergeRequest, author);
      assert.equal(await reason(mergeRequest), "merge-request-closed");
      await gitlab.reopenMergeRequest(mergeRequest, author);
      assert.deepEqual(told(await runs(mergeRequest)), ["reopened succeeded"]);
    });

    test("a burst of pushes is one review of the last of them, after a quiet time", async () => {
      const { project, open, push, runs, prompts } = world();
      const mergeRequest = await open(project("quiet"), "burst");
      assert.deepEqual(told(await runs(mergeRequest)), ["opened succeeded"]);
      const before = prompts(mergeRequest).length;
      await push(mergeRequest, "push-one");
      await push(mergeRequest, "push-two");
      const last = await push(mergeRequest, "push-three");
      const all = await runs(mergeRequest);
      const reviews = all.filter(({ trigger, state }) => trigger === "new-commits" && state === "succeeded");
      assert.deepEqual(
        reviews.map(({ headSha }) => headSha),
        [last],
      );
      assert.deepEqual(told(all.filter(({ state }) => state === "superseded")), [
        "new-commits superseded",
        "new-commits superseded",
      ]);
      const shown = prompts(mergeRequest).slice(before).join("\n");
      assert.match(shown, /push-three/);
      assert.doesNotMatch(shown, /push-one|push-two/);
    });

    test("a draft on request only, and once it is ready", async () => {
      const { gitlab, project, author, open, runs, reason } = world();
      const mergeRequest = await open(project("triggers"), "draft", { title: "Draft: Later" });
      assert.deepEqual(await runs(mergeRequest), []);
      assert.equal(await reason(mergeRequest), "draft");
      await gitlab.updateMergeRequest(mergeRequest, author, { title: "Now" });
      assert.deepEqual(told(await runs(mergeRequest)), ["ready succeeded"]);
    });

    test("the bot made a reviewer, asked again, a label, a command", async () => {
      const { gitlab, bot, project, author, open, runs } = world();
      const mergeRequest = await open(project("triggers"), "asked", { title: "Draft: Asked" });
      await gitlab.updateMergeRequest(mergeRequest, author, { reviewers: [bot] });
      assert.deepEqual(told(await runs(mergeRequest)), ["reviewer succeeded"]);
      await gitlab.updateMergeRequest(mergeRequest, author, { rerequested: [bot] });
      assert.deepEqual(told(await runs(mergeRequest)).slice(1), ["reviewer succeeded"]);
      await gitlab.updateMergeRequest(mergeRequest, author, { labels: ["other"] });
      assert.equal((await runs(mergeRequest)).length, 2);
      await gitlab.updateMergeRequest(mergeRequest, author, { labels: ["other", "Review me"] });
      assert.deepEqual(told(await runs(mergeRequest)).slice(2), ["label succeeded"]);
      await gitlab.addNote(mergeRequest, author, { body: `@${bot.username} review` });
      assert.deepEqual(
        told(await runs(mergeRequest))
          .slice(3)
          .toSorted(),
        ["command succeeded", "note:review succeeded"],
      );
    });

    test("stale: what was left alone gets its review, and what stays open after one a reminder, once", async () => {
      const { gitlab, project, author, open, push, runs, notes } = world();
      const stale = project("stale");
      const write = { action: "write", path: "src/loop.js", content: pastTheEnd("loop") } as const;
      await gitlab.push(stale, { branch: "waits", user: author, actions: [write] });
      const kept = await open(stale, "kept", { labels: ["no-review"] });
      const waits = await open(stale, "waits");
      const until = (count: number) =>
        eventually(`${count} runs`, async () => {
          const all = await runs(waits);
          return all.length >= count ? told(all) : undefined;
        });
      assert.deepEqual(await until(1), ["stale succeeded"]);
      assert.equal((await notes(waits)).filter((text) => text.includes("reviewflow:reminder")).length, 0);
      await push(waits, "one");
      const life = ["stale succeeded", "new-commits succeeded", "stale succeeded"];
      assert.deepEqual(await until(3), life);
      const [reminder, ...more] = (await notes(waits)).filter((text) => text.includes("reviewflow:reminder"));
      assert.ok(reminder?.includes(formatMessage("en", "reminder.head", { days: 1, threads: 1 })));
      assert.ok(reminder?.includes("src/loop.js"));
      assert.deepEqual(more, []);
      assert.deepEqual(await runs(kept), []);
    });

    test("what is turned off starts nothing, and says so", async () => {
      const { gitlab, bot, project, author, open, push, runs, reason } = world();
      const mergeRequest = await open(project("off"), "off", { title: "Draft: Off" });
      assert.equal(await reason(mergeRequest), "trigger-off");
      await push(mergeRequest, "one");
      assert.equal(await reason(mergeRequest), "trigger-off");
      await gitlab.updateMergeRequest(mergeRequest, author, { title: "Off" });
      assert.equal(await reason(mergeRequest), "trigger-off");
      await gitlab.updateMergeRequest(mergeRequest, author, { reviewers: [bot] });
      assert.equal(await reason(mergeRequest), "trigger-off");
      await gitlab.closeMergeRequest(mergeRequest, author);
      await gitlab.reopenMergeRequest(mergeRequest, author);
      assert.equal(await reason(mergeRequest), "trigger-off");
      assert.deepEqual(await runs(mergeRequest), []);
    });
  });

  test("who answers: a flow of the operator's, shown on the run's page, or nobody", async () => {
    const { gitlab, bot, project, author, open, runs, page } = world();
    const ask = async (name: string) => {
      const mergeRequest = await open(project(name), "asked");
      const asked = await gitlab.addNote(mergeRequest, author, { body: `@${bot.username} ask why?` });
      const [run = assert.fail("no run")] = await runs(mergeRequest);
      const answers = await answersIn(gitlab, mergeRequest, asked?.discussion.id ?? assert.fail());
      return { run, answers: answers.map(({ body }) => body) };
    };
    const own = await ask("answers");
    assert.match(own.answers[0] ?? "", /Our own flow was asked in Korean: .*why\?/);
    assert.equal(own.run.state, "succeeded", JSON.stringify(own.run.reason));
    const shown = await page(`/dashboard/runs/${own.run.id}`);
    assert.ok(shown.includes(formatMessage("en", "live.part", { role: "reply", number: "" })), shown);
    assert.match(shown, /Say/);
    const silent = await ask("silent");
    assert.equal(silent.run.reason?.code, "no-flow-for-answers");
    assert.ok(silent.answers[0]?.includes(formatMessage("en", "conversation.no-answers")));
  });

  suite("filters", { concurrency: 2 }, () => {
    test("what passes them all is reviewed", async () => {
      const { project, open, runs } = world();
      assert.deepEqual(told(await runs(await open(project("filtered"), "fine"))), ["opened succeeded"]);
    });

    type Case = readonly [
      name: string,
      reason: ReasonCode,
      open: (world: TriggerWorld, filtered: Project) => Promise<MergeRequest>,
    ];
    const by = ({ gitlab }: TriggerWorld, filtered: Project, username: string): User => {
      const user = gitlab.createUser({ username });
      gitlab.addMember(filtered, user, "developer");
      return user;
    };
    const cases: readonly Case[] = [
      [
        "target branch",
        "target-branch-filtered",
        async ({ gitlab, author, open }, filtered) => {
          await gitlab.push(filtered, { branch: "stable/1", user: author, actions: [] });
          return open(filtered, "to-stable", { targetBranch: "stable/1" });
        },
      ],
      ["source branch", "source-branch-filtered", ({ open }, filtered) => open(filtered, "renovate/a/b")],
      [
        "author",
        "author-filtered",
        (here, filtered) => here.open(filtered, "of-other", { author: by(here, filtered, "kept-out") }),
      ],
      [
        "label",
        "label-filtered",
        ({ open }, filtered) => open(filtered, "labelled", { labels: ["no-review"] }),
      ],
      ["title", "title-filtered", ({ open }, filtered) => open(filtered, "titled", { title: "WIP of mine" })],
      [
        "bot",
        "author-is-a-bot",
        ({ gitlab, open }, filtered) =>
          open(filtered, "of-bot", { author: gitlab.createProjectToken(filtered).user }),
      ],
    ];
    for (const [name, expected, act] of cases)
      test(`${name}: ignored with its reason`, async () => {
        const { project, runs, reason } = world();
        const mergeRequest = await act(world(), project("filtered"));
        assert.deepEqual(await runs(mergeRequest), []);
        assert.equal(await reason(mergeRequest), expected);
      });

    test("size: known when the change was read, and the run ends with its reason", async () => {
      const { project, open, runs, notes, prompts } = world();
      const files = ["a", "b", "c", "d"].map((file) => `src/${file}.js`);
      const mergeRequest = await open(project("filtered"), "large", { files });
      const [run, ...more] = await runs(mergeRequest);
      assert.deepEqual([run?.state, more.length], ["cancelled", 0]);
      assert.deepEqual(run?.reason, reasonOf("too-many-files", { files: 4, most: 3 }));
      assert.deepEqual(await notes(mergeRequest), []);
      assert.deepEqual(prompts(mergeRequest), []);
    });

    test("size: a command that asked for the review is told so in its thread", async () => {
      const { gitlab, bot, project, author, open, runs } = world();
      const files = ["a", "b", "c", "d"].map((file) => `src/${file}.js`);
      const mergeRequest = await open(project("filtered"), "asked-large", { files });
      // While that run is under way, the answer would be that it is.
      assert.deepEqual(told(await runs(mergeRequest)), ["opened cancelled"]);
      const asked = await gitlab.addNote(mergeRequest, author, { body: `@${bot.username} review` });
      assert.deepEqual(told(await runs(mergeRequest)).toSorted(), [
        "command cancelled",
        "note:review succeeded",
        "opened cancelled",
      ]);
      const thread = await answersIn(gitlab, mergeRequest, asked?.discussion.id ?? assert.fail());
      assert.deepEqual(
        thread.map(({ author: by }) => by.id),
        [bot.id],
      );
      const refusal = translator("en").reason(reasonOf("too-many-files", { files: 4, most: 3 }));
      assert.ok(thread[0]?.body.includes(refusal));
    });

    test("size: whoever asks while that is not known yet is told afterwards", async () => {
      const { gitlab, bot, project, author, open, runs } = world();
      const files = ["a", "b", "c", "d"].map((file) => `src/${file}.js`);
      // Of its own, since the number of its merge request is known before it is there.
      const asking = project("asked");
      const path = new RegExp(`/projects/${asking.id}/merge_requests/${asking.mergeRequests.length + 1}$`);
      const slow = gitlab.fail({ method: "GET", path }, { kind: "slow", delayMs: 5_000 });
      const mergeRequest = await open(asking, "asked-meanwhile", { files });
      await eventually("the merge request to be read", async () => (slow.hits() > 0 ? true : undefined));
      const asked = await gitlab.addNote(mergeRequest, author, { body: `@${bot.username} review` });
      assert.deepEqual(told(await runs(mergeRequest)).toSorted(), [
        "note:review succeeded",
        "opened cancelled",
      ]);
      const thread = await answersIn(gitlab, mergeRequest, asked?.discussion.id ?? assert.fail());
      assert.equal(thread.length, 2);
      assert.ok(thread[0]?.body.includes(formatMessage("en", "conversation.under-review")));
      const refusal = translator("en").reason(reasonOf("too-many-files", { files: 4, most: 3 }));
      assert.ok(thread[1]?.body.includes(refusal));
    });

    test("an author who is not listed: pushed by somebody who is, known when GitLab was asked", async () => {
      const here = world();
      const allowed = here.project("allowed");
      const listed = by(here, allowed, "listed");
      const fine = await here.open(allowed, "listed", { author: listed });
      assert.deepEqual(told(await here.runs(fine)), ["opened succeeded"]);
      const mergeRequest = await here.open(allowed, "unlisted");
      assert.equal(await here.reason(mergeRequest), "author-filtered");
      await here.push(mergeRequest, "more", listed);
      const [run, ...more] = await here.runs(mergeRequest);
      assert.deepEqual([run?.trigger, run?.state, more.length], ["new-commits", "cancelled", 0]);
      assert.equal(run?.reason?.code, "author-filtered");
      assert.deepEqual(await here.notes(mergeRequest), []);
    });
  });

  test("the repository's target branch turns drafts off, its source branch turns nothing on", async () => {
    const { gitlab, project, author, open, runs, notes } = world();
    const own = project("own");
    const before = await open(own, "before", { title: "Draft: Before" });
    assert.deepEqual(told(await runs(before)), ["opened succeeded"]);
    const settings = (drafts: string) =>
      [{ action: "write", path: ".reviewflow.yml", content: `drafts: ${drafts}\n` }] as const;
    await gitlab.push(own, { branch: "main", user: author, actions: settings("never") });
    await gitlab.push(own, { branch: "mine", user: author, actions: settings("review") });
    const mergeRequest = await open(own, "mine", { title: "Draft: Mine" });
    const [run, ...more] = await runs(mergeRequest);
    assert.deepEqual([run?.state, more.length], ["cancelled", 0]);
    assert.deepEqual(run?.reason, reasonOf("draft", { drafts: "never" }));
    assert.deepEqual(await notes(mergeRequest), []);
    await gitlab.updateMergeRequest(mergeRequest, author, { title: "Mine" });
    assert.deepEqual(told(await runs(mergeRequest)).slice(1), ["ready succeeded"]);
    assert.deepEqual(gitlab.failures, []);
  });
});
