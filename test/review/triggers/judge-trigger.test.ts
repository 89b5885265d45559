import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fc } from "../../properties.ts";
import { decide } from "../../../src/review/decide.ts";
import type { MergeRequestEvent } from "../../../src/review/delivery-event.ts";
import { judgeCommandReview, judgeTrigger } from "../../../src/review/triggers/judge-trigger.ts";
import { judgeCause, judgeRun } from "../../../src/review/triggers/judge-run.ts";
import type { TriggerHistory } from "../../../src/review/triggers/trigger-decision.ts";
import { REQUESTS, rulesForPolicy, type TriggerRules } from "../../../src/review/triggers/trigger-rules.ts";
import { mergeRequestEvent, noteEvent } from "../events.ts";

const SELF = { id: 99, username: "reviewflow" };
const NOTHING: TriggerHistory = { queued: null, active: null, reviewedHeads: [] };
const RULES: TriggerRules = {
  ...rulesForPolicy("every-push"),
  ready: true,
  reviewer: true,
  labels: ["Review me"],
  command: true,
  self: SELF,
};

const judge = (
  event: Partial<MergeRequestEvent>,
  rules: Partial<TriggerRules> = {},
  history: Partial<TriggerHistory> = {},
) => judgeTrigger(mergeRequestEvent(event), { ...RULES, ...rules }, { ...NOTHING, ...history });
const triggerOf = (...of: Parameters<typeof judge>): string => {
  const decision = judge(...of);
  return decision.kind === "review" ? decision.trigger : decision.kind;
};
const reasonOf = (...of: Parameters<typeof judge>): string => {
  const decision = judge(...of);
  return decision.kind === "ignore" ? decision.reason : decision.kind;
};

const PUSHED = { action: "update", oldRev: "a", headSha: "b" } as const;
const TOUCHED = { action: "update" } as const;
const ASKED = { ...TOUCHED, reviewersAskedAgain: [99] };

suite("judgeTrigger, merge requests", () => {
  test("each trigger starts a review, and none when it is turned off", () => {
    const table = [
      [{ action: "open" }, "opened", { opened: false }],
      [{ action: "reopen" }, "reopened", { reopened: false }],
      [PUSHED, "new-commits", { newCommits: { on: false, quietMs: 0 } }],
      [{ ...TOUCHED, becameReady: true }, "ready", { ready: false }],
      [{ ...TOUCHED, reviewersAdded: [5, 99] }, "reviewer", { reviewer: false }],
      [ASKED, "reviewer", { reviewer: false }],
      [{ ...TOUCHED, labelsAdded: ["review ME"] }, "label", { labels: [] }],
    ] as const;
    for (const [event, trigger, off] of table) {
      assert.equal(triggerOf(event), trigger);
      assert.equal(triggerOf(event, off), "ignore");
    }
    assert.match(
      reasonOf(PUSHED, { newCommits: { on: false, quietMs: 0 } }),
      /^trigger-off: commits were added/,
    );
  });

  test("an update without new commits, requests or readiness reviews nothing", () => {
    for (const event of [
      TOUCHED,
      { ...TOUCHED, reviewersAdded: [5], labelsAdded: ["bug"] },
      { action: "approved" },
    ])
      assert.equal(triggerOf(event), "ignore");
    assert.match(reasonOf(TOUCHED), /^nothing-to-review: the update brought no new commits/);
  });

  test("what we do ourselves asks for nothing: our own state as a reviewer, labels that we set", () => {
    const own = { ...TOUCHED, user: SELF };
    assert.match(reasonOf(own), /^nothing-to-review/);
    assert.match(reasonOf({ ...own, labelsAdded: ["review me"] }), /^own-event/);
    assert.match(reasonOf({ ...own, reviewersAskedAgain: [99] }), /^own-event/);
    // The token may be a person's, whose pushes are to be reviewed.
    assert.equal(triggerOf({ ...PUSHED, user: SELF }), "new-commits");
  });

  test("nobody is taken for the bot while it is not known who it is", () => {
    assert.equal(triggerOf({ ...TOUCHED, reviewersAdded: [0, 99] }, { self: null }), "ignore");
  });

  test("the quiet time is for pushes only", () => {
    const newCommits = { on: true, quietMs: 30_000 };
    assert.deepEqual(judge(PUSHED, { newCommits }), {
      kind: "review",
      headSha: "b",
      trigger: "new-commits",
      quietMs: 30_000,
    });
    assert.ok(!("quietMs" in judge({ action: "open" }, { newCommits })));
  });

  test("drafts are reviewed, on request only, or never", () => {
    const opened = { action: "open", draft: true };
    const asked = { ...ASKED, draft: true };
    assert.deepEqual(
      (["review", "on-request", "never"] as const).map((drafts) => [
        triggerOf(opened, { drafts }),
        triggerOf(asked, { drafts }),
      ]),
      [
        ["opened", "reviewer"],
        ["ignore", "reviewer"],
        ["ignore", "ignore"],
      ],
    );
    assert.equal(triggerOf({ ...TOUCHED, becameReady: true }, { drafts: "never" }), "ready");
  });

  test("a pause holds what happens by itself, not what somebody asks for", () => {
    assert.match(reasonOf(PUSHED, {}, { paused: true }), /^paused: commits were added, but/);
    assert.equal(triggerOf(ASKED, {}, { paused: true }), "reviewer");
  });

  test("a request reviews a head anew, unless it waits or is under review", () => {
    const once = { policy: "once" } as const;
    assert.equal(triggerOf(ASKED, once, { reviewedHeads: ["a"] }), "reviewer");
    assert.equal(triggerOf(PUSHED, once, { reviewedHeads: ["a"] }), "ignore");
    assert.equal(
      reasonOf(ASKED, once, { queued: { runId: "r", headSha: "a" } }),
      "already-queued: a review of this head waits for its turn",
    );
    assert.equal(
      reasonOf(ASKED, once, { active: { runId: "r", headSha: "a" } }),
      "already-under-review: this head is under review",
    );
  });

  test("filters count for every trigger, and say what keeps a merge request out", () => {
    const filters = { ...RULES.filters, targetBranches: { allow: ["main", "release/*"], deny: [] } };
    const event = { ...ASKED, targetBranch: "feature/x" };
    assert.equal(
      reasonOf(event, { filters }),
      "target-branch-filtered: the target branch feature/x is none of main, release/*",
    );
    assert.equal(triggerOf({ ...event, targetBranch: "release/1" }, { filters }), "reviewer");
  });
});

const event = fc
  .record({
    action: fc.constantFrom("open", "reopen", "update", "close", "merge", "approved", "constructor", null),
    state: fc.constantFrom("opened", "closed", "merged", "locked"),
    draft: fc.boolean(),
    headSha: fc.constantFrom("a", "b", null),
    oldRev: fc.constantFrom("a", null),
    becameReady: fc.boolean(),
    reviewersAdded: fc.subarray([5, 99]),
    reviewersAskedAgain: fc.subarray([5, 99]),
    labelsAdded: fc.subarray(["bug", "review me"]),
    user: fc.constantFrom(SELF, { id: 3, username: "author" }),
  })
  .map(mergeRequestEvent);
const run = fc.option(fc.record({ runId: fc.constant("r"), headSha: fc.constantFrom("a", "b", null) }));
const history = fc.record({
  queued: run,
  active: run,
  reviewedHeads: fc.array(fc.constantFrom("a", "b", null), { maxLength: 3 }),
});
const rules = fc
  .record({
    opened: fc.boolean(),
    reopened: fc.boolean(),
    ready: fc.boolean(),
    reviewer: fc.boolean(),
    labels: fc.subarray(["review me"]),
    newCommits: fc.record({ on: fc.boolean(), quietMs: fc.nat(3) }),
    drafts: fc.constantFrom("review" as const, "on-request" as const, "never" as const),
    policy: fc.constantFrom("once" as const, "every-push" as const),
  })
  .map((some): TriggerRules => ({ ...RULES, ...some }));

suite("judgeTrigger, in general", () => {
  test("property: the rules of a policy decide as decide does", () => {
    const policy = fc.constantFrom("once" as const, "every-push" as const);
    fc.assert(
      fc.property(event, policy, history, (event, policy, history) => {
        const judged = judgeTrigger(event, rulesForPolicy(policy), history);
        const decided = decide(event, policy, history);
        if (judged.kind === "ignore") assert.equal(decided.kind, "ignore");
        else assert.deepEqual(judged, decided);
      }),
      { numRuns: 1000 },
    );
  });

  test("property: what is ignored has a code and a sentence", () => {
    fc.assert(
      fc.property(event, rules, history, (event, rules, history) => {
        const decision = judgeTrigger(event, rules, history);
        if (decision.kind !== "ignore" || event.state !== "opened") return;
        assert.match(decision.reason, /^[a-z-]+: \S+ .+\S$|^merge-request-(?:closed|merged)$/);
      }),
      { numRuns: 500 },
    );
  });

  test("property: the same event asks for nothing more while its review waits or is made", () => {
    fc.assert(
      fc.property(event, rules, history, (event, rules, history) => {
        const decision = judgeTrigger(event, rules, history);
        if (decision.kind !== "review") return;
        const same = { runId: "n", headSha: decision.headSha };
        assert.equal(judgeTrigger(event, rules, { ...history, queued: same }).kind, "ignore");
        assert.equal(judgeTrigger(event, rules, { ...history, queued: null, active: same }).kind, "ignore");
        const done = { queued: null, active: null, reviewedHeads: [decision.headSha] };
        const after = judgeTrigger(event, rules, done);
        assert.ok(after.kind === "ignore" || (after.kind === "review" && isRequest(after.trigger)));
      }),
      { numRuns: 500 },
    );
  });
});

const isRequest = (trigger: string): boolean => [...REQUESTS].some((request) => request === trigger);

suite("judgeCommandReview", () => {
  test("reviews anew, but no draft where drafts are never reviewed", () => {
    const done = { ...NOTHING, reviewedHeads: ["a"] };
    assert.deepEqual(judgeCommandReview(noteEvent(), RULES, done), {
      kind: "review",
      headSha: "a",
      trigger: "command",
    });
    const draft = noteEvent({ mergeRequest: { ...noteEvent().mergeRequest, draft: true } });
    assert.equal(judgeCommandReview(draft, { ...RULES, drafts: "on-request" }, NOTHING).kind, "review");
    assert.equal(judgeCommandReview(draft, { ...RULES, drafts: "never" }, NOTHING).kind, "ignore");
  });
});

suite("judgeRun", () => {
  const { title, labels, sourceBranch, targetBranch } = mergeRequestEvent();
  const mergeRequest = {
    title,
    labels,
    sourceBranch,
    targetBranch,
    draft: false,
    author: { id: 3, username: "author" },
  };

  test("knows the author's name, the size and the repository's triggers", () => {
    const facts = { mergeRequest, changedFiles: 12 };
    const filters = { ...RULES.filters, mostFiles: 10 };
    assert.equal(judgeRun("opened", facts, RULES), null);
    assert.match(judgeRun("opened", facts, { ...RULES, filters }) ?? "", /^too-many-files: 12 files changed/);
    assert.match(judgeRun("opened", facts, { ...RULES, opened: false }) ?? "", /^trigger-off/);
    const authors = { allow: ["@Ann"], deny: [] };
    const byName = { ...RULES, filters: { ...RULES.filters, authors } };
    // A push of somebody else does not name the author.
    assert.equal(triggerOf({ ...PUSHED, user: { id: 4, username: "bob" } }, byName), "new-commits");
    assert.match(judgeRun("new-commits", facts, byName) ?? "", /^author-filtered: author is not among/);
  });

  test("of several triggers in one event one that is wanted is enough", () => {
    const facts = { mergeRequest, changedFiles: null };
    const both = { trigger: "ready", event: mergeRequestEvent({ ...PUSHED, becameReady: true }) };
    assert.equal(judgeCause(both, facts, { ...RULES, ready: false }), null);
    const neither = { ...RULES, ready: false, newCommits: { on: false, quietMs: 0 } };
    assert.match(judgeCause(both, facts, neither) ?? "", /^trigger-off: reviews by the trigger ready/);
    const asked = { trigger: "label", event: mergeRequestEvent({ ...PUSHED, labelsAdded: ["review me"] }) };
    const draft = { ...facts, mergeRequest: { ...mergeRequest, draft: true } };
    assert.equal(judgeCause(asked, draft, { ...RULES, drafts: "on-request" }), null);
    assert.match(judgeCause(asked, draft, { ...RULES, drafts: "never" }) ?? "", /^draft: /);
  });

  test("what no delivery started is judged by its event, and what somebody ran again is not", () => {
    const facts = { mergeRequest, changedFiles: 12 };
    const found = { trigger: "reconcile", event: mergeRequestEvent() };
    assert.equal(judgeCause(found, facts, RULES), null);
    assert.match(judgeCause(found, facts, { ...RULES, opened: false }) ?? "", /^trigger-off: /);
    const small = { ...RULES, filters: { ...RULES.filters, mostFiles: 10 } };
    assert.match(judgeCause(found, facts, small) ?? "", /^too-many-files: /);
    assert.equal(judgeCause({ ...found, trigger: "run-again" }, facts, { ...small, opened: false }), null);
    const command = { trigger: "command", event: mergeRequestEvent({ action: null }) };
    assert.equal(judgeCause(command, facts, { ...RULES, opened: false }), null);
    assert.match(judgeCause(command, facts, { ...RULES, command: false }) ?? "", /^trigger-off: /);
  });
});
