import { createHmac, randomUUID } from "node:crypto";
import { post } from "./post.ts";
import type { Delivery, Hook, Project } from "./state.ts";
import type { World } from "./world.ts";

/** An event on its way to the hooks of a project. */
export type HookEvent = {
  /** The hook's flag that asks for it. */
  readonly flag: string;
  /** GitLab's name in the delivery log, such as `merge_request_hooks`. */
  readonly trigger: string;
  /** The header `X-Gitlab-Event`. */
  readonly event: string;
  readonly payload: unknown;
  /** The branch of a push, for the hook's branch filter. */
  readonly branch?: string;
};

/** Sends events to hooks and keeps their health. */
export type HookDispatcher = {
  /** Whether any hook of the project asks for such events. */
  readonly wants: (project: Project, flag: string) => boolean;
  /** Sends the event to each hook that wants it, in the background. */
  readonly fire: (project: Project, event: HookEvent) => void;
  /** Sends one event to one hook; null where the hook is disabled. `force` is for test deliveries. */
  readonly deliver: (hook: Hook, message: Message, force?: boolean) => Promise<Delivery | null>;
  /** Waits until no delivery is under way. */
  readonly settle: () => Promise<void>;
  readonly close: () => Promise<void>;
};

type Message = {
  readonly trigger: string;
  readonly event: string;
  readonly body: string;
  readonly idempotencyKey: string;
};

const GRACE_FAILURES = 3;
const LAST_FAILURE = 40;
const FIRST_PAUSE_MS = 60_000;
const LONGEST_PAUSE_MS = 86_400_000;
const PAYLOAD_LIMIT = 25 * 1024 * 1024;

/** `executable`, `temporarily_disabled` or `disabled`, after GitLab's rules for project hooks. */
export const alertStatus = (hook: Hook, now: number): "executable" | "temporarily_disabled" | "disabled" => {
  if (hook.failures >= LAST_FAILURE) return "disabled";
  const paused = hook.disabledUntil !== null && hook.disabledUntil >= now && hook.failures > GRACE_FAILURES;
  return paused ? "temporarily_disabled" : "executable";
};

/** The 4th failure in a row pauses for a minute, each further one twice as long up to a day; the 40th for good. */
const countFailure = (hook: Hook, now: number): void => {
  if (alertStatus(hook, now) !== "executable") return;
  hook.failures = Math.min(hook.failures + 1, LAST_FAILURE);
  if (hook.failures <= GRACE_FAILURES) return;
  const doublings = hook.failures - GRACE_FAILURES - 1;
  hook.disabledUntil = now + Math.min(FIRST_PAUSE_MS * 2 ** doublings, LONGEST_PAUSE_MS);
};

/** Whether a branch passes a hook's filter, where `*` stands for any run of characters. */
const passesFilter = (filter: string, branch: string | undefined): boolean => {
  if (filter === "" || branch === undefined) return true;
  const pattern = filter.split("*").map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${pattern.join(".*")}$`).test(branch);
};

/** The header `webhook-signature`: HMAC-SHA256 over `id.timestamp.body` with the key behind `whsec_`, decoded. */
export const signWebhook = (signingToken: string, id: string, timestamp: string, body: string): string => {
  const key = Buffer.from(signingToken.replace(/^whsec_/, ""), "base64");
  return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
};

const headersFor = (world: World, hook: Hook, message: Message): Record<string, string> => {
  const timestamp = String(Math.floor(world.now() / 1000));
  return {
    "Content-Type": "application/json",
    "User-Agent": `GitLab/${world.version}`,
    ...(world.atLeast(17, 4) ? { "Idempotency-Key": message.idempotencyKey } : {}),
    "X-Gitlab-Event": message.event,
    "X-Gitlab-Webhook-UUID": randomUUID(),
    "X-Gitlab-Instance": world.url,
    "X-Gitlab-Event-UUID": randomUUID(),
    ...(hook.token === null ? {} : { "X-Gitlab-Token": hook.token }),
    ...(hook.signingToken === null
      ? {}
      : {
          "webhook-id": message.idempotencyKey,
          "webhook-timestamp": timestamp,
          "webhook-signature": signWebhook(
            hook.signingToken,
            message.idempotencyKey,
            timestamp,
            message.body,
          ),
        }),
  };
};

const redacted = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  "X-Gitlab-Token" in headers ? { ...headers, "X-Gitlab-Token": "[REDACTED]" } : { ...headers };

const exchange = async (world: World, hook: Hook, message: Message, signal: AbortSignal) => {
  const headers = headersFor(world, hook, message);
  const body = Buffer.from(message.body);
  try {
    if (body.length > PAYLOAD_LIMIT) throw new Error("Gitlab::Json::LimitedEncoder::LimitExceeded");
    const result = await post(new URL(hook.url), headers, body, world.hookTimeoutMs, signal);
    const good = result.status >= 200 && result.status < 400;
    return {
      headers,
      good,
      status: String(result.status),
      responseHeaders: result.headers,
      body: result.body,
      error: null,
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { headers, good: false, status: "internal error", responseHeaders: {}, body: "", error: reason };
  }
};

const createDeliver =
  (world: World, signal: AbortSignal) =>
  async (hook: Hook, message: Message, force = false): Promise<Delivery | null> => {
    if (!force && alertStatus(hook, world.now()) !== "executable") return null;
    const { url } = hook;
    const at = world.now();
    const started = performance.now();
    const done = await exchange(world, hook, message, signal);
    const delivery: Delivery = {
      id: world.nextId("delivery"),
      trigger: message.trigger,
      url,
      event: message.event,
      idempotencyKey: message.idempotencyKey,
      requestHeaders: redacted(done.headers),
      body: message.body,
      responseHeaders: done.responseHeaders,
      responseBody: done.body,
      responseStatus: done.status,
      errorMessage: done.error,
      duration: (performance.now() - started) / 1000,
      at,
    };
    hook.deliveries.push(delivery);
    if (done.good) {
      hook.failures = 0;
      hook.disabledUntil = null;
    } else countFailure(hook, world.now());
    return delivery;
  };

/**
 * The sender of hook events. One attempt each, never a second: a 2xx or 3xx answer is a success; anything
 * else, a timeout and a connection error are failures.
 */
export const createHookDispatcher = (world: World): HookDispatcher => {
  const stop = new AbortController();
  const underWay = new Set<Promise<unknown>>();
  const deliver = createDeliver(world, stop.signal);
  const settle = async (): Promise<void> => {
    while (underWay.size > 0) await Promise.allSettled(underWay);
  };
  return {
    wants: (project, flag) => project.hooks.some((hook) => hook.flags[flag] === true),
    deliver,
    settle,
    fire: (project, event) => {
      const body = JSON.stringify(event.payload);
      for (const hook of project.hooks) {
        if (hook.flags[event.flag] !== true || !passesFilter(hook.branchFilter, event.branch)) continue;
        const message = { trigger: event.trigger, event: event.event, body, idempotencyKey: randomUUID() };
        const sending: Promise<unknown> = deliver(hook, message).finally(() => underWay.delete(sending));
        underWay.add(sending);
      }
    },
    close: async () => {
      stop.abort();
      await settle();
    },
  };
};
