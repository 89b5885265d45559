import { verbatim } from "../../src/messages/message.ts";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { createBreakers } from "../../src/base/circuit-breaker.ts";
import { DifyError, ReviewflowError } from "../../src/base/errors.ts";
import { createMemoryJournal } from "../../src/base/journal.ts";
import { behindPeers } from "../../src/dify/behind-peers.ts";
import { NO_USAGE } from "../../src/flow/flow-event.ts";
import type { FlowRequest, FlowRunner } from "../../src/review/flow-runner.ts";

const SERVER = { kind: "dify", name: "https://dify.example.com" } as const;
const APP = { kind: "flow", name: "flows.team" } as const;

const request: FlowRequest = {
  runId: "run",
  inputs: {},
  journal: createMemoryJournal(),
  signal: new AbortController().signal,
  onEvent: () => undefined,
};

const open = (run: FlowRunner["run"], ask: FlowRunner["describe"] = async () => []) => {
  const works: string[] = [];
  const runner = behindPeers(
    { describe: ask, run },
    { server: SERVER, app: APP },
    {
      clock: systemClock,
      onWorks: ({ kind }) => works.push(kind),
      breaker: createBreakers({ rules: null, clock: systemClock, probesFirst: () => true }).of("app"),
    },
  );
  return { runner, works };
};

describe("what a failure of Dify tells of the server and the app", () => {
  const cases = [
    ["dify-unauthorized", 401, false, APP, "refused"],
    ["dify-app-unavailable", 400, false, APP, "refused"],
    ["dify-http-404", 404, false, SERVER, "refused"],
    ["dify-untrusted", null, false, SERVER, "refused"],
    ["dify-too-many-requests", 400, true, APP, "away"],
    ["dify-model-overloaded", 400, true, APP, "away"],
    ["dify-provider-quota-exceeded", 400, false, APP, "away"],
    ["dify-unreachable", null, true, SERVER, "away"],
    ["dify-connection-lost", null, true, SERVER, "away"],
    ["dify-http-502", 502, true, SERVER, "away"],
    ["dify-http-408", 408, true, SERVER, "busy"],
  ] as const;
  for (const [code, status, retryable, peer, verdict] of cases) {
    it(`${code}: ${peer.kind} ${verdict}`, async () => {
      const { runner, works } = open(async () => {
        throw new DifyError(verbatim("no"), { code, status, retryable, retryAfterMs: 7 });
      });
      const error: unknown = await runner.run(request).catch((thrown: unknown) => thrown);
      assert.ok(error instanceof DifyError);
      assert.deepEqual([error.outside, error.code, error.retryAfterMs], [{ peer, verdict }, code, 7]);
      assert.deepEqual(works, []);
    });
  }
  it("nothing, where the request or the run is at fault", async () => {
    for (const code of ["dify-invalid-param", "dify-queue-timeout", "dify-run-unknown"]) {
      const { runner } = open(async () => {
        throw new DifyError(verbatim("no"), { code, status: null });
      });
      const error: unknown = await runner.run(request).catch((thrown: unknown) => thrown);
      assert.ok(error instanceof ReviewflowError && error.outside === undefined);
    }
  });
  it("a key that is refused is found out by one of those who ask for the inputs", async () => {
    let asked = 0;
    const { runner } = open(
      async () => assert.fail("no run"),
      async () => {
        asked += 1;
        throw new DifyError(verbatim("no"), { code: "dify-unauthorized", status: 401 });
      },
    );
    const ends = await Promise.allSettled(Array.from({ length: 5 }, () => runner.describe()));
    assert.equal(asked, 1);
    for (const end of ends)
      assert.ok(
        end.status === "rejected" &&
          end.reason instanceof DifyError &&
          end.reason.outside?.verdict === "refused" &&
          end.reason.outside.peer === APP,
      );
  });
  it("an answer says that the server works, and the app where its model did", async () => {
    const ended = { status: "succeeded", outputs: {}, error: null, usage: NO_USAGE } as const;
    const good = open(async () => ended);
    await good.runner.run(request);
    assert.deepEqual(good.works, ["dify", "flow"]);
    const transient = {
      outside: { peer: APP, verdict: "away" },
      pauseMs: null,
      mayHavePosted: false,
    } as const;
    const busy = open(async () => ({ ...ended, status: "failed", transient }));
    await busy.runner.run(request);
    assert.deepEqual(busy.works, ["dify"]);
  });
});
