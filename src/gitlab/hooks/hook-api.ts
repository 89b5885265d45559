import { message } from "../../messages/message.ts";
import { z } from "zod";
import { GitLabError } from "../../base/errors.ts";
import type { JsonObject } from "../../base/json.ts";
import type { GitLabClient } from "../client.ts";
import { HookEvent, ProjectHook } from "./schema.ts";

/** A project's hooks over REST, for Maintainers. Failures are thrown as GitLabError. */
export type HookApi = {
  readonly list: (projectId: number) => Promise<readonly ProjectHook[]>;
  readonly show: (projectId: number, hookId: number) => Promise<ProjectHook>;
  readonly create: (projectId: number, fields: JsonObject) => Promise<ProjectHook>;
  readonly update: (projectId: number, hookId: number, fields: JsonObject) => Promise<ProjectHook>;
  readonly remove: (projectId: number, hookId: number) => Promise<void>;
  /** Sends a push event as a test, which we pass over: a 2xx answer makes GitLab take up a disabled hook again. */
  readonly wake: (projectId: number, hookId: number) => Promise<void>;
  /** The newest deliveries, newest first, at most 200 of the last 7 days. */
  readonly events: (projectId: number, hookId: number) => Promise<readonly HookEvent[]>;
  /** Sends an event once more; five in a minute are allowed. Gives the status that the receiver answered with. */
  readonly resend: (projectId: number, hookId: number, eventId: number) => Promise<number | null>;
};

/** GitLab's ceiling for a page of events. */
const EVENTS_PER_PAGE = 20;
const MAX_EVENT_PAGES = 10;

/** Each event comes with its payload. */
const MAX_EVENT_BYTES = 128 * 1024 * 1024;

const Resent = z.object({ response_status: z.union([z.int(), z.string().transform(Number)]).nullish() });

/** Creates the hooks' side of a client. `tokenName` is what messages call the client's token. */
export const createHookApi = (client: GitLabClient, tokenName: string): HookApi => {
  const hooks = "/projects/:id/hooks";
  const told = <Value>(work: Promise<Value>): Promise<Value> =>
    work.catch((error: unknown) => {
      throw withRole(error, tokenName);
    });
  return {
    list: (id) => told(client.pages({ route: hooks, params: { id }, query: { per_page: 100 } }, ProjectHook)),
    show: (id, hook) => told(client.json({ route: `${hooks}/:hook`, params: { id, hook } }, ProjectHook)),
    create: (id, body) =>
      told(client.json({ method: "POST", route: hooks, params: { id }, body }, ProjectHook)),
    update: (id, hook, body) =>
      told(client.json({ method: "PUT", route: `${hooks}/:hook`, params: { id, hook }, body }, ProjectHook)),
    remove: async (id, hook) => {
      await told(client.bytes({ method: "DELETE", route: `${hooks}/:hook`, params: { id, hook } }));
    },
    wake: async (id, hook) => {
      const route = `${hooks}/:hook/test/push_events`;
      await told(client.bytes({ method: "POST", route, params: { id, hook } }));
    },
    events: (id, hook) => told(fetchEvents(client, `${hooks}/:hook/events`, { id, hook })),
    resend: async (id, hook, event) => {
      const route = `${hooks}/:hook/events/:event/resend`;
      const params = { id, hook, event };
      const answer = await told(client.json({ method: "POST", route, params }, Resent));
      return answer.response_status ?? null;
    },
  };
};

/** Page by page until one is empty: a short page is no end, and all of a busy week would be too much. */
const fetchEvents = async (
  client: GitLabClient,
  route: string,
  params: Readonly<Record<string, number>>,
): Promise<readonly HookEvent[]> => {
  const events: HookEvent[] = [];
  for (let page = 1; page <= MAX_EVENT_PAGES; page += 1) {
    const found = await client.json(
      { route, params, query: { page, per_page: EVENTS_PER_PAGE }, maxBytes: MAX_EVENT_BYTES },
      z.array(HookEvent),
    );
    if (found.length === 0) break;
    events.push(...found);
  }
  return events;
};

/** A refusal for lack of a role, with the role that hooks need. A lacking scope stays as it is. */
const withRole = (error: unknown, tokenName: string): unknown => {
  if (!(error instanceof GitLabError) || error.status !== 403) return error;
  if (error.what.code === "gitlab.scope-missing") return error;
  return new GitLabError(message("gitlab.hooks-forbidden", { token: tokenName }), {
    code: error.code,
    status: error.status,
    retryable: false,
    cause: error,
  });
};
