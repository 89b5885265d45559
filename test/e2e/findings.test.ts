import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { openStore } from "../../src/store/open-store.ts";
import type { Store } from "../../src/store/store.ts";
import { type GitLabStandIn, startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import type { MergeRequest } from "../../standins/gitlab/state.ts";
import { fakeFindingsFlow, linesOf, shownLines } from "../worker/findings/world.ts";
import { startFindingsServer } from "./findings-server.ts";
import { SECRET } from "./start.ts";
import { type Team, addHook, createTeam, eventually } from "./team.ts";

const FINAL = new Set(["succeeded", "partial-succeeded", "failed", "cancelled", "superseded"]);

/** Lines of a file of the shop, some of them changed. */
const shop = (changes: Readonly<Record<number, string>> = {}, count = 80): string =>
  linesOf(count, (line) => changes[line] ?? null);

type Shared = { readonly gitlab: GitLabStandIn; readonly store: Store };

let shops = 0;

/** A team whose main branch has two files, a server that reviews, and what its flow was asked. */
const setUp = async ({ gitlab, store }: Shared, stack: AsyncDisposableStack) => {
  shops += 1;
  const team = await createTeam(gitlab, `bootcamp/shop-${shops}`);
  gitlab.clearRequests();
  const write = (branch: string, files: Readonly<Record<string, string>>) =>
    gitlab.push(team.project, {
      branch,
      user: team.author,
      actions: Object.entries(files).map(([path, content]) => ({ action: "write", path, content })),
    });
  await gitlab.push(team.project, {
    branch: "main",
    user: team.owner,
    actions: ["src/cart.js", "src/user.js"].map((path) => ({ action: "write", path, content: shop() })),
  });
  const { flow, requests } = fakeFindingsFlow();
  const server = stack.use(await startFindingsServer(store, team, flow));
  const hook = await addHook(team, { url: `${server.url}/webhooks/gitlab`, token: SECRET });
  /** Waits until `count` runs have come to their end. */
  const reviewed = (count: number) =>
    eventually(`${count} finished runs`, async () => {
      await gitlab.settleHooks();
      const all = await store.listRuns({ limit: 50 });
      const runs = all.filter(({ projectId }) => projectId === team.project.id);
      return runs.length === count && runs.every(({ state }) => FINAL.has(state)) ? runs : undefined;
    });
  return { gitlab, store, team, write, hook, requests, reviewed };
};

const threadsOf = async (team: Team, mergeRequest: MergeRequest) => {
  const { discussions } = await team.gitlab.viewMergeRequest(mergeRequest);
  return discussions.filter(
    ({ individual_note, notes }) => !individual_note && notes[0]?.author.id === team.bot.id,
  );
};

const summariesOf = async (team: Team, mergeRequest: MergeRequest): Promise<readonly string[]> =>
  (await team.botNotes(mergeRequest)).filter((body) => body.startsWith("<!-- reviewflow:summary"));

const FIRST = {
  "src/cart.js": shop({ 10: "BUG in cart", 60: "BUG in total" }),
  "src/user.js": shop({ 30: "BUG in user" }),
};

/** A team with a merge request that had its first review. */
const openReviewed = async (shared: Shared, stack: AsyncDisposableStack) => {
  const world = await setUp(shared, stack);
  await world.write("topic", FIRST);
  const mergeRequest = await world.gitlab.openMergeRequest(world.team.project, {
    author: world.team.author,
    sourceBranch: "topic",
    title: "Change the shop",
  });
  const [run] = await world.reviewed(1);
  assert.equal(run?.state, "succeeded", JSON.stringify(run?.reason));
  return { ...world, mergeRequest, run: run ?? assert.fail("no run") };
};

suite("a review by findings, from webhook to GitLab", () => {
  const stack = new AsyncDisposableStack();
  let opened: Shared | undefined;
  const shared = (): Shared => opened ?? assert.fail("not open yet");

  before(async () => {
    const folder = await mkdtemp(join(tmpdir(), "reviewflow-findings-"));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    const gitlab = stack.use(await startGitLabStandIn());
    opened = { gitlab, store: stack.use(await openStore({ database: { dataDir: folder }, pollMs: 50 })) };
  });
  after(() => stack.disposeAsync());

  test("opens threads and one summary in few calls, and the same event again changes nothing", async () => {
    await using own = new AsyncDisposableStack();
    const { gitlab, team, mergeRequest, hook, store, run, requests, reviewed } = await openReviewed(
      shared(),
      own,
    );
    const threads = await threadsOf(team, mergeRequest);
    assert.deepEqual(
      new Set(threads.map(({ notes: [note] }) => `${note?.position?.new_path}:${note?.position?.new_line}`)),
      new Set(["src/cart.js:11", "src/cart.js:61", "src/user.js:31"]),
    );
    const [summary = "", ...others] = await summariesOf(team, mergeRequest);
    assert.equal(others.length, 0);
    assert.match(summary, /src\/cart\.js[\s\S]*src\/user\.js/);
    const calls = gitlab.requests.filter(({ path }) => !path.includes("/hooks"));
    assert.ok(calls.length <= 12, calls.map(({ method, path }) => `${method} ${path}`).join("\n"));
    assert.deepEqual(gitlab.quickActions, []);

    const before = await gitlab.viewMergeRequest(mergeRequest);
    for (let i = 0; i < 4; i += 1) {
      await fetch(`${gitlab.url}/api/v4/projects/${team.project.id}/hooks/${hook}/events/1/resend`, {
        method: "POST",
        headers: { "private-token": team.ownerToken },
      });
    }
    await reviewed(1);
    assert.deepEqual(await gitlab.viewMergeRequest(mergeRequest), before);
    const asked = requests.length;
    await store.runAgain(run.id);
    const [again] = await reviewed(2);
    assert.equal(again?.state, "succeeded", JSON.stringify(again?.reason));
    assert.equal(requests.length, asked);
    assert.equal((await threadsOf(team, mergeRequest)).length, 3);
    assert.equal((await summariesOf(team, mergeRequest)).length, 1);
    assert.deepEqual(gitlab.failures, []);
  });

  test("a push that mends one thing resolves its thread; a human's word leaves a thread alone", async () => {
    await using own = new AsyncDisposableStack();
    const { gitlab, team, mergeRequest, write, requests, reviewed } = await openReviewed(shared(), own);
    const before = await threadsOf(team, mergeRequest);
    const ofUser = before.find(({ notes: [note] }) => note?.position?.new_path === "src/user.js");
    const discussionId = ofUser?.id ?? assert.fail("no thread there");
    await gitlab.addNote(mergeRequest, team.author, { body: "This is meant so.", discussionId });
    requests.length = 0;
    await write("topic", {
      "src/cart.js": shop({ 10: "mended cart", 60: "BUG in total" }),
      "src/user.js": shop({ 30: "mended user" }),
    });
    const [run] = await reviewed(2);
    assert.equal(run?.state, "succeeded", JSON.stringify(run?.reason));
    const sent = requests.flatMap(shownLines).filter(({ sign }) => sign === "+");
    assert.deepEqual(new Set(sent.map(({ text }) => text)), new Set(["mended cart", "mended user"]));
    const threads = await threadsOf(team, mergeRequest);
    assert.equal(threads.length, 3);
    for (const { id, notes } of threads) {
      const isMended = /BUG in cart/.test(notes[0]?.body ?? "");
      assert.equal(notes[0]?.resolved, isMended, notes[0]?.body ?? "");
      assert.equal(notes.length, isMended || id === ofUser?.id ? 2 : 1);
    }
    assert.equal((await summariesOf(team, mergeRequest)).length, 1);
  });

  test("a push elsewhere sends only what is new", async () => {
    await using own = new AsyncDisposableStack();
    const { team, mergeRequest, write, requests, reviewed } = await openReviewed(shared(), own);
    requests.length = 0;
    await write("topic", { "src/extra.js": "BUG in extra\n" });
    await reviewed(2);
    const sent = requests.flatMap(shownLines);
    assert.deepEqual(new Set(sent.map(({ path }) => path)), new Set(["src/extra.js"]));
    assert.equal((await threadsOf(team, mergeRequest)).length, 4);
  });
});
