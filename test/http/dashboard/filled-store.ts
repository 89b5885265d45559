import { reasonOf } from "../../../src/base/reason.ts";
import { JsonObject } from "../../../src/base/json.ts";
import { ReviewResult } from "../../../src/review/review-result.ts";
import type { MergeRequestEvent } from "../../../src/review/delivery-event.ts";
import { toStoredEvent } from "../../../src/review/stored-event.ts";
import type { Settlement, Store } from "../../../src/store/store.ts";
import { until } from "../../store/store-requests.ts";

/** A text that would do harm if it ever became HTML, with a mark to find it by. */
export const HOSTILE = `<img src=x onerror="document.title='hurt'">'"&<script>document.title='hurt'</script>{{7*7}}\${1}`;

/** The texts of an event that come from outside. */
export type Story = {
  readonly project: string;
  readonly projectId: number;
  readonly iid: number;
  readonly title: string;
  readonly body?: JsonObject;
};

const USAGE = {
  totalTokens: 12_345,
  promptTokens: 10_000,
  completionTokens: 2_345,
  totalPrice: 0.0421,
  currency: "USD",
};

const eventOf = ({ project, projectId, iid, title }: Story): MergeRequestEvent => ({
  kind: "merge_request",
  project: { id: projectId, path: project, webUrl: `https://gitlab.example.com/${project}` },
  user: { id: 3, username: "ada" },
  iid,
  action: "open",
  state: "opened",
  draft: false,
  title,
  description: "",
  url: `https://gitlab.example.com/${project}/-/merge_requests/${iid}`,
  authorId: 3,
  sourceBranch: "topic",
  targetBranch: "main",
  sourceProjectId: projectId,
  headSha: "a94a8fe5ccb19ba61c4c0873d391e987982fbbd3",
  oldRev: null,
  labels: [],
  labelsAdded: [],
  reviewersAdded: [],
  reviewersAskedAgain: [],
  becameReady: false,
  retargeted: false,
});

/** A webhook's body as GitLab would send it for a story. */
export const webhookBody = (story: Story): JsonObject => ({
  object_kind: "merge_request",
  user: { id: 3, username: "ada" },
  project: {
    id: story.projectId,
    path_with_namespace: story.project,
    web_url: `https://gitlab.example.com/${story.project}`,
    ci_job_token: "glpat-in-the-body-1234567890",
  },
  object_attributes: {
    iid: story.iid,
    action: "open",
    state: "opened",
    title: story.title,
    description: null,
    url: `https://gitlab.example.com/${story.project}/-/merge_requests/${story.iid}`,
    author_id: 3,
    source_branch: "topic",
    target_branch: "main",
    source_project_id: story.projectId,
    target_project_id: story.projectId,
    last_commit: { id: "a94a8fe5ccb19ba61c4c0873d391e987982fbbd3" },
  },
  changes: {},
  ...story.body,
});

/** Brings a delivery to the store: one that asks for a review, or one that is ignored with a reason. */
export const deliver = async (
  store: Store,
  story: Story,
  options: { readonly ignore?: string; readonly flow?: string } = {},
): Promise<{ readonly deliveryId: string; readonly runId: string | null }> => {
  const { ignore, flow = "review" } = options;
  const outcome = await store.accept({
    delivery: {
      key: `key-${story.projectId}-${story.iid}-${Math.random()}`,
      eventName: "Merge Request Hook",
      receivedAtMs: Date.now(),
      project: { id: story.projectId, path: story.project },
      iid: story.iid,
      headers: { "x-gitlab-event": "Merge Request Hook", "user-agent": `GitLab/19.1.0 ${story.title}` },
      body: Buffer.from(JSON.stringify(webhookBody(story))),
    },
    decide: () =>
      ignore === undefined
        ? { kind: "review", headSha: "a94a8fe5ccb19ba61c4c0873d391e987982fbbd3", trigger: "opened" }
        : { kind: "ignore", reason: reasonOf("action-not-reviewed", { action: ignore }) },
    run: { flow, event: toStoredEvent(eventOf(story)), token: null },
  });
  return {
    deliveryId: outcome.deliveryId,
    runId: outcome.kind === "review" ? outcome.runId : null,
  };
};

/** Works on one queued run and settles it so. */
export const settleNext = async (
  store: Store,
  runId: string,
  settlement: Settlement,
  steps: Readonly<Record<string, JsonObject>> = {},
): Promise<void> => {
  const worker = await store.work({
    concurrency: 1,
    perProject: 1,
    handle: async ({ run, journal }) => {
      if (run.id !== runId) return { state: "handed-back" };
      for (const [key, value] of Object.entries(steps)) await journal.write(key, value);
      return settlement;
    },
  });
  await until(async () => (await store.getRun(runId))?.finishedAtMs !== null, "the run ends");
  await worker.stop(1_000);
};

type Finding = ReviewResult["findings"][number];

const finding = (text: string, change: Partial<Finding>): Finding => ({
  path: "src/cart.js",
  side: "new",
  line: 3,
  endLine: 4,
  severity: "major",
  category: "bug",
  confidence: 0.9,
  title: text,
  body: `${text} The loop runs once too often.`,
  state: "opened",
  why: null,
  discussionId: "d1",
  ...change,
});

/** What a review by findings leaves behind, with `text` in every place that a model or author fills. */
export const reviewResult = (text: string): JsonObject => {
  const result: ReviewResult = {
    kind: "findings",
    headSha: "a94a8fe5ccb19ba61c4c0873d391e987982fbbd3",
    baseSha: "b".repeat(40),
    summaryNoteId: 1,
    counts: {
      files: 3,
      opened: 1,
      kept: 1,
      resolved: 2,
      folded: 1,
      refused: 0,
      hunks: 4,
      remembered: 1,
      units: 2,
      failedUnits: 0,
      rejected: 0,
      refuted: 0,
      unverified: 1,
    },
    remarks: [reasonOf("steps-failed", { steps: 1, detail: text })],
    files: [
      { path: "src/cart.js", outcome: { kind: "reviewed", sinceSha: "a".repeat(40) } },
      { path: text, outcome: { kind: "skipped", reason: reasonOf("too-large", { detail: text }) } },
    ],
    findings: [
      finding(text, {}),
      finding(`${text} twice`, { severity: "critical", category: "security", state: "kept" }),
      finding(`${text} again`, {
        path: text,
        severity: "info",
        line: null,
        state: "folded",
        why: "severity",
        discussionId: null,
      }),
    ],
    usage: USAGE,
  };
  return JsonObject.parse(ReviewResult.parse(result));
};

/** The settlement of a review that found something. */
export const reviewed = (text: string): Settlement => ({
  state: "partial-succeeded",
  reason: reasonOf("steps-failed", { steps: 1, detail: text }),
  result: reviewResult(text),
  usage: USAGE,
});

/** Steps as the engine's journal has them. */
export const STEPS: Readonly<Record<string, JsonObject>> = {
  "flow:node/0123456789abcdef/1735000000001": {
    ok: true,
    elapsedMs: 1_520,
    usage: USAGE,
    failures: 0,
    respond: {},
    outputs: {},
    types: {},
    inputs: {},
    handle: "source",
    writes: [],
  },
  "unit/src-cart": { findings: 2 },
};

/** A store with something on every page; the ids of what tests open. */
export type Filled = {
  readonly reviewedRun: string;
  readonly failedRun: string;
  readonly queuedRun: string;
  readonly reviewDelivery: string;
  readonly ignoredDelivery: string;
};

/** Fills a store; `text` stands wherever somebody else may write. */
export const fillStore = async (store: Store, text: string): Promise<Filled> => {
  const shop = { project: "team/shop", projectId: 7 };
  const first = await deliver(store, { ...shop, iid: 1, title: `Count items ${text}` });
  await settleNext(store, first.runId ?? "", reviewed(text), STEPS);
  const second = await deliver(store, { ...shop, iid: 2, title: `Pay by card ${text}` });
  await settleNext(store, second.runId ?? "", {
    state: "failed",
    reason: reasonOf("model-failed", { error: "model-refused", detail: text }),
    usage: USAGE,
  });
  const ignored = await deliver(
    store,
    { project: "team/shop", projectId: 7, iid: 1, title: `Label ${text}` },
    { ignore: text },
  );
  const third = await deliver(store, {
    project: "team/a-rather-long-group-name/backend/payment-service",
    projectId: 8,
    iid: 341,
    title: `Rename ${text}`,
  });
  return {
    reviewedRun: first.runId ?? "",
    failedRun: second.runId ?? "",
    queuedRun: third.runId ?? "",
    reviewDelivery: first.deliveryId,
    ignoredDelivery: ignored.deliveryId,
  };
};
