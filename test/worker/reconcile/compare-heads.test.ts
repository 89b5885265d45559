import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fc } from "../../properties.ts";
import type { ListedMergeRequest } from "../../../src/review/change-feed.ts";
import { decide, type MergeRequestHistory, type RunDecision } from "../../../src/review/decide.ts";
import { type ReviewRoute, rulesForPolicy, type TriggerRules } from "../../../src/review/triggers.ts";
import type { Standing } from "../../../src/store/reconcile/reconcile-store.ts";
import { compareHeads } from "../../../src/worker/reconcile/compare-heads.ts";
import { mergeRequestEvent } from "../../review/events.ts";
import { listedMergeRequest, standing } from "./listed.ts";

type Policy = "once" | "every-push";

const routeFor = (policy: Policy): ReviewRoute => ({
  flow: "default",
  rules: rulesForPolicy(policy),
});

const compare = (listed: ListedMergeRequest, known: Standing, policy: Policy = "every-push") =>
  compareHeads([{ listed, standing: known }], () => routeFor(policy));

const codeFor = (listed: ListedMergeRequest, known: Standing, policy: Policy = "every-push") => {
  const { missed, passedOver } = compare(listed, known, policy);
  assert.deepEqual(missed, []);
  return passedOver[0]?.reason.code;
};

suite("compareHeads", () => {
  test("what nobody heard of is missed, as if it had been opened, under a key of project, iid and head", () => {
    const [missed] = compare(
      listedMergeRequest({ iid: 4, labels: ["bug"], reviewerIds: [9] }),
      standing(),
    ).missed;
    assert.equal(missed?.key, "reconcile:7!4@a");
    assert.equal(missed.flow, "default");
    assert.equal(missed.event.action, "open");
    assert.deepEqual(missed.event.labelsAdded, ["bug"]);
    assert.deepEqual(missed.event.reviewersAdded, [9]);
    assert.deepEqual(missed.decide(standing().history), {
      kind: "review",
      headSha: "a",
      trigger: "reconcile",
    });
  });

  test("a new head of a known one is missed as commits that were added, unless reviews are made once", () => {
    const known = standing({ reviewedHeads: ["old", "older"] });
    const [missed] = compare(listedMergeRequest(), known).missed;
    assert.equal(missed?.event.action, "update");
    assert.equal(missed.event.oldRev, "old");
    assert.deepEqual(missed.event.labelsAdded, []);
    assert.equal(codeFor(listedMergeRequest(), known, "once"), "reviewed-once");
  });

  test("a head that waits, is under review or had its review is not", () => {
    const run = { runId: "r", headSha: "a" };
    for (const known of [{ queued: run }, { active: run }, { reviewedHeads: ["b", "a"] }])
      assert.equal(codeFor(listedMergeRequest(), standing(known)), "head-already-known");
  });

  test("a head whose review came to nothing is missed again, under a key of its own", () => {
    for (const state of ["failed", "cancelled", "superseded"] as const) {
      const known = standing({}, [{ runId: "r1", state, final: false }]);
      assert.equal(compare(listedMergeRequest(), known).missed[0]?.key, "reconcile:7!1@a:after:r1");
    }
  });

  test("but not when it failed for good, somebody cancelled it, or it fails and fails", () => {
    const final = { runId: "r", state: "cancelled", final: true } as const;
    assert.equal(codeFor(listedMergeRequest(), standing({}, [final])), "head-failed-for-good");
    const failure = { runId: "r", state: "failed", final: false } as const;
    const failures = [failure, failure, failure];
    assert.equal(codeFor(listedMergeRequest(), standing({}, failures)), "head-failed-repeatedly");
  });

  test("what cannot or must not be reviewed is passed over with its reason", () => {
    assert.equal(codeFor(listedMergeRequest({ headSha: null }), standing()), "head-missing");
    assert.equal(codeFor(listedMergeRequest({ state: "merged" }), standing()), "merge-request-merged");
    const { passedOver } = compareHeads([{ listed: listedMergeRequest(), standing: standing() }], () => null);
    assert.equal(passedOver[0]?.reason.code, "project-not-configured");
  });

  test("whatever could have brought it about is tried against the rules, and the first that counts is told", () => {
    const off = { opened: false, reopened: false, newCommits: { on: false, quietMs: 0 }, ready: false };
    const under = (listed: ListedMergeRequest, on: Partial<TriggerRules>) =>
      compareHeads([{ listed, standing: standing() }], () => ({
        flow: "default",
        rules: { ...rulesForPolicy("every-push"), ...off, ...on },
      }));
    assert.equal(under(listedMergeRequest(), { ready: true }).missed[0]?.event.action, "update");
    assert.equal(under(listedMergeRequest({ draft: true }), { ready: true }).missed.length, 0);
    assert.equal(under(listedMergeRequest(), { reopened: true }).missed[0]?.event.action, "reopen");
    assert.equal(under(listedMergeRequest(), {}).passedOver[0]?.reason.code, "trigger-off");
  });
});

const head = fc.constantFrom("a", "b", "c");
const someRun = fc.option(fc.record({ runId: fc.constant("r"), headSha: head }));
const anyStanding: fc.Arbitrary<Standing> = fc.record({
  history: fc.record({ queued: someRun, active: someRun, reviewedHeads: fc.array(head, { maxLength: 3 }) }),
  unreviewed: fc.array(
    fc.record({
      runId: fc.constantFrom("r1", "r2"),
      state: fc.constantFrom("failed", "cancelled", "superseded"),
      final: fc.boolean(),
    }),
    { maxLength: 4 },
  ),
});
const policy = fc.constantFrom<Policy>("once", "every-push");
const anyListed = fc
  .record({
    iid: fc.integer({ min: 1, max: 3 }),
    headSha: fc.option(head, { freq: 8 }),
    state: fc.constantFrom("opened", "opened", "opened", "closed"),
    draft: fc.boolean(),
  })
  .map(listedMergeRequest);

suite("whatever is listed and known", () => {
  test("every entry is missed or has its reason, no head twice, and none that is known", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ listed: anyListed, standing: anyStanding }), { maxLength: 8 }),
        policy,
        (heads, rule) => {
          const { missed, passedOver } = compareHeads(heads, () => routeFor(rule));
          const keys = missed.map(({ key }) => key);
          assert.equal(new Set(keys).size, keys.length);
          assert.ok(missed.length + passedOver.length <= heads.length);
          const accounted = (one: ListedMergeRequest): boolean =>
            passedOver.some(({ listed }) => listed === one) ||
            missed.some(({ event }) => event.iid === one.iid && event.headSha === one.headSha);
          assert.ok(heads.every(({ listed }) => accounted(listed)));
        },
      ),
      { numRuns: 300 },
    );
  });

  test("what was carried out is missed no more, nor by whoever found the same at the same time", () => {
    fc.assert(
      fc.property(anyListed, anyStanding, policy, (listed, known, rule) => {
        const [missed] = compare(listed, known, rule).missed;
        if (missed === undefined) return;
        const queued = { runId: "new", headSha: listed.headSha };
        assert.equal(
          compare(listed, { ...known, history: { ...known.history, queued } }, rule).missed.length,
          0,
        );
        assert.equal(compare(listed, known, rule).missed[0]?.key, missed.key);
        assert.equal(missed.decide({ ...known.history, queued }).kind, "ignore");
        const reviewedHeads = [listed.headSha, ...known.history.reviewedHeads];
        assert.equal(missed.decide({ queued: null, active: null, reviewedHeads }).kind, "ignore");
        assert.notEqual(
          compare(listed, { ...known, unreviewed: [{ runId: "new", state: "failed", final: false }] }, rule)
            .missed[0]?.key,
          missed.key,
        );
      }),
      { numRuns: 300 },
    );
  });

  test("however long nobody listened, each head that is there at the end has its review", () => {
    const step = fc.record({
      up: fc.boolean(),
      action: fc.constantFrom("push", "close", "reopen", "comment"),
      head,
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        let state = "opened";
        let current = "first";
        let reviewedHeads: readonly (string | null)[] = [];
        const apply = (decision: RunDecision): void => {
          if (decision.kind === "review") reviewedHeads = [decision.headSha, ...reviewedHeads];
        };
        const history = (): MergeRequestHistory => ({ queued: null, active: null, reviewedHeads });
        for (const { up, action, head: pushed } of steps) {
          const oldRev = current;
          if (action === "push") current = pushed;
          if (action === "close") state = "closed";
          if (action === "reopen") state = "opened";
          const event = mergeRequestEvent({
            action: action === "push" || action === "comment" ? "update" : action,
            oldRev: action === "push" ? oldRev : null,
            headSha: current,
            state,
          });
          if (up) apply(decide(event, rulesForPolicy("every-push"), history()));
        }
        const once = compare(listedMergeRequest({ headSha: current, state }), standing(history())).missed;
        for (const { decide: decideNow } of once) apply(decideNow(history()));
        assert.equal(reviewedHeads.filter((one) => one === current).length <= 1, true);
        if (state === "opened") assert.ok(reviewedHeads.includes(current));
        const again = compare(listedMergeRequest({ headSha: current, state }), standing(history())).missed;
        assert.deepEqual(again, []);
      }),
      { numRuns: 300 },
    );
  });
});
