import { formatMessage } from "../../src/messages/format-message.ts";
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { openPage } from "../../src/cli/demo.ts";
import { type Demo, startDemo } from "../../src/cli/demo/start-demo.ts";
import { chromiumOrReason } from "./find-chromium.ts";
import { bareTablesOf, faintTextsOf, namelessOf, overflowOf, tabTo } from "./page-checks.ts";

const { path: executablePath, skip } = chromiumOrReason();

/** Reviews take their time on a slow machine. */
const PATIENCE = { timeout: 60_000 };

/** Where screenshots go, when somebody wants to look at them. */
const screenshot = async (page: Page, name: string): Promise<void> => {
  const folder = process.env["SCREENSHOT_DIR"];
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
};

describe("the demo's page in Chromium", { skip }, () => {
  const stack = new AsyncDisposableStack();
  let running: Demo | undefined;
  let browser: Browser | undefined;
  let url = "";
  const demo = (): Demo => running ?? assert.fail("not started");

  before(async () => {
    const settings = { dify: false, port: 0, events: "conversation", language: "English" } as const;
    running = stack.use(await startDemo({ ...settings, environment: {} }));
    ({ url } = await openPage(running));
    const launched = await chromium.launch({ executablePath: executablePath ?? "", args: ["--no-sandbox"] });
    stack.defer(() => launched.close());
    browser = launched;
  });
  after(() => stack.disposeAsync());

  const open = async (options: BrowserContextOptions) => {
    const context = await (browser ?? assert.fail("no browser")).newContext(options);
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE.timeout);
    const problems: string[] = [];
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) problems.push(message.text());
    });
    page.on("pageerror", (error) => problems.push(error.message));
    await page.goto(url);
    return { page, problems };
  };

  const assertReadable = async (page: Page, name: string): Promise<void> => {
    assert.ok((await overflowOf(page)) <= 0, `${name} is wider than the window`);
    assert.deepEqual(await namelessOf(page), [], name);
    assert.deepEqual(await faintTextsOf(page), [], name);
    await screenshot(page, name);
  };

  it("a reviewer sees the thread on its line, asks, and sees it resolved by a fix", async () => {
    const { page, problems } = await open({ locale: "en-GB", viewport: { width: 1280, height: 900 } });
    await page.getByText(formatMessage("en", "demo.scripted")).waitFor();
    const thread = page.locator("tr.added:has-text('i <= items.length') + tr.threads .thread.open");
    await thread.getByText("The loop goes one step past the end").waitFor();
    assert.match(await thread.locator(".suggestion").innerText(), /- .*i <= items.*\n\+ .*i < items/s);
    await page
      .locator("#comments")
      .getByText(formatMessage("en", "coverage.heading", { reviewed: 1, partly: 0, skipped: 0 }))
      .waitFor();
    assert.equal(await bareTablesOf(page), 1, "only the table that the bot wrote has no caption");
    await assertReadable(page, "demo-en-light-1280");

    await page.fill("#body", "What does this change do?");
    await tabTo(page, /^Ask the bot$/);
    await page.keyboard.press("Enter");
    await page.locator("#comments .thread .bot").getByText("I was shown").waitFor();
    await thread.getByRole("button", { name: formatMessage("en", "demo.thumb-up"), exact: true }).click();
    await thread.locator("button.plain", { hasText: "1" }).waitFor();

    await page.evaluate(`globalThis.untouched = true`);
    await page.fill("#body", "half a sentence");
    await page.getByRole("button", { name: formatMessage("en", "demo.fix") }).click();
    const settled = page.locator(".file > .thread.resolved");
    await settled
      .getByText(formatMessage("en", "thread.resolved.code-gone", { sha: "" }).slice(0, 20))
      .waitFor();
    await page.getByText(formatMessage("en", "demo.fixed")).waitFor();
    await page.locator("#comments").getByText(formatMessage("en", "summary.no-findings")).waitFor();
    assert.equal(await page.evaluate(`globalThis.untouched`), true, "it was not loaded anew");
    assert.equal(await page.inputValue("#body"), "half a sentence");
    await assertReadable(page, "demo-en-light-1280-fixed");
    assert.deepEqual(problems, []);
    assert.deepEqual(demo().team.gitlab.failures, []);
    await page.context().close();
  });

  it("in Japanese, in the dark, on a phone: another merge request opens and a suggestion is applied", async () => {
    const look = { locale: "ja-JP", colorScheme: "dark", viewport: { width: 360, height: 740 } } as const;
    const { page, problems } = await open(look);
    assert.equal(await page.getAttribute("html", "lang"), "ja");
    await page.getByText(formatMessage("ja", "demo.scripted")).waitFor();
    await page.getByRole("button", { name: formatMessage("ja", "demo.open") }).click();
    await page.getByRole("heading", { name: "Mail receipts" }).waitFor();
    const threads = page.locator("tr.threads .thread.open");
    await threads.nth(1).waitFor();
    await assertReadable(page, "demo-ja-dark-360");
    await threads
      .first()
      .getByRole("button", { name: formatMessage("ja", "demo.apply") })
      .click();
    await page.locator("tr.added, td.code").getByText("process.env.PASSWORD").first().waitFor();
    await page.locator(".thread.resolved").first().waitFor();
    assert.deepEqual(problems, []);
    assert.deepEqual(demo().team.gitlab.failures, []);
    await page.context().close();
  });

  it("every button works without a script, and the language can be chosen", async () => {
    const { page } = await open({ locale: "en-GB", javaScriptEnabled: false });
    await page.getByRole("link", { name: formatMessage("ko", "language.name") }).click();
    await page.getByRole("heading", { name: formatMessage("ko", "demo.actions") }).waitFor();
    await page.fill("#body", "**bold** <script>alert(1)</script>");
    await page.getByRole("button", { name: formatMessage("ko", "demo.comment") }).click();
    await page.locator("#comments .note strong", { hasText: "bold" }).waitFor();
    assert.equal(await page.locator("#comments script").count(), 0);
    await page.context().close();
  });
});
