import { verbatim } from "../../../src/messages/message.ts";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { GitLabError } from "../../../src/base/errors.ts";
import { listedMergeRequest } from "./listed.ts";
import { rulesForPolicy } from "../../../src/review/triggers.ts";
import { createWorld, project, type ReconcileWorld } from "./world.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;
const OVERLAP = 10 * MINUTE;

const failure = (code: string, retryAfterMs?: number): GitLabError =>
  new GitLabError(verbatim(code), { code, status: 500, retryAfterMs });

/** Adds a merge request that changed at a time of the forge's clock. */
const change = (
  world: ReconcileWorld,
  projectId: number,
  iid: number,
  headSha = "a",
  updatedAtMs = world.nowMs,
): void => {
  const { id, path } = world.projects.find((one) => one.id === projectId) ?? project(projectId);
  world.listed.push(listedMergeRequest({ project: { id, path, webUrl: "" }, iid, headSha, updatedAtMs }));
};

const places = (calls: readonly { readonly place: string }[]) => calls.map(({ place }) => place);

/** A world whose first round is over. */
const begun = async (projects: ReconcileWorld["projects"]): Promise<ReconcileWorld> => {
  const world = createWorld();
  world.projects = projects;
  await world.reconcile();
  world.nowMs += 60 * MINUTE;
  return world;
};

suite("a round", () => {
  test("the first ever looks at nothing before the start, or before what the operator says", async () => {
    const world = createWorld();
    world.projects = [project(1)];
    change(world, 1, 1);
    world.nowMs += MINUTE;
    await world.reconcile();
    assert.deepEqual(world.reviews, []);
    assert.equal(world.calls[0]?.fromMs, world.nowMs);
    const longAgo = world.nowMs - DAY;
    assert.equal((await world.callsOf({ sinceMs: longAgo }))[0]?.fromMs, longAgo);
    assert.deepEqual(world.reviews, ["reconcile:1!1@a"]);
  });

  test("looks from the last one on, with some overlap, and finds each change once", async () => {
    const world = await begun([project(1)]);
    const lastMs = world.nowMs - 60 * MINUTE;
    change(world, 1, 1);
    world.nowMs += 5 * MINUTE;
    const [call] = await world.callsOf();
    assert.equal(call?.fromMs, Math.max(lastMs, lastMs - OVERLAP));
    const [next] = await world.callsOf();
    assert.equal(next?.fromMs, world.nowMs - OVERLAP);
    assert.deepEqual(world.reviews, ["reconcile:1!1@a"]);
  });

  test("misses nothing for a clock of ours that is wrong, at its first start or later", async () => {
    for (const wrongMs of [-10 * MINUTE, 10 * MINUTE, 45 * MINUTE]) {
      const world = createWorld();
      world.projects = [project(1)];
      // The world's clock is ours; the forge's is the right one.
      world.aheadMs = -wrongMs;
      change(world, 1, 1, "a", world.nowMs - wrongMs - MINUTE);
      const upSinceMs = world.nowMs;
      await world.reconcile({}, upSinceMs);
      change(world, 1, 2, "a", world.nowMs - wrongMs + MINUTE);
      world.nowMs += 20 * MINUTE;
      await world.reconcile({}, upSinceMs);
      assert.deepEqual(world.reviews, ["reconcile:1!2@a"], `a clock that is ${wrongMs} ms ahead`);
      // Another instance, whose clock is right, goes on; then the first one is put right, too.
      world.nowMs -= wrongMs;
      world.aheadMs = 0;
      change(world, 1, 3, "a", world.nowMs + MINUTE);
      world.nowMs += 20 * MINUTE;
      await world.reconcile({}, upSinceMs);
      assert.deepEqual(world.reviews, ["reconcile:1!2@a", "reconcile:1!3@a"]);
    }
  });

  test("begins where it started by the forge's clock, which could not be asked then", async () => {
    const world = createWorld();
    const upSinceMs = world.nowMs;
    world.refuse = () => {
      throw failure("gitlab-unreachable");
    };
    await world.reconcile({}, upSinceMs);
    world.refuse = () => undefined;
    world.projects = [project(1)];
    world.aheadMs = -10 * MINUTE;
    change(world, 1, 1, "a", upSinceMs - 9 * MINUTE);
    world.nowMs += 5 * MINUTE;
    await world.reconcile({}, upSinceMs);
    assert.deepEqual(world.reviews, ["reconcile:1!1@a"]);
  });

  test("leaves a change to its webhook for a while when somebody is there to take it", async () => {
    const world = await begun([project(1)]);
    change(world, 1, 1);
    await world.reconcile({}, world.nowMs - MINUTE);
    assert.deepEqual(world.reviews, []);
    world.nowMs += 3 * MINUTE;
    await world.reconcile({}, 0);
    assert.deepEqual(world.reviews, ["reconcile:1!1@a"]);
  });

  test("looks at projects that sent deliveries, too, and at none that is not routed", async () => {
    const world = await begun([project(1), project(2)]);
    world.known.push({ id: 3, path: "elsewhere/three" });
    const route = (path: string) =>
      path.endsWith("-2") ? null : { flow: "f", rules: rulesForPolicy("once") };
    assert.deepEqual(places(await world.callsOf({ route })).toSorted(), ["project 1", "project 3"]);
  });

  test("looks at a new project from the time on at which it was not there yet", async () => {
    const world = await begun([project(1)]);
    await world.reconcile();
    const listedMs = world.nowMs;
    world.nowMs += 30 * MINUTE;
    world.projects = [project(1), project(2)];
    change(world, 2, 1);
    world.nowMs += MINUTE;
    const calls = await world.callsOf();
    assert.equal(calls.find(({ place }) => place === "project 2")?.fromMs, listedMs - OVERLAP);
    assert.deepEqual(world.reviews, ["reconcile:2!1@a"]);
  });

  test("reads a group with several projects as a whole, and takes from it what is routed", async () => {
    const world = await begun([1, 2, 3, 4].map((id) => project(id, "team")));
    world.projects.push(project(9, "other"));
    change(world, 3, 1);
    world.listed.push(
      listedMergeRequest({
        project: { id: 8, path: "team/not-ours", webUrl: "" },
        updatedAtMs: world.nowMs,
      }),
    );
    assert.deepEqual(places(await world.callsOf()).toSorted(), ["group team", "project 9"]);
    assert.deepEqual(world.reviews, ["reconcile:3!1@a"]);
  });

  test("walks every page, and goes on in the next round where its calls ended", async () => {
    const world = await begun([project(1)]);
    world.pageSize = 2;
    for (let iid = 1; iid <= 9; iid += 1) {
      world.nowMs += 20 * MINUTE;
      change(world, 1, iid);
    }
    assert.equal((await world.callsOf({ maxCalls: 2 })).length, 2);
    assert.equal(world.reviews.length, 4);
    assert.equal(
      (await world.callsOf({ maxCalls: 3 }))[0]?.fromMs,
      (world.listed[3]?.updatedAtMs ?? 0) - OVERLAP,
    );
    await world.reconcile();
    assert.equal(new Set(world.reviews).size, 9);
    assert.equal(world.reviews.length, 9);
  });

  test("comes to each project when there are more than it may make calls", async () => {
    const world = await begun([1, 2, 3, 4, 5].map((id) => project(id)));
    const seen: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      seen.push(...places(await world.callsOf({ maxCalls: 2 })));
      world.nowMs += 10 * MINUTE;
    }
    assert.equal(new Set(seen).size, 5);
  });
});

suite("when GitLab fails", () => {
  test("at one project, the others are looked at, and this one again from the same time on", async () => {
    const world = await begun([project(1), project(2)]);
    for (const id of [1, 2]) change(world, id, 1);
    world.nowMs += DAY;
    world.refuse = (place) => {
      if (place !== "projects" && place.kind === "project" && place.id === 1)
        throw failure("gitlab-unavailable");
    };
    const calls = await world.callsOf();
    assert.deepEqual(world.reviews, ["reconcile:2!1@a"]);
    world.refuse = () => undefined;
    world.nowMs += 10 * MINUTE;
    const again = (await world.callsOf()).find(({ place }) => place === "project 1");
    assert.equal(again?.fromMs, calls.find(({ place }) => place === "project 1")?.fromMs);
    assert.deepEqual(world.reviews, ["reconcile:2!1@a", "reconcile:1!1@a"]);
  });

  test("again and again, the round ends", async () => {
    const world = await begun([1, 2, 3, 4, 5, 6].map((id) => project(id)));
    world.refuse = (place) => {
      if (place !== "projects") throw failure("gitlab-unreachable");
    };
    assert.equal((await world.callsOf()).length, 3);
  });

  test("at its rate limit, no call is made before the time that it names, by any process", async () => {
    const world = await begun([project(1), project(2)]);
    world.refuse = (place) => {
      if (place !== "projects") throw failure("gitlab-rate-limited", 30 * MINUTE);
    };
    world.calls.splice(0);
    const { notBeforeMs } = await world.reconcile();
    assert.equal(notBeforeMs, world.nowMs + 30 * MINUTE);
    assert.equal(world.calls.length, 1);
    world.refuse = () => undefined;
    world.nowMs += 29 * MINUTE;
    assert.equal((await world.callsOf()).length, 0);
    world.nowMs += MINUTE;
    assert.equal((await world.callsOf()).length, 2);
  });

  test("to show a group, its projects are looked at; a project that it does not show rests for a day", async () => {
    const world = await begun([1, 2, 3, 4].map((id) => project(id, "team")));
    world.refuse = (place) => {
      if (place === "projects" || (place.kind === "project" && place.id !== 2)) return;
      throw failure(place.kind === "group" ? "gitlab-not-found" : "gitlab-forbidden");
    };
    const singles = ["project 1", "project 2", "project 3", "project 4"];
    assert.deepEqual(places(await world.callsOf()), ["group team", ...singles]);
    world.nowMs += 10 * MINUTE;
    assert.deepEqual(places(await world.callsOf()).toSorted(), ["project 1", "project 3", "project 4"]);
    world.nowMs += DAY;
    world.refuse = () => undefined;
    assert.deepEqual(places(await world.callsOf()), ["group team"]);
  });

  test("to list projects, those that sent deliveries are looked at, and nothing is passed over later", async () => {
    const world = await begun([project(1)]);
    world.known.push({ id: 2, path: "known/two" });
    const listedMs = world.nowMs - 60 * MINUTE;
    world.refuse = (place) => {
      if (place === "projects") throw failure("gitlab-unavailable");
    };
    assert.deepEqual(places(await world.callsOf()), ["project 2"]);
    world.refuse = () => undefined;
    world.projects.push(project(3));
    world.nowMs += DAY;
    const calls = await world.callsOf();
    assert.equal(calls.find(({ place }) => place === "project 3")?.fromMs, listedMs);
  });

  test("to know the token, nothing more is asked", async () => {
    const world = await begun([project(1)]);
    world.refuse = () => {
      throw failure("gitlab-unauthorized");
    };
    world.known.push({ id: 2, path: "known/two" });
    assert.deepEqual(await world.callsOf(), []);
  });
});
