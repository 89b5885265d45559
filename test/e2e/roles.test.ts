import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ConfigError } from "../../src/base/errors.ts";
import { startDifyStandIn } from "../../standins/dify/dify-stand-in.ts";
import { startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import { POSTGRES_MISSING, startPostgres } from "../store/postgres-server.ts";
import { noteApp } from "./review-apps.ts";
import { SECRET, startForTeam } from "./start.ts";
import { addHook, createTeam, eventually } from "./team.ts";

const statusOf = async (url: string, init: RequestInit = {}): Promise<number> => {
  const response = await fetch(url, { redirect: "manual", ...init });
  await response.arrayBuffer();
  return response.status;
};

const WEBHOOK = "/webhooks/gitlab";

suite("servers of different roles on one PostgreSQL", () => {
  test("what the one takes the other reviews, and each answers for its part only", async (context) => {
    const postgres = await startPostgres();
    if (postgres === null) return context.skip(POSTGRES_MISSING);
    try {
      await using gitlab = await startGitLabStandIn();
      await using dify = await startDifyStandIn({
        apps: [noteApp(async () => "Reviewed elsewhere.")],
      });
      const team = await createTeam(gitlab);
      const shared = { DATABASE_URL: postgres.url };
      await using web = await startForTeam(team, dify, { ...shared, REVIEWFLOW_ROLE: "web" });
      await addHook(team, { url: `${web.url}${WEBHOOK}`, token: SECRET });
      const mergeRequest = await team.openMergeRequest("rounding");
      await gitlab.settleHooks();
      const waiting = await web.store.queueStatus();
      assert.deepEqual([waiting.queued, waiting.active], [1, 0], "a web server leaves runs to workers");

      await using worker = await startForTeam(team, dify, { ...shared, REVIEWFLOW_ROLE: "worker" });
      const [note] = await eventually("the worker's note", async () => {
        const notes = await team.botNotes(mergeRequest);
        return notes.length > 0 ? notes : undefined;
      });
      assert.match(note ?? "", /Reviewed elsewhere\./);

      for (const { url } of [web, worker]) {
        for (const path of ["/healthz", "/readyz", "/metrics"])
          assert.equal(await statusOf(`${url}${path}`), 200, path);
      }
      assert.equal(await statusOf(`${web.url}/`), 302, "the dashboard");
      for (const path of ["/", "/dashboard", WEBHOOK])
        assert.equal(await statusOf(`${worker.url}${path}`), 404, path);
      assert.equal(await statusOf(`${worker.url}${WEBHOOK}`, { method: "POST", body: "{}" }), 404);
    } finally {
      await postgres.stop();
    }
  });

  test("a part of the work alone is refused where nobody could do the rest", async () => {
    await using gitlab = await startGitLabStandIn();
    await using dify = await startDifyStandIn({ apps: [noteApp(async () => "never")] });
    const team = await createTeam(gitlab);
    for (const role of ["web", "worker"]) {
      await assert.rejects(
        startForTeam(team, dify, { REVIEWFLOW_ROLE: role }),
        (error) => error instanceof ConfigError && /server\.role.*DATABASE_URL/.test(error.message),
      );
    }
    await assert.rejects(
      startForTeam(team, dify, { REVIEWFLOW_ROLE: "all" }),
      (error) => error instanceof ConfigError && /server\.role/.test(error.message),
    );
  });
});
