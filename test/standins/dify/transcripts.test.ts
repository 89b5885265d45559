import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { z } from "zod";
import { startDifyStandIn, type DifyStandIn } from "../../../standins/dify/dify-stand-in.ts";
import { createFlowApp, type Model } from "../../../standins/dify/flow-program.ts";
import { modelFailure, type StandInApp } from "../../../standins/dify/stand-in-app.ts";
import { answerOf, readTranscripts, type Answer, type Transcript } from "../../dify/transcripts.ts";
import { firstDifference, forEachMutation, formOf } from "./answer-form.ts";
import { eventsOf, send, startGitLab, type Coming, type Request } from "./dify-world.ts";

const transcripts = readTranscripts();

const recorded = (name: string): Transcript => {
  const found = transcripts?.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no transcript ${name}`);
  // The classic file as it was recorded had one more variable for its last node, a model's name.
  const body = found.body.replaceAll(',"model":"gemini-2.5-flash"', "");
  return { ...found, ...answerOf(found.status, found.headers, body) };
};

const isField = (raw: unknown): boolean =>
  z.looseObject({ variable: z.string(), type: z.enum(["text-input", "paragraph", "number"]) }).safeParse(raw)
    .success;
const Parameters = z.object({
  user_input_form: z.array(z.record(z.string(), z.custom<StandInApp["form"][number]>(isField))),
});

/** The form of the recorded app: what a flow's own fields are called may change, what Dify does with them not. */
const recordedForm = (name: string): StandInApp["form"] =>
  Parameters.parse(JSON.parse(recorded(name).body)).user_input_form.flatMap((entry) => Object.values(entry));

const FENCE = ["```json\n", '{"overview": "Adds a.", ', '"findings": []}', "\n```"];

type World = {
  readonly standIn: DifyStandIn;
  readonly ask: (request: Request) => Promise<Coming>;
  /** The whole answer of a request. */
  readonly get: (request: Request) => Promise<Answer>;
  readonly gitlab: string;
  /** The model's next answers; FENCE without. */
  readonly answerWith: (model: Model) => void;
  /** A model that answers when `release` is called, and not before. */
  readonly hold: () => { readonly release: () => void };
};

const INPUTS = {
  review: { title: "t", diff: "d", nonce: "abcdefgh12345678" },
  verify: { diff: "d", findings: "[]", nonce: "abcdefgh12345678" },
  summary: { title: "t", files: "[]", findings: "[]", nonce: "abcdefgh12345678" },
} as const;

const run = (
  flow: keyof typeof INPUTS,
  mode: "streaming" | "blocking",
  more: Readonly<Record<string, unknown>> = {},
): Request => ({
  path: "/v1/workflows/run",
  key: `app-${flow}`,
  body: { inputs: INPUTS[flow], user: "rec-1", response_mode: mode, ...more },
});

const WORKFLOW = "c8cb87d5-61a8-4758-9077-69cb41d72272";
const UNKNOWN_ID = "d0a8716c-51bd-4e2e-bea2-09ee57ea4b0b";

/** A run whose model is at work. */
const begun = async (world: World) => {
  const { release } = world.hold();
  const stream = await world.ask(run("review", "streaming"));
  await stream.until((frames) => eventsOf(frames).length === 4);
  const [one] = world.standIn.runs();
  assert.ok(one !== undefined);
  const stop = (id: string, more: Partial<Request> = {}) =>
    world.get({ path: `/v1/workflows/tasks/${id}/stop`, body: { user: "rec-1" }, ...more });
  return { run: one, stream, release, stop };
};

const stopped = async (world: World) => {
  const { run: one, stream, stop } = await begun(world);
  const answer = await stop(one.taskId);
  return { run: one, answer, stream: await stream.ended() };
};

const classic = (gitlab: string, token = "glpat-right"): Request => ({
  path: "/v1/workflows/run",
  key: "app-classic",
  body: {
    inputs: {
      PrivateToken: token,
      prjid: "1",
      siteurl: gitlab,
      branch: "b",
      state: "opened",
      iid: "3",
      language: "English",
    },
    user: "rec-1",
    response_mode: "streaming",
  },
});

/** Fails so often, then answers. */
const failing = (times: number, status: number, error: { message: string; type: string }): Model => {
  let left = times;
  return () => {
    left -= 1;
    if (left >= 0) throw modelFailure(status, error);
    return FENCE;
  };
};

const simply =
  (request: Request) =>
  (world: World): Promise<Answer> =>
    world.get(request);

/** The first frames of an answer that stays open. */
const first =
  (request: Request, count: number) =>
  async (world: World): Promise<Answer> => {
    const coming = await world.ask(request);
    const answer = await coming.until((frames) => frames.length >= count);
    assert.equal(coming.hasEnded(), false);
    coming.leave();
    return answer;
  };

const limited = (mode: "streaming" | "blocking") => async (world: World) => {
  const { release } = world.hold();
  const running = world.get({ ...run("verify", "blocking"), key: "app-limited" });
  while (world.standIn.runs().length === 0) await new Promise(setImmediate);
  const answer = await world.get({ ...run("verify", mode), key: "app-limited" });
  release();
  await running;
  return answer;
};

const withInputs = (mode: "streaming" | "blocking", more: object): Request =>
  run("review", mode, { inputs: { ...INPUTS.review, ...more } });
const withoutDiff = (more: object): Request => ({
  ...run("review", "blocking"),
  body: { inputs: { title: "t", nonce: "n" }, user: "u", ...more },
});

/** What brings the stand-in into the situation of a recording. */
const SITUATIONS: Readonly<Record<string, (world: World) => Promise<Answer>>> = {
  "blocking-review-model-fails-for-good": async ({ answerWith, get }) => {
    answerWith(failing(9, 500, { message: "Scripted fault 500.", type: "server_error" }));
    return get(run("review", "blocking"));
  },
  "blocking-review-ok": simply(run("review", "blocking")),
  "blocking-verify-one-at-a-time": simply({ ...run("verify", "blocking"), key: "app-limited" }),
  "detail-after-stop-0": async (world) => {
    const { run: one } = await stopped(world);
    return world.get({ path: `/v1/workflows/run/${one.id}` });
  },
  "detail-other-app-key": async (world) => {
    const { run: one } = await stopped(world);
    return world.get({ path: `/v1/workflows/run/${one.id}`, key: "app-verify" });
  },
  "detail-running": async (world) => {
    const { run: one } = await begun(world);
    return world.get({ path: `/v1/workflows/run/${one.id}` });
  },
  "err-401-bad-key-run": simply({ ...run("review", "blocking"), key: "app-nobody" }),
  "err-401-bad-key": simply({ path: "/v1/parameters", key: "app-nobody" }),
  "err-401-no-header": simply({ path: "/v1/parameters", key: null }),
  "err-429-concurrency-blocking": limited("blocking"),
  "err-429-concurrency-stream": limited("streaming"),
  "err-api-disabled": simply({ path: "/v1/parameters", key: "app-disabled" }),
  "err-bad-json": simply({ path: "/v1/workflows/run", raw: "{" }),
  "err-bad-mode": simply(run("review", "blocking", { response_mode: "sideways" })),
  "err-blocking-no-model-credentials": simply({ ...run("review", "blocking"), key: "app-no-model" }),
  "err-empty-body": simply({ path: "/v1/workflows/run", raw: "" }),
  "err-empty-user": simply(run("review", "blocking", { user: "" })),
  "err-key-of-advancedchat": simply({ ...run("review", "blocking"), key: "app-advancedchat" }),
  "err-key-of-agentchat": simply({ ...run("review", "blocking"), key: "app-agentchat" }),
  "err-key-of-chat": simply({ ...run("review", "blocking"), key: "app-chat" }),
  "err-key-of-completion": simply({ ...run("review", "blocking"), key: "app-completion" }),
  "err-logs-limit": simply({ path: "/v1/workflows/logs?limit=500" }),
  "err-method": simply({ path: "/v1/workflows/run" }),
  "err-missing-required-blocking": simply(withoutDiff({ response_mode: "blocking" })),
  "err-missing-required-stream": first(withoutDiff({ response_mode: "streaming" }), 2),
  "err-no-inputs": simply({ path: "/v1/workflows/run", body: { user: "u", response_mode: "blocking" } }),
  "err-no-user": simply({ path: "/v1/workflows/run", body: { inputs: {}, response_mode: "blocking" } }),
  "err-number-field-text-blocking": simply(withInputs("blocking", { max_findings: "many" })),
  "err-number-for-text-blocking": simply(withInputs("blocking", { title: 5 })),
  "err-run-not-uuid": simply({ path: "/v1/workflows/run/nope" }),
  "err-run-unknown": simply({ path: `/v1/workflows/run/${UNKNOWN_ID}` }),
  "err-stop-no-user": simply({ path: `/v1/workflows/tasks/${UNKNOWN_ID}/stop`, body: {} }),
  "err-stream-no-model-credentials": first({ ...run("review", "streaming"), key: "app-no-model" }, 2),
  "err-too-long-paragraph-blocking": simply(withInputs("blocking", { diff: "d".repeat(400_001) })),
  "err-too-long-text-input-blocking": simply(withInputs("blocking", { title: "t".repeat(257) })),
  "err-too-long-text-input-stream": first(withInputs("streaming", { title: "t".repeat(257) }), 2),
  "err-unknown-path": simply({ path: "/v1/nothing" }),
  "err-unpublished-blocking": simply({ ...run("review", "blocking"), key: "app-unpublished" }),
  "err-unpublished-stream": simply({ ...run("review", "streaming"), key: "app-unpublished" }),
  "err-workflow-id-not-uuid": simply({ ...run("review", "blocking"), path: "/v1/workflows/nope/run" }),
  "err-workflow-id-unknown": simply({
    ...run("review", "blocking"),
    path: `/v1/workflows/${UNKNOWN_ID}/run`,
  }),
  "err-wrong-content-type": simply({
    path: "/v1/workflows/run",
    raw: "inputs=1",
    headers: { "content-type": "text/plain" },
  }),
  "events-finished": async (world) => {
    const { run: one } = await stopped(world);
    return world.get({ path: `/v1/workflow/${one.id}/events?user=rec-1` });
  },
  "events-no-user": simply({ path: `/v1/workflow/${UNKNOWN_ID}/events` }),
  "events-other-app-key": async (world) => {
    const { run: one } = await begun(world);
    return world.get({ path: `/v1/workflow/${one.id}/events?user=rec-1`, key: "app-verify" });
  },
  "events-rejoin-snapshot": async (world) => {
    const { run: one, stop } = await begun(world);
    const path = `/v1/workflow/${one.id}/events?user=rec-1&include_state_snapshot=true`;
    const joined = await world.ask({ path });
    await stop(one.taskId);
    return joined.ended();
  },
  "events-rejoin": async (world) => {
    const { run: one, stop } = await begun(world);
    const joined = await world.ask({ path: `/v1/workflow/${one.id}/events?user=rec-1` });
    await stop(one.taskId);
    return joined.ended();
  },
  "events-unknown": simply({ path: `/v1/workflow/${UNKNOWN_ID}/events?user=rec-1` }),
  "events-wrong-user": async (world) => {
    const { run: one } = await begun(world);
    return world.get({ path: `/v1/workflow/${one.id}/events?user=rec-2` });
  },
  "index-no-slash": simply({ path: "/v1", key: null }),
  index: simply({ path: "/v1/", key: null }),
  "info-review": simply({ path: "/v1/info" }),
  "info-workflow": simply({ path: "/v1/info" }),
  "logs-by-session": async (world) => {
    await world.get(run("review", "streaming"));
    await world.get(run("review", "blocking", { user: "rec-2" }));
    await world.get(run("review", "blocking"));
    return world.get({ path: "/v1/workflows/logs?created_by_end_user_session_id=rec-1" });
  },
  "logs-by-unknown-session": async (world) => {
    await world.get(run("review", "blocking"));
    return world.get({ path: "/v1/workflows/logs?created_by_end_user_session_id=rec-3" });
  },
  "logs-queued-not-begun": async (world) => {
    world.standIn.killWorkers();
    await world.ask(run("review", "streaming"));
    return world.get({ path: "/v1/workflows/logs?created_by_end_user_session_id=rec-1" });
  },
  "logs-queued": async (world) => {
    world.standIn.killWorkers();
    const stream = await world.ask(run("verify", "streaming"));
    world.standIn.startWorkers(1);
    await stream.ended();
    return world.get({ path: "/v1/workflows/logs?created_by_end_user_session_id=rec-1", key: "app-verify" });
  },
  "logs-running": async (world) => {
    await begun(world);
    return world.get({ path: "/v1/workflows/logs?created_by_end_user_session_id=rec-1" });
  },
  meta: simply({ path: "/v1/meta" }),
  "no-mode-missing-required": simply(withoutDiff({})),
  "parameters-classic": simply({ path: "/v1/parameters", key: "app-classic" }),
  "parameters-of-advancedchat": simply({ path: "/v1/parameters", key: "app-advancedchat" }),
  "parameters-of-agentchat": simply({ path: "/v1/parameters", key: "app-agentchat" }),
  "parameters-of-chat": simply({ path: "/v1/parameters", key: "app-chat" }),
  "parameters-of-completion": simply({ path: "/v1/parameters", key: "app-completion" }),
  "parameters-of-unpublished": simply({ path: "/v1/parameters", key: "app-unpublished" }),
  "parameters-review": simply({ path: "/v1/parameters" }),
  site: simply({ path: "/v1/site" }),
  "stop-after-end": async (world) => {
    const { run: one } = await stopped(world);
    return world.get({ path: `/v1/workflows/tasks/${one.taskId}/stop`, body: { user: "rec-1" } });
  },
  "stop-by-another-user": async (world) => {
    const { run: one, stream, stop } = await begun(world);
    const answer = await stop(one.taskId, { body: { user: "rec-2" }, key: "app-verify" });
    await stream.ended();
    assert.equal(one.status, "stopped");
    return answer;
  },
  "stop-ok": async (world) => (await stopped(world)).answer,
  "stop-unknown-task": simply({ path: `/v1/workflows/tasks/${UNKNOWN_ID}/stop`, body: { user: "u" } }),
  "stop-with-run-id-instead-of-task-id": async (world) => {
    const { run: one, stream, release, stop } = await begun(world);
    const answer = await stop(one.id);
    release();
    await stream.ended();
    assert.equal(one.status, "succeeded");
    return answer;
  },
  "stream-classic-gitlab-refuses": ({ get, gitlab }) => get(classic(gitlab, "glpat-wrong")),
  "stream-classic-ok": ({ get, gitlab }) => get(classic(gitlab)),
  "stream-queued-no-worker": async (world) => {
    world.standIn.killWorkers();
    const stream = await world.ask(run("verify", "streaming"));
    const waiting = await stream.until((frames) => frames.length === 1);
    assert.deepEqual(waiting.frames, [{ ping: true }]);
    world.standIn.startWorkers(1);
    return stream.ended();
  },
  "stream-queued-worker-stopped": async (world) => {
    world.standIn.killWorkers();
    return first(run("verify", "streaming"), 1)(world);
  },
  "stream-review-code-node-throws": ({ answerWith, get }) => {
    answerWith(() => []);
    return get(run("review", "streaming"));
  },
  "stream-review-model-fails-for-good": ({ answerWith, get }) => {
    answerWith(failing(9, 500, { message: "Scripted fault 500.", type: "server_error" }));
    return get(run("review", "streaming"));
  },
  "stream-review-ok-2": simply(run("review", "streaming")),
  "stream-review-ok": simply(run("review", "streaming")),
  "stream-review-one-retry-then-ok": ({ answerWith, get }) => {
    answerWith(failing(1, 429, { message: "Rate limit reached", type: "rate_limit_error" }));
    return get(run("review", "streaming"));
  },
  "stream-review-stopped": async (world) => (await stopped(world)).stream,
  "stream-summary-ok": simply(run("summary", "streaming")),
  "stream-verify-ok": simply(run("verify", "streaming")),
};

describe(
  "the Dify stand-in beside a real Dify",
  { skip: transcripts === null && "not beside this checkout" },
  () => {
    let apps: readonly StandInApp[];
    let model: Model = () => FENCE;
    before(async () => {
      const imported = async (name: string, more: Partial<StandInApp> = {}): Promise<StandInApp> => {
        const file = new URL(`../../../flows/${name}.yml`, import.meta.url);
        const app = await createFlowApp(file, { key: `app-${name}`, model: (call) => model(call) });
        // Younger than the recordings.
        return { ...app, form: app.form.filter(({ variable }) => variable !== "correction"), ...more };
      };
      const review = await imported("review", { form: recordedForm("parameters-review") });
      const verify = await imported("verify");
      const query = {
        label: "Query",
        variable: "query",
        required: true,
        default: "",
        type: "paragraph",
      } as const;
      const all: readonly StandInApp[] = [
        review,
        verify,
        await imported("summary"),
        await imported("classic"),
        { ...review, key: "app-disabled", apiDisabled: true },
        { ...review, key: "app-no-model", missingModel: "gemini-2.5-flash" },
        { ...review, key: "app-unpublished", unpublished: true },
        { ...verify, key: "app-limited", maxActiveRequests: 1 },
        { ...review, key: "app-advancedchat", mode: "advanced-chat", unpublished: true },
        { ...review, key: "app-agentchat", mode: "agent-chat", form: [] },
        { ...review, key: "app-chat", mode: "chat", form: [] },
        { ...review, key: "app-completion", mode: "completion", form: [query] },
      ];
      apps = all.map((app) => ({ ...app, workflowIds: [WORKFLOW] }));
    });

    const answerTo = async (situation: (world: World) => Promise<Answer>): Promise<Answer> => {
      model = () => FENCE;
      await using gitlab = await startGitLab({ token: "glpat-right" });
      await using standIn = await startDifyStandIn({ apps, scale: 0.001 });
      const ask: World["ask"] = (request) => send(standIn, request);
      return await situation({
        standIn,
        ask,
        get: async (request) => (await ask(request)).ended(),
        gitlab: gitlab.url,
        answerWith: (next) => {
          model = next;
        },
        hold: () => {
          const { promise, resolve } = Promise.withResolvers<void>();
          model = async ({ context }) => {
            const aborted = new Promise((_, reject) => {
              context.signal.addEventListener("abort", () => reject(new Error("aborted")));
            });
            await Promise.race([promise, aborted]);
            return FENCE;
          };
          return { release: resolve };
        },
      });
    };

    it("has a situation for every recording, and for nothing else", () => {
      assert.deepEqual(
        Object.keys(SITUATIONS).toSorted(),
        transcripts?.map(({ name }) => name),
      );
    });
    for (const [name, situation] of Object.entries(SITUATIONS)) {
      it(`answers as in ${name}; a field less, renamed or of another type is noticed`, async () => {
        const real = formOf(recorded(name));
        const ours = formOf(await answerTo(situation));
        assert.equal(firstDifference(real, ours), null);
        forEachMutation(ours, (what) =>
          assert.notEqual(firstDifference(real, ours), null, `not noticed: ${what}`),
        );
      });
    }
  },
);
