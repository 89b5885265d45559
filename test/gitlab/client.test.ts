import { plain } from "../messages/plain.ts";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import { Secret } from "../../src/base/secret.ts";
import { createGitLabClient } from "../../src/gitlab/client.ts";
import { TOKEN, User, failureOf, setUpClient } from "./client-setup.ts";
import { answer } from "./tiny-gitlab.ts";

const HTML = { "content-type": "text/html" };

describe("requests", () => {
  test("carry token, agent and escaped values, under a relative path too", async () => {
    await using gitlab = await setUpClient(
      (_, response) => answer(response, 200, { id: 1 }),
      { userAgent: "test/1" },
      "/sub/",
    );
    await gitlab.client.json(
      {
        route: "/projects/:id/repository/files/:path/raw",
        params: { id: 5, path: "a b/ü?.ts" },
        query: { ref: "x&y", full: true },
      },
      User,
    );
    const [request] = gitlab.server.seen;
    assert.equal(
      request?.url,
      "/sub/api/v4/projects/5/repository/files/a%20b%2F%C3%BC%3F.ts/raw?ref=x%26y&full=true",
    );
    assert.equal(request?.headers["private-token"], TOKEN);
    assert.equal(request?.headers["user-agent"], "test/1");
  });

  test("are reported by route, without values", async () => {
    await using gitlab = await setUpClient((_, response, number) =>
      number === 1 ? answer(response, 502, "") : answer(response, 200, { id: 1 }),
    );
    await gitlab.client.json({ route: "/projects/:id", params: { id: 77 } }, User);
    assert.deepEqual(
      gitlab.calls.map(({ route, status, code, attempt }) => [route, status, code, attempt]),
      [
        ["/projects/:id", 502, "gitlab-unavailable", 1],
        ["/projects/:id", 200, null, 2],
      ],
    );
  });

  test("cannot be made with an address or a token that no header takes", () => {
    const create = (url: string, token: string) => () =>
      createGitLabClient({ url, token: new Secret(token) });
    assert.throws(create("ftp://host", "token"), /GITLAB_URL/);
    assert.throws(create("https://user:pw@host", "token"), /GITLAB_URL/);
    assert.throws(create("https://host", "very-secret\ntoken"), (error) => {
      assert.match(inspect(error), /GITLAB_TOKEN/);
      assert.doesNotMatch(inspect(error), /very-secret/);
      return true;
    });
    assert.equal(create("https://host/gitlab/api/v4/", "token")().url, "https://host/gitlab");
  });
});

describe("failures name what to change", () => {
  const cases: readonly {
    readonly status: number;
    readonly body: unknown;
    readonly headers?: Readonly<Record<string, string>>;
    readonly code: string;
    readonly message: RegExp;
  }[] = [
    {
      status: 401,
      body: { message: "401 Unauthorized" },
      code: "gitlab-unauthorized",
      message: /^gitlab\.token\.refused token=GITLAB_TOKEN /,
    },
    {
      status: 401,
      body: {
        error: "invalid_token",
        error_description: "Token is expired. You can either do re-authorization.",
      },
      code: "gitlab-unauthorized",
      message: /^gitlab\.token\.expired token=GITLAB_TOKEN /,
    },
    {
      status: 403,
      body: {
        error: "insufficient_scope",
        error_description: "The request requires higher privileges",
        scope: "api",
      },
      code: "gitlab-forbidden",
      message: /^gitlab\.scope-missing token=GITLAB_TOKEN /,
    },
    {
      status: 403,
      body: { message: "403 Forbidden" },
      code: "gitlab-forbidden",
      message: /^gitlab\.forbidden /,
    },
    {
      status: 404,
      body: { message: "404 Not found" },
      code: "gitlab-not-found",
      message: /^gitlab\.not-found token=GITLAB_TOKEN /,
    },
    {
      status: 404,
      body: "<!DOCTYPE html>",
      headers: HTML,
      code: "gitlab-not-found",
      message: /^gitlab\.no-api url=/,
    },
    {
      status: 400,
      body: {
        message: '400 Bad request - Note {:line_code=>["can\'t be blank", "must be a valid line code"]}',
      },
      code: "gitlab-invalid-position",
      message: /^gitlab\.invalid-position .*reason=400 Bad request/,
    },
    {
      status: 422,
      body: { message: { note: ["too long"] } },
      code: "gitlab-invalid-request",
      message: /^gitlab\.invalid-request .*too long/,
    },
    {
      status: 302,
      body: "",
      headers: { location: "https://sso.example.com/login?state=private" },
      code: "gitlab-redirected",
      message: /^gitlab\.redirected .* target=https:\/\/sso\.example\.com$/,
    },
    {
      status: 200,
      body: "<html>Sign in</html>",
      headers: HTML,
      code: "gitlab-bad-response",
      message: /^gitlab\.web-page /,
    },
    {
      status: 200,
      body: { id: "x" },
      code: "gitlab-bad-response",
      message: /^gitlab\.unknown-shape .* place=id /,
    },
  ];
  for (const { status, body, headers, code, message } of cases) {
    test(`${status} ${code} ${message.source}`, async () => {
      await using gitlab = await setUpClient((_, response) => answer(response, status, body, headers));
      const error = await failureOf(gitlab.getUser());
      assert.deepEqual([error.code, error.status, error.retryable], [code, status, false]);
      assert.match(plain(error.what), message);
      assert.doesNotMatch(plain(error.what), /state=private/);
      assert.equal(gitlab.server.seen.length, 1);
    });
  }

  test("a token that an answer repeats is masked", async () => {
    await using gitlab = await setUpClient((_, response) =>
      answer(response, 422, { message: `bad ${TOKEN}` }),
    );
    assert.match((await failureOf(gitlab.getUser())).message, /bad \[secret\]/);
  });

  test("nobody listens", async () => {
    const gitlab = await setUpClient(() => undefined, { maxAttempts: 2 });
    await gitlab[Symbol.asyncDispose]();
    const error = await failureOf(gitlab.getUser());
    assert.deepEqual([error.code, error.status, error.retryable], ["gitlab-unreachable", null, true]);
    assert.match(plain(error.what), /^gitlab\.unreachable .*ECONNREFUSED/);
    assert.equal(gitlab.sleeps.length, 1);
  });

  test("an answer that is too long", async () => {
    await using gitlab = await setUpClient(
      (_, response) => answer(response, 200, { id: 1, x: "y".repeat(5_000) }),
      {
        maxResponseBytes: 1_000,
      },
    );
    assert.equal((await failureOf(gitlab.getUser())).code, "gitlab-response-too-large");
  });

  test("an abort is the caller's own reason", async () => {
    const abort = new AbortController();
    await using gitlab = await setUpClient(() => abort.abort(new Error("stopping")));
    await assert.rejects(gitlab.client.json({ route: "/user", signal: abort.signal }, User), /stopping/);
  });
});

describe("lists", () => {
  const page = (next: Readonly<Record<string, string>>) => ({
    headers: next,
    items: [{ id: 1 }],
  });

  test("are walked by X-Next-Page, also past short and empty pages", async () => {
    await using gitlab = await setUpClient((_, response, number) =>
      answer(response, 200, number === 2 ? [] : [{ id: number }], {
        "x-next-page": number < 4 ? String(number + 1) : "",
      }),
    );
    const list = await gitlab.client.pages({ route: "/x", query: { per_page: 30 } }, User);
    assert.deepEqual(list, [{ id: 1 }, { id: 3 }, { id: 4 }]);
    assert.equal(gitlab.server.seen[3]?.url, "/api/v4/x?per_page=30&page=4");
  });

  test("are walked by Link, of which only the query is followed", async () => {
    const link =
      '<https://evil.example/api/v4/other?cursor=abc&per_page=30>; rel="next", <https://x/?a=1>; rel="first"';
    await using gitlab = await setUpClient((_, response, number) => {
      const { headers, items } = page(number === 1 ? { link } : {});
      answer(response, 200, items, headers);
    });
    assert.equal((await gitlab.client.pages({ route: "/x" }, User)).length, 2);
    assert.equal(gitlab.server.seen[1]?.url, "/api/v4/x?cursor=abc&per_page=30");
  });
});
