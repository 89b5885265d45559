import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { Secret } from "../../src/base/secret.ts";
import { createGitLabClient } from "../../src/gitlab/client.ts";
import { createForge } from "../../src/gitlab/forge.ts";
import { openStore, type OpenedStore } from "../../src/store/open-store.ts";
import type { BudgetDesk } from "../../src/worker/budgets/budget-desk.ts";
import { createFlowChoice } from "../../src/worker/shadow/choose-flow.ts";
import { createSnapshotShelf } from "../../src/worker/shadow/snapshot-shelf.ts";
import { startShadows } from "../../src/worker/shadow/start-shadows.ts";
import { startReviewWorker } from "../../src/worker/review-worker.ts";
import { type GitLabStandIn, startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import { request } from "../store/store-requests.ts";
import { fakeFindingsFlow, linesOf } from "../worker/findings/world.ts";
import { type Team, createTeam, eventually } from "./team.ts";

const KEY = { flow: "review", candidate: "next" };

suite("a candidate beside its flow", () => {
  let gitlab: GitLabStandIn;
  let store: OpenedStore;
  let folder = "";
  let team: Team;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "reviewflow-shadow-"));
    gitlab = await startGitLabStandIn();
    store = await openStore({ database: { dataDir: join(folder, "data") } });
    team = await createTeam(gitlab, "bootcamp/shadow");
  });
  after(async () => {
    await store[Symbol.asyncDispose]();
    await gitlab[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  test("is compared without a word, takes up where a dead process left it, and reviews once promoted", async (context) => {
    const { project, author, owner } = team;
    const write = (branch: string, content: string, from?: string) =>
      gitlab.push(project, {
        branch,
        user: branch === "main" ? owner : author,
        actions: [{ action: "write", path: "src/a.js", content }],
        ...(from === undefined ? {} : { from }),
      });
    await write(
      "main",
      linesOf(40, () => null),
    );
    await write(
      "topic",
      linesOf(40, (line) => (line === 10 ? "BUG in a" : null)),
      "main",
    );
    const mergeRequest = await gitlab.openMergeRequest(project, {
      author,
      sourceBranch: "topic",
      title: "Change",
    });
    const present = fakeFindingsFlow();
    const next = fakeFindingsFlow();
    const flow = { ...present.flow, name: "review", digest: "present" };
    const shadowed = [
      { key: KEY, share: 1, candidate: { ...next.flow, name: "review", digest: "next", summary: null } },
    ];
    const token = new Secret(team.token);
    const forge = createForge(
      createGitLabClient({
        url: gitlab.url,
        token,
        tokenName: "GITLAB_TOKEN",
        timeoutMs: 60_000,
        clock: systemClock,
        logger: silentLogger,
      }),
      { clock: systemClock, logger: silentLogger },
    );
    const parts = { store, gitlabUrl: gitlab.url, clock: systemClock, logger: silentLogger };
    const shelf = createSnapshotShelf();
    await store.shadows.follow(KEY);
    const worker = await startReviewWorker({
      ...parts,
      token,
      createForge: () => shelf.watch(forge),
      chooseFlow: createFlowChoice(store.shadows, shadowed),
      flows: new Map([["review", flow]]),
      concurrency: 1,
      perProject: 1,
    });
    context.after(() => worker.stop(1_000));
    const reviewOnce = async (): Promise<string> => {
      const { iid } = mergeRequest;
      const outcome = await store.accept({
        ...request({ projectId: project.id, iid, flow: "review" }),
        run: { flow: "review", event: storedEvent(project.id, iid), token: null },
      });
      assert.equal(outcome.kind, "review");
      await eventually("the run ends well", async () => {
        const run = await store.getRun(outcome.runId);
        assert.notEqual(run?.state, "failed", JSON.stringify(run?.reason));
        return run?.state === "succeeded" ? run : undefined;
      });
      return outcome.runId;
    };

    const runId = await reviewOnce();
    const before = await team.botNotes(mergeRequest);
    const run = await store.getRun(runId);
    assert.ok(run !== null);
    // A process that took the comparison and died at once.
    await store.shadows.plan({ run, candidate: KEY.candidate, skip: null });
    assert.ok((await store.shadows.claim([KEY], { leaseMs: 0, plannedBeforeMs: null })) !== null);
    gitlab.clearRequests();
    const { desk, allow } = budgetDesk(store);
    const running = startShadows({
      ...parts,
      shadowed,
      forge,
      shelf,
      budget: desk,
      pollMs: 20,
      leaseMs: 10_000,
    });
    context.after(() => running.stop());
    const [putOff] = await eventually("the comparison is put off", async () => {
      const [one] = await store.shadows.list(KEY, 10);
      const isPutOff = one?.state === "queued" && one.reason?.code === "budget-used-up";
      return isPutOff ? [one] : undefined;
    });
    assert.equal(putOff?.attempts, 1);
    assert.deepEqual([gitlab.requests.length, next.requests.length], [0, 0]);
    allow();
    const [shadow] = await eventually("the comparison is made", async () => {
      const shadows = await store.shadows.list(KEY, 10);
      return shadows.every(({ state }) => state === "done" || state === "failed") ? shadows : undefined;
    });
    await running.stop();
    assert.equal(shadow?.state, "done", JSON.stringify(shadow?.reason));
    assert.equal(shadow.runId, runId);
    assert.equal(shadow.attempts, 2);
    assert.equal(shadow.figures?.both.major ?? 0, 1, JSON.stringify(shadow.figures));
    assert.equal(next.requests.length, 1);
    assert.deepEqual(await team.botNotes(mergeRequest), before, "a shadow says nothing");
    assert.deepEqual(
      gitlab.requests.filter(({ method }) => method !== "GET"),
      [],
    );

    await store.shadows.choose(KEY, "promoted", "ann");
    const [asked, askedNext] = [present.requests.length, next.requests.length];
    await write(
      "topic",
      linesOf(40, (line) => (line === 10 || line === 30 ? `BUG in ${line}` : null)),
    );
    await reviewOnce();
    assert.equal(present.requests.length, asked, "the flow itself is not asked");
    assert.ok(next.requests.length > askedNext);
  });
});

/** A budget that is used up until more is allowed; whoever is put off asks again at once. */
const budgetDesk = (store: OpenedStore): { readonly desk: BudgetDesk; readonly allow: () => void } => {
  let tokens = 0;
  const desk: BudgetDesk = {
    get budgets() {
      return { total: { tokens, cost: null, runs: null }, projects: [] };
    },
    timeZone: "UTC",
    tell: false,
    spending: store.spending,
    // A moment before midnight, so that the next day is near.
    clock: { ...systemClock, now: () => Date.parse("2026-02-28T23:59:59.900Z") },
    logger: silentLogger,
  };
  return { desk, allow: () => (tokens = 1_000_000) };
};

/** An event as the intake keeps it. */
const storedEvent = (projectId: number, iid: number) => ({
  kind: "merge_request",
  project: { id: projectId, path: "bootcamp/shadow", webUrl: "https://gitlab.example.com/bootcamp/shadow" },
  user: { id: 1, username: "ann" },
  iid,
  action: "update",
  state: "opened",
  draft: false,
  title: "Change",
  description: "",
  url: "https://gitlab.example.com/bootcamp/shadow/-/merge_requests/1",
  authorId: 1,
  sourceBranch: "topic",
  targetBranch: "main",
  sourceProjectId: projectId,
  headSha: null,
  oldRev: null,
  labels: [],
  reviewersAdded: [],
  becameReady: false,
  retargeted: false,
});
