import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { failureOf, setUpClient } from "./client-setup.ts";
import { type Handler, answer } from "./tiny-gitlab.ts";

const HTML = { "content-type": "text/html" };

describe("reads are repeated", () => {
  test("after Retry-After in seconds, as a date, and after RateLimit-Reset", async () => {
    const hints = [
      { headers: { "retry-after": "7" }, waitMs: 7_000 },
      { headers: { "retry-after": new Date(1_790_000_003_000).toUTCString() }, waitMs: 3_000 },
      { headers: { "ratelimit-reset": "1790000005" }, waitMs: 5_000 },
      // Older versions name no wait; it is the limiter's minute.
      { headers: {}, waitMs: 60_000 },
    ];
    for (const { headers, waitMs } of hints) {
      await using gitlab = await setUpClient(
        (_, response, number) =>
          number === 1
            ? answer(response, 429, "Retry later\n", { "content-type": "text/plain", ...headers })
            : answer(response, 200, { id: 1 }),
        { maxWaitMs: 60_000 },
      );
      assert.deepEqual(await gitlab.getUser(), { id: 1 });
      assert.deepEqual(gitlab.sleeps, [waitMs]);
    }
  });

  test("after 5xx, a reset, a hang and JSON that was cut short", async () => {
    const faults: readonly Handler[] = [
      (_, response) => answer(response, 500, { message: "500 Internal Server Error" }),
      (_, response) => answer(response, 503, "<html>Deploy in progress</html>", HTML),
      (_, response) => response.destroy(),
      () => undefined,
      (_, response) => answer(response, 200, '{"id":'),
      (_, response) => {
        response.writeHead(200, { "content-length": "100" });
        response.write('{"id":');
        setImmediate(() => response.destroy());
      },
    ];
    for (const fault of faults) {
      await using gitlab = await setUpClient(
        (request, response, number) =>
          number === 1 ? fault(request, response, number) : answer(response, 200, { id: 1 }),
        { timeoutMs: 1_500 },
      );
      assert.deepEqual(await gitlab.getUser(), { id: 1 });
      assert.equal(gitlab.server.seen.length, 2);
    }
  });

  test("with growing waits, and not for ever", async () => {
    await using gitlab = await setUpClient((_, response) => answer(response, 502, "bad gateway"));
    const error = await failureOf(gitlab.getUser());
    assert.deepEqual([error.code, error.retryable, error.status], ["gitlab-unavailable", true, 502]);
    assert.deepEqual(gitlab.sleeps, [500, 1_000, 2_000]);
  });

  test("but a wait that is too long is left to the caller", async () => {
    await using gitlab = await setUpClient((_, response) =>
      answer(response, 429, {}, { "retry-after": "600" }),
    );
    const error = await failureOf(gitlab.getUser());
    assert.deepEqual(
      [error.code, error.retryable, error.retryAfterMs],
      ["gitlab-rate-limited", true, 600_000],
    );
    assert.equal(gitlab.server.seen.length, 1);
  });
});

describe("writes", () => {
  test("are repeated after 429 only", async () => {
    await using gitlab = await setUpClient((_, response, number) =>
      number === 1 ? answer(response, 429, {}, { "retry-after": "2" }) : answer(response, 201, { id: 1 }),
    );
    await gitlab.postNote();
    assert.deepEqual(
      gitlab.server.seen.map(({ method, body }) => [method, body]),
      [
        ["POST", '{"body":"hello"}'],
        ["POST", '{"body":"hello"}'],
      ],
    );
  });

  test("are made once when GitLab fails, hangs or breaks off", async () => {
    const faults: readonly [string, Handler][] = [
      ["gitlab-unavailable", (_, response) => answer(response, 503, "", { "retry-after": "1" })],
      ["gitlab-unreachable", (_, response) => response.destroy()],
      ["gitlab-timeout", () => undefined],
      ["gitlab-bad-response", (_, response) => answer(response, 201, '{"id"')],
    ];
    for (const [code, fault] of faults) {
      await using gitlab = await setUpClient(fault, { timeoutMs: 1_500 });
      const error = await failureOf(gitlab.postNote());
      assert.deepEqual([error.code, error.retryable], [code, true]);
      assert.equal(gitlab.server.seen.length, 1);
    }
  });
});
