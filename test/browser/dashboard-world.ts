import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { systemClock } from "../../src/base/clock.ts";
import { Secret } from "../../src/base/secret.ts";
import { startServer } from "../../src/http/server.ts";
import type { DashboardOptions } from "../../src/http/dashboard/dashboard-options.ts";
import type { OpenedStore } from "../../src/store/open-store.ts";
import { setUpDashboard, TOKEN } from "../http/dashboard/dashboard-setup.ts";
import { type Filled, fillStore } from "../http/dashboard/filled-store.ts";
import { ILL_HOOK, projectRules } from "../http/dashboard/filled-project.ts";
import { fillShadow } from "../http/dashboard/filled-shadow.ts";
import { openTemporaryStore } from "../http/dashboard/temporary-store.ts";

/** A page with what went wrong on it. */
export type WatchedPage = {
  readonly page: Page;
  /** Errors of scripts, of the console and of the content security policy. */
  readonly problems: string[];
};

/** A server with a filled store, and a real browser in front of it. */
export type DashboardWorld = AsyncDisposable & {
  readonly url: string;
  readonly store: OpenedStore;
  readonly filled: Filled;
  /** Opens a page of its own, signed in unless told otherwise. */
  readonly open: (options?: BrowserContextOptions & { readonly signedIn?: boolean }) => Promise<WatchedPage>;
  /** Every page by a short name. */
  readonly pages: Readonly<Record<string, string>>;
};

/** Starts everything; `text` stands in the store wherever somebody else may write. */
export const startDashboardWorld = async (
  executablePath: string,
  text: string,
  access: Partial<DashboardOptions["access"]> = { adminToken: new Secret(TOKEN) },
): Promise<DashboardWorld> => {
  await using started = new AsyncDisposableStack();
  const store = started.use(await openTemporaryStore());
  const filled = await fillStore(store, text);
  const shadowRun = await fillShadow(store, filled.reviewedRun, text);
  const { app, dashboard } = setUpDashboard(store, systemClock, access, {
    rulesOf: () => projectRules(text),
    breakers: () => [
      { name: "model main", state: "open", sinceMs: Date.now(), nextTryMs: Date.now() + 600_000 },
      { name: "dify https://dify.example.com", state: "half-open", sinceMs: Date.now(), nextTryMs: null },
    ],
    hookHealth: async () => ({ kind: "seen", hooks: [ILL_HOOK] }),
  });
  const [project] = await store.views.listProjects();
  const server = await startServer({ app, host: "127.0.0.1", port: 0 });
  started.defer(() => server.stop(1_000));
  started.defer(dashboard.close);
  const browser: Browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  started.defer(() => browser.close());
  const open: DashboardWorld["open"] = async ({ signedIn = true, ...options } = {}) => {
    const context = await browser.newContext({ locale: "en-GB", ...options });
    const page = await context.newPage();
    const problems: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") problems.push(message.text());
    });
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("requestfailed", (request) => {
      const why = request.failure()?.errorText ?? "";
      if (why !== "net::ERR_ABORTED") problems.push(`${request.url()} ${why}`);
    });
    if (signedIn) {
      await page.goto(`${server.url}/dashboard/sign-in`);
      await page.fill("#token", TOKEN);
      await page.keyboard.press("Enter");
      await page.waitForURL(`${server.url}/dashboard`);
    }
    return { page, problems };
  };
  const running = started.move();
  return {
    url: server.url,
    store,
    filled,
    open,
    pages: {
      overview: "/dashboard",
      deliveries: "/dashboard/deliveries",
      delivery: `/dashboard/deliveries/${filled.reviewDelivery}`,
      runs: "/dashboard/runs",
      run: `/dashboard/runs/${filled.reviewedRun}`,
      "failed-run": `/dashboard/runs/${filled.failedRun}`,
      "queued-run": `/dashboard/runs/${filled.queuedRun}`,
      findings: "/dashboard/findings",
      projects: "/dashboard/projects",
      project: `/dashboard/projects/${project?.id}`,
      hooks: `/dashboard/projects/${project?.id}/hooks`,
      flows: "/dashboard/flows",
      settings: "/dashboard/settings",
      shadow: "/dashboard/shadow",
      "shadow-run": `/dashboard/shadow/runs/${shadowRun}`,
      missing: "/dashboard/nowhere",
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
};
