import { plainDetail } from "../messages/plain.ts";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { type DifyStandIn, startDifyStandIn } from "../../standins/dify/dify-stand-in.ts";
import type { Fault } from "../../standins/dify/fault.ts";
import type { FaultKind, FaultMatch } from "../../standins/gitlab/faults.ts";
import { type GitLabStandIn, startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import type { Reason } from "../../src/base/reason.ts";
import type { Reviewflow } from "../../src/main.ts";
import { noteApp } from "./review-apps.ts";
import { SECRET, startForTeam } from "./start.ts";
import { addHook, createTeam, eventually, type Team } from "./team.ts";

/** What a fault ends in, as docs/operations.md has it. */
type Ending = {
  readonly name: string;
  /** `parked`: until somebody presses the button, and then it succeeds. */
  readonly state: "succeeded" | "failed" | "parked";
  readonly code?: string;
  readonly reason?: RegExp;
  /** Nothing is put right afterwards. */
  readonly isLast?: true;
  /** Runs that Dify was asked for. */
  readonly asked?: number;
};

const refuse = (status: number, code: string, more: { retryAfter?: string; times?: number } = {}): Fault => ({
  kind: "error-answer",
  at: "run",
  status,
  code,
  ...more,
});

/** What Dify says of an app's limit of concurrent requests. */
const TOO_MANY =
  "Too many requests. Please try again later. The current maximum concurrent requests allowed for b74360e5-21d4-4b36-b245-e15bc81734ee is 4.";

const DIFY: readonly (Ending & { readonly fault: Fault })[] = [
  {
    name: "the app's limit of concurrent requests",
    fault: { kind: "error-answer", at: "run", status: 400, code: "invalid_param", message: TOO_MANY },
    state: "succeeded",
    asked: 1,
  },
  {
    name: "429 with Retry-After",
    fault: refuse(429, "too_many_requests", { retryAfter: "1" }),
    state: "succeeded",
    asked: 1,
  },
  {
    name: "429 for a quota",
    fault: refuse(429, "rate_limit_error"),
    state: "succeeded",
    asked: 1,
  },
  { name: "500 once", fault: refuse(500, "internal_server_error"), state: "succeeded", asked: 1 },
  {
    name: "500 more often than a run has attempts",
    fault: refuse(500, "internal_server_error", { times: 5 }),
    state: "succeeded",
    asked: 1,
  },
  {
    name: "an expired key",
    fault: refuse(401, "unauthorized"),
    state: "parked",
    code: "dify-unauthorized",
    reason: /\bdify\.advice\.unauthorized\b/,
    asked: 1,
  },
  {
    name: "an invalid input",
    fault: refuse(400, "invalid_param"),
    state: "failed",
    code: "dify-invalid-param",
    reason: /\bdify\.advice\.inputs\b/,
    asked: 0,
  },
  {
    name: "a broken stream",
    fault: { kind: "cut", afterEvents: 2, fate: "continues" },
    state: "succeeded",
    asked: 1,
  },
  {
    name: "a stream without its end",
    fault: { kind: "no-finish", fate: "continues" },
    state: "succeeded",
    asked: 1,
  },
  {
    name: "a run that Dify forgot",
    fault: { kind: "cut", afterEvents: 2, fate: "forgotten" },
    state: "failed",
    code: "dify-run-unknown",
    asked: 1,
  },
  {
    name: "a proxy's 504 while the run goes on",
    fault: { kind: "html", status: 504, runs: true },
    state: "succeeded",
    asked: 1,
  },
  { name: "garbage between the events", fault: { kind: "garbage" }, state: "succeeded", asked: 1 },
];

/** A failing model as a plugin of Dify reports it. */
const modelError = (status: number, message: string): string => {
  const description = `[models] Error: API request failed with status code ${status}: ${JSON.stringify({ error: { message } })}`;
  return `req_id: a9 PluginInvokeError: ${JSON.stringify({ args: { description }, error_type: "InvokeError", message: description })}`;
};
const BUSY = modelError(429, "Rate limit reached. Please try again in 20ms.");

const MODEL: readonly (Ending & { readonly errors: readonly string[] })[] = [
  { name: "a model that is busy twice", errors: [BUSY, BUSY], state: "succeeded", asked: 3 },
  {
    name: "a model that is busy more often than a run has attempts",
    errors: [BUSY, BUSY, BUSY, BUSY],
    state: "succeeded",
    asked: 5,
  },
  {
    name: "a key that the provider refuses",
    errors: [modelError(401, "Incorrect API key provided: sk-12345678")],
    state: "parked",
    code: "model-refused",
    reason: /401: Incorrect API key provided: \[masked/,
    asked: 2,
  },
];

const READ = { method: "GET", path: /\/merge_requests\/\d+$/ } satisfies FaultMatch;
const WRITE = { method: "POST", path: /\/notes$/ } satisfies FaultMatch;

const GITLAB: readonly (Ending & { readonly match: FaultMatch; readonly fault: FaultKind })[] = [
  {
    name: "429 with Retry-After",
    match: READ,
    fault: { kind: "status", status: 429, retryAfter: "1" },
    state: "succeeded",
  },
  { name: "429 without", match: READ, fault: { kind: "status", status: 429 }, state: "succeeded" },
  { name: "502 once", match: READ, fault: { kind: "html", status: 502 }, state: "succeeded" },
  { name: "a reset while reading", match: READ, fault: { kind: "reset" }, state: "succeeded" },
  { name: "an answer that breaks off", match: READ, fault: { kind: "truncate" }, state: "succeeded" },
  { name: "no answer while reading", match: READ, fault: { kind: "hang" }, state: "succeeded" },
  {
    name: "404 for good",
    match: READ,
    fault: { kind: "status", status: 404, body: { message: "404 Not found" } },
    state: "failed",
    code: "gitlab-not-found",
  },
  {
    name: "500 before the note is written",
    match: WRITE,
    fault: { kind: "status", status: 500, when: "before" },
    state: "succeeded",
  },
  {
    name: "500 after the note was written",
    match: WRITE,
    fault: { kind: "status", status: 500, when: "after" },
    state: "succeeded",
  },
  {
    name: "a reset after the note was written",
    match: WRITE,
    fault: { kind: "reset", when: "after" },
    state: "succeeded",
  },
  {
    name: "429 for the note",
    match: WRITE,
    fault: { kind: "status", status: 429, retryAfter: "1" },
    state: "succeeded",
  },
  {
    name: "403 for the note",
    match: WRITE,
    fault: { kind: "status", status: 403, body: { message: "403 Forbidden" } },
    state: "parked",
    code: "gitlab-forbidden",
    reason: /^gitlab\.(?:forbidden|scope-missing) /,
  },
];

const CONFIG = `
gitlab: { timeout: 1s }
worker: { attempts: 3, backoff: 50ms, max_backoff: 200ms }
flows:
  - { name: default, dify: { lookup_timeout: 100ms } }
`;

suite("every fault ends as docs/operations.md says", () => {
  let gitlab: GitLabStandIn;
  let dify: DifyStandIn;
  let team: Team;
  let reviewflow: Reviewflow;
  let topics = 0;
  const modelErrors: string[] = [];
  const folder = mkdtempSync(join(tmpdir(), "reviewflow-faults-"));

  before(async () => {
    gitlab = await startGitLabStandIn();
    dify = await startDifyStandIn({
      apps: [
        noteApp(async ({ inputs }) => {
          const error = modelErrors.shift();
          if (error !== undefined) throw new Error(error);
          return `Review of ${String(inputs["title"])}`;
        }),
      ],
    });
    team = await createTeam(gitlab);
    const file = join(folder, "reviewflow.yml");
    await writeFile(file, CONFIG);
    reviewflow = await startForTeam(team, dify, { REVIEWFLOW_CONFIG: file });
    await addHook(team, { url: `${reviewflow.url}/webhooks/gitlab`, token: SECRET });
  });
  after(async () => {
    await reviewflow[Symbol.asyncDispose]();
    await dify.close();
    await gitlab.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const check = async (ending: Ending): Promise<void> => {
    const askedBefore = dify.runs().length;
    topics += 1;
    const mergeRequest = await team.openMergeRequest(`topic${topics}`);
    const { store } = reviewflow;
    if (ending.state === "parked") {
      const [parked] = await eventually(ending.name, async () => {
        const outages = await store.outages.list();
        return outages[0]?.state === "parked" && outages[0].waiting > 0 ? outages : undefined;
      });
      assert.ok(parked !== undefined);
      checkReason(ending, parked.reason);
      assert.equal((await team.botNotes(mergeRequest)).length, 0);
      if (ending.isLast === true) return;
      await store.outages.resume(parked.peer);
    }
    const run = await eventually(ending.name, async () => {
      const runs = await store.listRuns({ limit: 5 });
      return runs.find(({ iid, finishedAtMs }) => iid === mergeRequest.iid && finishedAtMs !== null);
    });
    assert.equal(run.state, ending.state === "failed" ? "failed" : "succeeded", JSON.stringify(run.reason));
    assert.equal((await team.botNotes(mergeRequest)).length, ending.state === "failed" ? 0 : 1);
    if (ending.asked !== undefined) assert.equal(dify.runs().length - askedBefore, ending.asked);
    if (ending.state === "failed") checkReason(ending, run.reason);
  };

  const checkReason = (ending: Ending, reason: Reason | null): void => {
    const { code = "", params } = reason ?? { params: {} };
    if (ending.code !== undefined)
      assert.ok([code, "error" in params && params.error].includes(ending.code), code);
    assert.match(plainDetail(reason), ending.reason ?? /./);
  };

  for (const { fault, ...ending } of DIFY) {
    test(`Dify: ${ending.name} → ${ending.state}`, async () => {
      dify.fail(fault);
      try {
        await check(ending);
      } finally {
        dify.heal();
      }
    });
  }
  for (const { errors, ...ending } of MODEL) {
    test(`Dify: ${ending.name} → ${ending.state}`, async () => {
      modelErrors.push(...errors);
      await check(ending);
      assert.deepEqual(modelErrors, []);
    });
  }
  for (const { match, fault, ...ending } of GITLAB) {
    test(`GitLab: ${ending.name} → ${ending.state}`, async () => {
      const planned = gitlab.fail({ times: 1, ...match }, fault);
      await check(ending);
      assert.equal(planned.hits(), 1);
      planned.remove();
    });
  }

  test("GitLab: a token that expired → parked, naming the setting", async () => {
    gitlab.expireToken(team.token);
    const code = "gitlab-unauthorized";
    await check({
      name: "an expired token",
      state: "parked",
      isLast: true,
      code,
      reason: /GITLAB_TOKEN.*expired|expired.*GITLAB_TOKEN/s,
    });
  });
});
