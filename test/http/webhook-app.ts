import { rulesForPolicy } from "../../src/review/triggers.ts";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { Secret } from "../../src/base/secret.ts";
import type { TokenProofs } from "../../src/gitlab/token-proof.ts";
import { createApp } from "../../src/http/app.ts";
import { createClientOf } from "../../src/http/client-of.ts";
import { createIntake, type IntakeOptions } from "../../src/http/intake.ts";
import type { AcceptRequest } from "../../src/store/store.ts";

/** The secret that the app is set up with. */
export const SECRET = "a-long-webhook-secret";
const HISTORY = { queued: null, active: null, reviewedHeads: [] };

/** A merge request event as GitLab sends it, with some fields set otherwise. */
export const payload = (
  fields: Record<string, unknown> = {},
  attributes: Record<string, unknown> = {},
): Record<string, unknown> => ({
  object_kind: "merge_request",
  user: { id: 3, username: "author" },
  project: {
    id: 7,
    path_with_namespace: "group/project",
    web_url: "https://gitlab.example.com/group/project",
  },
  object_attributes: {
    iid: 1,
    action: "open",
    state: "opened",
    title: "Add a greeting",
    description: null,
    url: "https://gitlab.example.com/group/project/-/merge_requests/1",
    author_id: 3,
    source_branch: "greeting",
    target_branch: "main",
    source_project_id: 7,
    target_project_id: 7,
    last_commit: { id: "abc" },
    ...attributes,
  },
  changes: {},
  ...fields,
});

/** The proof of tokens by a function; none was proved before. */
export const tokensBy = (prove: TokenProofs["prove"]): TokenProofs => ({
  prove,
  isKnown: () => false,
  isHeld: () => false,
});

/** An app whose store only remembers, and what it remembers. */
export const setUp = (options: Partial<IntakeOptions> = {}) => {
  const accepted: AcceptRequest[] = [];
  const intake = createIntake({
    verify: {
      secrets: [{ secret: new Secret(SECRET), projects: null }],
      signingTokens: [],
      tokenPassThrough: false,
    },
    tokens: tokensBy(async () => ({ kind: "refused", code: "token-wrong", message: "" })),
    route: (path) => (path.startsWith("group/") ? { flow: "default", rules: rulesForPolicy("once") } : null),
    accept: async (request) => {
      accepted.push(request);
      const decision = request.decide(HISTORY);
      const deliveryId = "d1";
      if (decision.kind === "review") return { kind: "review", deliveryId, runId: "r1", superseded: [] };
      if (decision.kind === "reply") return { kind: "reply", deliveryId, runId: "r1" };
      if (decision.kind === "cancel")
        return { kind: "cancel", deliveryId, runIds: [], reason: decision.reason };
      return { ...decision, deliveryId };
    },
    clock: systemClock,
    logger: silentLogger,
    ...options,
  });
  const app = createApp({
    intake,
    clientOf: createClientOf(["127.0.0.1"]),
    checkReady: async () => undefined,
    clock: options.clock ?? systemClock,
    logger: options.logger ?? silentLogger,
  });
  /** Sends an event; `from` is the address at the other end. */
  const post = async (
    body: unknown,
    headers: Record<string, string> = {},
    path = "/webhooks/gitlab",
    from = "192.0.2.1",
  ) => {
    const init = {
      method: "POST",
      body: typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body),
      headers: {
        "content-type": "application/json",
        "x-gitlab-event": "Merge Request Hook",
        "x-gitlab-token": SECRET,
        ...headers,
      },
    };
    const response = await app.request(path, init, { incoming: { socket: { remoteAddress: from } } });
    return { status: response.status, text: await response.text(), headers: response.headers };
  };
  return { accepted, app, post };
};
