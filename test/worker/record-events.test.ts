import { verbatim } from "../../src/messages/message.ts";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { StoreError } from "../../src/base/errors.ts";
import { createMemoryJournal } from "../../src/base/journal.ts";
import type { JsonObject } from "../../src/base/json.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { Secret } from "../../src/base/secret.ts";
import { createEmbeddedRunner } from "../../src/embedded/embedded-runner.ts";
import { NO_USAGE, type FlowEvent } from "../../src/flow/flow-event.ts";
import type { FlowPorts } from "../../src/flow/node.ts";
import { parseFlow } from "../../src/flow/parse/parse-flow.ts";
import type { FlowOutcome } from "../../src/review/flow-runner.ts";
import { MAX_RUN_EVENTS, type NewRunEvent } from "../../src/store/run-event.ts";
import { createEventRecorder, type FlowCall } from "../../src/worker/record-events.ts";
import { createPlace } from "./findings/place.ts";
import { createWorker, fakeFindingsFlow, fakeFlow, verdictsOn } from "./findings/world.ts";

const TOKEN = "glpat-verysecrettoken";

const CALL: FlowCall = { key: "flow", part: { role: "main", index: 0 }, files: [], digest: null };
const DONE: FlowOutcome = { status: "succeeded", outputs: {}, error: null, usage: NO_USAGE };

const started = (title: string, inputs: JsonObject = {}): FlowEvent => ({
  event: "node_started",
  node: { nodeId: "n", nodeType: "code", title, container: null },
  inputs,
});

type Record = (events: readonly NewRunEvent[]) => Promise<number>;

const recorderOver = (record: Record) =>
  createEventRecorder({ record, run: { ...RUN, attempts: 2 } }, silentLogger, systemClock);

const RUN = {
  id: "run",
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
  event: {},
  result: null,
  usage: NO_USAGE,
} as const;

/** Keeps batches; resolves `whenEnded` with all events once a call's end is among them. */
const createKeeper = () => {
  const batches: (readonly NewRunEvent[])[] = [];
  const ended = Promise.withResolvers<readonly NewRunEvent[]>();
  const record: Record = async (events) => {
    batches.push([...events]);
    const all = batches.flat();
    if (events.some(({ kind }) => kind === "call-finished")) ended.resolve(all);
    return all.length;
  };
  return { batches, record, whenEnded: ended.promise };
};

const refuse = async () => ({
  ok: false as const,
  errorType: "Refused",
  message: `no: ${TOKEN}`,
  retryable: false,
});

const PORTS: FlowPorts = {
  code: {
    run: async ({ inputs }) => ({ ok: true, value: { x: `seen ${JSON.stringify(inputs)}` } }),
  },
  template: { render: async ({ variables }) => ({ ok: true, value: `T ${JSON.stringify(variables)}` }) },
  http: { send: refuse },
  knowledge: { search: refuse },
  tools: { invoke: refuse, describe: refuse },
  documents: { read: refuse },
  model: { generate: refuse },
};

const FLOW = parseFlow(`
kind: app
app: { name: telling, mode: workflow }
workflow:
  environment_variables: [{ id: e, name: API, value_type: secret, value: "" }]
  graph:
    nodes:
      - { id: start, data: { type: start, title: start, variables: [{ variable: PrivateToken, type: text-input, required: true }] } }
      - { id: print, data: { type: template-transform, title: print, template: "{{ a }}", variables: [{ variable: a, value_selector: [start, PrivateToken] }, { variable: b, value_selector: [env, API] }] } }
      - { id: send, data: { type: http-request, title: send, method: get, url: "http://gitlab.example/", authorization: { type: no-auth }, headers: "PRIVATE-TOKEN: {{#start.PrivateToken#}}", params: "", body: { type: none }, error_strategy: fail-branch } }
      - { id: end, data: { type: end, title: end, outputs: [{ variable: said, value_selector: [print, output] }] } }
    edges: [{ source: start, target: print }, { source: print, target: send }, { source: send, sourceHandle: fail-branch, target: end }]
`);

describe("what is kept of a flow call", () => {
  test("tells each node's start and end with its outputs, and no secret", async () => {
    const keeper = createKeeper();
    const secret = "sk-environment-secret";
    const runner = createEmbeddedRunner({
      flow: FLOW,
      ports: PORTS,
      tools: () => PORTS.tools,
      secrets: new Map([["API", new Secret(secret)]]),
    });
    await recorderOver(keeper.record).during({ ...CALL, files: ["a.ts"] }, (onEvent) =>
      runner.run({
        runId: "run",
        inputs: { PrivateToken: TOKEN },
        journal: createMemoryJournal(),
        signal: new AbortController().signal,
        onEvent,
      }),
    );
    const events = await keeper.whenEnded;
    assert.deepEqual(
      events.map((event) => ("node" in event ? `${event.kind} ${event.node.nodeId}` : event.kind)),
      [
        "call-started",
        ...["start", "print", "send", "end"].flatMap((id) => [`node-started ${id}`, `node-finished ${id}`]),
        "call-finished",
      ],
    );
    const text = JSON.stringify(events);
    assert.ok(!text.includes(TOKEN) && !text.includes(secret), text);
    assert.match(text, /\[secret\]/);
    const print = events.find((event) => event.kind === "node-finished" && event.node.nodeId === "print");
    assert.ok(print?.kind === "node-finished" && /"output":"T /.test(JSON.stringify(print.outputs)));
    const [first] = events;
    assert.ok(first?.kind === "call-started");
    assert.deepEqual([first.files, first.fileCount, first.attempt], [["a.ts"], 1, 2]);
    assert.equal(new Set(events.map(({ callId }) => callId)).size, 1);
  });

  test("is written in batches, not event by event", async () => {
    const keeper = createKeeper();
    await recorderOver(keeper.record).during(CALL, async (onEvent) => {
      for (let index = 0; index < 150; index += 1) onEvent(started(`${index}`));
      return DONE;
    });
    assert.equal((await keeper.whenEnded).length, 152);
    assert.ok(keeper.batches.length <= 2);
  });

  test("comes while the flow still runs", async () => {
    const keeper = createKeeper();
    const first = Promise.withResolvers<undefined>();
    const record: Record = async (events) => {
      first.resolve(undefined);
      return keeper.record(events);
    };
    await recorderOver(record).during(CALL, async (onEvent) => {
      onEvent(started("early"));
      await first.promise;
      assert.equal(keeper.batches.flat().length, 2);
      return DONE;
    });
  });

  test("is bounded: long texts are cut, and of too many events the beginning and the end are kept", async () => {
    const keeper = createKeeper();
    await recorderOver(keeper.record).during(CALL, async (onEvent) => {
      onEvent(started("long", { text: "x".repeat(1_000_000) }));
      for (let index = 0; index < 2 * MAX_RUN_EVENTS; index += 1) {
        onEvent(started(`${index}`));
        if (index === 1_000) onEvent(started("later", { text: "x".repeat(1_000_000) }));
        if (index % 100 === 0) await systemClock.sleep(5);
      }
      return DONE;
    });
    const events = await keeper.whenEnded;
    assert.ok(events.length <= MAX_RUN_EVENTS);
    const long = events[1];
    assert.ok(long?.kind === "node-started" && JSON.stringify(long.inputs).length < 4_100);
    const later = events.find((event) => "node" in event && event.node.title === "later");
    assert.ok(later?.kind === "node-started" && JSON.stringify(later.inputs).length < 1_100);
    const last = events.at(-1);
    assert.ok(last?.kind === "call-finished" && last.omitted === 2 * MAX_RUN_EVENTS + 4 - events.length);
  });

  test("has room for the end of a call when the store does not answer", async () => {
    const answered = Promise.withResolvers<undefined>();
    const keeper = createKeeper();
    const recorder = recorderOver(async (events) => {
      await answered.promise;
      return keeper.record(events);
    });
    await recorder.during(CALL, async (onEvent) => {
      for (let index = 0; index < MAX_RUN_EVENTS; index += 1) onEvent(started(`${index}`));
      return DONE;
    });
    answered.resolve(undefined);
    assert.equal((await keeper.whenEnded).at(-1)?.kind, "call-finished");
  });

  test("neither holds up nor fails a review when the store does", async () => {
    const hanging = recorderOver(() => new Promise<number>(() => undefined));
    assert.equal(await hanging.during(CALL, async () => DONE), DONE);
    const broken = recorderOver(async () => {
      throw new StoreError(verbatim("gone"), { code: "store-unreachable", retryable: true });
    });
    assert.equal(await broken.during(CALL, async () => DONE), DONE);
  });

  test("is sent again when the store had failed", async () => {
    const keeper = createKeeper();
    let isDown = true;
    const recorder = recorderOver(async (events) => {
      if (isDown) throw new StoreError(verbatim("gone"), { code: "store-unreachable", retryable: true });
      return keeper.record(events);
    });
    await recorder.during({ ...CALL, key: "one" }, async () => DONE);
    await systemClock.sleep(0);
    isDown = false;
    await recorder.during({ ...CALL, key: "two" }, async () => DONE);
    assert.deepEqual(
      (await keeper.whenEnded).map(({ kind }) => kind),
      ["call-started", "call-finished", "call-started", "call-finished"],
    );
  });

  test("says that a call was interrupted, and the failure goes on to the caller", async () => {
    const keeper = createKeeper();
    const failure = new Error("connection lost");
    await assert.rejects(
      recorderOver(keeper.record).during(CALL, async () => {
        throw failure;
      }),
      failure,
    );
    const last = (await keeper.whenEnded).at(-1);
    assert.ok(last?.kind === "call-finished");
    assert.deepEqual([last.status, last.error], ["interrupted", verbatim("connection lost")]);
  });

  test("names the part of a review by findings and the files that it is shown", async () => {
    const place = createPlace({ "a.ts": ["", "BUG here\n"], "b.ts": ["", "fine\n"] });
    const confirm = fakeFlow(["diff", "findings"], (request) => verdictsOn(request, { f1: "confirmed" }));
    const summary = fakeFlow(["files"], () => ({ outputs: { summary: "All said." } }));
    const pass = fakeFlow(["diff"], () => ({ outputs: { findings: "[]" } }));
    const { flow } = fakeFindingsFlow({ verify: confirm, summary, passes: [pass] });
    const worker = createWorker(place);
    const settlement = await worker.review(flow);
    assert.equal(settlement.state, "succeeded", JSON.stringify(settlement));
    const calls = worker.recorded.flatMap((event) => (event.kind === "call-started" ? [event] : []));
    assert.deepEqual(
      calls.map(({ part, files }) => [part.role, files]),
      [
        ["main", ["a.ts", "b.ts"]],
        ["pass", ["a.ts", "b.ts"]],
        ["verify", ["a.ts", "b.ts"]],
        ["summary", []],
      ],
    );
    const ends = worker.recorded.flatMap((event) => (event.kind === "call-finished" ? [event] : []));
    assert.deepEqual(
      ends.map(({ usage }) => usage?.totalTokens),
      [100, 100, 100, 100],
    );
  });
});
