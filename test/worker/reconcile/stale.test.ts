import { verbatim } from "../../../src/messages/message.ts";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { GitLabError } from "../../../src/base/errors.ts";
import { decide } from "../../../src/review/decide.ts";
import { rulesForPolicy, type StaleRules, type TriggerRules } from "../../../src/review/triggers.ts";
import { toEvent } from "../../../src/worker/reconcile/possible-events.ts";
import type { ReconcileOptions } from "../../../src/worker/reconcile/reconcile-options.ts";
import { listedMergeRequest } from "./listed.ts";
import { createWorld, project, type ReconcileWorld } from "./world.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const STALE: StaleRules = { afterMs: 3 * DAY, untilMs: 30 * DAY, everyMs: 7 * DAY, remind: true };

const NOTHING_ELSE = { opened: false, reopened: false, newCommits: { on: false, quietMs: 0 } };

/** Options under which stale merge requests are looked at, and nothing else. */
const under = (
  stale: StaleRules | null = STALE,
  more: Partial<TriggerRules> = {},
): Partial<ReconcileOptions> => ({
  route: () => ({
    flow: "f",
    rules: { ...rulesForPolicy("every-push"), ...NOTHING_ELSE, ...more, stale },
  }),
});

/** A world a hundred days old, with merge requests by how many days ago something happened in them. */
const worldOf = (...days: readonly number[]): ReconcileWorld => {
  const world = createWorld(100 * DAY);
  world.projects = [project(1)];
  for (const [at, age] of days.entries())
    world.listed.push(
      listedMergeRequest({
        project: { id: 1, path: "someone/project-1", webUrl: "" },
        iid: at + 1,
        updatedAtMs: world.nowMs - age * DAY,
      }),
    );
  return world;
};

const head = (iid: number, after = "none"): string => `stale:1!${iid}@a:after:${after}`;

suite("stale merge requests", () => {
  test("are those that are quiet for long, and not for so long that they are given up", async () => {
    const world = worldOf(1, 4, 29, 31);
    await world.reconcile(under());
    assert.deepEqual(world.reviews, [head(2), head(3)]);
  });

  test("cost no call where nobody wants them, and one an hour at most where somebody does", async () => {
    const world = worldOf(4);
    const quiet = async (options: Partial<ReconcileOptions>) =>
      (await world.callsOf(options)).filter(({ place }) => place.startsWith("quiet")).length;
    assert.equal(await quiet(under(null)), 0);
    assert.equal(await quiet(under()), 1);
    assert.equal(await quiet(under()), 0);
    world.nowMs += HOUR;
    assert.equal(await quiet(under()), 1);
  });

  test("are looked at once in the time that is set, and again for another head", async () => {
    const world = worldOf(4);
    const first = world.nowMs;
    for (let day = 0; day < 7; day += 1) {
      await world.reconcile(under());
      world.nowMs += DAY - 1;
    }
    assert.deepEqual(world.reviews, [head(1)]);
    world.nowMs += 7;
    await world.reconcile(under());
    assert.deepEqual(world.reviews, [head(1), head(1, String(first))]);
    const [listed] = world.listed.splice(0);
    world.listed.push({ ...(listed ?? assert.fail()), headSha: "b" });
    world.nowMs += HOUR;
    await world.reconcile(under());
    assert.equal(world.reviews.at(-1), "stale:1!1@b:after:none");
  });

  test("that had their review lead to a reminder, or to nothing where nobody is to be reminded", async () => {
    const history = { queued: null, active: null, reviewedHeads: ["a"] };
    const rules = { ...rulesForPolicy("every-push"), stale: STALE };
    const asked = toEvent(listedMergeRequest());
    const decideOn = (more: Partial<TriggerRules> = {}, known: object = {}, is: object = {}) => {
      const event = { kind: "stale", event: { ...asked, ...is } } as const;
      const decision = decide(event, { ...rules, ...more }, { ...history, ...known });
      return "reason" in decision ? decision.reason.code : "stale" in decision && decision.stale;
    };
    assert.equal(decideOn(), "remind");
    assert.equal(decideOn({ stale: { ...STALE, remind: false } }), "head-already-reviewed");
    assert.equal(decideOn({}, { reviewedHeads: ["b"] }), "review");
    assert.equal(decideOn({ policy: "once" }, { reviewedHeads: ["b"] }), "remind");
    assert.equal(decideOn({ stale: null }), "trigger-off");
    assert.equal(decideOn({}, { queued: { runId: "r", headSha: "b" } }), "already-queued");
    assert.equal(decideOn({}, { paused: true }), "paused");
    assert.equal(decideOn({ drafts: "on-request" }, {}, { draft: true }), "draft");
    const filters = { ...rules.filters, titles: { allow: [], deny: ["greeting"] } };
    assert.equal(decideOn({ filters }), "title-filtered");
    assert.equal(decideOn({}, {}, { state: "locked" }), "state-not-reviewed");
  });

  test("of a group that GitLab does not show are looked for in its projects", async () => {
    const world = worldOf(4);
    world.projects = [1, 2, 3, 4].map((id) => project(id, "team"));
    const refused: string[] = [];
    world.refuse = (place) => {
      if (place === "projects" || place.kind !== "group") return;
      refused.push(place.path);
      throw new GitLabError(verbatim("no"), { code: "gitlab-forbidden", status: 403 });
    };
    const calls = (await world.callsOf(under())).filter(({ place }) => place.startsWith("quiet"));
    assert.equal(calls.length, 5);
    assert.deepEqual(refused, ["team", "team"]);
    assert.deepEqual(world.reviews, [head(1)]);
  });
});
