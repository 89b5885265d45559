import { saying } from "../messages/saying.ts";
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { Client } from "pg";
import { startDifyStandIn } from "../../standins/dify/dify-stand-in.ts";
import { startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import { NEWEST_SCHEMA } from "../../src/store/migrations.ts";
import { POSTGRES_MISSING, startPostgres } from "../store/postgres-server.ts";
import { noteApp } from "./review-apps.ts";
import { startServerProcess } from "./server-process.ts";
import { SECRET, teamEnvironment } from "./start.ts";
import { addHook, createTeam, eventually } from "./team.ts";

const postgres = await startPostgres();

const ADMIN_TOKEN = "an-admin-token-that-nobody-prints";

/** Asks for pages of a server as somebody who has signed in; null once it takes no more connections. */
const signIn = async (origin: string): Promise<(path: string) => Promise<number | null>> => {
  const page = await fetch(`${origin}/dashboard/sign-in`);
  const formToken = /name="form_token" value="([^"]+)"/.exec(await page.text())?.[1] ?? "";
  const cookies = (of: Response): readonly string[] =>
    of.headers.getSetCookie().map((line) => line.split(";")[0] ?? "");
  const signed = await fetch(`${origin}/dashboard/sign-in`, {
    method: "POST",
    redirect: "manual",
    headers: { cookie: cookies(page).join("; "), origin },
    body: new URLSearchParams({ form_token: formToken, token: ADMIN_TOKEN }),
  });
  const cookie = cookies(signed).join("; ");
  assert.equal((await fetch(`${origin}/dashboard`, { headers: { cookie } })).status, 200);
  return async (path) => {
    try {
      const response = await fetch(`${origin}${path}`, { headers: { cookie } });
      await response.arrayBuffer();
      return response.status;
    } catch {
      return null;
    }
  };
};

suite(
  "an instance that meets tables of a newer version",
  { skip: postgres === null && POSTGRES_MISSING },
  () => {
    after(() => postgres?.stop());

    test("hands its run back at once and ends, says why in one sentence, and the run goes on elsewhere", async (context) => {
      const url = (await postgres?.createDatabase()) ?? assert.fail("no server");
      await using gitlab = await startGitLabStandIn();
      const judged = Promise.withResolvers<string>();
      await using dify = await startDifyStandIn({ apps: [noteApp(() => judged.promise)] });
      const team = await createTeam(gitlab);
      const folder = await mkdtemp(join(tmpdir(), "reviewflow-newer-"));
      context.after(() => rm(folder, { recursive: true, force: true }));
      // However long a run may take at an orderly stop, tables of a newer version are not written to.
      const configFile = join(folder, "reviewflow.yml");
      await writeFile(
        configFile,
        "worker: { lease: 1s, stop_grace: 10m }\nflows: [{ name: note, contract: note, dify: { api_key: app-note } }]\n",
      );
      const environment = teamEnvironment(team, dify, folder, {
        DIFY_API_KEY: undefined,
        REVIEWFLOW_CONTRACT: undefined,
        REVIEWFLOW_CONFIG: configFile,
        REVIEWFLOW_ADMIN_TOKEN: ADMIN_TOKEN,
        DATABASE_URL: url,
      });
      const client = new Client({ connectionString: url });
      await client.connect();
      context.after(() => client.end());
      const setSchema = (version: number) =>
        client.query("UPDATE reviewflow.schema_version SET version = $1", [version]);

      const first = await startServerProcess(environment);
      context.after(() => first.kill());
      await addHook(team, { url: `${first.url}/webhooks/gitlab`, token: SECRET });
      const mergeRequest = await team.openMergeRequest("cart");
      await eventually("the run on Dify", async () => dify.runs().find(({ status }) => status === "running"));
      const page = await signIn(first.url);
      const statuses = new Set<number>();
      const look = async (): Promise<void> => {
        for (;;)
          for (const path of ["", "/runs", "/deliveries", "/findings", "/projects"]) {
            const status = await page(`/dashboard${path}`);
            if (status === null) return;
            statuses.add(status);
          }
      };
      const looking = look();
      // What a newer version may do while this one still works: see the rule in migrations.ts.
      await client.query(`
        ALTER TABLE reviewflow.runs ADD COLUMN newer_fact bigint;
        ALTER TABLE reviewflow.deliveries ADD COLUMN newer_word text NOT NULL DEFAULT '';
        CREATE TABLE reviewflow.newer_things (run_id text COLLATE "C" PRIMARY KEY
          REFERENCES reviewflow.runs (id) ON DELETE CASCADE);
        CREATE INDEX newer_runs ON reviewflow.runs (newer_fact)`);
      await setSchema(NEWEST_SCHEMA + 1);
      await eventually("the end of the instance", async () => !first.isAlive() || undefined);
      await looking;
      assert.deepEqual([...statuses], [200]);
      assert.equal(first.exitCode(), 1);
      assert.equal(
        first.output().match(new RegExp(saying("store.too-new").source, "gu"))?.length,
        2,
        "once in the log, once at the end",
      );
      const { rows } = await client.query("SELECT state, claim_id, attempts FROM reviewflow.runs");
      assert.deepEqual(rows, [{ state: "queued", claim_id: null, attempts: "0" }]);

      await setSchema(NEWEST_SCHEMA);
      const second = await startServerProcess(environment);
      context.after(() => second.kill());
      judged.resolve("Reviewed.");
      await eventually("the note", async () => (await team.botNotes(mergeRequest)).length === 1 || undefined);
      assert.equal(dify.runs().length, 1);
      assert.equal(await second.stop(), 0);
    });
  },
);
