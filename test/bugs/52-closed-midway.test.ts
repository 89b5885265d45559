import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { MergeRequest } from "../../standins/gitlab/state.ts";
import type { ChatRequest } from "../../standins/model/chat-request.ts";
import { startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { eventually } from "../e2e/team.ts";
import { english as t } from "../messages/saying.ts";
import { type GitLabWorld, startGitLabWorld } from "./gitlab-world.ts";

const WRONG = "for (let i = 0; i <= list.length; i += 1) use(list[i]);";
const CHANGE = [{ action: "write", path: "src/a.js", content: `${WRONG}\n` }] as const;

/** Finds the same in every request that shows it, whatever it is told of earlier reviews. */
const sayAgain = (request: ChatRequest): string => {
  const shown = JSON.stringify(request.messages);
  const findings = [
    ...new Set(shown.match(/for \(let i = 0; i <= \w+\.length; i \+= 1\) use\(\w+\[i\]\);/g)),
  ];
  return JSON.stringify({
    overview: "A loop.",
    findings: findings.map((quote) => ({
      path: "src/a.js",
      quote,
      severity: "major",
      category: "bug",
      confidence: 0.9,
      title: "The loop reads one too many",
      body: "The last index is the length.",
    })),
  });
};

const threadOf = async ({ gitlab, team }: GitLabWorld, mergeRequest: MergeRequest) => {
  const { discussions } = await gitlab.viewMergeRequest(mergeRequest);
  const found = discussions.find(
    ({ individual_note: isSingle, notes: [first] }) => !isSingle && first?.author.id === team.bot.id,
  );
  return found?.id ?? assert.fail("no thread");
};

const succeeded = async (world: GitLabWorld, mergeRequest: MergeRequest, count: number): Promise<void> => {
  const runs = await world.runs(mergeRequest, count);
  assert.deepEqual(
    runs.map(({ state }) => state),
    Array.from({ length: count }, () => "succeeded"),
    JSON.stringify(runs.map(({ reason }) => reason)),
  );
};

suite("bug 52: what a person does to the merge request or its threads meanwhile stands", () => {
  test("closed while the model works: the run is cancelled, and nothing is written", async () => {
    const asked = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<void>();
    const script = async (request: ChatRequest): Promise<string> => {
      asked.resolve();
      await closed.promise;
      return sayAgain(request);
    };
    const flows = [{ name: "review", file: "builtin:review", publish: { status: true } }];
    await using world = await startGitLabWorld({}, { model: { script }, config: { flows } });
    const mergeRequest = await world.open(CHANGE);
    await asked.promise;
    await world.gitlab.closeMergeRequest(mergeRequest, world.team.author);
    await world.gitlab.settleHooks();
    closed.resolve();
    const runs = await world.runs(mergeRequest);
    assert.deepEqual(
      runs.map(({ state, reason }) => [state, reason?.code]),
      [["cancelled", "merge-request-closed"]],
    );
    assert.deepEqual(await world.said(mergeRequest), { summaries: [], threads: [] });
    const { statuses } = await world.gitlab.viewMergeRequest(mergeRequest);
    assert.deepEqual(
      statuses.map(({ status }) => status),
      ["canceled"],
    );
    assert.deepEqual(world.gitlab.failures, []);
  });

  test("replaced and closed while no process works on its run: no status stays pending", async () => {
    const flows = [{ name: "review", file: "builtin:review", publish: { status: true } }];
    const main = { model: "stand-in", api_key: "sk-wrong-key-of-the-tests", context_window: 32_768 };
    await using model = await startModelStandIn({ apiKeys: ["sk-right-key-of-the-tests"] });
    const config = { flows, models: { main: { ...main, base_url: model.url } } };
    await using world = await startGitLabWorld({}, { config, start: { lookEveryMs: 50 } });
    const { gitlab, store, team } = world;
    const mergeRequest = await world.open(CHANGE);
    const statuses = () => team.project.statuses.map(({ status }) => status);
    const parked = (count: number) =>
      eventually("its run to wait", async () => {
        const { state, waitingFor } = (await store.listRuns({ limit: 1 }))[0] ?? {};
        return (state === "queued" && waitingFor !== null && statuses().length === count) || undefined;
      });
    await parked(1);
    assert.deepEqual(statuses(), ["pending"]);
    await world.push(mergeRequest, [{ action: "write", path: "src/b.js", content: "use(1);\n" }]);
    await eventually("the end of the first status", async () => statuses()[0] === "canceled" || undefined);
    assert.equal(await store.outages.resume({ kind: "model", name: "main" }), true);
    await parked(2);
    await gitlab.closeMergeRequest(mergeRequest, team.author);
    await world.runs(mergeRequest, 2);
    await eventually("the end of both", async () => !statuses().includes("pending") || undefined);
    assert.deepEqual(statuses(), ["canceled", "canceled"]);
    assert.deepEqual(gitlab.failures, []);
  });

  test("an end that GitLab did not take while the review was published comes behind it, as it was to be", async () => {
    const flows = [{ name: "review", file: "builtin:review", publish: { status: true } }];
    const options = { model: { script: sayAgain }, config: { flows }, start: { lookEveryMs: 50 } };
    await using world = await startGitLabWorld({}, options);
    const { gitlab, team } = world;
    const fault = gitlab.fail(
      { method: "POST", path: /\/statuses\//, after: 1, times: 20 },
      { kind: "status", status: 500 },
    );
    const mergeRequest = await world.open(CHANGE);
    await succeeded(world, mergeRequest, 1);
    const statuses = () => team.project.statuses.map(({ status, description }) => ({ status, description }));
    await eventually("the end", async () => statuses()[0]?.status === "success" || undefined);
    assert.equal(statuses()[0]?.description, t("status.findings", { count: 1 }));
    assert.ok(fault.hits() > 0);
  });

  test("a rebase with the same content asks the model nothing and writes nothing again", async () => {
    await using world = await startGitLabWorld({}, { model: { script: sayAgain } });
    const { gitlab, model, team } = world;
    const mergeRequest = await world.open(CHANGE);
    await succeeded(world, mergeRequest, 1);
    const before = await world.said(mergeRequest);
    assert.equal(before.threads.length, 1);
    const calls = model.chatCount();
    await gitlab.push(team.project, {
      branch: "main",
      user: team.owner,
      actions: [{ action: "write", path: "README.md", content: "# Another shop\n" }],
    });
    const { sourceBranch: branch } = mergeRequest;
    await gitlab.push(team.project, { branch, user: team.author, actions: CHANGE, from: "main" });
    await succeeded(world, mergeRequest, 2);
    assert.equal(model.chatCount(), calls);
    const { summaries, threads } = await world.said(mergeRequest);
    assert.equal(summaries.length, 1);
    assert.deepEqual(threads, before.threads);
    assert.deepEqual(gitlab.failures, []);
  });

  test("a thread that a person resolved does not come back, though the model says the same again", async () => {
    await using world = await startGitLabWorld({}, { model: { script: sayAgain } });
    const { gitlab, model, team } = world;
    const mergeRequest = await world.open(CHANGE);
    await succeeded(world, mergeRequest, 1);
    const id = await threadOf(world, mergeRequest);
    gitlab.resolve(mergeRequest, team.author, id);
    const calls = model.chatCount();
    const content = `const list = read();\n${WRONG}\n`;
    await world.push(mergeRequest, [{ action: "write", path: "src/a.js", content }]);
    await succeeded(world, mergeRequest, 2);
    assert.ok(model.chatCount() > calls);
    const { summaries, threads } = await world.said(mergeRequest);
    assert.equal(summaries.length, 1);
    assert.deepEqual(
      threads.map(({ resolved }) => resolved),
      [true],
    );
    assert.deepEqual(gitlab.failures, []);
  });

  const after = [
    { name: "in a file that changed around it", content: `const list = read();\n${WRONG}\n`, threads: 0 },
    {
      name: "but for other code, which is news",
      content: `const rows = read();\n${WRONG.replaceAll("list", "rows")}\n`,
      threads: 1,
    },
  ];
  for (const { name, content, threads: count } of after)
    for (const reviews of [1, 2])
      test(`a thread that was deleted after ${reviews} reviews does not come back ${name}`, async () => {
        await using world = await startGitLabWorld({}, { model: { script: sayAgain } });
        const { gitlab, team } = world;
        const mergeRequest = await world.open(CHANGE);
        await succeeded(world, mergeRequest, 1);
        if (reviews === 2) {
          await world.push(mergeRequest, [{ action: "write", path: "src/b.js", content: "use(1);\n" }]);
          await succeeded(world, mergeRequest, 2);
        }
        assert.equal((await world.said(mergeRequest)).threads.length, 1);
        gitlab.deleteFirstNote(mergeRequest, team.owner, await threadOf(world, mergeRequest));
        for (const round of [1, 2]) {
          const more = { action: "write", path: "src/c.js", content: `use(${round});\n` } as const;
          await world.push(mergeRequest, [{ action: "write", path: "src/a.js", content }, more]);
          await succeeded(world, mergeRequest, reviews + round);
          const { summaries, threads } = await world.said(mergeRequest);
          assert.deepEqual([summaries.length, threads.length], [1, count], `round ${round}`);
        }
        assert.deepEqual(gitlab.failures, []);
      });
});
