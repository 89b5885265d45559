import { plainDetail } from "../messages/plain.ts";
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { type Logger, silentLogger } from "../../src/base/logger.ts";
import { readConfig } from "../../src/cli/read-config.ts";
import { type Reviewflow, startReviewflow } from "../../src/main.ts";
import { type DifyStandIn, startDifyStandIn } from "../../standins/dify/dify-stand-in.ts";
import { startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import type { MergeRequest } from "../../standins/gitlab/state.ts";
import { noteApp } from "../e2e/review-apps.ts";
import { teamEnvironment } from "../e2e/start.ts";
import { addHook, createTeam, eventually, type Team } from "../e2e/team.ts";
import { type Ended, runCommand } from "./run-command.ts";
import { english as t, saying } from "../messages/saying.ts";

const newKey = (): string => randomBytes(32).toString("base64");

const ADMIN_TOKEN = "an-admin-token-that-nobody-prints";
const OLD_KEY = newKey();

/** Tokens of runs are stored as long as the runs wait: the second review is held until it is let go. */
/** The lines about keys, without the ids. */
const keysIn = (printed: string): readonly string[] =>
  printed
    .trimEnd()
    .split("\n")
    .map((line) => line.replace(/^[0-9a-f]{16}/, "ID"));

suite("backups and keys, by the command line", () => {
  const opened = new AsyncDisposableStack();
  const entered = Promise.withResolvers<void>();
  const leave = Promise.withResolvers<void>();
  const printed: string[] = [];
  const secrets: string[] = [];
  let root = "";
  let team: Team;
  let dify: DifyStandIn;
  let first: Reviewflow;
  let held: MergeRequest;

  const environmentOf = (folder: string, keys: string) =>
    teamEnvironment(team, dify, folder, {
      GITLAB_TOKEN: undefined,
      WEBHOOK_SECRET: undefined,
      REVIEWFLOW_TOKEN_PASS_THROUGH: "true",
      REVIEWFLOW_ADMIN_TOKEN: ADMIN_TOKEN,
      REVIEWFLOW_ENCRYPTION_KEY: keys,
    });
  /** A server that hands a held run back at once when it stops. */
  const start = async (folder: string, keys: string, logger: Logger = silentLogger): Promise<Reviewflow> => {
    const { worker, ...config } = readConfig(environmentOf(folder, keys), null);
    return startReviewflow({ ...config, worker: { ...worker, stopGraceMs: 0 } }, { logger });
  };
  const run = async (parameters: readonly string[], environment = {}): Promise<Ended> => {
    const ended = await runCommand(parameters, environment);
    printed.push(ended.stdout, ended.stderr);
    return ended;
  };
  const file = (): string => join(root, "reviewflow.sqlite");
  const restored = (): string => join(root, "restored");

  before(async () => {
    root = await mkdtemp(join(tmpdir(), "reviewflow-upkeep-"));
    opened.defer(() => rm(root, { recursive: true, force: true }));
    const gitlab = opened.use(await startGitLabStandIn());
    dify = opened.use(
      await startDifyStandIn({
        apps: [
          noteApp(async ({ inputs }) => {
            if (inputs["title"] === "Add held") {
              entered.resolve();
              await leave.promise;
            }
            return `Read ${String(inputs["title"])}.`;
          }),
        ],
      }),
    );
    team = await createTeam(gitlab);
    first = opened.use(await start(join(root, "first"), OLD_KEY));
    await addHook(team, { url: `${first.url}/webhooks/gitlab`, token: team.token });
    const mergeRequest = await team.openMergeRequest("cart");
    await eventually("the first note", async () => (await team.botNotes(mergeRequest)).at(0));
    await eventually(
      "the first run's end",
      async () => (await first.store.countRuns()).succeeded === 1 || undefined,
    );
    held = await team.openMergeRequest("held");
    await entered.promise;
  });
  after(async () => {
    leave.resolve();
    await opened.disposeAsync();
  });

  test("a backup comes from the running server, for its admin token only, and holds no token and no key", async () => {
    const { url } = first;
    const environment = environmentOf(join(root, "first"), OLD_KEY);
    const wrong = { ...environment, REVIEWFLOW_ADMIN_TOKEN: "another-token-of-enough-length" };
    const refused = await run(["backup", file(), "--server", url], wrong);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, saying("cli.backup.refused"));
    assert.match(refused.stderr, /\b401\b/);
    assert.equal(existsSync(file()) || existsSync(`${file()}.part`), false);

    const made = await run(["backup", file(), "--server", url], environment);
    assert.equal(made.code, 0, made.stderr);
    const { size, mode } = await stat(file());
    assert.match(made.stdout, saying("cli.backup.done"));
    assert.ok(made.stdout.includes(String(size)));
    assert.equal(mode & 0o077, 0, "others on this machine cannot read it");
    const bytes = await readFile(file());
    for (const secret of [team.token, OLD_KEY, Buffer.from(OLD_KEY, "base64"), ADMIN_TOKEN])
      assert.ok(!bytes.includes(secret), "a secret lies open in the backup");
  });

  test("it is restored to a new folder only", async () => {
    const made = await run(["restore", file(), restored()]);
    assert.equal(made.code, 0, made.stderr);
    assert.equal(made.stdout, `${t("cli.restore.done", { folder: restored() })}\n`);
    const again = await run(["restore", file(), restored()]);
    assert.equal(again.code, 1);
    assert.ok(again.stderr.includes(t("store.not-empty", { folder: restored() })));
  });

  test("everything is there after a restart, and a token outlives the key that it was sealed with", async () => {
    const before = {
      runs: await first.store.listRuns({ limit: 10 }),
      deliveries: await first.store.listDeliveries({ limit: 10 }),
    };
    await first[Symbol.asyncDispose]();
    const fresh = await runCommand(["keys", "new"]);
    const key = fresh.stdout.trim();
    assert.equal(Buffer.from(key, "base64").byteLength, 32);

    const second = opened.use(await start(restored(), `${key} ${OLD_KEY}`));
    assert.deepEqual(await second.store.listDeliveries({ limit: 10 }), before.deliveries);
    const runs = await second.store.listRuns({ limit: 10 });
    const [waits, done] = runs;
    assert.deepEqual(done, before.runs[1]);
    assert.equal(waits?.id, before.runs[0]?.id);
    for (const { id } of before.deliveries)
      assert.match(Buffer.from((await second.store.getDeliveryBody(id)) ?? []).toString(), /"merge_request"/);
    const environment = environmentOf(restored(), `${key} ${OLD_KEY}`);
    const rotated = await run(["keys", "rotate", "--server", second.url], environment);
    assert.equal(rotated.code, 0, rotated.stderr);
    assert.deepEqual(keysIn(rotated.stdout), [
      t("cli.keys.current", { id: "ID", tokens: 1 }),
      t("cli.keys.older", { id: "ID", tokens: 0 }),
    ]);
    await second[Symbol.asyncDispose]();

    const third = opened.use(await start(restored(), key));
    leave.resolve();
    const note = await eventually("the note of the held run", async () => (await team.botNotes(held)).at(0));
    assert.match(note, /Read Add held\./);
    const ended = await eventually("the held run's end", async () => {
      const found = await third.store.getRun(waits?.id ?? "");
      return found?.finishedAtMs === null ? undefined : (found ?? undefined);
    });
    assert.equal(ended.state, "succeeded", JSON.stringify(ended.reason));
    secrets.push(key);
  });

  test("without its key a run waits, and log, run and command say which key is missing", async () => {
    const errors: unknown[] = [];
    const recording: Logger = { ...silentLogger, error: (...said) => errors.push(said) };
    const key = newKey();
    const server = opened.use(await start(join(root, "first"), key, recording));
    const waits = await eventually("the run that cannot be made", async () =>
      (await server.store.listRuns({ limit: 1, state: "retrying" })).at(0),
    );
    assert.equal(waits.reason?.code, "token-unreadable");
    assert.equal(plainDetail(waits.reason), "store.token-key-missing");
    assert.match(JSON.stringify(errors), /sealed with keys that are not configured/);
    const status = await run(
      ["keys", "status", "--server", server.url],
      environmentOf(join(root, "first"), key),
    );
    assert.equal(status.code, 1);
    assert.deepEqual(keysIn(status.stdout), [
      t("cli.keys.current", { id: "ID", tokens: 0 }),
      t("cli.keys.missing", { id: "ID", tokens: 1 }),
    ]);
    for (const text of printed)
      for (const secret of [...secrets, key, team.token, OLD_KEY, ADMIN_TOKEN])
        assert.ok(!text.includes(secret), `a secret was printed: ${text}`);
  });
});
