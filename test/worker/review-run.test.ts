import { verbatim } from "../../src/messages/message.ts";
import { NO_HISTORY } from "../../src/review/decide.ts";
import { translator } from "../../src/messages/format-message.ts";
import { reasonOf } from "../../src/base/reason.ts";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { GitLabError } from "../../src/base/errors.ts";
import { createMemoryJournal, type Journal } from "../../src/base/journal.ts";
import type { JsonObject } from "../../src/base/json.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { Secret } from "../../src/base/secret.ts";
import { createDifyRunner } from "../../src/dify/dify-runner.ts";
import { DEFAULT_LIMITS, type DifyLimits } from "../../src/dify/limits.ts";
import { NO_USAGE } from "../../src/flow/flow-event.ts";
import type { FlowInput, FlowOutcome, FlowRequest } from "../../src/review/flow-runner.ts";
import type { Forge, MergeRequest, NoteDraft } from "../../src/review/forge.ts";
import { DEFAULT_INPUTS } from "../../src/review/input-mapping.ts";
import type { ProjectPath } from "../../src/review/project-paths.ts";
import { toStoredEvent, withUnprovenProject } from "../../src/review/stored-event.ts";
import { rulesForPolicy } from "../../src/review/triggers.ts";
import type { Claim, Run } from "../../src/store/store.ts";
import type { TextFlow } from "../../src/worker/review-flow.ts";
import { type ReviewOptions, reviewRun } from "../../src/worker/review-run.ts";
import { startDifyStandIn } from "../../standins/dify/dify-stand-in.ts";
import type { StandInApp } from "../../standins/dify/stand-in-app.ts";
import { mergeRequestEvent } from "../review/events.ts";
import { message } from "../../src/messages/message.ts";

const mergeRequest: MergeRequest = {
  ref: { projectId: 7, iid: 1 },
  projectPath: "group/project",
  title: "Add a greeting",
  description: "",
  state: "opened",
  draft: false,
  webUrl: "https://gitlab.example.com/group/project/-/merge_requests/1",
  author: { id: 3, username: "author" },
  sourceBranch: "topic",
  targetBranch: "main",
  headSha: "newer-head",
  changesCount: 1,
  diffRefs: { baseSha: "b", startSha: "s", headSha: "newer-head" },
  labels: [],
  reviewerIds: [],
};

const run: Run = {
  id: "run-1",
  kind: "review",
  deliveryId: "d",
  projectId: 7,
  projectPath: "group/project",
  iid: 1,
  headSha: "a",
  flow: "default",
  trigger: "opened",
  state: "active",
  reason: null,
  waitingFor: null,
  waits: 0,
  attempts: 1,
  createdAtMs: 0,
  startedAtMs: 0,
  finishedAtMs: null,
  nextAttemptAtMs: null,
  event: toStoredEvent(mergeRequestEvent()),
  result: null,
  usage: NO_USAGE,
};

/** A world with a flow that answers as told, and what it saw. */
const setUp = (
  flow: Partial<TextFlow> = {},
  answer: Partial<FlowOutcome> | Error = { outputs: { review: "Well done." } },
  forge: Partial<Forge> = {},
) => {
  const requests: FlowRequest[] = [];
  const notes: NoteDraft[] = [];
  const tokens: string[] = [];
  const declared: FlowInput[] = [];
  const options: ReviewOptions = {
    gitlabUrl: "https://gitlab.example.com",
    token: new Secret("server-token"),
    createForge: (token) => {
      tokens.push(token.reveal());
      return {
        currentUser: async () => ({ id: 1, username: "bot" }),
        fetchMergeRequest: async () => mergeRequest,
        fetchDiff: async () => ({ refs: mergeRequest.diffRefs, files: [] }),
        upsertNote: async (_, draft) => {
          notes.push(draft);
          return { noteId: 5, outcome: "created", url: null };
        },
        fetchDiscussions: async () => [],
        publish: async () => ({
          threads: new Map(),
          summary: null,
          way: "nothing-to-send",
          isStatusSet: true,
        }),
        fetchDiscussion: async () => null,
        hasNote: async () => false,
        fetchReactions: async () => null,
        reply: async () => ({ kind: "published", noteId: 6 }),
        resolveDiscussion: async () => undefined,
        react: async () => ({ awardId: 1 }),
        unreact: async () => true,
        setStatus: async () => true,
        endStatus: async () => true,
        removeNote: async () => undefined,
        updateDescription: async () => undefined,
        fetchAccessLevel: async () => 30,
        isProtectedBranch: async () => true,
        listFolder: async () => [],
        fetchFile: async () => ({ kind: "missing" }),
        ...forge,
      };
    },
    flows: new Map([
      [
        "default",
        {
          name: "default",
          contract: "note",
          language: "English",
          inputs: DEFAULT_INPUTS.note,
          output: null,
          runner: {
            describe: async () => declared,
            run: async (request) => {
              requests.push(request);
              if (answer instanceof Error) throw answer;
              return { status: "succeeded", outputs: {}, error: null, usage: NO_USAGE, ...answer };
            },
          },
          ...flow,
        },
      ],
    ]),
    clock: systemClock,
    logger: silentLogger,
  };
  return { options, requests, notes, tokens, declared };
};

const claimOf = (
  fields: Partial<Run> = {},
  journal: Journal = createMemoryJournal(),
  token: Secret | null = null,
): Claim => ({
  run: { ...run, ...fields },
  token,
  journal,
  history: async () => NO_HISTORY,
  reviews: async () => undefined,
  memory: createMemoryJournal(),
  remembered: async () => [],
  record: async () => 0,
  signal: new AbortController().signal,
});

/** An app of Dify's whose runs take 75 s of a server that begins one at a time. */
const slowApp: StandInApp = {
  name: "review",
  key: "app-1234567890",
  form: [],
  runMs: 75_000,
  program: async ({ node }) => {
    await node({ id: "llm", type: "llm", title: "LLM" }, () => ({
      outputs: { text: "fine" },
      usage: { prompt_tokens: 20, completion_tokens: 10 },
    }));
    return { status: "succeeded", outputs: { review: "Reviewed." } };
  },
};

/** Our default limits at the stand-in's pace. */
const limitsAt = (scale: number): DifyLimits => {
  const entries = Object.entries(DEFAULT_LIMITS).map(([name, ms]): [string, number] => [
    name,
    Math.round(ms * scale),
  ]);
  return { ...DEFAULT_LIMITS, ...Object.fromEntries(entries) };
};

const inputsOf = (requests: readonly FlowRequest[]): JsonObject =>
  requests[0]?.inputs ?? assert.fail("the flow was not run");

suite("one run", () => {
  test("of a sender for some projects begins once the forge calls its project so; nothing is read before", async () => {
    const event = withUnprovenProject(run.event);
    const called = (answer: ProjectPath) => ({ of: async () => answer });
    for (const kind of ["review", "reply"] as const) {
      const { options, tokens, requests } = setUp();
      const refused = await reviewRun(claimOf({ event, kind }), {
        ...options,
        projects: called({ kind: "known", path: "team-b/payroll" }),
        chooseFlow: async () => assert.fail("something was read"),
      });
      assert.equal(refused.state, "failed");
      assert.deepEqual(refused.reason, reasonOf("project-path-wrong", { project: "group/project", id: 7 }));
      assert.deepEqual([tokens, requests], [[], []]);
    }
    const error = new GitLabError(verbatim("down"), {
      code: "gitlab-unavailable",
      status: null,
      retryable: true,
    });
    const { options } = setUp();
    const unknown = { ...options, projects: called({ kind: "unknown", error }) };
    await assert.rejects(reviewRun(claimOf({ event }), unknown), error);
    assert.equal((await reviewRun(claimOf(), unknown)).state, "succeeded", "a proven one asks nobody");
    const right = { ...options, projects: called({ kind: "known", path: "Group/Project" }) };
    assert.equal((await reviewRun(claimOf({ event }), right)).state, "succeeded");
  });

  test("the note contract posts what the flow returned, under its marker", async () => {
    const { options, notes, requests } = setUp();
    const settlement = await reviewRun(claimOf(), options);
    assert.equal(settlement.state, "succeeded");
    assert.match(notes[0]?.body ?? "", /Well done\.[\s\S]*newer-head/);
    assert.ok(notes[0]?.body.startsWith(notes[0].marker));
    assert.ok(!JSON.stringify(inputsOf(requests)).includes("server-token"));
  });

  test("what the model thought before it answered is not posted; a review of nothing else is none", async () => {
    for (const thoughts of ["<think>PRIVATE</think>", "PRIVATE, so\n</think>\n"]) {
      const { options, notes } = setUp(
        {},
        { outputs: { review: `${thoughts}Well done: \`<think>\` is closed.` } },
      );
      assert.equal((await reviewRun(claimOf(), options)).state, "succeeded");
      assert.doesNotMatch(notes[0]?.body ?? "PRIVATE", /PRIVATE/);
      assert.match(notes[0]?.body ?? "", /Well done: `<think>` is closed/);
    }
    const only = await reviewRun(claimOf(), setUp({}, { outputs: { review: "<think>PRIVATE" } }).options);
    assert.ok(only.state === "failed" && only.reason.code === "flow-output-empty");
  });

  test("the classic contract leaves posting to the flow", async () => {
    const { options, notes, requests } = setUp(
      { contract: "classic", inputs: DEFAULT_INPUTS.classic },
      { outputs: {} },
    );
    assert.equal((await reviewRun(claimOf(), options)).state, "succeeded");
    assert.equal(notes.length, 0);
    assert.equal(inputsOf(requests)["PrivateToken"], "server-token");
  });

  test("a token that came with the delivery is used instead of the server's", async () => {
    const { options, requests, tokens } = setUp(
      { contract: "classic", inputs: DEFAULT_INPUTS.classic },
      { outputs: {} },
    );
    await reviewRun(claimOf({}, createMemoryJournal(), new Secret("delivered")), options);
    assert.equal(inputsOf(requests)["PrivateToken"], "delivered");
    assert.deepEqual(tokens, ["delivered"]);
  });

  test("a second attempt does not run a finished flow again", async () => {
    const journal = createMemoryJournal();
    const broken = setUp({}, undefined, {
      upsertNote: async () => {
        throw new GitLabError(verbatim("down"), { code: "gitlab-unavailable", retryable: true, status: 503 });
      },
    });
    await assert.rejects(reviewRun(claimOf({}, journal), broken.options), GitLabError);
    const mended = setUp();
    assert.equal((await reviewRun(claimOf({}, journal), mended.options)).state, "succeeded");
    assert.equal(mended.requests.length, 0);
    assert.match(mended.notes[0]?.body ?? "", /Well done\./);
  });

  test("a merge request that was closed meanwhile is not reviewed", async () => {
    const { options, requests } = setUp({}, undefined, {
      fetchMergeRequest: async () => ({ ...mergeRequest, state: "closed" }),
    });
    assert.equal((await reviewRun(claimOf(), options)).state, "cancelled");
    assert.equal(requests.length, 0);
  });

  test("a flow's own failure is final and readable; a partial success is told apart", async () => {
    const failed = await reviewRun(
      claimOf(),
      setUp({}, { status: "failed", error: "model is gone" }).options,
    );
    assert.ok(failed.state === "failed" && failed.reason.params.detail === "model is gone");
    const outcome = { status: "partial-succeeded", outputs: { review: "x" } } as const;
    const step = message("step.failed", { step: "ASK", error: "no answer" });
    const partial = setUp({}, { ...outcome, failedNodes: [step] });
    const settlement = await reviewRun(claimOf(), partial.options);
    assert.ok(
      settlement.state === "partial-succeeded" &&
        settlement.reason !== null &&
        settlement.reason.params.detail === step,
    );
    assert.equal(settlement.reason.code, "steps-failed");
    // Dify's status alone says no more than that a node was tried twice.
    const retried = setUp({}, outcome);
    const whole = await reviewRun(claimOf(), retried.options);
    assert.deepEqual([whole.state, "reason" in whole ? whole.reason : ""], ["succeeded", null]);
    assert.doesNotMatch(retried.notes[0]?.body ?? "steps", /steps/);
  });

  test("a flow whose model is busy is put off; one that posts itself only as long as it has posted nothing", async () => {
    const usage = { ...NO_USAGE, totalTokens: 40 };
    const busy = (mayHavePosted: boolean): Partial<FlowOutcome> => ({
      status: "failed",
      error: "Overloaded",
      usage,
      transient: { outside: null, pauseMs: 700, mayHavePosted },
    });
    const putOff = { code: "model-overloaded", retryable: true, retryAfterMs: 700 };
    const journal = createMemoryJournal();
    await assert.rejects(reviewRun(claimOf({}, journal), setUp({}, busy(true)).options), putOff);
    const again = await reviewRun(
      claimOf({ attempts: 2 }, journal),
      setUp({}, { outputs: { review: "x" }, usage }).options,
    );
    // What the first attempt took in vain is counted, too.
    assert.ok(again.state === "succeeded" && again.usage.totalTokens === 80);
    const classic = { contract: "classic", inputs: DEFAULT_INPUTS.classic } as const;
    await assert.rejects(reviewRun(claimOf(), setUp(classic, busy(false)).options), putOff);
    const posted = await reviewRun(claimOf(), setUp(classic, busy(true)).options);
    assert.ok(posted.state === "failed" && posted.reason.code === "flow-failed");
  });

  test("an input over the flow's limit is cut and the note says so", async () => {
    const { options, notes, declared, requests } = setUp({ inputs: { title: "{{ mr.title }}" } });
    declared.push({ name: "title", type: "text-input", required: true, maxLength: 5, options: [] });
    await reviewRun(claimOf(), options);
    assert.equal(inputsOf(requests)["title"], "Add a");
    const cut = reasonOf("input-cut", { input: "title", length: 14, most: 5 });
    assert.ok(notes[0]?.body.includes(translator("en").reason(cut)));
  });

  test("is judged again by what GitLab tells, and ends with the reason where it is not wanted", async () => {
    const draft: Partial<Forge> = { fetchMergeRequest: async () => ({ ...mergeRequest, draft: true }) };
    const { options, requests, notes } = setUp({}, undefined, draft);
    const asked: string[] = [];
    const rules = (path: string) => {
      asked.push(path);
      return { ...rulesForPolicy("once"), drafts: "never" } as const;
    };
    const settlement = await reviewRun(claimOf(), { ...options, rules });
    assert.deepEqual(settlement, {
      state: "cancelled",
      reason: reasonOf("draft", { drafts: "never" }),
    });
    assert.deepEqual([requests, notes, asked], [[], [], ["group/project"]]);
    assert.equal((await reviewRun(claimOf(), { ...options, rules: () => null })).state, "succeeded");
    const ready = setUp();
    assert.equal((await reviewRun(claimOf(), { ...ready.options, rules })).state, "succeeded");
  });

  test("what the configuration no longer has is a readable failure", async () => {
    const gone = await reviewRun(claimOf({ flow: "old" }), setUp().options);
    assert.ok(gone.state === "failed" && gone.reason.code === "flow-not-configured");
    const tokenless = await reviewRun(claimOf(), { ...setUp().options, token: null });
    assert.ok(tokenless.state === "failed" && tokenless.reason.code === "gitlab-token-missing");
    const unreadable = await reviewRun(claimOf({ event: {} }), setUp().options);
    assert.ok(unreadable.state === "failed" && unreadable.reason.code === "event-unreadable");
  });

  test("that a review waits for the next day's budget is said in the language of the review", async () => {
    const { options, notes, requests } = setUp({ language: "日本語" });
    const nothing = { tokens: 0, cost: 0, runs: 0 };
    const none = { tokens: null, cost: null, runs: null };
    const budget = {
      budgets: { total: { ...none, cost: 0 }, projects: [] },
      timeZone: "UTC",
      tell: true,
      spending: {
        spend: async () => undefined,
        readSpent: async () => ({ total: nothing, project: nothing }),
      },
      clock: systemClock,
      logger: silentLogger,
    };
    await assert.rejects(reviewRun(claimOf(), { ...options, budget }), { code: "budget-used-up" });
    assert.equal(requests.length, 0);
    assert.deepEqual(notes.length, 1);
    assert.match(notes[0]?.body ?? "", /\p{Script=Hiragana}.*budgets\.total\.cost/u);
    await assert.rejects(reviewRun(claimOf(), { ...options, budget: { ...budget, tell: false } }));
    assert.equal(notes.length, 1);
  });
});

suite("two runs at once on a Dify that runs one at a time", () => {
  test("are reviewed once and paid once, though the second waits longer than a stream may be silent", async () => {
    const scale = 0.01;
    await using dify = await startDifyStandIn({ apps: [slowApp], workers: 1, scale });
    const { options, notes } = setUp({
      runner: createDifyRunner({
        baseUrl: dify.url,
        apiKey: new Secret(slowApp.key),
        limits: { ...limitsAt(scale), connectMs: 10_000, answerMs: 10_000 },
      }),
    });
    assert.ok((slowApp.runMs ?? 0) > DEFAULT_LIMITS.idleMs);
    const settled = await Promise.all([
      reviewRun(claimOf(), options),
      reviewRun(claimOf({ id: "run-2", iid: 2 }), options),
    ]);
    for (const settlement of settled) {
      assert.ok(settlement.state === "succeeded");
      assert.equal(settlement.usage.totalTokens, 30);
    }
    assert.equal(notes.length, 2);
    assert.equal(dify.runs().length, 2);
    assert.equal(dify.requests().filter(({ path }) => path.endsWith("/run")).length, 2);
  });
});
