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

/** Judges a hook's recent deliveries by the newest of them, and tells the events that never arrived. */
export const judgeEvents = ({ path, hookId, events }: EventsFacts): Diagnosis => {
  const check = "hook-events";
  const name = `hook ${hookId} of ${path}`;
  const lost = lostEvents(events);
  const [newest] = events;
  if (newest === undefined) return ok(check, `${name} has sent nothing in 7 days`);
  if (lost.length === 0) return ok(check, `${name}: all of its last ${events.length} deliveries arrived`);
  const resend = `reviewflow doctor ${path} --resend`;
  const what = `${name}: ${lost.length} ${lost.length === 1 ? "event" : "events"} of the last 7 days never arrived; the newest delivery was answered with ${newest.response_status ?? "nothing"}`;
  if (kindOf(newest) === "good") return warn(check, what, `Send them again: ${resend}`);
  return fail(check, what, `${mendFor(newest, path)} Then send them again: ${resend}`);
};

const mendFor = (event: HookEvent, path: string): string => {
  const code = Number.parseInt(event.response_status ?? "", 10);
  if (code === 401)
    return `The hook's secret is not the server's: reviewflow hook install ${path} --yes --renew-secrets.`;
  if (kindOf(event) === "redirected")
    return "The hook's address redirects, and GitLab takes that for a success: give the hook the address that it leads to.";
  if (code === 404 || code === 405)
    return "The hook's address is not our webhook's: it ends in /webhooks/gitlab behind the server's address.";
  if (code === 413)
    return "A proxy refuses large events: let it take bodies of 25 MB (client_max_body_size).";
  if (code === 502 || code === 503 || code === 504)
    return "The proxy does not reach the server: see that reviewflow serve runs and listens where the proxy looks.";
  if (Number.isNaN(code))
    return "GitLab could not connect, or waited over 10 s: see that the server runs, that GitLab reaches its address and certificate, and that local addresses are allowed in GitLab's Admin → Settings → Network → Outbound requests.";
  return "See the server's log for what it refused.";
};
