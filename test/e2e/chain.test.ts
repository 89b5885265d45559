import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { startDifyStandIn } from "../../standins/dify/dify-stand-in.ts";
import { startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import { answer, startTinyGitLab } from "../gitlab/tiny-gitlab.ts";
import { payload } from "../http/webhook-app.ts";
import { noteApp } from "./review-apps.ts";
import { SECRET, startForTeam } from "./start.ts";
import { addHook, createTeam, eventually } from "./team.ts";

const FINAL = new Set(["succeeded", "partial-succeeded", "failed", "cancelled", "superseded"]);

suite("the whole chain, from webhook to note", () => {
  test("an opened merge request gets its note, and the same event four times more gets nothing", async () => {
    await using gitlab = await startGitLabStandIn();
    await using dify = await startDifyStandIn({ apps: [noteApp()] });
    const team = await createTeam(gitlab);
    await using reviewflow = await startForTeam(team, dify);
    const hook = await addHook(team, { url: `${reviewflow.url}/webhooks/gitlab`, token: SECRET });
    const mergeRequest = await team.openMergeRequest("cart");
    const [note] = await eventually("the note", async () => {
      const notes = await team.botNotes(mergeRequest);
      return notes.length > 0 ? notes : undefined;
    });
    assert.match(note ?? "", /Review of "Add cart": 1 lines added\./);

    const api = `${gitlab.url}/api/v4/projects/${team.project.id}/hooks/${hook}/events`;
    const headers = { "private-token": team.ownerToken };
    const events: unknown = await (await fetch(api, { headers })).json();
    assert.ok(Array.isArray(events) && events.length === 1);
    for (let i = 0; i < 4; i += 1) {
      const resent = await fetch(`${api}/1/resend`, { method: "POST", headers });
      assert.ok(resent.ok, await resent.text());
    }
    await gitlab.settleHooks();
    assert.equal((await team.botNotes(mergeRequest)).length, 1);
    assert.equal(dify.runs().length, 1);
    const [delivery, ...others] = await reviewflow.store.listDeliveries({ limit: 10 });
    assert.equal(others.length, 0);
    assert.equal(delivery?.repeats, 4);
  });

  test("a push is not reviewed again by default, and updates the note in place when that is asked for", async () => {
    for (const policy of ["once", "every-push"]) {
      await using gitlab = await startGitLabStandIn();
      await using dify = await startDifyStandIn({ apps: [noteApp()] });
      const team = await createTeam(gitlab);
      await using reviewflow = await startForTeam(team, dify, { REVIEWFLOW_REVIEW: policy });
      await addHook(team, { url: `${reviewflow.url}/gitlab-webhook`, token: SECRET });
      const mergeRequest = await team.openMergeRequest("cart");
      await eventually(
        "the first review",
        async () => (await reviewflow.store.countRuns()).succeeded === 1 || undefined,
      );
      await team.push(mergeRequest, "one\ntwo\n");
      await gitlab.settleHooks();
      await eventually("the push to be decided", async () => {
        const deliveries = await reviewflow.store.listDeliveries({ limit: 10 });
        const runs = await reviewflow.store.listRuns({ limit: 10 });
        return (deliveries.length === 2 && runs.every(({ state }) => FINAL.has(state))) || undefined;
      });
      const notes = await team.botNotes(mergeRequest);
      assert.equal(notes.length, 1);
      assert.match(notes[0] ?? "", policy === "once" ? /: 1 lines added/ : /: 3 lines added/);
    }
  });

  test("closing a merge request stops its run, on Dify's side too", async () => {
    await using gitlab = await startGitLabStandIn();
    await using dify = await startDifyStandIn({
      apps: [noteApp((context) => context.sleep(60_000).then(() => "too late"))],
    });
    const team = await createTeam(gitlab);
    await using reviewflow = await startForTeam(team, dify);
    await addHook(team, { url: `${reviewflow.url}/webhooks/gitlab`, token: SECRET });
    const mergeRequest = await team.openMergeRequest("cart");
    await eventually("the run on Dify", async () => dify.runs().find(({ status }) => status === "running"));
    await gitlab.closeMergeRequest(mergeRequest, team.author);
    const run = await eventually("the cancelled run", async () => {
      const [first] = await reviewflow.store.listRuns({ limit: 1, state: "cancelled" });
      return first;
    });
    assert.equal(run.reason?.code, "merge-request-closed");
    assert.equal(dify.runs()[0]?.status, "stopped");
    assert.equal((await team.botNotes(mergeRequest)).length, 0);
  });

  test("a signed delivery is taken and an unsigned one refused", async () => {
    await using gitlab = await startGitLabStandIn();
    await using dify = await startDifyStandIn({ apps: [noteApp()] });
    const team = await createTeam(gitlab);
    const signing = `whsec_${Buffer.alloc(32, 5).toString("base64")}`;
    await using reviewflow = await startForTeam(team, dify, {
      WEBHOOK_SECRET: undefined,
      WEBHOOK_SIGNING_TOKEN: signing,
    });
    await addHook(team, { url: `${reviewflow.url}/webhooks/gitlab`, signing_token: signing });
    const mergeRequest = await team.openMergeRequest("cart");
    await eventually("the note", async () => (await team.botNotes(mergeRequest)).at(0));
    const unsigned = await fetch(`${reviewflow.url}/webhooks/gitlab`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
    });
    assert.equal(unsigned.status, 401);
  });

  test("with token pass-through the hook's token reviews, is kept encrypted and then forgotten", async () => {
    await using gitlab = await startGitLabStandIn();
    const entered = Promise.withResolvers<void>();
    const leave = Promise.withResolvers<void>();
    await using dify = await startDifyStandIn({
      apps: [
        noteApp(async () => {
          entered.resolve();
          await leave.promise;
          return "Done with the project's own token.";
        }),
      ],
    });
    const team = await createTeam(gitlab);
    await using reviewflow = await startForTeam(team, dify, {
      GITLAB_TOKEN: undefined,
      WEBHOOK_SECRET: undefined,
      REVIEWFLOW_TOKEN_PASS_THROUGH: "true",
    });
    await addHook(team, { url: `${reviewflow.url}/gitlab-webhook`, token: team.token });
    const mergeRequest = await team.openMergeRequest("cart");
    await entered.promise;
    for (const entry of await readdir(reviewflow.folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const bytes = await readFile(join(entry.parentPath, entry.name));
      assert.ok(!bytes.includes(team.token), `the token is readable in ${entry.name}`);
    }
    leave.resolve();
    await eventually("the note", async () => (await team.botNotes(mergeRequest)).at(0));
    const wrong = await fetch(`${reviewflow.url}/gitlab-webhook`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-gitlab-token": "glpat-someone-elses-token" },
      body: JSON.stringify({
        object_kind: "push",
        project: { id: team.project.id, path_with_namespace: "a/b", web_url: "https://g/a/b" },
      }),
    });
    assert.equal(wrong.status, 401);
  });
});

suite("a server that was just started again, under a flood of made-up tokens", () => {
  const REAL = "glpat-of-the-project-bot";

  test("takes the delivery of a token that it knew before, for its project only, while it counts", async () => {
    const waiting: (() => void)[] = [];

    let isSlow = true;
    let isRevoked = false;
    await using tiny = await startTinyGitLab((request, response) => {
      if (isSlow && String(request.headers["private-token"]).startsWith("made-up"))
        return void waiting.push(() => answer(response, 401, {}));
      if (isRevoked) return answer(response, 401, {});
      if (request.url === "/api/v4/user")
        return answer(response, 200, { id: 5, username: "project_7_bot_0123abcd", bot: true });
      return request.url === "/api/v4/projects/7"
        ? answer(response, 200, {
            id: 7,
            path_with_namespace: "group/project",
            web_url: "https://gitlab.example.com/group/project",
            visibility: "private",
          })
        : answer(response, 404, {});
    });
    await using gitlab = await startGitLabStandIn();
    await using dify = await startDifyStandIn({ apps: [noteApp()] });
    const team = await createTeam(gitlab);
    const folder = await mkdtemp(join(tmpdir(), "reviewflow-restart-"));
    const key = randomBytes(32).toString("base64");
    const start = () =>
      startForTeam(team, dify, {
        GITLAB_URL: tiny.url,
        GITLAB_TOKEN: undefined,
        WEBHOOK_SECRET: undefined,
        REVIEWFLOW_TOKEN_PASS_THROUGH: "true",
        REVIEWFLOW_DATA_DIR: folder,
        REVIEWFLOW_ENCRYPTION_KEY: key,
      });
    let deliveries = 0;
    const send = async (url: string, token: string, from: string, projectId = 7): Promise<number> => {
      const project = {
        id: projectId,
        path_with_namespace: "group/project",
        web_url: "https://gitlab.example.com/group/project",
      };
      const response = await fetch(`${url}/webhooks/gitlab`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          "x-gitlab-event": "Merge Request Hook",
          "x-gitlab-token": token,
          "idempotency-key": `flood-${(deliveries += 1)}`,
          // The connection is from this machine, whose proxies are believed.
          "x-forwarded-for": from,
        },
        body: JSON.stringify(payload({ project })),
      });
      await response.arrayBuffer();
      return response.status;
    };
    try {
      {
        await using first = await start();
        assert.equal(await send(first.url, REAL, "192.0.2.1"), 202);
      }
      await using again = await start();
      const flood = Array.from({ length: 250 }, (_, index) =>
        send(again.url, `made-up-${index}`, `198.51.100.${index}`),
      );
      await eventually("all places to be taken", async () => waiting.length === 16 || undefined);
      assert.equal(await send(again.url, "glpat-of-nobody", "192.0.2.1"), 503, "one that nobody knows");
      assert.ok([200, 202].includes(await send(again.url, REAL, "192.0.2.1")));
      assert.equal(await send(again.url, REAL, "192.0.2.1", 8), 401, "another project's id");
      isSlow = false;
      for (const go of waiting) go();
      await Promise.all(flood);
      isRevoked = true;
      await again[Symbol.asyncDispose]();
      await using last = await start();
      assert.equal(await send(last.url, REAL, "192.0.2.1"), 401, "it was revoked meanwhile");
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
