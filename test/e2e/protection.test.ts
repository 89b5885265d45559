import { reasonOf } from "../../src/base/reason.ts";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { forget } from "../../src/cli/forget.ts";
import { budgetDay } from "../../src/review/budgets/budget-day.ts";
import { startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import { startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { SECRET } from "./start.ts";
import { setUpEmbedded, startEmbedded } from "./start-embedded.ts";
import { addHook, createTeam, eventually } from "./team.ts";
import { english as t } from "../messages/saying.ts";

/** Nobody listens there. */
const DIFY = "http://127.0.0.1:1";
const ZONE = "Asia/Tokyo";

const PROTECTED = {
  flows: [
    {
      name: "tutorial",
      dify: { url: DIFY, api_key: "app-key", fallback: "builtin:classic" },
    },
  ],
  circuit_breakers: { failures: 1, pause: "1h", longest_pause: "1h" },
  budgets: {
    time_zone: ZONE,
    tell: true,
    total: { tokens: 1_000_000 },
    projects: [{ match: ["bootcamp/**"], runs: 1 }],
  },
};

suite("protection", () => {
  test("a file stands in for a Dify that does not work; the next review waits for the next day; then all is forgotten", async () => {
    await using gitlab = await startGitLabStandIn();
    await using model = await startModelStandIn({ script: () => "Looks good to me." });
    const team = await createTeam(gitlab);
    await using setup = await setUpEmbedded(team, model, PROTECTED);
    await using reviewflow = await startEmbedded(setup);
    const { store, url } = reviewflow;
    await addHook(team, { url: `${url}/webhooks/gitlab`, token: SECRET });

    const first = await team.openMergeRequest("cart");
    await eventually("the note", async () => ((await team.allBotNotes(first)).length > 0 ? true : undefined));
    const done = await eventually("the run", async () =>
      (await store.listRuns({ limit: 5, state: "succeeded" })).at(0),
    );
    assert.deepEqual(done.reason, reasonOf("fallback-used", { flow: "builtin:classic" }));
    assert.equal((await team.allBotNotes(first)).length, 1);

    const second = await team.openMergeRequest("till");
    const waiting = await eventually("the run that waits", async () =>
      (await store.listRuns({ limit: 5, state: "retrying" })).at(0),
    );
    assert.ok(waiting.reason?.code === "budget-used-up");
    assert.deepEqual(
      [waiting.reason.params.setting, waiting.reason.params.limit],
      ["budgets.projects[0].runs", 1],
    );
    assert.equal(waiting.attempts, 0);
    // The day may have changed since.
    const ends = [Date.now() - 3_600_000, Date.now()].map((ms) => budgetDay(ms, ZONE).endsAtMs);
    assert.ok(ends.some((end) => Math.abs(end - (waiting.nextAttemptAtMs ?? 0)) < 60_000));
    const [told] = await team.allBotNotes(second);
    assert.match(told ?? "", /budgets\.projects/);

    const metrics = await (await fetch(`${url}/metrics`)).text();
    assert.match(metrics, /^reviewflow_breaker_state\{peer="dify http:\/\/127\.0\.0\.1:1"\} 2$/m);
    assert.match(metrics, /^reviewflow_breaker_state\{peer="model main"\} 0$/m);
    assert.match(metrics, /^reviewflow_budget_used\{kind="runs"\} 1$/m);
    assert.match(metrics, /^reviewflow_budget_limit\{kind="tokens"\} 1000000$/m);
    assert.match(metrics, /^reviewflow_budget_projects_used_up 1$/m);
    assert.match(metrics, /^reviewflow_budget_put_off_total 1$/m);
    const page = await (await fetch(`${url}/dashboard/projects`)).text();
    assert.ok(page.includes(t("budgets.runs", { amount: "1 / 1" })));
    assert.ok(page.includes(t("budgets.used-up")));

    const said: string[] = [];
    const options = {
      config: setup.configFile,
      environment: setup.environment,
      server: url,
      write: (text: string) => void said.push(text),
      complain: (text: string) => void said.push(text),
    };
    assert.equal(await forget("bootcamp/shop", options), 1);
    assert.equal((await store.listRuns({ limit: 5 })).length, 2);
    assert.equal(await forget("bootcamp/shop", { ...options, yes: true }), 0);
    const deleted = { project: "bootcamp/shop", deliveries: 2, runs: 2 };
    assert.equal(said.at(-1), `${t("cli.forget.done", deleted)}\n`);
    assert.deepEqual(await store.listRuns({ limit: 5 }), []);
    assert.deepEqual(await store.listDeliveries({ limit: 5 }), []);
    assert.equal(await forget("bootcamp/shop", { ...options, yes: true }), 1);
    assert.equal((await team.allBotNotes(first)).length, 1);
  });
});
