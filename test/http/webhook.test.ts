import { verbatim } from "../../src/messages/message.ts";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { z } from "zod";
import { fc } from "../properties.ts";
import { reasonOf } from "../../src/base/reason.ts";
import { GitLabError, StoreError } from "../../src/base/errors.ts";
import { Secret } from "../../src/base/secret.ts";
import { NO_HISTORY } from "../../src/review/decide.ts";
import type { ProjectPaths } from "../../src/review/project-paths.ts";
import { isProjectUnproven } from "../../src/review/stored-event.ts";
import { startFlood } from "../logged-lines.ts";
import { payload, SECRET, setUp, tokensBy } from "./webhook-app.ts";

const Answer = z.object({ reason: z.object({ code: z.string() }) });

/** Deliveries need a secret that is for some projects only. */
const boundTo = (...projects: string[]) => ({
  secrets: [{ secret: new Secret(SECRET), projects }],
  signingTokens: [],
  tokenPassThrough: false,
});

suite("the webhook", () => {
  test("a merge request is stored with its run, at our address and the tutorial's", async () => {
    for (const path of ["/webhooks/gitlab", "/gitlab-webhook"]) {
      const { accepted, post } = setUp();
      const answer = await post(payload(), { "idempotency-key": "key-1" }, path);
      assert.equal(answer.status, 202);
      assert.match(answer.text, /"run":"r1"/);
      const [request] = accepted;
      assert.equal(request?.delivery.key, "idempotency-key:key-1");
      assert.equal(request?.delivery.iid, 1);
      assert.equal(request?.run?.flow, "default");
      assert.equal(request?.run?.token, null);
      assert.ok(!JSON.stringify(request).includes(SECRET), "the secret is not stored");
    }
  });

  test("bad authentication is 401, before anything is stored, and names the setting", async () => {
    const { accepted, post } = setUp();
    for (const token of ["wrong", ""]) {
      const answer = await post(payload(), { "x-gitlab-token": token });
      assert.equal(answer.status, 401);
      assert.match(answer.text, /webhook\.secrets/);
    }
    assert.equal(accepted.length, 0);
  });

  test("thirty lines a minute say that senders were refused, and one how many besides", async () => {
    const flood = startFlood();
    const { accepted, post } = setUp(flood);
    for (let at = 0; at < 200; at += 1) await post("{}", { "x-gitlab-token": `wrong-${at}` });
    await flood.endMinute();
    assert.equal(flood.lines.length, 31);
    assert.equal(flood.lines.at(-1)?.["leftOut"], 170);
    assert.equal(accepted.length, 0);
  });

  test("whoever has a token of GitLab fills the page Deliveries with thirty refusals a minute at most", async () => {
    const flood = startFlood();
    const { accepted, post } = setUp({
      ...flood,
      verify: { secrets: [], signingTokens: [], tokenPassThrough: true },
      tokens: tokensBy(async () => ({
        kind: "refused",
        code: "token-not-of-project",
        message: "",
        projectPath: "group/project",
      })),
    });
    for (let at = 0; at < 200; at += 1)
      assert.equal((await post(payload(), { "idempotency-key": `${at}` })).status, 401);
    assert.equal(accepted.length, 30);
    await post(payload(), {}, "/webhooks/gitlab", "192.0.2.77");
    assert.equal(accepted.length, 31, "another address is seen");
    await flood.endMinute();
    assert.deepEqual(
      flood.lines
        .filter(({ leftOut }) => leftOut !== undefined)
        .map(({ client, leftOut }) => [client, leftOut]),
      [["192.0.2.1", 170]],
    );
  });

  test("a secret for some projects is none for others, and the page shows the attempt without its body", async () => {
    const { accepted, post } = setUp({ verify: boundTo("other/**") });
    const answer = await post(payload());
    assert.equal(answer.status, 401);
    assert.match(answer.text, /secret-not-for-project/);
    const [kept] = accepted;
    assert.equal(accepted.length, 1);
    assert.deepEqual(
      [kept?.delivery.project, kept?.delivery.body.byteLength, kept?.run, kept?.decide(NO_HISTORY)],
      [
        null,
        0,
        null,
        { kind: "ignore", reason: reasonOf("secret-not-for-project", { project: "group/project", id: 7 }) },
      ],
    );
  });

  test("a secret for some projects speaks for an id only under the path that GitLab gives it", async () => {
    const asked: number[] = [];
    const pathOf = (path: string): ProjectPaths => ({
      of: async (id) => {
        asked.push(id);
        return { kind: "known", path };
      },
    });
    const verify = boundTo("group/project");
    const forged = setUp({ verify, projects: pathOf("team-b/payroll") });
    const refused = await forged.post(payload());
    assert.equal(refused.status, 401);
    assert.match(refused.text, /project-path-wrong/);
    assert.ok(!refused.text.includes("payroll"), "the sender does not learn of other projects");
    assert.deepEqual(
      forged.accepted.map(({ run, delivery, decide }) => [run, delivery.project, decide(NO_HISTORY)]),
      [
        [
          null,
          null,
          { kind: "ignore", reason: reasonOf("project-path-wrong", { project: "group/project", id: 7 }) },
        ],
      ],
    );
    const right = setUp({ verify, projects: pathOf("Group/Project") });
    assert.equal((await right.post(payload())).status, 202);
    assert.equal(isProjectUnproven(right.accepted[0]?.run?.event ?? {}), false);
    assert.deepEqual(asked, [7, 7]);
    const everywhere = setUp({ projects: pathOf("team-b/payroll") });
    assert.equal((await everywhere.post(payload())).status, 202, "a secret for every project needs no proof");
  });

  test("an id that GitLab cannot name now is accepted, to be checked at the claim, and ends nothing", async () => {
    const error = new GitLabError(verbatim("down"), {
      code: "gitlab-unavailable",
      status: null,
      retryable: true,
    });
    const projects: ProjectPaths = { of: async () => ({ kind: "unknown", error }) };
    const { accepted, post } = setUp({ verify: boundTo("group/project"), projects });
    assert.equal((await post(payload())).status, 202);
    const [queued] = accepted;
    assert.equal(isProjectUnproven(queued?.run?.event ?? {}), true);
    const unproven = {
      kind: "ignore",
      reason: reasonOf("project-unproven", { project: "group/project", id: 7 }),
    };
    const run = { runId: "r", headSha: "another" };
    assert.deepEqual(queued?.decide({ ...NO_HISTORY, queued: run }), unproven);
    await post(payload({}, { action: "close", state: "closed" }));
    assert.deepEqual(accepted[1]?.decide({ ...NO_HISTORY, active: run }), unproven);
  });

  test("what is unwanted is a success with its reason, and is kept", async () => {
    const cases: [unknown, string][] = [
      [{ object_kind: "push", project: payload()["project"] }, "event-not-reviewed"],
      [{ object_kind: "from-the-future" }, "event-not-reviewed"],
      [
        payload({ project: { id: 8, path_with_namespace: "elsewhere/x", web_url: "https://g/x" } }),
        "project-not-configured",
      ],
      [payload({}, { action: "update" }), "nothing-to-review"],
      [payload({}, { iid: "one" }), "payload-not-understood"],
    ];
    for (const [body, code] of cases) {
      const { accepted, post } = setUp();
      const answer = await post(body);
      assert.equal(answer.status, 200, answer.text);
      assert.deepEqual(Answer.parse(JSON.parse(answer.text)).reason.code, code);
      assert.equal(accepted.length, 1);
    }
  });

  test("what no GitLab sends has its own answer", async () => {
    const { post, app } = setUp();
    assert.equal(
      (await post(payload(), { "content-type": "application/x-www-form-urlencoded" })).status,
      415,
    );
    assert.equal((await post("{broken")).status, 400);
    assert.equal((await post("")).status, 400);
    assert.equal((await post("x", { "content-length": String(26 * 1024 * 1024) })).status, 413);
    assert.equal((await post("[".repeat(26 * 1024 * 1024))).status, 413);
    const get = await app.request("/webhooks/gitlab");
    assert.equal(get.status, 405);
    assert.equal(get.headers.get("allow"), "POST");
    assert.equal((await app.request("/webhooks")).status, 404);
  });

  test("a body of 25 MB is taken", async () => {
    const { accepted, post } = setUp();
    const body = JSON.stringify(payload({ filler: "x".repeat(25 * 1024 * 1024 - 2_000) }));
    assert.equal((await post(body)).status, 202);
    assert.equal(accepted[0]?.delivery.body.byteLength, body.length);
  });

  test("a store that fails is told to the sender, who alone can send again", async () => {
    const { post } = setUp({
      accept: async () => {
        throw new StoreError(verbatim("disk full"), { code: "store-unavailable", retryable: true });
      },
    });
    const answer = await post(payload());
    assert.equal(answer.status, 503);
    assert.equal(answer.headers.get("retry-after"), "5");
  });

  test("a passed-through token is proved for its project and travels with the run", async () => {
    const verify = { secrets: [], signingTokens: [], tokenPassThrough: true };
    const asked: [string, number][] = [];
    const token = { "x-gitlab-token": "glpat-project-token" };
    const proved = setUp({
      verify,
      tokens: tokensBy(async (secret, projectId) => {
        asked.push([secret.reveal(), projectId]);
        return { kind: "proved", projectPath: "group/project" };
      }),
    });
    assert.equal((await proved.post(payload(), token)).status, 202);
    assert.deepEqual(asked, [["glpat-project-token", 7]]);
    assert.equal(proved.accepted[0]?.run?.token?.reveal(), "glpat-project-token");

    const refused = setUp({ verify });
    assert.equal((await refused.post(payload(), token)).status, 401);
    assert.equal((await refused.post({ object_kind: "push" }, token)).status, 401);
    assert.equal(refused.accepted.length, 0);

    const member = setUp({
      verify,
      tokens: tokensBy(async () => ({
        kind: "refused",
        code: "token-not-of-project",
        message: "theirs",
        projectPath: "group/project",
      })),
    });
    const theirs = await member.post(payload(), token);
    assert.equal(theirs.status, 401);
    assert.match(theirs.text, /token-not-of-project/);
    // The page Deliveries shows it, without what was sent.
    const [shown] = member.accepted;
    assert.deepEqual(
      [member.accepted.length, shown?.delivery.body.byteLength, shown?.run, shown?.decide(NO_HISTORY)],
      [
        1,
        0,
        null,
        { kind: "ignore", reason: reasonOf("token-not-of-project", { project: "group/project", id: 7 }) },
      ],
    );

    const unavailable = setUp({
      verify,
      tokens: tokensBy(async () => ({ kind: "unavailable", message: "" })),
    });
    assert.equal((await unavailable.post(payload(), token)).status, 503);
  });

  test("a passed-through token speaks for the path that GitLab gives its project, not for another", async () => {
    const { accepted, post } = setUp({
      verify: { secrets: [], signingTokens: [], tokenPassThrough: true },
      tokens: tokensBy(async () => ({ kind: "proved", projectPath: "group/project" })),
    });
    const token = { "x-gitlab-token": "glpat-project-token" };
    const named = (path: string) =>
      payload({ project: { id: 7, path_with_namespace: path, web_url: "https://gitlab.example.com/x" } });
    const refused = await post(named("group/with-another-flow"), token);
    assert.equal(refused.status, 401);
    assert.match(refused.text, /project-path-wrong/);
    assert.deepEqual(
      accepted.map(({ run }) => run),
      [null],
    );
    assert.equal((await post(named("group/PROJECT"), token)).status, 202);
  });

  test("10,000 generated deliveries: no crash, no 5xx, no redirect", async () => {
    const { post } = setUp();
    const json = fc.jsonValue({ maxDepth: 3 });
    const fields = fc.dictionary(
      fc.constantFrom(
        "object_kind",
        "user",
        "project",
        "object_attributes",
        "changes",
        "labels",
        "reviewers",
        "merge_request",
        "event_type",
      ),
      json,
    );
    const attributes = fc.dictionary(
      fc.constantFrom(
        "iid",
        "action",
        "state",
        "title",
        "last_commit",
        "oldrev",
        "noteable_type",
        "note",
        "draft",
      ),
      json,
    );
    const body = fc.oneof(
      {
        weight: 4,
        arbitrary: fc
          .tuple(fields, attributes)
          .map(([some, others]) => JSON.stringify(payload(some, others))),
      },
      { weight: 2, arbitrary: json.map((value) => JSON.stringify(value)) },
      { weight: 1, arbitrary: fc.string({ unit: "binary" }) },
    );
    const headers = fc.dictionary(
      fc.constantFrom(
        "x-gitlab-event",
        "x-gitlab-token",
        "idempotency-key",
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
        "content-type",
      ),
      fc.oneof(
        fc.constantFrom(SECRET, "application/json", "v1,abc", "1790000000"),
        fc.stringMatching(/^[\x21-\x7e]{0,40}$/),
      ),
    );
    await fc.assert(
      fc.asyncProperty(body, headers, async (text, some) => {
        const { status } = await post(text, some);
        assert.ok(status === 200 || status === 202 || (status >= 400 && status < 500), `status ${status}`);
      }),
      { numRuns: 10_000 },
    );
  });
});
