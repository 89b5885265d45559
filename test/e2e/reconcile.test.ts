import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { z } from "zod";
import { silentLogger } from "../../src/base/logger.ts";
import { readConfig } from "../../src/cli/read-config.ts";
import { type Reviewflow, startReviewflow } from "../../src/main.ts";
import { type DifyStandIn, startDifyStandIn } from "../../standins/dify/dify-stand-in.ts";
import { type GitLabStandIn, startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import { POSTGRES_MISSING, startPostgres } from "../store/postgres-server.ts";
import { noteApp } from "./review-apps.ts";
import { SECRET, teamEnvironment } from "./start.ts";
import { addHook, createTeam, eventually, type Team } from "./team.ts";
import { freePort } from "../free-port.ts";

/** A team whose server can be stopped and started again at the same address, on the same store. */
type Place = AsyncDisposable & {
  readonly gitlab: GitLabStandIn;
  readonly dify: DifyStandIn;
  readonly team: Team;
  readonly start: (extra?: Readonly<Record<string, string>>) => Promise<Reviewflow>;
  readonly hook: () => Promise<number>;
};

const setUp = async (): Promise<Place> => {
  await using opened = new AsyncDisposableStack();
  const gitlab = opened.use(await startGitLabStandIn());
  const dify = opened.use(await startDifyStandIn({ apps: [noteApp()] }));
  const team = await createTeam(gitlab);
  const folder = await mkdtemp(join(tmpdir(), "reviewflow-reconcile-"));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const port = await freePort();
  const common = { REVIEWFLOW_REVIEW: "every-push", REVIEWFLOW_PORT: String(port) };
  const running = opened.move();
  return {
    gitlab,
    dify,
    team,
    start: (extra = {}) =>
      startReviewflow(readConfig(teamEnvironment(team, dify, folder, { ...common, ...extra }), null), {
        logger: silentLogger,
      }),
    hook: () => addHook(team, { url: `http://127.0.0.1:${port}/webhooks/gitlab`, token: SECRET }),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
};

const LISTS = /\/merge_requests$/;

/** Waits until a server has looked through the lists of changes. */
const untilLooked = ({ gitlab }: Place): Promise<true> =>
  eventually(
    "a look at the changes",
    async () => gitlab.requests.some(({ method, path }) => method === "GET" && LISTS.test(path)) || undefined,
  );

const reviews = async ({ store }: Reviewflow): Promise<readonly string[]> =>
  (await store.listRuns({ limit: 100 })).map(({ iid, trigger, state }) => `!${iid} ${trigger} ${state}`);

const untilSucceeded = (reviewflow: Reviewflow, count: number): Promise<true> =>
  eventually(`${count} reviews`, async () => {
    const { succeeded, ...others } = await reviewflow.store.countRuns();
    const open = others.queued + others.active + others.retrying;
    return (succeeded >= count && open === 0) || undefined;
  });

const Events = z.array(z.object({ id: z.number(), response_status: z.string() }));

/** Sends again by hand every event that the hook could not deliver; their number. */
const resendFailed = async ({ gitlab, team }: Place, hook: number): Promise<number> => {
  // By then the pause of a hook that had failed too often is over, and resends are counted by the minute.
  gitlab.advanceTime(120_000);
  const api = `${gitlab.url}/api/v4/projects/${team.project.id}/hooks/${hook}/events`;
  const headers = { "private-token": team.ownerToken };
  const events = Events.parse(await (await fetch(api, { headers })).json());
  const failed = events.filter((event) => event.response_status === "internal error");
  for (const { id } of failed) {
    gitlab.advanceTime(60_000);
    const answer = await fetch(`${api}/${id}/resend`, { method: "POST", headers });
    assert.equal(answer.status, 201, await answer.text());
  }
  return failed.length;
};

suite("after a downtime", () => {
  test("what changed meanwhile is reviewed, each once, and a late resend does nothing", async () => {
    await using place = await setUp();
    const { gitlab, team, dify } = place;
    const early = await team.openMergeRequest("early");
    const first = await place.start();
    const hook = await place.hook();
    const pushed = await team.openMergeRequest("pushed");
    const same = await team.openMergeRequest("same");
    await untilSucceeded(first, 2);
    await untilLooked(place);
    assert.deepEqual(await team.botNotes(early), [], "what was there before the first start is left alone");
    await first[Symbol.asyncDispose]();

    const opened = await team.openMergeRequest("opened");
    await team.push(pushed, "one\ntwo\n");
    for (const mergeRequest of [early, same]) {
      await gitlab.closeMergeRequest(mergeRequest, team.author);
      await gitlab.reopenMergeRequest(mergeRequest, team.author);
    }
    const closed = await team.openMergeRequest("closed");
    await gitlab.closeMergeRequest(closed, team.author);
    await gitlab.settleHooks();
    assert.equal(dify.runs().length, 2);

    const second = await place.start();
    await untilSucceeded(second, 5);
    const expected = [
      `!${pushed.iid} opened succeeded`,
      `!${same.iid} opened succeeded`,
      ...[early, opened, pushed].map(({ iid }) => `!${iid} reconcile succeeded`),
    ].toSorted();
    assert.deepEqual((await reviews(second)).toSorted(), expected);
    for (const mergeRequest of [early, opened, pushed, same])
      assert.equal((await team.botNotes(mergeRequest)).length, 1);
    assert.match((await team.botNotes(pushed))[0] ?? "", /: 3 lines added/);
    assert.deepEqual(await team.botNotes(closed), []);

    assert.ok((await resendFailed(place, hook)) >= 4);
    await gitlab.settleHooks();
    assert.deepEqual((await reviews(second)).toSorted(), expected);
    await second[Symbol.asyncDispose]();

    gitlab.clearRequests();
    await using third = await place.start();
    await untilLooked(place);
    await team.push(opened, "three\n");
    await untilSucceeded(third, 6);
    assert.deepEqual(
      (await reviews(third)).toSorted(),
      [...expected, `!${opened.iid} new-commits succeeded`].toSorted(),
    );
    assert.equal(dify.runs().length, 6);
    assert.deepEqual(gitlab.failures, []);
  });

  test("what GitLab could not tell is looked for again, from the same time on", async () => {
    await using place = await setUp();
    const { gitlab, team } = place;
    await (await place.start())[Symbol.asyncDispose]();
    const mergeRequest = await team.openMergeRequest("opened");
    const trouble = gitlab.fail({ path: LISTS, times: 100 }, { kind: "status", status: 503 });
    const second = await place.start();
    await eventually("the failure", async () => trouble.hits() > 0 || undefined);
    assert.deepEqual(await reviews(second), []);
    await second[Symbol.asyncDispose]();
    trouble.remove();
    await using third = await place.start();
    await untilSucceeded(third, 1);
    assert.equal((await team.botNotes(mergeRequest)).length, 1);
  });

  test("of two servers on one database one makes each review", async (context) => {
    const postgres = await startPostgres();
    if (postgres === null) return context.skip(POSTGRES_MISSING);
    await using opened = new AsyncDisposableStack();
    opened.defer(postgres.stop);
    const place = opened.use(await setUp());
    const { dify, team } = place;
    const shared = { DATABASE_URL: await postgres.createDatabase(), REVIEWFLOW_PORT: "0" };
    await (await place.start(shared))[Symbol.asyncDispose]();
    const mergeRequests = [];
    for (const topic of ["one", "two", "three"]) mergeRequests.push(await team.openMergeRequest(topic));
    const servers = await Promise.all([place.start(shared), place.start(shared)]);
    for (const server of servers) opened.use(server);
    for (const server of servers) await untilSucceeded(server, 3);
    await untilLooked(place);
    assert.deepEqual(
      (await reviews(servers[0])).toSorted(),
      mergeRequests.map(({ iid }) => `!${iid} reconcile succeeded`),
    );
    assert.equal(dify.runs().length, 3);
    for (const mergeRequest of mergeRequests) assert.equal((await team.botNotes(mergeRequest)).length, 1);
  });
});
