import { plainStored } from "../messages/plain.ts";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { createMemoryJournal } from "../../src/base/journal.ts";
import { Secret } from "../../src/base/secret.ts";
import { createDifyApi, type DifyApi } from "../../src/dify/dify-api.ts";
import { createDifyRunner } from "../../src/dify/dify-runner.ts";
import { endWhenSilent, liveTaskId, readFrames } from "../../src/dify/event-stream.ts";
import { silentLogger } from "../../src/base/logger.ts";
import type { FlowEvent } from "../../src/flow/flow-event.ts";
import { RunState } from "../../src/dify/schema.ts";
import { startReplayedServer, type Script } from "./replayed-server.ts";
import { answerOf, readTranscripts, type Transcript } from "./transcripts.ts";

const LIMITS = {
  connectMs: 2_000,
  answerMs: 2_000,
  idleMs: 100,
  totalMs: 3_000,
  queueMs: 400,
  stopMs: 100,
  pollMs: 10,
  lookupMs: 100,
  lookupAtEndMs: 200,
};
const KEY = "app-1234567890";

const json = (body: object, headers: readonly (readonly [string, string])[] = []) =>
  answerOf(200, new Map([["content-type", "application/json"], ...headers]), JSON.stringify(body));

/** Answers a run with the transcript, and what is asked around it with nothing. */
const aroundRun =
  (transcript: Transcript): Script =>
  ({ method, path }) => {
    if (method === "POST" && path.endsWith("/run")) return transcript;
    if (path === "/v1/parameters") return json({ user_input_form: [] });
    return path.startsWith("/v1/workflows/logs") ? json({ data: [] }, [["x-version", "1.14.2"]]) : null;
  };

type Run = {
  readonly mode?: "blocking";
  readonly status?: string;
  readonly outputs?: readonly string[];
  /** In all, of prompts, of completions. */
  readonly tokens?: readonly number[];
  readonly events?: Partial<Record<FlowEvent["event"], number>>;
  readonly error?: RegExp;
  readonly code?: string;
  readonly retryable?: boolean;
};

const countEvents = (events: readonly FlowEvent[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { event } of events) counts[event] = (counts[event] ?? 0) + 1;
  return counts;
};

const replayRun = async (transcript: Transcript, expected: Run): Promise<void> => {
  await using server = await startReplayedServer(aroundRun(transcript));
  const events: FlowEvent[] = [];
  const work = createDifyRunner({
    baseUrl: server.url,
    apiKey: new Secret(KEY),
    limits: LIMITS,
    mode: expected.mode ?? "streaming",
  }).run({
    runId: "r",
    inputs: {},
    journal: createMemoryJournal(),
    signal: new AbortController().signal,
    onEvent: (event) => void events.push(event),
  });
  const asked = () => server.requests.filter(({ method }) => method === "POST").length;
  if (expected.code !== undefined) {
    const { code, retryable = false, error = /./ } = expected;
    await assert.rejects(work, { code, retryable, message: error });
    assert.equal(asked(), 1);
    return;
  }
  const outcome = await work;
  assert.equal(outcome.status, expected.status);
  assert.deepEqual(Object.keys(outcome.outputs).toSorted(), [...(expected.outputs ?? [])].toSorted());
  const { totalTokens, promptTokens, completionTokens } = outcome.usage;
  if (expected.tokens !== undefined)
    assert.deepEqual([totalTokens, promptTokens, completionTokens], expected.tokens);
  if (expected.error === undefined) assert.equal(outcome.error, null);
  else assert.match(plainStored(outcome.error), expected.error);
  if (expected.events !== undefined) assert.deepEqual(countEvents(events), expected.events);
  assert.equal(asked(), 1);
};

type Call = (api: DifyApi) => Promise<unknown>;
type Ask = { readonly call: Call } & (
  | { readonly gives: unknown }
  | { readonly code: string; readonly retryable?: boolean }
);

const replayCall = async (transcript: Transcript, expected: Ask): Promise<void> => {
  await using server = await startReplayedServer(() => transcript);
  const api = createDifyApi({
    baseUrl: server.url,
    apiKey: new Secret(KEY),
    connectMs: 2_000,
    answerMs: 2_000,
    blockingMs: 2_000,
    clock: systemClock,
  });
  const work = expected.call(api);
  if ("code" in expected)
    await assert.rejects(work, { code: expected.code, retryable: expected.retryable ?? false });
  else assert.deepEqual(await work, expected.gives);
  assert.equal(api.version(), "1.14.2");
};

const detail: Call = async (api) => {
  const { status, error } = await api.detail("id");
  return { status, error };
};
/** The run's status at the end of its stream, and the task ids that can be used. */
const events: Call = async (api) => {
  const taskIds = new Set<string>();
  let status: string | null = null;
  const stream = await api.events("id", "user", new AbortController().signal);
  for await (const { frame } of readFrames(stream, 100, silentLogger, endWhenSilent)) {
    const id = liveTaskId(frame);
    if (id !== null) taskIds.add(id);
    if (frame.event === "workflow_finished") status = RunState.parse(frame.data).status;
  }
  return { status, taskIds: [...taskIds] };
};
const stop: Call = (api) => api.stop("id", "user");
const findRun =
  (user: string): Call =>
  (api) =>
    api.findRun(user);
const parameters: Call = async (api) =>
  (await api.parameters()).user_input_form?.map((field) => Object.keys(field)[0]);

const info: Call = (api) => api.info();

const TASK = "390f85f5-80b9-46ed-bdf5-f9d1ae7051ae";
type Counts = NonNullable<Run["events"]>;
const nodes = (count: number, more: Counts = {}): Counts => ({
  workflow_started: 1,
  node_started: count,
  node_finished: count,
  workflow_finished: 1,
  ...more,
});
const REVIEWED = ["findings", "overview"];
const inputRefused: Run = { code: "dify-input-invalid" };
const wrongApp: Run = { code: "dify-not-workflow-app" };
const notFound = { code: "dify-not-found" };

const RUNS: Readonly<Record<string, Run>> = {
  "blocking-review-model-fails-for-good": { mode: "blocking", status: "failed", error: /Scripted fault 500/ },
  "blocking-review-ok": { mode: "blocking", status: "succeeded", outputs: REVIEWED },
  "blocking-verify-one-at-a-time": { mode: "blocking", status: "succeeded", outputs: ["verdicts"] },
  "err-401-bad-key": { code: "dify-unauthorized" },
  "err-401-bad-key-run": { code: "dify-unauthorized" },
  "err-401-no-header": { code: "dify-unauthorized" },
  "err-429-concurrency-blocking": { mode: "blocking", code: "dify-too-many-requests", retryable: true },
  // A limit of 1 refuses each streaming run for ever.
  "err-429-concurrency-stream": { code: "dify-concurrency-limit" },
  "err-api-disabled": { code: "dify-forbidden" },
  "err-bad-json": { code: "dify-bad-request" },
  "err-bad-mode": { code: "dify-invalid-param" },
  "err-blocking-no-model-credentials": {
    mode: "blocking",
    code: "dify-invalid-param",
    error: /Model gemini/,
  },
  "err-empty-body": { code: "dify-bad-request" },
  "err-empty-user": { code: "dify-invalid-param" },
  "err-key-of-advancedchat": wrongApp,
  "err-key-of-agentchat": wrongApp,
  "err-key-of-chat": wrongApp,
  "err-key-of-completion": wrongApp,
  "err-missing-required-blocking": { ...inputRefused, mode: "blocking", error: /diff is required/ },
  "err-missing-required-stream": { ...inputRefused, error: /diff is required/ },
  "err-no-inputs": { code: "dify-invalid-param" },
  "err-no-user": { code: "dify-invalid-param" },
  "err-number-field-text-blocking": { ...inputRefused, mode: "blocking", error: /max_findings/ },
  "err-number-for-text-blocking": { ...inputRefused, mode: "blocking", error: /title/ },
  "err-stream-no-model-credentials": { code: "dify-invalid-param", error: /Model gemini/ },
  "err-too-long-paragraph-blocking": { ...inputRefused, mode: "blocking", error: /diff.*400000/ },
  "err-too-long-text-input-blocking": { ...inputRefused, mode: "blocking", error: /title.*256/ },
  "err-too-long-text-input-stream": { ...inputRefused, error: /title.*256/ },
  "err-unpublished-blocking": { mode: "blocking", code: "dify-invalid-param", error: /publish/ },
  "err-unpublished-stream": { code: "dify-invalid-param", error: /publish/ },
  "err-workflow-id-not-uuid": { code: "dify-bad-request" },
  "err-workflow-id-unknown": { code: "dify-not-found" },
  "err-wrong-content-type": { code: "dify-unsupported-media-type" },
  "no-mode-missing-required": { ...inputRefused, mode: "blocking" },
  "stream-classic-gitlab-refuses": {
    status: "partial-succeeded",
    outputs: ["error_message", "error_type"],
    tokens: [0, 0, 0],
    events: nodes(4, { node_retry: 3, text_chunk: 3 }),
  },
  "stream-classic-ok": {
    status: "succeeded",
    outputs: ["status_codes", "error_message", "error_type"],
    tokens: [618, 557, 61],
  },
  "stream-queued-no-worker": { status: "succeeded", outputs: ["verdicts"], tokens: [1507, 1498, 9] },
  "stream-queued-worker-stopped": { code: "dify-queue-timeout" },
  "stream-review-code-node-throws": {
    status: "failed",
    error: /The model answered with no text/,
    events: nodes(3),
  },
  "stream-review-model-fails-for-good": {
    status: "failed",
    error: /Scripted fault 500/,
    events: nodes(2, { node_retry: 3 }),
  },
  "stream-review-ok": {
    status: "succeeded",
    outputs: REVIEWED,
    tokens: [3100, 3043, 57],
    events: nodes(4, { text_chunk: 3 }),
  },
  "stream-review-ok-2": { status: "succeeded", outputs: REVIEWED, tokens: [3104, 3043, 61] },
  "stream-review-one-retry-then-ok": {
    status: "partial-succeeded",
    outputs: REVIEWED,
    tokens: [3104, 3043, 61],
    events: nodes(4, { node_retry: 1, text_chunk: 3 }),
  },
  "stream-review-stopped": { status: "stopped", error: /Stopped by user/, tokens: [0, 0, 0] },
  "stream-summary-ok": { status: "succeeded", outputs: ["summary"], tokens: [931, 896, 35] },
  "stream-verify-ok": { status: "succeeded", outputs: ["verdicts"], tokens: [1546, 1537, 9] },
};

const CALLS: Readonly<Record<string, Ask>> = {
  "detail-after-stop-0": {
    call: detail,
    gives: { status: "stopped", error: "Aborted: User requested stop" },
  },
  "detail-other-app-key": { call: detail, ...notFound },
  "detail-running": { call: detail, gives: { status: "running", error: null } },
  "err-logs-limit": { call: findRun("u"), code: "dify-invalid-param" },
  "err-method": { call: parameters, code: "dify-method-not-allowed" },
  "err-run-not-uuid": { call: detail, code: "dify-unknown", retryable: true },
  "err-run-unknown": { call: detail, ...notFound },
  "err-stop-no-user": { call: stop, code: "dify-invalid-param" },
  "err-unknown-path": { call: parameters, code: "dify-http-404" },
  // Frames of a snapshot and of an ended run carry the run's id in the place of the task's.
  "events-finished": { call: events, gives: { status: "stopped", taskIds: [] } },
  "events-no-user": { call: events, code: "dify-invalid-param" },
  "events-other-app-key": { call: events, ...notFound },
  "events-rejoin": { call: events, gives: { status: "stopped", taskIds: [TASK] } },
  "events-rejoin-snapshot": { call: events, gives: { status: "stopped", taskIds: [TASK] } },
  "events-unknown": { call: events, ...notFound },
  "events-wrong-user": { call: events, ...notFound },
  index: { call: parameters, code: "dify-http-404" },
  "index-no-slash": { call: parameters, code: "dify-redirected" },
  "info-review": { call: info, gives: { mode: "workflow" } },
  "info-workflow": { call: info, gives: { mode: "workflow" } },
  "logs-by-session": { call: findRun("nobody"), gives: null },
  "logs-by-unknown-session": { call: findRun("nobody"), gives: null },
  "logs-queued": {
    call: findRun("rec-queued"),
    gives: { workflowRunId: "d5fe7be0-0606-4856-82bb-67443d0de1d2", createdAtMs: 1_796_072_771_000 },
  },
  "logs-queued-not-begun": { call: findRun("rec-queued"), gives: null },
  "logs-running": {
    call: findRun("rec-stop"),
    gives: { workflowRunId: "53082736-5ec3-42ce-aa39-467d350f04a3", createdAtMs: 1_796_072_231_000 },
  },
  meta: { call: parameters, gives: undefined },
  "parameters-classic": { call: parameters, gives: Array.from({ length: 7 }, () => "text-input") },
  "parameters-of-advancedchat": { call: parameters, code: "dify-app-unavailable" },
  "parameters-of-agentchat": { call: parameters, gives: [] },
  "parameters-of-chat": { call: parameters, gives: [] },
  "parameters-of-completion": { call: parameters, gives: ["paragraph"] },
  "parameters-of-unpublished": { call: parameters, code: "dify-app-unavailable" },
  "parameters-review": {
    call: parameters,
    gives: [
      "text-input",
      "paragraph",
      "paragraph",
      "text-input",
      "paragraph",
      "paragraph",
      "paragraph",
      "number",
      "text-input",
    ],
  },
  site: { call: parameters, gives: undefined },
  "stop-after-end": { call: stop, gives: undefined },
  "stop-by-another-user": { call: stop, gives: undefined },
  "stop-ok": { call: stop, gives: undefined },
  "stop-unknown-task": { call: stop, gives: undefined },
  "stop-with-run-id-instead-of-task-id": { call: stop, gives: undefined },
};

const transcripts = readTranscripts();

describe("the client before the answers of a real Dify 1.14.2", { skip: transcripts === null }, () => {
  it("knows each of them", () => {
    const names = transcripts?.map(({ name }) => name) ?? [];
    assert.deepEqual([...Object.keys(RUNS), ...Object.keys(CALLS)].toSorted(), names.toSorted());
  });
  for (const transcript of transcripts ?? []) {
    const [run, call] = [RUNS[transcript.name], CALLS[transcript.name]];
    it(`reads ${transcript.name}`, async () => {
      if (run !== undefined) await replayRun(transcript, run);
      if (call !== undefined) await replayCall(transcript, call);
    });
  }
});
