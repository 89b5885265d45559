import { reasonOf } from "../../src/base/reason.ts";
import assert from "node:assert/strict";
import { translator } from "../../src/messages/format-message.ts";
import { after, before, describe, it } from "node:test";
import { TOKEN } from "../http/dashboard/dashboard-setup.ts";
import { deliver, HOSTILE } from "../http/dashboard/filled-store.ts";
import { chromiumOrReason } from "./find-chromium.ts";
import { type DashboardWorld, startDashboardWorld } from "./dashboard-world.ts";
import { bareTablesOf, faintTextsOf, focusOf, namelessOf, overflowOf, tabTo } from "./page-checks.ts";

const { path: chromiumPath, skip } = chromiumOrReason();

const NARROW = { width: 360, height: 740 };

const t = translator("en");
const japanese = translator("ja");

describe("the dashboard in Chromium", { skip }, () => {
  let world: DashboardWorld;
  before(async () => {
    world = await startDashboardWorld(chromiumPath ?? "", HOSTILE);
  });
  after(() => world[Symbol.asyncDispose]());

  const looks = [
    {
      name: "wide, light, English",
      locale: "en-GB",
      colorScheme: "light",
      viewport: { width: 1280, height: 800 },
    },
    { name: "narrow, dark, Japanese", locale: "ja-JP", colorScheme: "dark", viewport: NARROW },
    { name: "narrow, light, Korean", locale: "ko-KR", colorScheme: "light", viewport: NARROW },
  ] as const;

  for (const { name, ...look } of looks) {
    it(`every page opens without an error and can be read: ${name}`, async () => {
      const { page, problems } = await world.open(look);
      for (const [short, path] of Object.entries(world.pages)) {
        await page.goto(world.url + path, { waitUntil: "load" });
        assert.match(await page.title(), /Reviewflow$/, `${short}: no foreign text has run`);
        assert.equal(await page.getAttribute("html", "lang"), look.locale.slice(0, 2), short);
        assert.ok((await overflowOf(page)) <= 0, `${short} is wider than the window`);
        assert.deepEqual(await namelessOf(page), [], short);
        assert.equal(await bareTablesOf(page), 0, short);
        assert.deepEqual(await faintTextsOf(page), [], short);
      }
      assert.deepEqual(
        problems.filter((problem) => !problem.includes("404")),
        [],
      );
      await page.context().close();
    });
  }

  it("the flow's picture is drawn", async () => {
    const { page, problems } = await world.open();
    await page.goto(`${world.url}/dashboard/runs/${world.filled.reviewedRun}`);
    const width = await page.evaluate(`document.querySelector(".picture svg").getBoundingClientRect().width`);
    assert.ok(Number(width) > 100);
    assert.deepEqual(problems, []);
    await page.context().close();
  });

  it("a project's page brings what GitLab says of its hooks", async () => {
    const { page, problems } = await world.open();
    await page.goto(world.url + world.pages["project"]);
    await page.locator("#hooks .badge.failed").waitFor();
    const off = t("hook.difference.switch", { name: "note_events", found: "off" });
    assert.ok((await page.textContent("#hooks"))?.includes(off));
    assert.deepEqual(problems, []);
    await page.context().close();
  });

  it("a candidate is promoted and taken back, and every page says so", async () => {
    const { page, problems } = await world.open();
    await page.goto(`${world.url}/dashboard/shadow`);
    await page.focus(`form[action$="/promote"] button`);
    await page.keyboard.press("Enter");
    await page.waitForURL(/done=promote/);
    assert.equal(
      (await world.store.shadows.standing({ flow: "review", candidate: "next" }))?.choice,
      "promoted",
    );
    for (const path of ["flows", "settings"]) {
      await page.goto(`${world.url}/dashboard/${path}`);
      assert.ok((await page.textContent("main"))?.includes(t("shadow.promoted")));
    }
    await page.goto(`${world.url}/dashboard/shadow`);
    await page.focus(`form[action$="/undo"] button`);
    await page.keyboard.press("Enter");
    await page.waitForURL(/done=undo/);
    assert.equal((await world.store.shadows.standing({ flow: "review", candidate: "next" }))?.choice, null);
    assert.deepEqual(problems, []);
    await page.context().close();
  });

  it("a run is found and cancelled with the keyboard alone", async () => {
    const { runId } = await deliver(world.store, { project: "team/keys", projectId: 90, iid: 1, title: "K" });
    const { page, problems } = await world.open({ signedIn: false });
    await page.goto(`${world.url}/dashboard/runs?project=team%2Fkeys`);
    await page.keyboard.press("Tab");
    assert.deepEqual(await focusOf(page), { text: t("layout.skip"), isMarked: true });
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    await page.keyboard.type(TOKEN);
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/dashboard\/runs\?project=/);
    await tabTo(page, new RegExp((runId ?? "").slice(-8)));
    await page.keyboard.press("Enter");
    await page.waitForURL(new RegExp(`/runs/${runId}$`));
    await tabTo(page, new RegExp(`^${t("run.cancel")}$`));
    await page.keyboard.press("Enter");
    await page.waitForURL(/done=cancelled/);
    assert.equal((await world.store.getRun(runId ?? ""))?.state, "cancelled");
    assert.deepEqual(problems, []);
    await page.context().close();
  });

  it("an open page shows what happens meanwhile, and keeps what somebody reads", async () => {
    const { runId } = await deliver(world.store, { project: "team/live", projectId: 91, iid: 1, title: "L" });
    const { page, problems } = await world.open();
    await page.goto(`${world.url}/dashboard/runs/${runId}`);
    await page.locator("#facts .badge.queued").waitFor();
    await page.evaluate(`globalThis.untouched = true`);
    await page.waitForTimeout(1_500);
    const cancelled = reasonOf("cancelled-by-user", { user: "ann" });
    await world.store.cancelRun(runId ?? "", cancelled);
    await page.locator("#facts .badge.cancelled").waitFor({ timeout: 60_000 });
    assert.ok((await page.locator("#facts").textContent())?.includes(t.reason(cancelled)));
    assert.equal(await page.locator("#actions button").textContent(), t("run.again"));
    assert.equal(await page.evaluate(`globalThis.untouched`), true, "it was not loaded anew");
    assert.deepEqual(problems, []);
    await page.context().close();
  });

  it("everything can be done without a script", async () => {
    const { runId } = await deliver(world.store, {
      project: "team/plain",
      projectId: 92,
      iid: 1,
      title: "P",
    });
    const { page } = await world.open({ javaScriptEnabled: false, viewport: NARROW });
    await page.goto(`${world.url}/dashboard/runs/${runId}`);
    await page.getByRole("button", { name: t("run.cancel") }).click();
    await page.getByRole("status").waitFor();
    await page.getByRole("button", { name: japanese("language.name") }).click();
    await page.getByRole("heading", { name: new RegExp(`^${japanese("word.run")}`), level: 1 }).waitFor();
    await page.getByRole("button", { name: japanese("layout.sign-out") }).click();
    await page.getByRole("heading", { name: japanese("sign-in.title") }).waitFor();
    await page.goto(`${world.url}/dashboard/runs/${runId}`);
    assert.match(page.url(), /sign-in/);
    await page.context().close();
  });
});
