import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { UNDER_REVIEW } from "../../src/worker/progress/show-progress.ts";
import type { MergeRequest } from "../../standins/gitlab/state.ts";
import { randomOf, seedOf } from "../seeded.ts";
import { POSTGRES_MISSING, startPostgres } from "../store/postgres-server.ts";
import { type StopAt, WRITES } from "./stop-at-write.ts";
import { saidTwice, type StopWorld, startStopWorld } from "./stop-world.ts";
import { pastTheEnd } from "./talk-world.ts";
import { eventually } from "./team.ts";

/** What leads to a write: everything that must have happened before, then the event itself. */
type Cause = (world: StopWorld, name: string) => Promise<{ readonly event: () => Promise<unknown> }>;

const push = (world: StopWorld, name: string, content: string): Promise<string> => {
  const { project, author } = world.team("review");
  const actions = [{ action: "write" as const, path: `src/${name}.js`, content }];
  return world.gitlab.push(project, { branch: name, user: author, actions });
};

const open = (world: StopWorld, name: string): Promise<MergeRequest> => {
  const { project, author } = world.team("review");
  return world.gitlab.openMergeRequest(project, { author, sourceBranch: name, title: `Add ${name}` });
};

const SOURCE = (name: string): string =>
  ["one", "two"].map((end) => pastTheEnd(`${name}${end}`)).join("// a quiet line\n".repeat(12));

/** A merge request with two findings. */
const review: Cause = async (world, name) => {
  await push(world, name, SOURCE(name));
  return { event: () => open(world, name) };
};

const openReviewed = async (world: StopWorld, name: string): Promise<MergeRequest> => {
  await push(world, name, SOURCE(name));
  const mergeRequest = await open(world, name);
  await world.idle();
  return mergeRequest;
};

/** The findings are mended. */
const mended: Cause = async (world, name) => {
  await openReviewed(world, name);
  return { event: () => push(world, name, `export const ${name} = 1;\n`) };
};

const note =
  (body: (world: StopWorld) => string, isInThread: boolean): Cause =>
  async (world, name) => {
    const { gitlab } = world;
    const mergeRequest = await openReviewed(world, name);
    const { discussions } = await gitlab.viewMergeRequest(mergeRequest);
    const thread = discussions.find(({ individual_note }) => !individual_note);
    const { author } = world.team("review");
    return {
      event: () =>
        gitlab.addNote(mergeRequest, author, {
          body: body(world),
          ...(isInThread ? { discussionId: thread?.id ?? assert.fail("no thread") } : {}),
        }),
    };
  };

const command = (text: string): Cause => note((world) => `@${world.bot.username} ${text}`, false);
const objection = note(() => "This is not a bug, the list has a sentinel.", true);
const ignored = note((world) => `@${world.bot.username} ignore`, true);

const openIn =
  (name: "note" | "classic" | "watched"): Cause =>
  async (world, topic) => ({ event: () => world.team(name).openMergeRequest(topic) });

/** The merge request is closed while its run is under way on Dify. */
const closed: Cause = async (world, topic) => {
  const team = world.team("note");
  const mergeRequest = await team.openMergeRequest(`slow${topic}`);
  await eventually("the run on Dify", async () =>
    world.dify
      .runs()
      .find(({ inputs, status }) => inputs["title"] === mergeRequest.title && status === "running"),
  );
  return { event: () => world.gitlab.closeMergeRequest(mergeRequest, team.author) };
};

const openBroken = openIn("note");

/** The review of the merge request fails for good, which a note in it says. */
const failed: Cause = (world, topic) => openBroken(world, `broken${topic}`);

/** It has failed for good, and is made when somebody asks for it again. */
const recovered: Cause = async (world, topic) => {
  const { author, openMergeRequest } = world.team("note");
  const mergeRequest = await openMergeRequest(`broken${topic}`);
  await world.idle();
  const body = `@${world.bot.username} review`;
  return { event: () => world.gitlab.addNote(mergeRequest, author, { body }) };
};

/** The review is made, and its reaction is left behind, as GitLab was away for it. */
const leftBehind: Cause = async (world, topic) => {
  const path = /\/award_emoji\/\d+$/;
  const away = world.gitlab.fail(
    { method: "DELETE", path, times: Infinity },
    { kind: "status", status: 503 },
  );
  await world.team("note").openMergeRequest(topic);
  await eventually("a reaction to be left behind", async () => {
    const { runs = [], reactions = [] } = await world.readStore();
    return (
      (away.hits() > 0 && reactions.length > 0 && !JSON.stringify(runs).includes('finished_at\\":null')) ||
      undefined
    );
  });
  return { event: async () => away.remove() };
};

const FOLLOW_UP = "follow-up";

type Kind = readonly [family: string, name: string, cause: Cause, at: StopAt];

/** Every kind of write, and what leads to it. */
const KINDS: readonly Kind[] = [
  ["publishing", "draft", review, WRITES.draft],
  ["publishing", "bulk publish", review, WRITES.bulkPublish],
  ["publishing", "summary", review, WRITES.note],
  ["publishing", "labels", review, WRITES.mergeRequest],
  ["publishing", "pending status", review, WRITES.pendingStatus],
  ["publishing", "final status", review, WRITES.finalStatus],
  ["publishing", "summary again", mended, WRITES.noteAgain],
  ["publishing", "reaction on the merge request", review, WRITES.reaction],
  ["publishing", "taking it off", review, WRITES.reactionOff],
  ["answering", "answer", objection, WRITES.answer],
  ["answering", "resolving", objection, WRITES.resolving],
  ["answering", "reaction", objection, WRITES.anyReaction],
  ["answering", "description", command("describe --write"), WRITES.mergeRequest],
  ["answering", "review that a note asks for", command("review"), WRITES.acceptedNote],
  ["flow", "note of a flow on Dify", openIn("note"), WRITES.note],
  ["flow", "request of a flow", openIn("classic"), WRITES.ofFlow],
  ["flow", "final status of a flow on Dify", openIn("note"), WRITES.success],
  [FOLLOW_UP, "progress note", failed, WRITES.progressNote],
  [FOLLOW_UP, "failed status", failed, WRITES.failure],
  [FOLLOW_UP, "progress note taken away", recovered, WRITES.noteOff],
  [FOLLOW_UP, "taking off what was left behind", leftBehind, WRITES.reactionOff],
  ["paid for", "run on Dify", openIn("note"), WRITES.runOnDify],
  ["paid for", "stop of a run on Dify", closed, WRITES.stopOnDify],
  ["paid for", "model", review, WRITES.model],
  ["store", "journal", review, WRITES.journal],
  ["store", "review cache", review, WRITES.memory],
  ["store", "finding", review, WRITES.finding],
  ["store", "outcome", ignored, WRITES.outcome],
  ["store", "usage", review, WRITES.usage],
  ["store", "events", review, WRITES.events],
  ["store", "end of a run", review, WRITES.end],
  ["shadow", "journal of a shadow run", openIn("watched"), WRITES.shadowJournal],
  ["shadow", "end of a shadow run", openIn("watched"), WRITES.shadowEnd],
];

const writesTo = ({ gitlab, dify, model }: StopWorld) => ({
  gitlab: gitlab.requests
    .filter(({ method }) => method !== "GET")
    .map(({ method, path, status }) => `${method} ${path} ${status}`),
  dify: dify
    .requests()
    .filter(({ method }) => method !== "GET")
    .map(({ path }) => path),
  chats: model.chatCount(),
});

/** Nothing of ours is there twice, and nothing says that a review is still made. */
const assertDone = async (world: StopWorld): Promise<void> => {
  for (const name of ["review", "note", "classic", "watched"] as const) {
    const { project } = world.team(name);
    for (const mergeRequest of project.mergeRequests.values()) {
      const view = await world.gitlab.viewMergeRequest(mergeRequest);
      const { drafts, statuses, reactions } = view;
      assert.deepEqual(saidTwice(view, world.bot.id), [], mergeRequest.title);
      assert.equal(drafts.length, 0, mergeRequest.title);
      const isUnderWay = [
        ...statuses.filter((one) => one.status === "pending"),
        ...reactions.filter((one) => one.on === "MergeRequest" && one.name === UNDER_REVIEW.emoji),
      ];
      assert.deepEqual(isUnderWay, [], mergeRequest.title);
    }
  }
};

/**
 * One kind of each family, and two more; not of the follow-up, whose lease of a minute is too long to wait for in every
 * run. REVIEWFLOW_STOP_KINDS=all, or the names of some with commas between them, asks for others.
 */
const choose = (random: () => number): readonly Kind[] => {
  const asked = process.env["REVIEWFLOW_STOP_KINDS"]?.split(",");
  if (asked !== undefined) return KINDS.filter(([, name]) => asked.includes("all") || asked.includes(name));
  const shuffled = KINDS.filter(([family]) => family !== FOLLOW_UP)
    .map((kind) => ({ kind, at: random() }))
    .toSorted((one, other) => one.at - other.at)
    .map(({ kind }) => kind);
  const firsts = [...Map.groupBy(shuffled, ([family]) => family).values()].flatMap((kinds) =>
    kinds.slice(0, 1),
  );
  return [...firsts, ...shuffled.filter((kind) => !firsts.includes(kind)).slice(0, 2)];
};

const postgres = await startPostgres();

suite(
  "three instances, one of which stands still past its lease",
  { skip: postgres === null && POSTGRES_MISSING },
  () => {
    after(() => postgres?.stop());

    test("just before a write: it writes nothing once another one has the run", async (context) => {
      const kinds = choose(randomOf(seedOf(context)));
      assert.ok(kinds.length > 0);
      await using world = await startStopWorld((await postgres?.createDatabase()) ?? assert.fail());
      for (const [index, [family, name, cause, at]] of kinds.entries()) {
        context.diagnostic(`${family}: ${name}`);
        const { event } = await cause(world, `topic${index}`);
        const stopped = await world.stopAt(at, event, family === FOLLOW_UP ? FOLLOW_UP : "run");
        // Another instance takes the run over and finishes it.
        await world.idle();
        const before = { outside: writesTo(world), store: await world.readStore() };
        await stopped.goOn();
        await world.idle();
        assert.deepEqual({ outside: writesTo(world), store: await world.readStore() }, before, name);
        await assertDone(world);
      }
    });
  },
);
