import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { TIME_ZONE } from "../../../src/http/dashboard/markup/format.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { message } from "../../../src/messages/message.ts";
import { LANGUAGES } from "../../../src/messages/language.ts";
import type { OpenedStore } from "../../../src/store/open-store.ts";
import { type Browser, openBrowser, setUpDashboard } from "./dashboard-setup.ts";
import { ILL_HOOK, projectRules } from "./filled-project.ts";
import { fillShadow } from "./filled-shadow.ts";
import { type Filled, fillStore } from "./filled-store.ts";
import { openTemporaryStore } from "./temporary-store.ts";

/** What stands in the store wherever somebody else may write. */
const FOREIGN = "foreign";

const FOREIGN_TEXT = /\d|team\/|foreign|builtin:|https?:/u;

/** The texts of a page that are ours: neither code, nor somebody else's, nor with figures of a run. */
const ownTexts = (page: string): readonly string[] =>
  [
    ...page
      .replaceAll(/<(code|time|pre|svg|script|title)\b[\s\S]*?<\/\1>/gu, "")
      .matchAll(/>([^<>]*\p{L}[^<>]*)<|aria-label="([^"]+)"/gu),
  ]
    .map(([, text, label]) => (text ?? label ?? "").replaceAll(/\s+/gu, " ").trim())
    .filter((text) => text !== "" && !FOREIGN_TEXT.test(text) && !text.includes(TIME_ZONE));

suite("the texts of the dashboard", () => {
  let store: OpenedStore;
  let browser: Browser;
  let filled: Filled;
  let shadowRun: string;

  before(async () => {
    store = await openTemporaryStore();
    filled = await fillStore(store, FOREIGN);
    shadowRun = await fillShadow(store, filled.reviewedRun, FOREIGN);
    const standing = { sinceMs: 0, nextTryMs: 0 };
    const { app } = setUpDashboard(
      store,
      systemClock,
      {},
      {
        rulesOf: () => projectRules(FOREIGN),
        breakers: () => [
          { name: "model main", state: "open", ...standing },
          { name: "dify", state: "half-open", ...standing },
        ],
        notices: async () => [
          { label: FOREIGN, waiting: 1, lost: 2, sinceMs: 0, problem: message("notify.template-not-json") },
        ],
        hookHealth: async () => ({ kind: "seen", hooks: [ILL_HOOK] }),
      },
    );
    browser = openBrowser(app);
    await browser.signIn();
  });
  after(() => store[Symbol.asyncDispose]());

  for (const language of LANGUAGES)
    test(`are those of the catalogue: ${language}`, async (t) => {
      const [project] = await store.views.listProjects();
      const pages = {
        overview: "",
        deliveries: "/deliveries",
        delivery: `/deliveries/${filled.reviewDelivery}`,
        runs: "/runs",
        run: `/runs/${filled.reviewedRun}`,
        findings: "/findings",
        projects: "/projects",
        project: `/projects/${project?.id ?? ""}`,
        hooks: `/projects/${project?.id ?? ""}/hooks`,
        flows: "/flows",
        shadow: "/shadow",
        "shadow run": `/shadow/runs/${shadowRun}`,
        missing: "/nowhere",
      };
      const shown = new Set<string>();
      const lines: string[] = [];
      for (const [name, path] of Object.entries(pages)) {
        const { text } = await browser.get(`/dashboard${path}`, { "accept-language": language });
        const fresh = [...new Set(ownTexts(text))].filter((one) => !shown.has(one));
        for (const one of fresh) shown.add(one);
        lines.push(`# ${name}`, ...fresh, "");
      }
      assert.ok(lines.length > 200);
      t.assert.fileSnapshot(lines.join("\n"), join(import.meta.dirname, `snapshots/texts.${language}.txt`), {
        serializers: [String],
      });
    });
});
