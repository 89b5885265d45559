import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import { reasonOf } from "../../../src/base/reason.ts";
import { Secret } from "../../../src/base/secret.ts";
import { NO_USAGE } from "../../../src/flow/flow-event.ts";
import { createGitLabClient } from "../../../src/gitlab/client.ts";
import { createForge } from "../../../src/gitlab/forge.ts";
import type { CommitStatus } from "../../../src/review/discussion.ts";
import type { Forge } from "../../../src/review/forge.ts";
import { progressMarker } from "../../../src/review/note-text.ts";
import { openStore } from "../../../src/store/open-store.ts";
import type { Settlement } from "../../../src/store/store.ts";
import type { PendingStatus } from "../../../src/store/progress/progress-store.ts";
import { statusOf, UNDER_REVIEW } from "../../../src/worker/progress/show-progress.ts";
import { startFollowUp } from "../../../src/worker/progress/follow-up.ts";
import { startGitLabStandIn } from "../../../standins/gitlab/gitlab-stand-in.ts";
import { createTeam, eventually } from "../../e2e/team.ts";
import { mergeRequestEvent } from "../../review/events.ts";
import { request, succeeded, untilState } from "../../store/store-requests.ts";
import { fakeFlow } from "../findings/world.ts";
import { toStoredEvent } from "../../../src/review/stored-event.ts";

const FLOW = "default";
const marker = progressMarker(FLOW);

const openWorld = async ({ passesThrough = false } = {}) => {
  await using stack = new AsyncDisposableStack();
  const gitlab = stack.use(await startGitLabStandIn());
  const dataDir = await mkdtemp(join(tmpdir(), "reviewflow-progress-"));
  stack.defer(() => rm(dataDir, { recursive: true, force: true }));
  const store = stack.use(
    await openStore({ database: { dataDir }, pollMs: 50, tokenKeys: [randomBytes(32)] }),
  );
  const team = await createTeam(gitlab);
  const token = new Secret(team.token);
  const client = createGitLabClient({
    url: gitlab.url,
    token,
    tokenName: "GITLAB_TOKEN",
    timeoutMs: 10_000,
    clock: systemClock,
    logger: silentLogger,
  });
  const forge = createForge(client, { logger: silentLogger });
  const mergeRequest = await team.openMergeRequest("cart");
  const ask = { projectId: team.project.id, iid: mergeRequest.iid };
  const queue = async (head?: string): Promise<string> => {
    const asked = request({ ...ask, flow: FLOW, ...(head === undefined ? {} : { head }) });
    const event = toStoredEvent(mergeRequestEvent());
    const outcome = await store.accept({
      ...asked,
      run: { flow: FLOW, token: passesThrough ? token : null, event },
    });
    return outcome.kind === "review" ? outcome.runId : assert.fail(outcome.kind);
  };
  let settlement: Settlement = succeeded;
  let held: Promise<void> = Promise.resolve();
  const handle = async (): Promise<Settlement> => {
    await held;
    return settlement;
  };
  const worker = await store.work({ handle, concurrency: 1, perProject: 1 });
  stack.defer(() => worker.stop(1_000));
  const owned = stack.move();
  return {
    store,
    forge,
    ref: ask,
    queue,
    /** Reviews end after this. */
    hold: (until: Promise<void>) => {
      held = until;
    },
    statuses: async () => (await gitlab.viewMergeRequest(mergeRequest)).statuses.map(({ status }) => status),
    allStatuses: async () => team.project.statuses.map(({ status }) => status),
    push: () => team.push(mergeRequest, "export const more = 2;\n"),
    /** How many tokens that came with deliveries are kept. */
    tokens: async () => (await store.keys.status()).keys.reduce((sum, { tokens }) => sum + tokens, 0),
    reactions: async () => (await gitlab.viewMergeRequest(mergeRequest)).reactions,
    settleWith: (next: Settlement) => {
      settlement = next;
    },
    follow: (over: Partial<Forge> = {}, waitsMs = 0, settings = { notes: true, status: false }) =>
      startFollowUp({
        progress: store.progress,
        leases: store.reconciliation,
        flows: new Map([
          [
            FLOW,
            {
              ...fakeFlow([], () => ({})),
              name: FLOW,
              contract: "note",
              language: "English",
              inputs: {},
              output: null,
            },
          ],
        ]),
        settingsOf: () => settings,
        createForge: (used) => {
          assert.equal(used.reveal(), team.token);
          return { ...forge, ...over };
        },
        token: passesThrough ? null : token,
        clock: systemClock,
        logger: silentLogger,
        waitsMs,
        everyMs: 50,
      }),
    notes: async () => (await team.botNotes(mergeRequest)).filter((body) => body.startsWith(marker)),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
};

const WAITING: Settlement = {
  state: "waiting",
  outside: { peer: { kind: "model", name: "main" }, verdict: "refused" },
  reason: reasonOf("model-failed", { error: "x", detail: "a key of ours" }),
  retryAfterMs: undefined,
};

describe("what a merge request shows of a review that waits or failed", () => {
  it("is one note, kept up to date, and gone when it is over", async () => {
    await using world = await openWorld();
    world.settleWith(WAITING);
    const runId = await world.queue();
    const follow = world.follow();
    const [first] = await eventually("the note", async () => {
      const notes = await world.notes();
      return notes.length > 0 ? notes : undefined;
    });
    assert.doesNotMatch(first ?? "", /key of ours|main/);
    world.settleWith({ state: "failed", reason: reasonOf("flow-failed"), usage: NO_USAGE });
    await world.store.outages.resume({ kind: "model", name: "main" });
    await untilState(world.store, runId, "failed");
    await eventually("the other text", async () => ((await world.notes())[0] === first ? undefined : true));
    assert.equal((await world.notes()).length, 1);
    world.settleWith(succeeded);
    await untilState(world.store, await world.queue(), "succeeded");
    await eventually("the end", async () => ((await world.notes()).length === 0 ? true : undefined));
    await follow.stop();
  });

  it("is a commit status alone where notes are off and statuses on", async () => {
    await using world = await openWorld();
    const { headSha } = await world.forge.fetchMergeRequest(world.ref);
    world.settleWith({ state: "failed", reason: reasonOf("flow-failed"), usage: NO_USAGE });
    await untilState(world.store, await world.queue(headSha), "failed");
    const follow = world.follow({}, 0, { notes: false, status: true });
    await eventually("the status", async () => ((await world.statuses()).length > 0 ? true : undefined));
    await follow.stop();
    assert.deepEqual([await world.statuses(), await world.notes()], [["failed"], []]);
  });

  it("takes off the reaction of a review whose end GitLab did not hear of, and of none that is made", async () => {
    await using world = await openWorld();
    const { forge, ref, store } = world;
    const set = (await forge.react(ref, UNDER_REVIEW)) ?? assert.fail("not set");
    const { promise: isFree, resolve: free } = Promise.withResolvers<void>();
    world.hold(isFree);
    const runId = await world.queue();
    await untilState(store, runId, "active");
    await store.progress.putReaction({ ...ref, flow: FLOW, ...set });
    assert.deepEqual(await store.progress.listReactions(), []);
    free();
    await untilState(store, runId, "succeeded");
    const known = await store.progress.putReaction({ ...ref, flow: FLOW, awardId: null });
    assert.deepEqual(known, { ...ref, flow: FLOW, ...set }, "the id that was known");
    let tries = 0;
    const follow = world.follow({
      unreact: async (...given) => {
        tries += 1;
        return tries === 1 ? false : forge.unreact(...given);
      },
    });
    await eventually("nothing is left", async () =>
      (await store.progress.listReactions()).length === 0 ? true : undefined,
    );
    await follow.stop();
    assert.equal(tries, 2);
    assert.deepEqual(await world.reactions(), []);
  });

  it("ends the status of a head whose review was left, and touches none that has an end or a review", async () => {
    await using world = await openWorld();
    const { forge, ref, store, push } = world;
    const { headSha: old } = await forge.fetchMergeRequest(ref);
    const pendingAt = (sha: string, runId: string): PendingStatus => {
      return { ...ref, flow: FLOW, sha, ref: "cart", runId };
    };
    const set = (sha: string, state: CommitStatus["state"]) =>
      forge.setStatus(ref, statusOf(FLOW, { sha, ref: "cart" }, state, state));
    const headSha = await push();
    const { promise: isFree, resolve: free } = Promise.withResolvers<void>();
    world.hold(isFree);
    const runId = await world.queue(headSha);
    await untilState(store, runId, "active");
    for (const sha of [old, headSha]) {
      await store.progress.putStatus(pendingAt(sha, runId));
      await set(sha, "pending");
    }
    const left = async () => (await store.progress.listStatuses()).map(({ status: { sha } }) => sha);
    assert.deepEqual(await left(), [old], "the review of the new head is under way");
    // GitLab knows nothing of this one.
    await store.progress.putStatus(pendingAt("0".repeat(40), "a run that is gone"));
    const isEnded = () =>
      eventually("nothing is left", async () => ((await left()).length === 0 ? true : undefined));
    const follow = world.follow();
    await isEnded();
    assert.deepEqual(await world.allStatuses(), ["canceled", "pending"]);
    await set(headSha, "failed");
    free();
    await untilState(store, runId, "succeeded");
    await isEnded();
    await follow.stop();
    assert.deepEqual(await world.allStatuses(), ["canceled", "failed"]);
  });

  it("is said with the token that came with the delivery, which is kept until then and no longer", async () => {
    await using world = await openWorld({ passesThrough: true });
    const { forge, ref, store } = world;
    const { headSha } = await forge.fetchMergeRequest(ref);
    const ended = async (next: Settlement): Promise<void> => {
      world.settleWith(next);
      const runId = await world.queue(headSha);
      await untilState(store, runId, next.state === "failed" ? "failed" : "succeeded");
    };
    await ended(succeeded);
    assert.equal(await world.tokens(), 0, "nothing is left to be said");
    await ended({ state: "failed", reason: reasonOf("flow-failed"), usage: NO_USAGE });
    assert.equal(await world.tokens(), 1);
    const settings = { notes: true, status: true };
    {
      const follow = world.follow({}, 0, settings);
      await eventually("the end of the token", async () => ((await world.tokens()) === 0 ? true : undefined));
      await follow.stop();
    }
    assert.deepEqual([(await world.notes()).length, await world.statuses()], [1, ["failed"]]);
    await ended(succeeded);
    const runId = await world.queue(headSha);
    await untilState(store, runId, "succeeded");
    assert.equal(await world.tokens(), 2, "for the note that is to be taken away");
    await store.progress.putStatus({ ...ref, flow: FLOW, sha: headSha, ref: "cart", runId });
    await forge.setStatus(ref, statusOf(FLOW, { sha: headSha, ref: "cart" }, "pending", "pending"));
    const follow = world.follow({}, 0, settings);
    await eventually("the end of the tokens", async () => ((await world.tokens()) === 0 ? true : undefined));
    await follow.stop();
    assert.deepEqual([await world.notes(), await world.allStatuses()], [[], ["failed", "success"]]);
  });

  it("keeps no token for a flow that shows nothing, nor longer than a day", async () => {
    await using world = await openWorld({ passesThrough: true });
    world.settleWith({ state: "failed", reason: reasonOf("flow-failed"), usage: NO_USAGE });
    await untilState(world.store, await world.queue(), "failed");
    const { forgetTokens } = world.store.progress;
    await forgetTokens([FLOW], 0);
    assert.equal(await world.tokens(), 1);
    await forgetTokens([FLOW], Number.MAX_SAFE_INTEGER);
    assert.equal(await world.tokens(), 0);
    await untilState(world.store, await world.queue(), "failed");
    await forgetTokens([], 0);
    assert.equal(await world.tokens(), 0);
  });

  it("is nothing before ten minutes have passed", async () => {
    await using world = await openWorld();
    world.settleWith(WAITING);
    await world.queue();
    await eventually("waiting", async () =>
      (await world.store.outages.list()).length > 0 ? true : undefined,
    );
    const { listDue } = world.store.progress;
    const early = { failedSinceMs: 0, waitsMs: 600_000, nowMs: Date.now() };
    assert.deepEqual(await listDue([FLOW], early), []);
    assert.equal((await listDue([FLOW], { failedSinceMs: 0, waitsMs: 0, nowMs: Date.now() })).length, 1);
    assert.deepEqual(await listDue(["another"], { failedSinceMs: 0, waitsMs: 0, nowMs: Date.now() }), []);
  });

  it("comes once although the process ends between GitLab's answer and the store", async () => {
    await using world = await openWorld();
    world.settleWith({ state: "failed", reason: reasonOf("flow-failed"), usage: NO_USAGE });
    await untilState(world.store, await world.queue(), "failed");
    let lost = 0;
    const follow = world.follow({
      upsertNote: async () => {
        lost += 1;
        return Promise.reject(new Error("the process has died"));
      },
    });
    await eventually("an attempt", async () => (lost > 0 ? true : undefined));
    await follow.stop();
    const others = [world.follow(), world.follow()];
    await eventually("the note", async () => ((await world.notes()).length > 0 ? true : undefined));
    for (const other of others) await other.stop();
    assert.equal((await world.notes()).length, 1);
  });
});
