import { type Message, message } from "../messages/message.ts";
import { isSameAddress } from "../gitlab/hooks/hook-address.ts";
import type { HookEvent } from "../gitlab/hooks/schema.ts";
import { type Diagnosis, fail, ok, warn } from "./diagnosis.ts";

/** How a delivery went. GitLab takes a redirect for a success, though nobody has got the event. */
const kindOf = ({ response_status: status }: HookEvent): "good" | "redirected" | "failed" => {
  const code = Number.parseInt(status ?? "", 10);
  if (code >= 200 && code < 300) return "good";
  return code >= 300 && code < 400 ? "redirected" : "failed";
};

/** What makes the resend of an event recognisable: its idempotency key (17.4), else nothing. */
const keyOf = (event: HookEvent): string => {
  const header = Object.entries(event.request_headers ?? {}).find(
    ([name]) => name.toLowerCase() === "idempotency-key",
  )?.[1];
  const key = typeof header === "string" ? header : header?.[0];
  return key === undefined || key === "" ? `event ${event.id}` : key;
};

/**
 * The events that never arrived: the newest attempt of each that failed or was redirected and has no
 * success, oldest first. `events` are GitLab's, newest first.
 */
export const lostEvents = (events: readonly HookEvent[]): readonly HookEvent[] => {
  const arrived = new Set(events.filter((event) => kindOf(event) === "good").map(keyOf));
  const lost = new Map<string, HookEvent>();
  for (const event of events) {
    const key = keyOf(event);
    if (!arrived.has(key) && !lost.has(key)) lost.set(key, event);
  }
  return [...lost.values()].reverse();
};

/** Those of the lost events that GitLab would send again: it refuses when the hook's address has changed. */
export const resendable = (lost: readonly HookEvent[], hookUrl: string): readonly HookEvent[] =>
  lost.filter(({ url }) => url === null || url === undefined || isSameAddress(url, hookUrl));

/** What is known of a hook's recent deliveries. */
export type EventsFacts = {
  readonly path: string;
  readonly hookId: number;
  /** Of the last 7 days, newest first. */
  readonly events: readonly HookEvent[];
};

/** Diagnoses a hook's recent deliveries by the newest of them, and tells the events that never arrived. */
export const diagnoseEvents = ({ path, hookId: hook, events }: EventsFacts): Diagnosis => {
  const check = "hook-events";
  const lost = lostEvents(events);
  const [newest] = events;
  if (newest === undefined) return ok(check, message("doctor.events.none", { hook, path }));
  if (lost.length === 0) return ok(check, message("doctor.events.ok", { hook, path, count: events.length }));
  const command = `reviewflow doctor ${path} --resend`;
  const what = message("doctor.events.lost", {
    hook,
    path,
    count: lost.length,
    status: newest.response_status ?? message("doctor.nothing"),
  });
  if (kindOf(newest) === "good") return warn(check, what, message("doctor.events.resend.fix", { command }));
  const fix = message("doctor.events.cause.fix", { cause: causeOf(newest, path), command });
  return fail(check, what, fix);
};

const causeOf = (event: HookEvent, path: string): Message => {
  const code = Number.parseInt(event.response_status ?? "", 10);
  if (code === 401) {
    const command = `reviewflow hook install ${path} --yes --renew-secrets`;
    return message("doctor.events.cause.secret", { command });
  }
  if (kindOf(event) === "redirected") return message("doctor.events.cause.redirect");
  if (code === 404 || code === 405) return message("doctor.events.cause.path");
  if (code === 413) return message("doctor.events.cause.size");
  if (code === 502 || code === 503 || code === 504) return message("doctor.events.cause.proxy");
  return message(Number.isNaN(code) ? "doctor.events.cause.connection" : "doctor.events.cause.other");
};
