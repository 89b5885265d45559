import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Secret } from "../../../src/base/secret.ts";
import { createOAuthSignIn } from "../../../src/gitlab/oauth-sign-in.ts";
import { formatMessage } from "../../../src/messages/format-message.ts";
import type { OpenedStore } from "../../../src/store/open-store.ts";
import { type Browser, type HandClock, handClock, openBrowser, setUpDashboard } from "./dashboard-setup.ts";
import { APPLICATION, type Person, type SmallGitLab, startSmallGitLab } from "./small-gitlab.ts";
import { openTemporaryStore } from "./temporary-store.ts";

const ADA: Person = { username: "ada", level: 40 };

describe("the sign-in with GitLab", () => {
  let store: OpenedStore;
  let gitlab: SmallGitLab;
  before(async () => {
    store = await openTemporaryStore();
    gitlab = await startSmallGitLab();
  });
  after(async () => {
    await gitlab[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
  });

  const open = (url = gitlab.url): { readonly browser: Browser; readonly clock: HandClock } => {
    const clock = handClock();
    const signIn = createOAuthSignIn({
      url,
      applicationId: APPLICATION.id,
      secret: new Secret(APPLICATION.secret),
      group: "platform/reviewers",
      leastRole: "maintainer",
      timeoutMs: 5_000,
    });
    const access = { adminToken: null, gitlab: signIn, publicUrl: "https://review.example.com" };
    return { browser: openBrowser(setUpDashboard(store, clock, access).app), clock };
  };

  const goToGitLab = async (browser: Browser, back = "/dashboard/runs"): Promise<string> => {
    const page = await browser.get(`/dashboard/sign-in?back=${encodeURIComponent(back)}`);
    const link = /href="(\/dashboard\/sign-in\/gitlab\?[^"]*)"/.exec(page.text)?.[1] ?? "";
    return (await browser.get(link.replaceAll("&amp;", "&"))).headers.get("location") ?? "";
  };

  it("lets a member with the role in, to where they wanted to go, and keeps no token", async () => {
    const { browser } = open();
    const done = await browser.get(gitlab.authorize(await goToGitLab(browser), ADA));
    assert.equal(done.status, 303);
    assert.equal(done.headers.get("location"), "/dashboard/runs");
    assert.equal((await browser.get("/dashboard/runs")).status, 200);
    assert.equal(gitlab.openTokens.size, 0);
  });

  it("asks for no admin token where none is set", async () => {
    const { browser } = open();
    assert.doesNotMatch((await browser.get("/dashboard/sign-in")).text, /type="password"/);
    const tried = await browser.post("/dashboard/sign-in", { token: "" });
    assert.equal(tried.status, 403);
    assert.equal((await browser.get("/dashboard")).status, 303);
  });

  it("refuses who lacks the role, is no member, or is blocked", async () => {
    const people: readonly Person[] = [
      { username: "dev", level: 30 },
      { username: "stranger", level: null },
      { username: "gone", level: 50, state: "blocked" },
      { username: "waiting", level: 50, membership: "awaiting" },
    ];
    for (const person of people) {
      const { browser } = open();
      const refused = await browser.get(gitlab.authorize(await goToGitLab(browser), person));
      assert.equal(refused.status, 403, person.username);
      assert.ok(refused.text.includes(formatMessage("en", "sign-in.refused")), person.username);
      assert.equal((await browser.get("/dashboard")).status, 303, person.username);
    }
    assert.equal(gitlab.openTokens.size, 0);
  });

  it("takes only the answer that this browser has asked for, once and in time", async () => {
    const { browser } = open();
    const { browser: other } = open();
    const stolen = gitlab.authorize(await goToGitLab(other), ADA);
    await goToGitLab(browser);
    assert.equal((await browser.get(stolen)).status, 403, "asked for by another browser");
    const own = gitlab.authorize(await goToGitLab(browser), ADA);
    for (const bent of [
      own.replace(/state=[^&]*/, "state="),
      own.replace(/state=/, "state=x"),
      own.replace(/code=[^&]*/, "code=guessed"),
      "/dashboard/sign-in/gitlab/callback",
      "/dashboard/sign-in/gitlab/callback?error=access_denied",
    ])
      assert.equal((await browser.get(bent)).status, 403, bent);
    assert.equal((await browser.get("/dashboard")).status, 303);
    assert.equal((await browser.get(own)).status, 303);
    assert.equal((await browser.get("/dashboard")).status, 200);

    const slow = open();
    const late = gitlab.authorize(await goToGitLab(slow.browser), ADA);
    slow.clock.forward(600_001);
    assert.equal((await slow.browser.get(late)).status, 403);
  });

  it("goes back to pages of ours alone", async () => {
    const { browser } = open();
    const done = await browser.get(gitlab.authorize(await goToGitLab(browser, "//evil.example.com"), ADA));
    assert.equal(done.headers.get("location"), "/dashboard");
  });

  it("fails with a page, not an error, when GitLab cannot be asked", async () => {
    const { browser } = open("http://127.0.0.1:1");
    const to = (await goToGitLab(browser)).replace("http://127.0.0.1:1", gitlab.url);
    const failed = await browser.get(gitlab.authorize(to, ADA));
    assert.equal(failed.status, 403);
    assert.ok(failed.text.includes(formatMessage("en", "sign-in.failed")));
  });
});
