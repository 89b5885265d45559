import { z } from "zod";

/**
 * The parts of GitLab's answers about projects and their hooks that we need. Unknown keys are passed over.
 *
 * @see https://docs.gitlab.com/api/project_webhooks/
 */

const flag = z.boolean().nullish();

/** A hook as `GET /projects/:id/hooks` lists it. Its secrets are never told, only whether there are any. */
export const ProjectHook = z.object({
  id: z.int(),
  url: z.string(),
  push_events: flag,
  merge_requests_events: flag,
  note_events: flag,
  /** Since 16.2; absent before. */
  emoji_events: flag,
  enable_ssl_verification: flag,
  /** Since 19.0; absent before. */
  token_present: flag,
  /** Since 19.0, and only where the server has signing tokens. */
  signing_token_present: flag,
  alert_status: z.string().nullish(),
  disabled_until: z.string().nullish(),
});
export type ProjectHook = z.infer<typeof ProjectHook>;

const header = z.union([z.string(), z.array(z.string())]).catch("");

/** One delivery of a hook, as `GET …/hooks/:hook_id/events` tells it; kept for 7 days. */
export const HookEvent = z.object({
  id: z.int(),
  url: z.string().nullish(),
  trigger: z.string().nullish(),
  request_headers: z.record(z.string(), header).nullish().catch(null),
  /** The number as text; `internal error` where no answer came. */
  response_status: z.union([z.string(), z.number().transform(String)]).nullish(),
});
export type HookEvent = z.infer<typeof HookEvent>;

/** A project as lists show it. */
export const HookProject = z.object({
  id: z.int(),
  path_with_namespace: z.string(),
  archived: flag,
  merge_requests_enabled: flag,
});
export type HookProject = z.infer<typeof HookProject>;
