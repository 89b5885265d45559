import { z } from "zod";
import { issueOf, problemCode } from "../base/data-problems.ts";
import { withoutApiPath } from "../base/gitlab-address.ts";
import { message } from "../messages/message.ts";
import { DashboardSection } from "./dashboard-schema.ts";
import { FlowSection } from "./flow-schema.ts";
import { RateLimitsSection, ServerRole } from "./instances-schema.ts";
import { KnowledgeSection, ModelRoutingSection, ModelsSection } from "./model-schema.ts";
import { LessonsSection } from "./lessons-schema.ts";
import { BreakersSection, BudgetsSection, RetentionSection } from "./protection-schema.ts";
import { NotificationsSection, SmtpSection } from "./notifications-schema.ts";
import { ReconcileSection } from "./reconcile-schema.ts";
import { GroupRulesSection, RulesSection } from "./rules-schema.ts";
import { address, count, duration, encryptionKey, globs, network, secretText } from "./schema-values.ts";
import { McpServersSection, OpenApiServicesSection } from "./tools-schema.ts";

/**
 * The configuration file's shape. Objects are strict: a key that we do not know is a mistake, most
 * often a misspelt one, and passing over it would hide that a setting has no effect.
 */

/** With less, a machine that is slow for a moment loses its runs. */
const LEAST_LEASE_MS = 1_000;

const scopedSecret = z.union([
  secretText.transform((secret) => ({ secret, projects: null })),
  z.strictObject({ secret: secretText, projects: globs.nullable().default(null) }),
]);

/** The whole file, after references were replaced and the environment was added. */
export const ConfigFile = z.strictObject({
  gitlab: z.strictObject({
    url: address.transform(withoutApiPath),
    token: secretText.nullable().default(null),
    timeout: duration("30s"),
  }),
  webhook: z
    .strictObject({
      secrets: z.array(scopedSecret).default([]),
      signing_tokens: z.array(scopedSecret).default([]),
      timestamp_tolerance: duration("5m"),
      token_pass_through: z.boolean().default(false),
      /** Users whose own tokens count as a hook's secret token, besides access tokens of the project and its groups. */
      token_users: z.array(z.union([z.int(), z.string().min(1)])).default([]),
    })
    .prefault({}),
  server: z
    .strictObject({
      host: z.string().min(1).default("127.0.0.1"),
      port: count(0, 65_535, 8080),
      /** Where GitLab reaches this server; hooks are set up with it. */
      public_url: address.nullable().default(null),
      role: ServerRole.default("both"),
      /** Addresses and networks of proxies whose `X-Forwarded-For` is believed. */
      trusted_proxies: z.array(network).default(["127.0.0.0/8", "::1"]),
    })
    .prefault({}),
  dashboard: DashboardSection,
  store: z
    .strictObject({
      folder: z.string().min(1).default(".data"),
      database_url: secretText.nullable().default(null),
    })
    .prefault({}),
  encryption_keys: z.array(encryptionKey).default([]),
  worker: z
    .strictObject({
      concurrency: count(1, 256, 4),
      per_project: count(1, 256, 2),
      attempts: count(1, 50, 5),
      backoff: duration("5s"),
      max_backoff: duration("10m"),
      give_up_after: duration("24h"),
      stop_grace: duration("20s"),
      lease: duration("10s").refine(
        (ms) => ms >= LEAST_LEASE_MS,
        issueOf(message("value.too-small", { least: "1s" })),
      ),
    })
    .prefault({}),
  rate_limits: RateLimitsSection,
  budgets: BudgetsSection,
  retention: RetentionSection,
  reconcile: ReconcileSection,
  notifications: NotificationsSection,
  smtp: SmtpSection,
  lessons: LessonsSection,
  rules: RulesSection,
  group_rules: GroupRulesSection,
  flows: z.array(FlowSection).min(1, problemCode("config.no-flow")),
  models: ModelsSection,
  model_routing: ModelRoutingSection,
  circuit_breakers: BreakersSection,
  knowledge: KnowledgeSection,
  mcp_servers: McpServersSection,
  openapi_services: OpenApiServicesSection,
  /** Destinations beyond the public Internet that flows may send requests to. */
  egress: z.strictObject({ allow: z.array(z.string().min(1)).default([]) }).prefault({}),
  engine: z
    .strictObject({
      run_timeout: duration("20m"),
      max_steps: count(1, 100_000, 500),
      code_timeout: duration("15s"),
      python_processes: count(1, 16, 1),
      javascript_threads: count(1, 32, 2),
    })
    .prefault({}),
  telemetry: z
    .strictObject({
      /** Asked of whoever reads /metrics; without one only this machine may. */
      metrics_token: secretText.nullable().default(null),
      /** Where traces go, by OTLP over HTTP; `/v1/traces` is added to it. */
      otlp_endpoint: address.nullable().default(null),
      service_name: z.string().trim().min(1).max(255).default("reviewflow"),
    })
    .prefault({}),
  log: z
    .strictObject({ level: z.enum(["debug", "info", "warn", "error", "silent"]).default("info") })
    .prefault({}),
});
export type ConfigFile = z.infer<typeof ConfigFile>;

/** What of the file a review needs that neither listens, stores nor asks GitLab. */
export const LocalConfigFile = ConfigFile.pick({
  rules: true,
  group_rules: true,
  flows: true,
  models: true,
  model_routing: true,
  circuit_breakers: true,
  knowledge: true,
  mcp_servers: true,
  openapi_services: true,
  egress: true,
  engine: true,
  log: true,
});
export type LocalConfigFile = z.infer<typeof LocalConfigFile>;

/** The sections that only a server needs. */
export const SERVER_SECTIONS: ReadonlySet<string> = new Set(
  Object.keys(ConfigFile.shape).filter((section) => !Object.hasOwn(LocalConfigFile.shape, section)),
);
