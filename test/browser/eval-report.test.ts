import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { describe, it } from "node:test";
import { chromium } from "playwright-core";
import { english } from "../messages/saying.ts";
import { renderHtml } from "../../src/eval/report/render-html.ts";
import { createEvalFolder } from "../eval/eval-folder.ts";
import { hostileReport } from "../eval/hostile-report.ts";
import { chromiumOrReason } from "./find-chromium.ts";
import { bareTablesOf, faintTextsOf, namelessOf, overflowOf } from "./page-checks.ts";

const { path: executablePath, skip } = chromiumOrReason();

const LOOKS = [
  { colorScheme: "light", viewport: { width: 1280, height: 800 } },
  { colorScheme: "dark", viewport: { width: 360, height: 740 } },
] as const;

describe("the report of a measurement in Chromium", { skip }, () => {
  it("can be read wide and narrow, light and dark, and asks nobody for anything", async () => {
    await using folder = await createEvalFolder();
    const address = pathToFileURL(
      await folder.write("report.html", renderHtml(english, hostileReport())),
    ).href;
    const browser = await chromium.launch({ executablePath: executablePath ?? "", args: ["--no-sandbox"] });
    try {
      for (const look of LOOKS) {
        const page = await browser.newPage(look);
        const said: string[] = [];
        page.on("console", (message) => said.push(message.text()));
        page.on("request", (request) => said.push(request.url()));
        await page.goto(address, { waitUntil: "load" });
        await page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true");
        assert.deepEqual(said, [address]);
        assert.match(await page.title(), /evil\.example\.com/, "no foreign text has run");
        assert.ok((await overflowOf(page)) <= 0, "wider than the window");
        assert.deepEqual(await namelessOf(page), []);
        assert.equal(await bareTablesOf(page), 0);
        assert.deepEqual(await faintTextsOf(page), []);
        await page.close();
      }
    } finally {
      await browser.close();
    }
  });
});
