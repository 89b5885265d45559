import type { MessageCode } from "../../src/messages/message.ts";
import { saying } from "../messages/saying.ts";
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { z } from "zod";
import type { NodeFailure } from "../../src/flow/ports.ts";
import type { ModelFault } from "../../standins/model/faults.ts";
import { startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { createTestClient, KEY, modelRequest, standInModel } from "./model-setup.ts";

const times = (count: number, fault: ModelFault): readonly ModelFault[] =>
  Array.from({ length: count }, () => fault);

test("retry-after is honoured in each of its forms, and never beyond the policy", async () => {
  await using standIn = await startModelStandIn({ script: () => "done" });
  const { client, pauses } = createTestClient([standInModel(standIn)]);
  standIn.fail(
    { kind: "status", status: 429, retryAfterMs: "30" },
    { kind: "status", status: 503, retryAfter: "0.05" },
  );
  assert.ok((await client.generate(modelRequest())).ok);
  assert.deepEqual(pauses(), [30, 50]);
  standIn.reset();
  standIn.fail({ kind: "status", status: 429, retryAfter: "3600" });
  const patient = await client.generate(modelRequest());
  assert.ok(!patient.ok && patient.errorType === "InvokeRateLimitError" && patient.retryable);
  assert.equal(standIn.chatCount(), 1);
});

const FAULTS: readonly (readonly [string, ModelFault, string, boolean, MessageCode])[] = [
  ["429", { kind: "status", status: 429 }, "InvokeRateLimitError", true, "model.rate-limited"],
  [
    "429 without quota",
    { kind: "status", status: 429, code: "insufficient_quota", message: "You exceeded your current quota" },
    "InvokeRateLimitError",
    false,
    "model.no-quota",
  ],
  ["500", { kind: "status", status: 500 }, "InvokeServerUnavailableError", true, "model.unavailable"],
  ["529", { kind: "status", status: 529 }, "InvokeServerUnavailableError", true, "model.unavailable"],
  ["401", { kind: "status", status: 401 }, "InvokeAuthorizationError", false, "model.unauthorized"],
  ["403", { kind: "status", status: 403 }, "InvokeAuthorizationError", false, "model.unauthorized"],
  ["400", { kind: "status", status: 400 }, "InvokeBadRequestError", false, "model.bad-request"],
  ["404", { kind: "status", status: 404 }, "InvokeBadRequestError", false, "model.not-found"],
  ["307", { kind: "status", status: 307 }, "InvokeBadRequestError", false, "model.redirected"],
  ["a hang", { kind: "hang" }, "InvokeConnectionError", true, "model.timed-out"],
  [
    "a hang before the first token",
    { kind: "hang-before-first-token" },
    "InvokeConnectionError",
    true,
    "model.timed-out",
  ],
  [
    "a hang after the first token",
    { kind: "hang-after-first-token" },
    "InvokeConnectionError",
    true,
    "model.timed-out",
  ],
  [
    "a broken stream",
    { kind: "broken-stream", afterPieces: 2 },
    "InvokeConnectionError",
    true,
    "model.unreachable",
  ],
  [
    "an end without finish reason",
    { kind: "no-finish" },
    "InvokeServerUnavailableError",
    true,
    "model.unfinished",
  ],
  [
    "a frame cut in two",
    { kind: "truncated-json" },
    "InvokeServerUnavailableError",
    true,
    "model.unreadable",
  ],
  ["a page of HTML", { kind: "garbage" }, "InvokeServerUnavailableError", true, "model.unfinished"],
  [
    "an error in the stream",
    { kind: "stream-error", message: "oops" },
    "InvokeServerUnavailableError",
    true,
    "model.stream-error",
  ],
];

for (const [name, fault, errorType, retryable, code] of FAULTS) {
  test(`${name}: ${errorType}, ${retryable ? "tried three times" : "tried once"}, then the fallback`, async () => {
    await using standIn = await startModelStandIn({
      script: () => "one two three four",
      models: ["stand-in"],
    });
    await using spare = await startModelStandIn({ script: () => "from the fallback" });
    const limit = name.startsWith("a hang") ? 250 : 60_000;
    const timeouts = { firstTokenMs: limit, idleMs: limit };
    const models = [standInModel(standIn, { timeouts }), standInModel(spare, { name: "spare" })];
    standIn.fail(...times(6, fault));
    const alone = createTestClient(models);
    const failed = await alone.client.generate(modelRequest());
    assert.ok(!failed.ok);
    assert.equal(failed.errorType, errorType);
    assert.equal(failed.retryable, retryable);
    assert.match(failed.message, saying(code));
    for (const named of ["main", "stand-in"]) assert.ok(failed.message.includes(named), named);
    assert.doesNotMatch(failed.message, /127\.0\.0\.1/);
    assert.equal(standIn.chatCount(), retryable ? 3 : 1);
    assert.deepEqual(
      alone.records.map(({ outcome }) => outcome),
      times(retryable ? 3 : 1, fault).map(() => errorType),
    );

    const pieces: string[] = [];
    const backed = createTestClient(models, { fallback: "spare" });
    const saved = await backed.client.generate(modelRequest({ onText: (piece) => void pieces.push(piece) }));
    assert.ok(saved.ok);
    assert.equal(saved.value.text, "from the fallback");
    assert.equal(backed.records.at(-1)?.isFallback, true);
    const shown = pieces.join("");
    assert.ok("one two three four".startsWith(shown) || shown === "from the fallback", shown);
  });
}

test("when the fallback fails too, both reasons are told", async () => {
  await using standIn = await startModelStandIn();
  const models = [standInModel(standIn), standInModel(standIn, { name: "spare" })];
  const { client } = createTestClient(models, { fallback: "spare" });
  standIn.fail({ kind: "status", status: 401 }, { kind: "status", status: 404 });
  const failed = await client.generate(modelRequest());
  assert.ok(!failed.ok);
  for (const code of ["model.fallback-failed", "model.unauthorized", "model.not-found"] as const)
    assert.match(failed.message, saying(code));
  assert.match(failed.message, /main.*spare/);
});

test("the key is in no message and no log, even when the server repeats it", async () => {
  await using standIn = await startModelStandIn();
  const { client, lines } = createTestClient([standInModel(standIn)]);
  const tellTale = { kind: "status", message: `bad: ${KEY} sk-te*****6d5e`, echoKey: true } as const;
  const failures: NodeFailure[] = [];
  for (const status of [401, 400, 500]) {
    standIn.fail(...times(3, { ...tellTale, status }));
    const failed = await client.generate(modelRequest());
    assert.ok(!failed.ok);
    failures.push(failed);
    standIn.reset();
  }
  assert.match(failures[0]?.message ?? "", saying("model.unauthorized"));
  assert.match(failures[0]?.message ?? "", /\[secret\]/);
  const all = JSON.stringify([failures, lines]);
  assert.ok(!all.includes(KEY));
  assert.ok(!all.includes("6d5e"));
});

test("the total limit ends a slow answer", async () => {
  await using standIn = await startModelStandIn({ script: () => "word ".repeat(200) });
  const { client } = createTestClient([standInModel(standIn, { timeouts: { totalMs: 100 } })]);
  standIn.fail(...times(3, { kind: "slow", msPerPiece: 20 }));
  const failed = await client.generate(modelRequest());
  assert.ok(!failed.ok);
  assert.match(failed.message, saying("model.timed-out"));
  assert.match(failed.message, /\b100 .*\.timeouts\.total\b/);
});

test("an aborted call rejects with the signal's reason, while streaming and while pausing", async () => {
  await using standIn = await startModelStandIn({ script: () => "one two three" });
  const { client } = createTestClient([standInModel(standIn)]);
  const reason = new Error("superseded");
  const streaming = new AbortController();
  standIn.fail({ kind: "hang-after-first-token" });
  await assert.rejects(
    client.generate(modelRequest({ signal: streaming.signal, onText: () => streaming.abort(reason) })),
    reason,
  );
  const pausing = new AbortController();
  standIn.fail({ kind: "status", status: 429, retryAfterMs: "900" });
  const pending = client.generate(modelRequest({ signal: pausing.signal }));
  setTimeout(() => pausing.abort(reason), 40);
  await assert.rejects(pending, reason);
  await assert.rejects(client.generate(modelRequest({ signal: pausing.signal })), reason);
});

test("a server that is not there is a connection error that names the address's key", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = z.object({ port: z.number() }).parse(server.address());
  await new Promise((resolve) => server.close(resolve));
  await using standIn = await startModelStandIn();
  const { client } = createTestClient([standInModel(standIn, { baseUrl: `http://127.0.0.1:${port}/v1` })]);
  const failed = await client.generate(modelRequest());
  assert.ok(!failed.ok);
  assert.equal(failed.errorType, "InvokeConnectionError");
  assert.match(failed.message, saying("model.unreachable"));
});
