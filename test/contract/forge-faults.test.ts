import { plain } from "../messages/plain.ts";
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { GitLabError } from "../../src/base/errors.ts";
import { Secret } from "../../src/base/secret.ts";
import { createGitLabClient } from "../../src/gitlab/client.ts";
import { createForge } from "../../src/gitlab/forge.ts";
import type { MergeRequestRef } from "../../src/review/forge.ts";
import type { FaultKind } from "../../standins/gitlab/faults.ts";
import { type GitLabStandIn, startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import type { MergeRequest, Project } from "../../standins/gitlab/state.ts";
import { createFastClock } from "../gitlab/tiny-gitlab.ts";

const DRAFT = { marker: "<!-- faults -->", body: "Found it. <!-- faults -->" };

let standIn: GitLabStandIn;
let project: Project;
let mergeRequest: MergeRequest;
let ref: MergeRequestRef;

before(async () => {
  standIn = await startGitLabStandIn();
  const owner = standIn.createUser({ username: "ada" });
  project = await standIn.createProject({ path: "group/project", owner, files: { "a.txt": "a\n" } });
  await standIn.push(project, {
    branch: "feature",
    user: owner,
    actions: [{ action: "write", path: "a.txt", content: "b\n" }],
  });
  mergeRequest = await standIn.openMergeRequest(project, { author: owner, sourceBranch: "feature" });
  ref = { projectId: project.id, iid: mergeRequest.iid };
});

after(() => standIn.close());

/** A forge with a token of its own, and the waits that it would have made. */
const setUp = (input: { readonly scopes?: readonly "read_api"[]; readonly timeoutMs?: number } = {}) => {
  const { token } = standIn.createProjectToken(project, input);
  const { clock, sleeps } = createFastClock(Date.now());
  const client = createGitLabClient({
    url: standIn.url,
    token: new Secret(token),
    clock,
    random: () => 0,
    timeoutMs: input.timeoutMs ?? 30_000,
    maxAttempts: 3,
  });
  return { forge: createForge(client, { clock }), token, sleeps };
};

const failureOf = async (promise: Promise<unknown>, token: string): Promise<GitLabError> => {
  const error = await promise.then(
    () => assert.fail("should have failed"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof GitLabError, String(error));
  assert.ok(!error.message.includes(token));
  return error;
};

/** A hang is waited for; everything else has all the time that a busy machine may need. */
const patienceWith = (fault: FaultKind) => (fault.kind === "hang" ? { timeoutMs: 1_000 } : {});

const FAULTS: readonly (readonly [string, FaultKind, string])[] = [
  ["429 with Retry-After", { kind: "status", status: 429, retryAfter: "2" }, "gitlab-rate-limited"],
  ["500", { kind: "status", status: 500 }, "gitlab-unavailable"],
  ["a proxy's page", { kind: "html", status: 502 }, "gitlab-unavailable"],
  ["a hang", { kind: "hang" }, "gitlab-timeout"],
  ["a reset", { kind: "reset" }, "gitlab-unreachable"],
  ["an answer cut short", { kind: "truncate" }, "gitlab-unreachable"],
];

describe("a read", () => {
  for (const [name, fault, code] of FAULTS) {
    it(`survives ${name} once, and ends in ${code} when it stays`, async () => {
      const path = new RegExp(`/merge_requests/${ref.iid}$`);
      const { forge, token } = setUp(patienceWith(fault));
      standIn.fail({ path }, fault);
      assert.equal((await forge.fetchMergeRequest(ref)).projectPath, "group/project");
      const lasting = standIn.fail({ path, times: Infinity }, fault);
      const error = await failureOf(forge.fetchMergeRequest(ref), token);
      lasting.remove();
      assert.deepEqual([error.code, error.retryable, lasting.hits()], [code, true, 3]);
    });
  }

  it("waits as long as Retry-After says, and hands a long wait back", async () => {
    const { forge, token, sleeps } = setUp();
    const path = /\/user$/;
    standIn.fail({ path }, { kind: "status", status: 429, retryAfter: "2" });
    await forge.currentUser();
    assert.deepEqual(sleeps, [2_000]);
    const other = setUp();
    standIn.fail({ path }, { kind: "status", status: 503, retryAfter: "900" });
    const error = await failureOf(other.forge.currentUser(), token);
    assert.deepEqual([error.code, error.retryAfterMs], ["gitlab-unavailable", 900_000]);
  });
});

describe("a 429 that names no wait", () => {
  it("is the limiter's minute: a read is handed back with it, a note waits for it", async () => {
    const { forge, token, sleeps } = setUp();
    const limit = standIn.fail({ path: /\/versions$/ }, { kind: "status", status: 429 });
    const read = async () => forge.fetchDiff(await forge.fetchMergeRequest(ref));
    const error = await failureOf(read(), token);
    assert.deepEqual(
      [error.code, error.retryable, error.retryAfterMs, limit.hits()],
      ["gitlab-rate-limited", true, 60_000, 1],
    );
    await read();
    standIn.fail({ method: "POST", path: /\/notes$/ }, { kind: "status", status: 429 });
    await forge.upsertNote(ref, DRAFT);
    assert.deepEqual(sleeps, [60_000]);
  });
});

describe("a note", () => {
  for (const [name, fault, code] of FAULTS) {
    it(`is put once past ${name}, or ends in ${code} when it stays`, async () => {
      const { forge, token } = setUp(patienceWith(fault));
      const match = { method: "POST", path: /\/notes$/ };
      const lasting = standIn.fail({ ...match, times: Infinity }, fault);
      const outcome = await forge.upsertNote(ref, DRAFT).catch((error: unknown) => error);
      lasting.remove();
      // A cut answer comes after the write, so that the note is found; the others come before it.
      if (fault.kind !== "truncate") {
        const error = await failureOf(Promise.reject(outcome), token);
        assert.deepEqual([error.code, error.retryable], [code, true]);
      }
      const once = standIn.fail(match, fault);
      const receipt = await forge.upsertNote(ref, DRAFT);
      once.remove();
      const us = await forge.currentUser();
      const { notes } = await standIn.viewMergeRequest(mergeRequest);
      assert.deepEqual(
        notes.filter(({ author }) => author.id === us.id).map(({ id }) => id),
        [receipt.noteId],
      );
    });
  }

  it("is refused with what to change: an expired, a revoked and a narrow token", async () => {
    const expired = setUp();
    standIn.expireToken(expired.token);
    const first = await failureOf(expired.forge.upsertNote(ref, DRAFT), expired.token);
    assert.deepEqual([first.code, first.retryable], ["gitlab-unauthorized", false]);
    assert.match(plain(first.what), /^gitlab\.token\.expired token=GITLAB_TOKEN /);

    const revoked = setUp();
    standIn.fail({ method: "POST", path: /\/notes$/ }, { kind: "revoke-token" });
    const second = await failureOf(revoked.forge.upsertNote(ref, DRAFT), revoked.token);
    assert.match(plain(second.what), /^gitlab\.token\.revoked token=GITLAB_TOKEN /);

    const narrow = setUp({ scopes: ["read_api"] });
    const third = await failureOf(narrow.forge.upsertNote(ref, DRAFT), narrow.token);
    assert.deepEqual([third.code, third.retryable], ["gitlab-forbidden", false]);
    assert.equal(third.what.code, "gitlab.scope-missing");
  });
});

describe("the stand-in", () => {
  it("had no failure of its own", () => assert.deepEqual(standIn.failures, []));
});
