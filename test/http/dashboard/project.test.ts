import { verbatim } from "../../../src/messages/message.ts";
import assert from "node:assert/strict";
import { message } from "../../../src/messages/message.ts";
import { translator } from "../../../src/messages/format-message.ts";
import { after, before, describe, it } from "node:test";
import { systemClock } from "../../../src/base/clock.ts";
import type { HookHealth } from "../../../src/gitlab/hooks/hook-health.ts";
import type { DashboardOptions } from "../../../src/http/dashboard/dashboard-options.ts";
import type { OpenedStore } from "../../../src/store/open-store.ts";
import { openBrowser, setUpDashboard } from "./dashboard-setup.ts";
import { fillStore, HOSTILE } from "./filled-store.ts";
import { projectRules } from "./filled-project.ts";
import { openTemporaryStore } from "./temporary-store.ts";

const RULES = projectRules(HOSTILE);

const t = translator("en");

describe("the page about a project", () => {
  let store: OpenedStore;
  let id = 0;
  before(async () => {
    store = await openTemporaryStore();
    await fillStore(store, HOSTILE);
    id = (await store.views.listProjects()).find(({ path }) => path === "team/shop")?.id ?? 0;
  });
  after(() => store[Symbol.asyncDispose]());

  const open = async (rest: Partial<DashboardOptions>, path = `/dashboard/projects/${id}`) => {
    const browser = openBrowser(setUpDashboard(store, systemClock, {}, rest).app);
    await browser.signIn();
    return browser.get(path);
  };
  const withHooks = (health: HookHealth) =>
    open({ hookHealth: async () => health }, `/dashboard/projects/${id}/hooks`);

  it("is reached from the list, which tells what became of the newest delivery", async () => {
    const { text } = await open({}, "/dashboard/projects");
    assert.match(text, new RegExp(`href="/dashboard/projects/${id}">team/shop</a>`));
    const [newest] = (await store.views.listDeliveries({ limit: 1, projectPath: "team/shop" })).rows;
    assert.match(
      text,
      new RegExp(`href="/dashboard/deliveries/${newest?.id}">[\\s\\S]*?badge ${newest?.decision}`),
    );
  });

  it("is not there for a project that has sent nothing", async () => {
    for (const path of ["987654", "x", "9".repeat(30), "987654/hooks"])
      assert.equal((await open({}, `/dashboard/projects/${path}`)).status, 404, path);
  });

  it("shows its newest deliveries and runs, and leads to all of them", async () => {
    const { text } = await open({});
    for (const path of ["deliveries", "runs", "findings"])
      assert.match(text, new RegExp(`href="/dashboard/${path}\\?project=team%2Fshop"`), path);
    const [newest] = (await store.views.listRuns({ limit: 1, projectPath: "team/shop" })).rows;
    assert.ok(text.includes(`/dashboard/runs/${newest?.id}`));
  });

  it("tells of hooks that GitLab calls, and of those that it does not", async () => {
    const fine = {
      id: 7,
      address: "https://review.example.com/webhooks/gitlab",
      disabled: null,
      differences: [],
    };
    const well = await withHooks({ kind: "seen", hooks: [fine] });
    assert.match(well.text, /badge succeeded/);
    assert.doesNotMatch(well.text, /reviewflow doctor/);
    const until = Date.parse("2026-02-28T13:00:00Z");
    const ill = await withHooks({
      kind: "seen",
      hooks: [
        {
          ...fine,
          disabled: { status: "temporarily_disabled", untilMs: until },
          differences: [message("hook.difference.url", { url: "x" })],
        },
      ],
    });
    assert.match(ill.text, /badge failed[\s\S]*temporarily_disabled/);
    assert.match(ill.text, /datetime="2026-02-28T13:00:00\.000Z"/);
    assert.ok(ill.text.includes(t("hook.difference.url", { url: "x" })));
    assert.match(ill.text, /reviewflow doctor team\/shop/);
    const none = await withHooks({ kind: "seen", hooks: [] });
    assert.ok(none.text.includes(t("project.no-hook")));
    assert.match(none.text, /reviewflow doctor team\/shop/);
  });

  it("leaves GitLab alone, and has a place for what it says of hooks", async () => {
    let asked = 0;
    const hookHealth = async (): Promise<HookHealth> => {
      asked += 1;
      return { kind: "seen", hooks: [] };
    };
    const { text } = await open({ hookHealth });
    assert.match(text, new RegExp(`id="hooks" data-load="/dashboard/projects/${id}/hooks"`));
    assert.equal(asked, 0);
    const { text: part } = await open({ hookHealth }, `/dashboard/projects/${id}/hooks`);
    assert.match(part, /<section id="hooks">/);
    assert.equal(asked, 1);
  });

  it("says why hooks are not known, and does not wait for ever for a GitLab that is slow", async () => {
    const nothing = await open({}, `/dashboard/projects/${id}/hooks`);
    assert.ok(nothing.text.includes(t("project.no-token")));
    const role = await withHooks({ kind: "unseen", why: "no-role", reason: verbatim("answered 403") });
    assert.ok(role.text.includes(t("project.unseen.no-role")));
    const failure = await withHooks({ kind: "unseen", why: "no-answer", reason: verbatim("answered 502") });
    assert.ok(failure.text.includes(t("project.unseen.no-answer")));
    assert.match(failure.text, /answered 502/);
    const never = new Promise<HookHealth>(() => undefined);
    const browser = openBrowser(
      setUpDashboard(store, { ...systemClock, sleep: async () => undefined }, {}, { hookHealth: () => never })
        .app,
    );
    await browser.signIn();
    const slow = await browser.get(`/dashboard/projects/${id}/hooks`);
    assert.ok(slow.text.includes(t("project.slow")));
  });

  it("lists the rules that hold, in their order, and says where those of the repository are", async () => {
    const { text } = await open({ rulesOf: (path) => (path === "team/shop" ? RULES : null) });
    const places = ["No secrets", "src/**/*.ts", "flows[review].rules", "reviewflow rules team/shop"].map(
      (part) => text.indexOf(part),
    );
    assert.ok(
      places.every((place, index) => place > (places[index - 1] ?? 0)),
      String(places),
    );
    assert.ok(!text.includes("Of others"), "a rule for other projects");
    assert.ok(!text.includes("<img src=x"));
    const alone = await open({ rulesOf: () => ({ ...RULES, readsRepository: false }) });
    assert.ok(alone.text.includes(t("project.repository.unread")));
    const classic = await open({
      rulesOf: () => ({ kind: "not-findings", flow: "old", contract: "classic" }),
    });
    assert.ok(classic.text.includes(t("project.not-findings", { flow: "old", contract: "classic" })));
    assert.ok((await open({ rulesOf: () => null })).text.includes(t("project.no-flow")));
  });
});
