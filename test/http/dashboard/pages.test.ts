import { reasonOf } from "../../../src/base/reason.ts";
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fc } from "../../properties.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { chooseLanguage } from "../../../src/messages/choose-language.ts";
import { LANGUAGES } from "../../../src/messages/language.ts";
import { formatMessage } from "../../../src/messages/format-message.ts";
import type { OpenedStore } from "../../../src/store/open-store.ts";
import { type Browser, openBrowser, setUpDashboard, TOKEN } from "./dashboard-setup.ts";
import { deliver, type Filled, fillStore, HOSTILE, reviewResult } from "./filled-store.ts";
import { openTemporaryStore } from "./temporary-store.ts";

/** The text that a browser would show for escaped HTML. */
const unescape = (html: string): string =>
  html
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&");

/** Everything between tags and in attributes is data; what is left are our own tags. */
const tagsOf = (html: string): readonly string[] =>
  [...html.matchAll(/<\/?([a-zA-Z][\w-]*)/g)].map(([, name]) => (name ?? "").toLowerCase());

describe("the dashboard's pages", () => {
  let store: OpenedStore;
  let browser: Browser;
  let filled: Filled;

  before(async () => {
    store = await openTemporaryStore();
    filled = await fillStore(store, HOSTILE);
    browser = openBrowser(setUpDashboard(store, systemClock).app);
    await browser.signIn();
  });
  after(() => store[Symbol.asyncDispose]());

  const pages = (): readonly string[] => [
    "/dashboard",
    "/dashboard/deliveries",
    `/dashboard/deliveries/${filled.reviewDelivery}`,
    `/dashboard/deliveries/${filled.ignoredDelivery}`,
    "/dashboard/runs",
    `/dashboard/runs/${filled.reviewedRun}`,
    `/dashboard/runs/${filled.failedRun}`,
    `/dashboard/runs/${filled.queuedRun}`,
    "/dashboard/findings",
    "/dashboard/projects",
    "/dashboard/flows",
    "/dashboard/settings",
  ];

  it("all open, let nothing run that is not ours, and are kept by nobody", async () => {
    for (const path of [...pages(), "/dashboard/nowhere"]) {
      const { status, text, headers } = await browser.get(path);
      assert.equal(status, path.endsWith("nowhere") ? 404 : 200, path);
      assert.match(text, /<h1>[^<]+<\/h1>/);
      const policy = headers.get("content-security-policy") ?? "";
      assert.match(policy, /default-src 'none'/);
      assert.match(policy, /script-src 'self'(;|$)/);
      assert.match(policy, /style-src 'self'(;|$)/);
      assert.match(policy, /frame-ancestors 'none'/);
      assert.doesNotMatch(policy, /unsafe|\*|https?:/);
      assert.equal(headers.get("cache-control"), "no-store");
      assert.equal(headers.get("x-frame-options"), "DENY");
      assert.equal(headers.get("x-content-type-options"), "nosniff");
      assert.equal(headers.get("referrer-policy"), "same-origin");
      assert.doesNotMatch(text, / style=| on[a-z]+="/, "no inline style or handler");
      for (const [script] of text.matchAll(/<script[\s\S]*?<\/script>/g))
        assert.match(script, /^<script type="module" src="\/dashboard\/[^"]*"><\/script>$/);
    }
  });

  it("show what came from outside as text", async () => {
    for (const path of pages()) {
      const { text } = await browser.get(path);
      assert.ok(!text.includes("<img src=x"), path);
      assert.ok(!text.includes("document.title='hurt'"), path);
    }
    const run = await browser.get(`/dashboard/runs/${filled.reviewedRun}`);
    assert.ok(unescape(run.text).includes(HOSTILE), "and they do show it");
  });

  it("have the same tags whatever a title, reason or finding says", async () => {
    const run = await store.getRun(filled.reviewedRun);
    const delivery = await store.getDelivery(filled.ignoredDelivery);
    assert.ok(run !== null && delivery !== null);
    let text = "plain";
    const told = openBrowser(
      setUpDashboard(
        {
          ...store,
          getRun: async () => ({
            ...run,
            projectPath: text,
            flow: text,
            reason: reasonOf("steps-failed", { steps: 1, detail: text }),
            headSha: text,
            trigger: text,
            event: { ...run.event, title: text, url: text },
            result: reviewResult(text),
            usage: { ...run.usage, currency: text },
          }),
          getDelivery: async () => ({
            ...delivery,
            key: text,
            eventName: text,
            projectPath: text,
            reason: reasonOf("action-not-reviewed", { action: text }),
            headers: { [text]: text },
          }),
          getDeliveryBody: async () => Buffer.from(text),
        },
        systemClock,
      ).app,
    );
    await told.signIn();
    const look = async (said: string): Promise<readonly (readonly string[])[]> => {
      text = said;
      const paths = [`/dashboard/runs/${run.id}`, `/dashboard/deliveries/${delivery.id}`];
      return Promise.all(paths.map(async (path) => tagsOf((await told.get(path)).text)));
    };
    const plain = await look("plain");
    const piece = fc.oneof(
      fc.string({ maxLength: 12 }),
      fc.string({ unit: "binary", maxLength: 8 }),
      fc.constantFrom(
        "<",
        ">",
        '"',
        "'",
        "&",
        "</td>",
        "<!--",
        "-->",
        "]]>",
        "&lt;",
        "<svg/onload=1>",
        "`",
        "${",
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 6 }), async (pieces) => {
        assert.deepEqual(await look(`x${pieces.join("")}`), plain);
      }),
      { numRuns: 100 },
    );
  });

  it("link out to the configured GitLab alone", async () => {
    const bad = await deliver(store, {
      project: "team/shop",
      projectId: 7,
      iid: 60,
      title: "t",
      body: {},
    });
    const { text } = await browser.get(`/dashboard/runs/${bad.runId}`);
    const hrefs = [...text.matchAll(/href="([^"]*)"/g)].map(([, href]) => href ?? "");
    for (const href of hrefs)
      assert.ok(/^(\/dashboard|#)/.test(href) || href.startsWith("https://gitlab.example.com/"), href);
  });

  it("mask secrets in bodies and settings", async () => {
    const delivery = await browser.get(`/dashboard/deliveries/${filled.reviewDelivery}`);
    assert.match(delivery.text, /ci_job_token/);
    assert.doesNotMatch(delivery.text, /glpat-in-the-body/);
    const settings = await browser.get("/dashboard/settings");
    assert.match(settings.text, /dashboard\.adminToken/);
    for (const secret of [TOKEN, "a-webhook-secret", "glpat-of-the-settings"])
      assert.ok(!settings.text.includes(secret), secret);
  });

  it("narrow lists by what was asked for, and page through them", async () => {
    const failed = await browser.get("/dashboard/runs?state=failed");
    assert.match(failed.text, /badge failed/);
    assert.doesNotMatch(failed.text, /badge queued/);
    const ignored = await browser.get("/dashboard/deliveries?decision=ignore&project=team%2Fshop");
    assert.match(ignored.text, /action-not-reviewed/);
    assert.doesNotMatch(ignored.text, /badge review"/);
    const none = await browser.get(`/dashboard/runs?project=${encodeURIComponent(HOSTILE)}`);
    assert.ok(none.text.includes(formatMessage("en", "list.no-match")));
    assert.equal((await browser.get("/dashboard/runs?state=nonsense&before=nonsense")).status, 200);
  });

  it("have pictures of flows that can do nothing else", async () => {
    const picture = await browser.get("/dashboard/flows/review/0/picture.svg");
    assert.equal(picture.status, 200);
    assert.match(picture.headers.get("content-type") ?? "", /^image\/svg\+xml/);
    assert.match(picture.headers.get("content-security-policy") ?? "", /default-src 'none'.*sandbox/);
    for (const path of ["review/1", "review/9", "other/0"])
      assert.equal((await browser.get(`/dashboard/flows/${path}/picture.svg`)).status, 404, path);
  });

  it("carry out what is asked on them, and say what came of it", async () => {
    await browser.get("/dashboard/runs");
    const again = await browser.post(`/dashboard/runs/${filled.failedRun}/again`);
    const to = again.headers.get("location") ?? "";
    assert.match(to, /^\/dashboard\/runs\/[0-9a-f-]{36}\?done=again$/);
    assert.ok((await browser.get(to)).text.includes(formatMessage("en", "done.again")));
    const busy = await browser.post(`/dashboard/runs/${filled.failedRun}/again`);
    assert.match(busy.headers.get("location") ?? "", /done=not-again$/);
    const cancelled = await browser.post(`/dashboard/runs/${filled.queuedRun}/cancel`);
    assert.match(cancelled.headers.get("location") ?? "", /done=cancelled$/);
    assert.deepEqual(
      (await store.getRun(filled.queuedRun))?.reason,
      reasonOf("cancelled-by-user", { user: "admin" }),
    );
    const late = await browser.post(`/dashboard/runs/${filled.queuedRun}/cancel`);
    assert.match(late.headers.get("location") ?? "", /done=not-cancelled$/);
    assert.equal((await browser.post("/dashboard/runs/unknown/cancel")).status, 303);
    assert.equal((await browser.post("/dashboard/deliveries/unknown/replay")).status, 404);
  });

  it("replay a delivery: its run again, or the decision anew where there was none", async () => {
    await browser.get("/dashboard/deliveries");
    const again = await browser.post(`/dashboard/deliveries/${filled.reviewDelivery}/replay`);
    assert.match(again.headers.get("location") ?? "", /^\/dashboard\/runs\/.*done=again$/);
    const { deliveryId } = await deliver(
      store,
      { project: "team/new", projectId: 70, iid: 1, title: "Was not configured" },
      { ignore: "project-not-configured" },
    );
    const anew = await browser.post(`/dashboard/deliveries/${deliveryId}/replay`);
    const runId = /\/runs\/([0-9a-f-]{36})/.exec(anew.headers.get("location") ?? "")?.[1] ?? "";
    const run = await store.getRun(runId);
    assert.equal(run?.state, "queued");
    assert.equal(run?.flow, "review");
    assert.notEqual(run?.deliveryId, deliveryId);
  });

  it("give their files to keep, under addresses that change with them", async () => {
    const { text } = await browser.get("/dashboard");
    const assets = [...text.matchAll(/"(\/dashboard\/assets\/[^"]+\?v=[0-9a-f]{16})"/g)].map(
      ([, path]) => path ?? "",
    );
    assert.equal(assets.length, 3);
    for (const path of assets) {
      const { status, headers } = await browser.get(path);
      assert.equal(status, 200, path);
      assert.match(headers.get("cache-control") ?? "", /immutable/);
    }
    assert.equal((await browser.get("/dashboard/assets/..%2Fdashboard.ts")).status, 404);
  });

  it("speak the reader's language", async () => {
    const read = async (language: string): Promise<string> =>
      (await browser.get("/dashboard", { "accept-language": language })).text;
    assert.match(await read("fr, de"), /<html lang="en">/);
    for (const language of LANGUAGES) {
      const text = await read(`${language},en;q=0.5`);
      assert.ok(text.includes(`<html lang="${language}">`), language);
      assert.ok(text.includes(`<h1>${formatMessage(language, "page.overview")}</h1>`), language);
    }
    const chosen = await browser.post("/dashboard/language", { language: "ja", back: "/dashboard/runs" });
    assert.equal(chosen.headers.get("location"), "/dashboard/runs");
    assert.match(await read("en"), /<html lang="ja">/, "what was chosen goes before what the browser likes");
    await browser.post("/dashboard/language", { language: "tlh" });
    assert.match(await read("en"), /<html lang="ja">/, "a language that we lack changes nothing");
    await browser.post("/dashboard/language", { language: "en" });
  });

  it("are reached from the root, which tells webhooks nothing new", async () => {
    const root = await browser.get("/");
    assert.equal(root.status, 302);
    assert.equal(root.headers.get("location"), "/dashboard");
    assert.equal((await browser.get("/elsewhere")).status, 404);
  });
});

describe("languages", () => {
  it("are chosen by weight", () => {
    assert.equal(chooseLanguage(undefined, "en;q=0.3, ja-JP;q=0.9"), "ja");
    assert.equal(chooseLanguage(undefined, "ja;q=0, en"), "en");
    assert.equal(chooseLanguage("en", "ja"), "en");
    assert.equal(chooseLanguage(undefined, "fr, ko-KR;q=0.8"), "ko");
    assert.equal(chooseLanguage("nonsense", undefined), "en");
    assert.equal(chooseLanguage(undefined, ",;;q=x,*".repeat(1_000)), "en");
  });
});
