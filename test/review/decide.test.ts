import { reasonOf } from "../../src/base/reason.ts";
import { confirmEmoji } from "../../src/review/confirm-event.ts";
import type { NoteReactions } from "../../src/review/forge.ts";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fc } from "../properties.ts";
import {
  type ClaimedRun,
  decide,
  decideClaimed,
  type MergeRequestHistory,
  type ReviewEvent,
  NO_HISTORY,
} from "../../src/review/decide.ts";
import type { EmojiEvent, MergeRequestEvent, NoteEvent } from "../../src/review/delivery-event.ts";
import { threadMarker } from "../../src/review/plan/marker.ts";
import { REQUESTS, rulesForPolicy, type TriggerRules } from "../../src/review/triggers.ts";
import { emojiEvent, mergeRequestEvent, noteEvent } from "./events.ts";

const SELF = { id: 99, username: "reviewflow" };
const NOTHING = NO_HISTORY;
const RULES: TriggerRules = {
  ...rulesForPolicy("every-push"),
  ready: true,
  reviewer: true,
  labels: ["Review me"],
  command: true,
  self: SELF,
};

const opened = mergeRequestEvent({ action: "open", headSha: "a" });
const pushed = mergeRequestEvent({ action: "update", oldRev: "a", headSha: "b" });

const kindOf = (
  event: MergeRequestEvent,
  policy: "once" | "every-push",
  history: Partial<MergeRequestHistory>,
) => decide(event, rulesForPolicy(policy), { ...NOTHING, ...history }).kind;

suite("decide, by a policy alone", () => {
  test("another target branch is a review anew of what was reviewed, or is under review, against the old one", () => {
    const retargeted = mergeRequestEvent({ action: "update", headSha: "a", retargeted: true });
    const review = { kind: "review", headSha: "a", trigger: "opened" };
    for (const policy of ["once", "every-push"] as const) {
      const rules = { ...RULES, policy };
      assert.deepEqual(decide(retargeted, rules, { ...NOTHING, reviewedHeads: ["a"] }), review);
      assert.deepEqual(
        decide(retargeted, rules, { ...NOTHING, active: { runId: "r", headSha: "a" } }),
        review,
      );
      assert.deepEqual(
        decide(retargeted, rules, { ...NOTHING, queued: { runId: "r", headSha: "a" } }),
        { kind: "ignore", reason: reasonOf("already-queued"), joins: "opened" },
        "one that waits reads the new one",
      );
    }
    assert.deepEqual(decide(retargeted, { ...RULES, opened: false }, NOTHING), {
      kind: "ignore",
      reason: reasonOf("trigger-off", { trigger: "opened" }),
    });
  });

  test("what was done against another branch does not count, whatever was missed in between", () => {
    const targets = new Map([["a", new Set(["hers"])]]);
    const done = { ...NOTHING, reviewedHeads: ["a"], targets };
    const active = { ...NOTHING, active: { runId: "r", headSha: "a" }, targets };
    const now = { headSha: "a", targetBranch: "main" } as const;
    const events: Readonly<Record<string, ReviewEvent>> = {
      "a draft that was marked ready": mergeRequestEvent({ ...now, action: "update", becameReady: true }),
      "a merge request that was opened again": mergeRequestEvent({ ...now, action: "reopen" }),
      "a head that the forge lists": { kind: "listed", event: mergeRequestEvent({ ...now, action: "open" }) },
      "one in which nothing happened": { kind: "stale", event: mergeRequestEvent(now) },
    };
    const rules = { ...RULES, stale: { afterMs: 1, untilMs: 9, everyMs: 1, remind: false } };
    for (const policy of ["once", "every-push"] as const)
      for (const [name, event] of Object.entries(events)) {
        const kindFor = (history: MergeRequestHistory): string =>
          decide(event, { ...rules, policy }, history).kind;
        assert.equal(kindFor(done), "review", name);
        const both = new Map([["a", new Set(["hers", "main"])]]);
        for (const same of [
          { ...done, targets: both },
          { ...active, targets: both },
        ])
          assert.equal(kindFor(same), "ignore", name);
        if (event.kind === "merge_request") assert.equal(kindFor(active), "review", name);
      }
  });

  test("an opened merge request is reviewed", () => {
    assert.deepEqual(decide(opened, rulesForPolicy("once"), NOTHING), {
      kind: "review",
      headSha: "a",
      trigger: "opened",
    });
  });

  test("an update without new commits is not: GitLab says opened on each of them", () => {
    const relabelled = mergeRequestEvent({ action: "update", oldRev: null });
    assert.deepEqual(decide(relabelled, rulesForPolicy("every-push"), NOTHING), {
      kind: "ignore",
      reason: reasonOf("nothing-to-review"),
    });
  });

  test("an action that GitLab does not have is no trigger, whatever JavaScript calls by its name", () => {
    assert.equal(kindOf(mergeRequestEvent({ action: "constructor" }), "once", {}), "ignore");
  });

  test("one review in a merge request's life by default", () => {
    assert.equal(kindOf(pushed, "once", { reviewedHeads: ["a"] }), "ignore");
    assert.equal(kindOf(pushed, "once", { active: { runId: "r", headSha: "a" } }), "ignore");
    assert.equal(kindOf(mergeRequestEvent({ action: "reopen" }), "once", { reviewedHeads: ["a"] }), "ignore");
  });

  test("a push before the first review replaces what is queued", () => {
    assert.equal(kindOf(pushed, "once", { queued: { runId: "r", headSha: "a" } }), "review");
  });

  test("each push is reviewed when that is configured, but no head twice", () => {
    assert.equal(kindOf(pushed, "every-push", { reviewedHeads: ["a"] }), "review");
    assert.equal(kindOf(pushed, "every-push", { active: { runId: "r", headSha: "a" } }), "review");
    assert.equal(kindOf(pushed, "every-push", { reviewedHeads: ["b", "a"] }), "ignore");
    assert.equal(kindOf(pushed, "every-push", { active: { runId: "r", headSha: "b" } }), "ignore");
    assert.equal(kindOf(pushed, "every-push", { queued: { runId: "r", headSha: "b" } }), "ignore");
  });

  test("close and merge cancel what is under way and are nothing otherwise", () => {
    for (const event of [
      mergeRequestEvent({ action: "close", state: "closed" }),
      mergeRequestEvent({ action: "merge", state: "merged" }),
    ]) {
      assert.equal(kindOf(event, "once", { active: { runId: "r", headSha: "a" } }), "cancel");
      assert.equal(kindOf(event, "once", { queued: { runId: "r", headSha: "a" } }), "cancel");
      assert.equal(kindOf(event, "once", {}), "ignore");
    }
  });

  test("other events are ignored by name, and everything where no flow reviews the project", () => {
    const other = decide({ kind: "other", name: "push", project: null }, null, NOTHING);
    assert.deepEqual(other, { kind: "ignore", reason: reasonOf("event-not-reviewed", { event: "push" }) });
    for (const event of [opened, noteEvent(), emojiEvent(), { kind: "stale", event: opened } as const]) {
      const decision = decide(event, null, NOTHING);
      assert.equal(decision.kind === "ignore" && decision.reason.code, "project-not-configured");
    }
  });

  test("whatever was decided, the same event after it asks for nothing more", () => {
    const action = fc.constantFrom("open", "reopen", "update", "close", "merge", "approved", null);
    const head = fc.constantFrom("a", "b", null);
    const some = fc.option(fc.record({ runId: fc.constant("r"), headSha: head }));
    fc.assert(
      fc.property(
        fc.record({
          action,
          headSha: head,
          oldRev: fc.option(head),
          state: fc.constantFrom("opened", "closed", "merged"),
        }),
        fc.constantFrom("once" as const, "every-push" as const),
        fc.record({ queued: some, active: some, reviewedHeads: fc.array(head) }),
        (fields, policy, history) => {
          const event = mergeRequestEvent(fields);
          const decision = decide(event, rulesForPolicy(policy), history);
          if (decision.kind !== "review") return;
          const after = { ...history, queued: { runId: "n", headSha: decision.headSha } };
          assert.equal(decide(event, rulesForPolicy(policy), after).kind, "ignore");
          const reviewed = {
            queued: null,
            active: null,
            reviewedHeads: [decision.headSha, ...history.reviewedHeads],
          };
          assert.equal(decide(event, rulesForPolicy(policy), reviewed).kind, "ignore");
        },
      ),
      { numRuns: 500 },
    );
  });
});

const decideWith = (
  event: Partial<MergeRequestEvent>,
  rules: Partial<TriggerRules> = {},
  history: Partial<MergeRequestHistory> = {},
) => decide(mergeRequestEvent(event), { ...RULES, ...rules }, { ...NOTHING, ...history });
const triggerOf = (...of: Parameters<typeof decideWith>): string => {
  const decision = decideWith(...of);
  return decision.kind === "review" ? decision.trigger : decision.kind;
};
const codeOf = (...of: Parameters<typeof decideWith>): string => {
  const decision = decideWith(...of);
  return decision.kind === "ignore" ? decision.reason.code : decision.kind;
};

const PUSHED = { action: "update", oldRev: "a", headSha: "b" } as const;
const TOUCHED = { action: "update" } as const;
const ASKED = { ...TOUCHED, reviewersAskedAgain: [99] };

suite("decide, merge requests", () => {
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
    assert.equal(codeOf(PUSHED, { newCommits: { on: false, quietMs: 0 } }), "trigger-off");
  });

  test("an update without new commits, requests or readiness reviews nothing", () => {
    for (const event of [
      TOUCHED,
      { ...TOUCHED, reviewersAdded: [5], labelsAdded: ["bug"] },
      { action: "approved" },
    ])
      assert.equal(triggerOf(event), "ignore");
    assert.equal(codeOf(TOUCHED), "nothing-to-review");
  });

  test("what we do ourselves asks for nothing: our own state as a reviewer, labels that we set", () => {
    const own = { ...TOUCHED, user: SELF };
    assert.equal(codeOf(own), "nothing-to-review");
    assert.equal(codeOf({ ...own, labelsAdded: ["review me"] }), "own-event");
    assert.equal(codeOf({ ...own, reviewersAskedAgain: [99] }), "own-event");
    // The token may be a person's, whose pushes are to be reviewed.
    assert.equal(triggerOf({ ...PUSHED, user: SELF }), "new-commits");
  });

  test("nobody is taken for the bot while it is not known who it is", () => {
    assert.equal(triggerOf({ ...TOUCHED, reviewersAdded: [0, 99] }, { self: null }), "ignore");
  });

  test("the quiet time is for pushes only", () => {
    const newCommits = { on: true, quietMs: 30_000 };
    assert.deepEqual(decideWith(PUSHED, { newCommits }), {
      kind: "review",
      headSha: "b",
      trigger: "new-commits",
      quietMs: 30_000,
    });
    assert.ok(!("quietMs" in decideWith({ action: "open" }, { newCommits })));
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
    assert.equal(codeOf(PUSHED, {}, { paused: true }), "paused");
    assert.equal(triggerOf(ASKED, {}, { paused: true }), "reviewer");
  });

  test("a request reviews a head anew, unless it waits or is under review", () => {
    const once = { policy: "once" } as const;
    assert.equal(triggerOf(ASKED, once, { reviewedHeads: ["a"] }), "reviewer");
    assert.equal(triggerOf(PUSHED, once, { reviewedHeads: ["a"] }), "ignore");
    assert.equal(codeOf(ASKED, once, { queued: { runId: "r", headSha: "a" } }), "already-queued");
    assert.equal(codeOf(ASKED, once, { active: { runId: "r", headSha: "a" } }), "already-under-review");
  });

  test("filters count for every trigger, and say what keeps a merge request out", () => {
    const filters = { ...RULES.filters, targetBranches: { allow: ["main", "release/*"], deny: [] } };
    const event = { ...ASKED, targetBranch: "feature/x" };
    assert.equal(codeOf(event, { filters }), "target-branch-filtered");
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

suite("decide, in general", () => {
  test("property: the same event asks for nothing more while its review waits or is made", () => {
    fc.assert(
      fc.property(event, rules, history, (event, rules, history) => {
        const decision = decide(event, rules, history);
        if (decision.kind !== "review") return;
        const same = { runId: "n", headSha: decision.headSha };
        assert.equal(decide(event, rules, { ...history, queued: same }).kind, "ignore");
        assert.equal(decide(event, rules, { ...history, queued: null, active: same }).kind, "ignore");
        const done = { queued: null, active: null, reviewedHeads: [decision.headSha] };
        const after = decide(event, rules, done);
        assert.ok(after.kind === "ignore" || (after.kind === "review" && isRequest(after.trigger)));
      }),
      { numRuns: 500 },
    );
  });
});

const isRequest = (trigger: string): boolean => [...REQUESTS].some((request) => request === trigger);

suite("decide, the command review", () => {
  test("reviews anew, but no draft where drafts are never reviewed", () => {
    const done = { ...NOTHING, reviewedHeads: ["a"] };
    assert.deepEqual(decide({ kind: "review_command", note: noteEvent() }, RULES, done), {
      kind: "review",
      headSha: "a",
      trigger: "command",
    });
    const draft = noteEvent({ mergeRequest: { ...noteEvent().mergeRequest, draft: true } });
    assert.equal(
      decide({ kind: "review_command", note: draft }, { ...RULES, drafts: "on-request" }, NOTHING).kind,
      "review",
    );
    assert.equal(
      decide({ kind: "review_command", note: draft }, { ...RULES, drafts: "never" }, NOTHING).kind,
      "ignore",
    );
  });
});

suite("decideClaimed", () => {
  const { title, labels, sourceBranch, targetBranch, url: webUrl, description } = mergeRequestEvent();
  const mergeRequest: ClaimedRun["mergeRequest"] = {
    title,
    labels,
    sourceBranch,
    targetBranch,
    webUrl,
    description,
    state: "opened",
    headSha: "a",
    reviewerIds: [],
    draft: false,
    author: { id: 3, username: "author" },
  };
  const FACTS = { mergeRequest, changedFiles: null, history: NOTHING };
  const claimed = (
    causes: ClaimedRun["causes"],
    facts: Partial<ClaimedRun> = {},
    rules: Partial<TriggerRules> = {},
  ): string | null => decideClaimed({ ...FACTS, causes, ...facts }, { ...RULES, ...rules })?.code ?? null;
  const opened = [{ trigger: "opened", event: mergeRequestEvent() }];
  const pushed = [
    { trigger: "new-commits", event: mergeRequestEvent({ ...PUSHED, user: { id: 4, username: "bob" } }) },
  ];

  test("knows the author's name, the size and the repository's triggers", () => {
    const filters = { ...RULES.filters, mostFiles: 10 };
    assert.equal(claimed(opened, { changedFiles: 12 }), null);
    assert.equal(claimed(opened, { changedFiles: 12 }, { filters }), "too-many-files");
    assert.equal(claimed(opened, {}, { opened: false }), "trigger-off");
    const authors = { allow: ["@Ann"], deny: [] };
    const byName = { filters: { ...RULES.filters, authors } };
    // A push of somebody else does not name the author.
    assert.equal(triggerOf(pushed[0]?.event ?? PUSHED, { ...RULES, ...byName }), "new-commits");
    assert.equal(claimed(pushed, {}, byName), "author-filtered");
  });

  test("of several triggers in one event one that is wanted is enough", () => {
    const both = [{ trigger: "ready", event: mergeRequestEvent({ ...PUSHED, becameReady: true }) }];
    assert.equal(claimed(both, {}, { ready: false }), null);
    assert.equal(claimed(both, {}, { ready: false, newCommits: { on: false, quietMs: 0 } }), "trigger-off");
    const asked = [{ trigger: "label", event: mergeRequestEvent({ ...PUSHED, labelsAdded: ["review me"] }) }];
    const draft = { mergeRequest: { ...mergeRequest, draft: true, labels: ["review me"] } };
    assert.equal(claimed(asked, draft, { drafts: "on-request" }), null);
    assert.equal(claimed(asked, draft, { drafts: "never" }), "draft");
  });

  test("what no delivery started is decided by its event, and what somebody ran again is not", () => {
    const found = [{ trigger: "reconcile", event: mergeRequestEvent() }];
    assert.equal(claimed(found), null);
    assert.equal(claimed(found, {}, { opened: false }), "trigger-off");
    const again = [{ trigger: "run-again", event: mergeRequestEvent() }];
    assert.equal(claimed(again, { history: { ...NOTHING, reviewedHeads: ["a"] } }, { opened: false }), null);
    const command = [{ trigger: "command", event: mergeRequestEvent({ action: null }) }];
    assert.equal(claimed(command, {}, { opened: false }), null);
    assert.equal(claimed(command, {}, { command: false }), "trigger-off");
  });

  test("what the merge request contradicts counts for nothing, whatever an event claims", () => {
    const update = (fields: Partial<MergeRequestEvent>) => [
      { trigger: "claimed", event: mergeRequestEvent({ action: "update", ...fields }) },
    ];
    const self = { id: 9, username: "bot" };
    assert.equal(claimed(update({ labelsAdded: ["review me"] })), "nothing-to-review");
    assert.equal(claimed(update({ reviewersAdded: [9] }), {}, { self, reviewer: true }), "nothing-to-review");
    assert.equal(
      claimed(update({ reviewersAskedAgain: [9] }), {}, { self, reviewer: true }),
      "nothing-to-review",
    );
    const isDraft = { mergeRequest: { ...mergeRequest, draft: true } };
    assert.equal(
      claimed(update({ becameReady: true, draft: false }), isDraft, { ready: true }),
      "nothing-to-review",
    );
    assert.equal(claimed(opened, isDraft, { drafts: "never" }), "draft");
    const history = { ...NOTHING, reviewedHeads: ["a"], targets: new Map([["a", new Set(["main"])]]) };
    // The head that it claims is not the one that was reviewed, but the merge request's own is.
    assert.equal(claimed(update({ oldRev: "x", headSha: "made-up" }), { history }), "head-already-reviewed");
    assert.equal(claimed(update({ retargeted: true }), { history }), "nothing-to-review");
    const filters = { ...RULES.filters, labels: { any: ["wanted"], none: [] } };
    assert.equal(claimed(update({ oldRev: "x", labels: ["wanted"] }), {}, { filters }), "label-filtered");
    assert.equal(claimed(opened, { history: { ...NOTHING, paused: true } }), "paused");
  });

  test("what was done against another target branch does not count, and this run itself neither", () => {
    const history = { ...NOTHING, reviewedHeads: ["a"], targets: new Map([["a", new Set(["release"])]]) };
    assert.equal(claimed(opened, { history }), null);
    const event = mergeRequestEvent({ action: "update", retargeted: true });
    assert.equal(claimed([{ trigger: "opened", event }], { history }), null);
  });

  test("a cause that does not hold takes nothing from one that joined it", () => {
    const forged = {
      trigger: "label",
      event: mergeRequestEvent({ action: "update", labelsAdded: ["review me"] }),
    };
    assert.equal(claimed([forged]), "nothing-to-review");
    assert.equal(claimed([forged, ...opened]), null);
  });
});

const note = (event: Partial<NoteEvent>, rules: Partial<TriggerRules> = {}) =>
  decide(noteEvent(event), { ...RULES, ...rules }, NOTHING);
const noteCode = (...of: Parameters<typeof note>): string => {
  const decision = note(...of);
  return decision.kind === "reply"
    ? decision.trigger
    : "reason" in decision
      ? decision.reason.code
      : decision.kind;
};

suite("decide, notes", () => {
  test("a command is an intent, and names the trigger", () => {
    assert.deepEqual(note({ text: "@reviewflow pause" }), {
      kind: "reply",
      trigger: "note:pause",
      intent: { kind: "command", command: { name: "pause", reason: "" } },
    });
  });

  test("a mention or an answer in a thread may want a reply", () => {
    assert.deepEqual(note({ text: "Thanks, @reviewflow!" }), {
      kind: "reply",
      trigger: "note:mention",
      intent: { kind: "mention" },
    });
    assert.equal(noteCode({ text: "But it is never null." }), "note:thread");
  });

  test("a note that is in no thread answers nobody, and is only for us when it says so", () => {
    const alone = (text: string): string => noteCode({ text, standsAlone: true });
    assert.equal(alone("Shall we merge this?"), "note-not-for-us");
    assert.equal(alone("Thanks, @reviewflow!"), "note:mention");
    assert.equal(alone("@reviewflow help"), "note:help");
  });

  test("neither bots, GitLab nor we ourselves are heard", () => {
    const by = (id: number, username: string) => noteCode({ user: { id, username } });
    assert.equal(by(99, "reviewflow"), "own-event");
    for (const name of ["project_7_bot_0a1b", "group_7_bot", "service_account_group_3_ab", "support-bot"])
      assert.equal(by(5, name), "from-a-bot");
    assert.equal(noteCode({ system: true }), "system-note");
    assert.equal(by(5, "my_bot"), "note:review");
    assert.equal(noteCode({}, { bots: { ids: [4], notIds: [], review: true } }), "from-a-bot");
  });

  test("an edited note does not fire twice", () => {
    const edited = { action: "update" };
    assert.equal(noteCode(edited), "note-edited");
    assert.equal(noteCode({ action: null }), "note:review");
  });

  test("commands can be turned off, and end with the merge request", () => {
    assert.equal(noteCode({}, { command: false }), "trigger-off");
    assert.equal(noteCode({}, { self: null }), "bot-unknown");
    const merged = { ...noteEvent().mergeRequest, state: "merged" };
    assert.equal(noteCode({ mergeRequest: merged }), "command-after-end");
    assert.equal(noteCode({ mergeRequest: merged, text: "@reviewflow ask why?" }), "note:ask");
  });
});

const BOT = { id: 3, username: "bot" };
const EMOJI_RULES: TriggerRules = { ...RULES, self: BOT };
const FINGERPRINT = `${"a".repeat(32)}-0`;
const MATTER = { path: "a.ts", kin: "a".repeat(32), place: "b".repeat(32), lines: 1, words: [] };
const FINDING = {
  authorId: BOT.id,
  body: threadMarker("review", FINGERPRINT, MATTER),
  system: false,
  ours: null,
};

const decideOn = (fields: Partial<EmojiEvent> = {}, rules = EMOJI_RULES) =>
  decide(emojiEvent({ note: FINDING, user: { id: 4, username: "ada" }, ...fields }), rules, NOTHING);

suite("decide, emoji", () => {
  test("a thumb on the note of a finding is an outcome, also when it is taken back", () => {
    const outcome = { projectId: 7, iid: 1, flow: "review", fingerprint: FINGERPRINT, userId: 4 };
    assert.deepEqual(decideOn(), {
      kind: "reply",
      trigger: "emoji:thumbsup",
      intent: { kind: "thumb", given: true, outcome: { ...outcome, kind: "liked" } },
    });
    assert.equal(decideOn({ emoji: "thumbsdown_tone3" }).kind, "reply");
    assert.deepEqual(decideOn({ emoji: "-1", action: "revoke" }), {
      kind: "reply",
      trigger: "emoji:-1",
      intent: { kind: "thumb", given: false, outcome: { ...outcome, kind: "disliked" } },
    });
  });

  test("what is put right by GitLab has its giver, its note, and whether it is there", () => {
    const claimed = emojiEvent({ note: FINDING, user: { id: 4, username: "claimed" } });
    const ours = { id: 12, author: BOT, body: FINDING.body, system: false, ours: "id" } as const;
    const ada = { id: 4, username: "ada" };
    const thumb = (emoji: string, user: typeof ada | null = ada) => ({ emoji, user });
    const given = (reactions: NoteReactions["reactions"], note: NoteReactions["note"] = ours) => {
      const event = confirmEmoji(claimed, { note, reactions });
      const decision = decide(event, EMOJI_RULES, NOTHING);
      return decision.kind === "reply" ? decision.intent.given : decision.reason.code;
    };
    assert.equal(given([thumb("thumbsup")]), true);
    assert.equal(given([thumb("tada"), thumb("thumbsup_tone2")]), true);
    assert.equal(given([]), false);
    assert.equal(given([thumb("thumbsdown"), thumb("thumbsup", null)]), false);
    assert.equal(given([thumb("thumbsup", { id: 5, username: "eve" })]), false);
    assert.equal(given([thumb("thumbsup", { id: 4, username: "project_1_bot" })]), "from-a-bot");
    assert.equal(given([thumb("thumbsup")], { ...ours, ours: null }), "emoji-not-on-finding");
    assert.equal(given([thumb("thumbsup")], { ...ours, body: "Text" }), "emoji-not-on-finding");
    assert.equal(given([thumb("thumbsup")], { ...ours, author: ada }), "emoji-on-own-note");
  });

  test("where nobody knows who we are, the note's author is believed, but not in their own cause", () => {
    const rules = { ...EMOJI_RULES, self: null };
    assert.equal(decideOn({}, rules).kind, "reply");
    assert.equal(decideOn({ user: BOT }, rules).kind, "ignore");
  });

  test("all else is ignored with its reason", () => {
    const reason = (fields: Partial<EmojiEvent>): string => {
      const decision = decideOn(fields);
      return decision.kind === "ignore" ? decision.reason.code : assert.fail("a thumb");
    };
    const foreign = { note: { ...FINDING, ours: false } };
    const quoted = { note: { ...FINDING, body: `Quote:\n${FINDING.body}` } };
    assert.equal(reason({ note: null }), "emoji-note-unknown");
    assert.equal(reason(foreign), "emoji-not-on-finding");
    assert.equal(reason(quoted), "emoji-not-on-finding");
    assert.equal(reason({ emoji: "tada" }), "emoji-not-a-thumb");
    assert.equal(reason({ iid: null }), "emoji-not-on-note");
    assert.equal(reason({ awardableType: "MergeRequest" }), "emoji-not-on-note");
    assert.equal(reason({ user: BOT }), "own-event");
    assert.equal(reason({ user: { id: 5, username: "project_1_bot" } }), "from-a-bot");
  });
});
