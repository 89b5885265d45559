import { userEntity } from "./entities.ts";
import type { Award, CommitStatus, Delivery, Hook } from "./state.ts";
import { alertStatus } from "./webhooks.ts";
import type { World } from "./world.ts";

/** A reaction. */
export const awardEntity = (world: World, award: Award) => ({
  id: award.id,
  name: award.name,
  user: userEntity(world, award.user),
  created_at: award.createdAt,
  updated_at: award.createdAt,
  awardable_id: award.awardableId,
  awardable_type: award.awardableType,
  url: null,
});

/** A commit status. */
export const statusEntity = (world: World, status: CommitStatus) => ({
  id: status.id,
  sha: status.sha,
  ref: status.ref,
  status: status.status,
  name: status.name,
  target_url: status.targetUrl,
  description: status.description,
  created_at: status.createdAt,
  started_at: null,
  finished_at: null,
  allow_failure: false,
  coverage: status.coverage,
  author: userEntity(world, status.author),
});

/** A hook without its secrets; what is present of them is told from 19.0 on. */
export const hookEntity = (world: World, hook: Hook) => ({
  id: hook.id,
  url: hook.url,
  name: hook.name,
  description: hook.description,
  project_id: hook.project.id,
  created_at: hook.createdAt,
  ...hook.flags,
  push_events_branch_filter: hook.branchFilter,
  branch_filter_strategy: "wildcard",
  alert_status: alertStatus(hook, world.now()),
  disabled_until: hook.disabledUntil === null ? null : new Date(hook.disabledUntil).toISOString(),
  url_variables: [],
  custom_webhook_template: null,
  custom_headers: [],
  ...(world.atLeast(19, 0)
    ? { token_present: hook.token !== null, signing_token_present: hook.signingToken !== null }
    : {}),
});

/** A line of a hook's delivery log. */
export const deliveryEntity = (delivery: Delivery) => {
  const requestData: unknown = JSON.parse(delivery.body);
  return {
    id: delivery.id,
    url: delivery.url,
    trigger: delivery.trigger,
    request_headers: delivery.requestHeaders,
    request_data: requestData,
    response_headers: delivery.responseHeaders,
    response_body: delivery.responseBody,
    execution_duration: delivery.duration,
    response_status: delivery.responseStatus,
  };
};
