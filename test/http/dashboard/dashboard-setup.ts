import { rulesForPolicy } from "../../../src/review/triggers.ts";
import { readFileSync } from "node:fs";
import type { Clock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import { Secret } from "../../../src/base/secret.ts";
import { readFlow } from "../../../src/flow/parse/parse-flow.ts";
import { createApp } from "../../../src/http/app.ts";
import { createClientOf } from "../../../src/http/client-of.ts";
import { createAttemptLimit } from "../../../src/http/dashboard/attempt-limit.ts";
import { createDashboard, type Dashboard } from "../../../src/http/dashboard/dashboard.ts";
import type { DashboardOptions, ShownFlow } from "../../../src/http/dashboard/dashboard-options.ts";
import { createIntake } from "../../../src/http/intake.ts";
import type { OpenedStore } from "../../../src/store/open-store.ts";
import { shadowDesk } from "./filled-shadow.ts";

/** The admin token of the tests. */
export const TOKEN = "an-admin-token-of-the-tests";

/** What the sessions of the tests are signed with. */
export const SESSION_KEY = new Uint8Array(32).fill(7);

/** A clock that a test turns. */
export type HandClock = Clock & { readonly forward: (ms: number) => void };

/** A clock that starts now and stands still, but for sleeping. */
export const handClock = (): HandClock => {
  let now = Date.now();
  return {
    now: () => now,
    sleep: async () => undefined,
    forward: (ms) => {
      now += ms;
    },
  };
};

/** The shipped flow for reviews, as a configuration would show it. */
export const shippedFlow = (): ShownFlow => {
  const reading = readFlow(readFileSync(new URL("../../../flows/review.yml", import.meta.url), "utf8"));
  if (!reading.ok) throw new Error("the shipped flow cannot be read");
  return {
    name: "review",
    contract: "findings",
    review: "every-push",
    language: "English",
    projects: ["**"],
    parts: [
      {
        role: "main",
        source: "builtin:review",
        models: [{ named: "langgenius/gemini/gemini-2.5-flash", answering: "main (m)" }],
        flow: reading.flow,
      },
      { role: "verify", source: "https://dify.example.com", models: [], flow: null },
    ],
  };
};

/** A dashboard over a store, and the app around it. */
export const setUpDashboard = (
  store: OpenedStore,
  clock: Clock,
  access: Partial<DashboardOptions["access"]> = {},
  rest: Partial<DashboardOptions> = {},
): { readonly app: ReturnType<typeof createApp>; readonly dashboard: Dashboard } => {
  const intake = createIntake({
    verify: {
      secrets: [{ secret: new Secret("a-webhook-secret"), projects: null }],
      signingTokens: [],
      tokenPassThrough: false,
    },
    tokens: {
      prove: async () => ({ kind: "refused", code: "token-wrong", message: "" }),
      isKnown: () => false,
      isHeld: () => false,
    },
    route: (path) =>
      path.startsWith("team/") ? { flow: "review", rules: rulesForPolicy("every-push") } : null,
    accept: store.accept,
    clock,
    logger: silentLogger,
  });
  const dashboard = createDashboard({
    access: {
      host: "127.0.0.1",
      publicUrl: null,
      adminToken: new Secret(TOKEN),
      gitlab: null,
      sessionMs: 3_600_000,
      ...access,
    },
    attempts: createAttemptLimit(clock),
    clientOf: createClientOf(["127.0.0.1", "10.0.0.0/8"]),
    sessionKey: SESSION_KEY,
    store,
    replay: ({ headers }, body) => intake.replay({ headers, body }),
    flows: [shippedFlow()],
    shadows: shadowDesk(store),
    flowOf: (path) => (path.startsWith("team/") ? "review" : null),
    gitlabUrl: "https://gitlab.example.com",
    settings: {
      gitlab: { url: "https://gitlab.example.com", token: new Secret("glpat-of-the-settings") },
      dashboard: { adminToken: new Secret(TOKEN) },
      webhook: { secrets: [{ secret: new Secret("a-webhook-secret"), projects: null }] },
      worker: { concurrency: 4 },
    },
    clock,
    logger: silentLogger,
    ...rest,
  });
  return {
    app: createApp({
      intake,
      clientOf: createClientOf([]),
      dashboard,
      checkReady: store.ping,
      clock,
      logger: silentLogger,
    }),
    dashboard,
  };
};

/** What came back. */
export type Got = { readonly status: number; readonly text: string; readonly headers: Headers };

/** A browser without a screen: it keeps cookies and sends forms as our pages would. */
export type Browser = {
  readonly get: (path: string, headers?: Record<string, string>) => Promise<Got>;
  /** Sends a form with the token of the page it is on, unless `fields` or `headers` say otherwise. */
  readonly post: (
    path: string,
    fields?: Record<string, string>,
    headers?: Record<string, string>,
  ) => Promise<Got>;
  readonly signIn: (token?: string, headers?: Record<string, string>) => Promise<Got>;
  readonly cookies: Map<string, string>;
  /** The address at the other end of its connections; none when left out. */
  peer?: string;
};

const ORIGIN = "http://127.0.0.1:8080";

/** Opens a browser on an app. */
export const openBrowser = (app: ReturnType<typeof createApp>): Browser => {
  const cookies = new Map<string, string>();
  let formToken = "";
  const send = async (path: string, init: RequestInit, headers: Record<string, string>): Promise<Got> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const { peer } = browser;
    const response = await app.request(
      `${ORIGIN}${path}`,
      { ...init, headers: { host: "127.0.0.1:8080", ...(cookie === "" ? {} : { cookie }), ...headers } },
      peer === undefined ? {} : { incoming: { socket: { remoteAddress: peer } } },
    );
    for (const line of response.headers.getSetCookie()) {
      const [name = "", value = ""] = (line.split(";")[0] ?? "").split("=");
      cookies.set(name, value);
    }
    const text = await response.text();
    formToken = /name="form_token" value="([^"]+)"/.exec(text)?.[1] ?? formToken;
    return { status: response.status, text, headers: response.headers };
  };
  const browser: Browser = {
    cookies,
    get: (path, headers = {}) => send(path, {}, headers),
    post: (path, fields = {}, headers = {}) =>
      send(
        path,
        { method: "POST", body: new URLSearchParams({ form_token: formToken, ...fields }).toString() },
        { "content-type": "application/x-www-form-urlencoded", origin: ORIGIN, ...headers },
      ),
    signIn: async (token = TOKEN, headers = {}) => {
      await browser.get("/dashboard/sign-in");
      return browser.post("/dashboard/sign-in", { token }, headers);
    },
  };
  return browser;
};
