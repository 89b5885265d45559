import type { Message } from "../messages/message.ts";
import type { JsonObject } from "../base/json.ts";
import type { Secret } from "../base/secret.ts";
import type { BuiltinFlow, Contract } from "./builtin-flows.ts";
import type { LessonsConfig } from "./lessons-schema.ts";
import type { NotificationConfig, SmtpConfig } from "./notifications-schema.ts";
import type { RateLimitsConfig, ServerRole } from "./instances-schema.ts";
import type { BreakersConfig, BudgetsConfig, RetentionConfig } from "./protection-schema.ts";
import type { McpServerConfig, OpenApiServiceConfig, ToolTargetConfig } from "./tools-schema.ts";
import type { StaleConfig } from "./trigger-schema.ts";

/** A webhook secret with the projects that may use it; null means every project. */
type ScopedSecret = { readonly secret: Secret; readonly projects: readonly string[] | null };

/** A flow on a Dify server. Times are in milliseconds. */
export type DifyRunnerConfig = {
  readonly kind: "dify";
  readonly url: string;
  readonly apiKey: Secret;
  /** A published version of the app to run instead of the current one. */
  readonly workflowId: string | null;
  readonly mode: "streaming" | "blocking";
  readonly idleTimeoutMs: number;
  readonly totalTimeoutMs: number;
  /** How long a run may wait in Dify's queue before a worker begins it; no part of `totalTimeoutMs`. */
  readonly queueTimeoutMs: number;
  /** For how long a run whose start is uncertain is looked for before it is started again. */
  readonly lookupTimeoutMs: number;
  /** What runs in this process while the server does not work; null for nothing. */
  readonly fallback: EmbeddedRunnerConfig | null;
};

/** A workflow file that runs in this process. */
export type EmbeddedRunnerConfig = {
  readonly kind: "embedded";
  readonly file: FlowFile;
  /** The values of the file's secret environment variables, and the keys of Dify's own tools that run here. */
  readonly secrets: Readonly<Record<string, Secret>>;
  /** Where the file's tools run, by provider and tool. */
  readonly tools: Readonly<Record<string, ToolTargetConfig>>;
};

/** A workflow file: one that comes with Reviewflow, by its name, or the operator's own. */
export type FlowFile =
  | { readonly kind: "builtin"; readonly name: BuiltinFlow }
  | { readonly kind: "path"; readonly path: string };

/** Where a flow runs. */
export type RunnerConfig = DifyRunnerConfig | EmbeddedRunnerConfig;

/** A candidate for the place of a flow's runner, compared with it in the background. */
type ShadowConfig = {
  readonly name: string;
  /** The share of the merge requests that it reviews, from 0 to 1. */
  readonly share: number;
  readonly runner: RunnerConfig;
};

/** How a review is made for the projects that `projects` names. */
export type FlowConfig = {
  readonly name: string;
  /** Globs over project paths; the first flow that matches a project is the project's flow. */
  readonly projects: readonly string[];
  readonly contract: Contract;
  readonly review: "once" | "every-push";
  /** The language that the flow is asked to write in, as a person would name it. */
  readonly language: string;
  /** Templates over event, merge request and configuration, by input; null takes the defaults of the contract. */
  readonly inputs: Readonly<Record<string, string | number | boolean>> | null;
  /** The output that holds the Markdown of the `note` contract; null takes the only text output. */
  readonly output: string | null;
  readonly runner: RunnerConfig;
  /** What answers notes; null where nobody does, ours where it is left out. */
  readonly reply?: RunnerConfig | null;
  /** Used by the contract `findings` only. */
  readonly findings: FindingsConfig;
  /** Whether the merge request shows that a review is made, that it waits and that it failed; true when left out. */
  readonly progress?: boolean;
  /** Reviews the same merge requests without posting; null or left out for none. */
  readonly shadow?: ShadowConfig | null;
  readonly triggers: TriggerConfig;
};

/** A list that lets pass and a list that keeps out; an empty `allow` lets everything pass. */
type AllowDenyConfig = { readonly allow: readonly string[]; readonly deny: readonly string[] };

/** Roles in a project, as GitLab names them. */
type RoleConfig = "guest" | "planner" | "reporter" | "developer" | "maintainer" | "owner";

/** What starts a review, what keeps one from starting, and who may give commands. Times are in milliseconds. */
export type TriggerConfig = {
  readonly opened: boolean;
  readonly reopened: boolean;
  readonly newCommits: { readonly on: boolean; readonly quietMs: number };
  readonly ready: boolean;
  readonly stale: StaleConfig | null;
  readonly reviewer: boolean;
  readonly labels: readonly string[];
  readonly command: boolean;
  readonly drafts: "review" | "on-request" | "never";
  readonly filters: {
    readonly targetBranches: AllowDenyConfig;
    readonly sourceBranches: AllowDenyConfig;
    readonly authors: AllowDenyConfig;
    readonly labels: { readonly any: readonly string[]; readonly none: readonly string[] };
    readonly titles: AllowDenyConfig;
    readonly mostFiles: number | null;
  };
  readonly bots: {
    readonly review: boolean;
    readonly ids: readonly number[];
    readonly notIds: readonly number[];
  };
  readonly commands: {
    readonly least: RoleConfig;
    readonly per: Readonly<
      Partial<
        Record<"review" | "ask" | "describe" | "resolve" | "ignore" | "pause" | "resume" | "help", RoleConfig>
      >
    >;
    readonly slash: boolean;
  };
};

/** What a review by findings is made with, besides its flow. */
export type FindingsConfig = {
  /** Further flows of the same contract over the same units; their findings are merged. */
  readonly passes: readonly RunnerConfig[];
  readonly verify: RunnerConfig | null;
  readonly summary: RunnerConfig | null;
  /** The team's rules, as text for the model. */
  readonly rules: string;
  /** Whether a repository may have rules and settings of its own. */
  readonly repositoryRules: boolean;
  readonly paths: { readonly include: readonly string[]; readonly exclude: readonly string[] };
  readonly limits: {
    readonly unitTokens: number;
    readonly unitsAtOnce: number;
    readonly threads: number;
    readonly tokens: number | null;
    readonly cost: number | null;
  };
  readonly least: {
    readonly severity: "critical" | "major" | "minor" | "info";
    readonly confidence: number;
  };
  readonly publish: { readonly labels: readonly string[]; readonly status: boolean };
};

/** A model that workflow files can use. Prices are per million tokens, times in milliseconds. */
export type ModelConfig = {
  readonly name: string;
  readonly provider: "openai-compatible" | "openai" | "google" | "anthropic";
  readonly model: string;
  readonly baseUrl: string | null;
  readonly apiKey: Secret | null;
  readonly headers: Readonly<Record<string, Secret>>;
  readonly price: { readonly input: number; readonly output: number; readonly currency: string } | null;
  readonly timeouts: {
    readonly firstTokenMs?: number;
    readonly idleMs?: number;
    readonly totalMs?: number;
  };
  readonly parameters: JsonObject;
  readonly extraBody: JsonObject;
  readonly stream: boolean;
  /** Calls at once from this process; null leaves it to the address. */
  readonly concurrency: number | null;
  /** Prompt and answer together, in tokens; null where it is not set. */
  readonly contextWindow: number | null;
  readonly structuredOutput: "json-schema" | "json-object" | "prompt";
};

/** A rule for reviews that the operator sets. */
export type HostRuleConfig = {
  /** The key that sets it. */
  readonly source: string;
  readonly title: string;
  readonly text: string;
  /** Globs over project paths; null for every project. */
  readonly projects: readonly string[] | null;
  /** Globs over files; null for all. */
  readonly paths: readonly string[] | null;
};

/** Everything that can be set, checked and frozen. Times are in milliseconds. */
export type Config = {
  readonly gitlab: { readonly url: string; readonly token: Secret | null; readonly timeoutMs: number };
  readonly webhook: {
    readonly secrets: readonly ScopedSecret[];
    readonly signingTokens: readonly ScopedSecret[];
    readonly timestampToleranceMs: number;
    readonly tokenPassThrough: boolean;
    /** Users, by id or name, whose own tokens count like the project's. */
    readonly tokenUsers: readonly (number | string)[];
  };
  readonly server: {
    readonly host: string;
    readonly port: number;
    /** Addresses and networks of proxies whose `X-Forwarded-For` is believed. */
    readonly trustedProxies: readonly string[];
    /** Where GitLab reaches this server; null where it was not said. */
    readonly publicUrl: string | null;
    readonly role: ServerRole;
  };
  readonly rateLimits: RateLimitsConfig;
  readonly budgets: BudgetsConfig;
  readonly retention: RetentionConfig;
  readonly dashboard: {
    /** Null where nobody can sign in with a token. */
    readonly adminToken: Secret | null;
    /** Null where nobody can sign in with GitLab. */
    readonly gitlabOAuth: {
      readonly applicationId: string;
      readonly secret: Secret;
      readonly group: string;
      readonly leastRole: "guest" | "planner" | "reporter" | "developer" | "maintainer" | "owner";
    } | null;
    readonly sessionMs: number;
  };
  readonly store:
    | { readonly kind: "embedded"; readonly folder: string }
    | { readonly kind: "postgres"; readonly url: Secret };
  /** Keys for tokens at rest, each 32 bytes in base64: the first encrypts, every one decrypts. */
  readonly encryptionKeys: readonly Secret[];
  readonly worker: {
    readonly concurrency: number;
    readonly perProject: number;
    readonly attempts: number;
    readonly backoffMs: number;
    readonly maxBackoffMs: number;
    /** How long a run waits for something outside. */
    readonly giveUpMs: number;
    readonly stopGraceMs: number;
    /** For how long an instance that is silent keeps its runs. */
    readonly leaseMs: number;
  };
  /** Looking for changes that no webhook told of. */
  readonly reconcile: {
    readonly enabled: boolean;
    readonly everyMs: number;
    /** Since the epoch; null for the server's first start. */
    readonly sinceMs: number | null;
    /** Globs over project paths; null for every project that a flow names. */
    readonly projects: readonly string[] | null;
  };
  /** Where operators are told of what they should know. */
  readonly notifications: readonly NotificationConfig[];
  /** The server that takes mail; null for none. */
  readonly smtp: SmtpConfig | null;
  readonly lessons: LessonsConfig;
  /** The server's rule first, then those of groups. */
  readonly rules: readonly HostRuleConfig[];
  readonly flows: readonly FlowConfig[];
  readonly models: readonly ModelConfig[];
  readonly breakers: BreakersConfig;
  readonly modelRouting: {
    readonly default: string | null;
    readonly fallback: string | null;
    readonly routes: readonly { readonly match: string; readonly model: string }[];
  };
  readonly knowledge: {
    readonly datasets: readonly { readonly id: string; readonly name?: string; readonly folder: string }[];
    readonly embeddingModel: string | null;
  };
  readonly mcpServers: readonly McpServerConfig[];
  readonly openApiServices: readonly OpenApiServiceConfig[];
  readonly egress: { readonly allow: readonly string[] };
  readonly engine: {
    readonly runTimeoutMs: number;
    readonly maxSteps: number;
    readonly codeTimeoutMs: number;
    readonly pythonProcesses: number;
    readonly javascriptThreads: number;
  };
  readonly telemetry: {
    /** Asked of whoever reads /metrics; null opens it to this machine only. */
    readonly metricsToken: Secret | null;
    /** Where traces go, without `/v1/traces`; null for none. */
    readonly otlpEndpoint: string | null;
    readonly serviceName: string;
  };
  readonly log: { readonly level: "debug" | "info" | "warn" | "error" | "silent" };
  /** What was assumed where the settings leave it open, in sentences. */
  readonly notices: readonly Message[];
};

/** What a review needs that is made on this machine alone: flows and what they run with. */
export type LocalConfig = Pick<
  Config,
  | "rules"
  | "flows"
  | "models"
  | "breakers"
  | "modelRouting"
  | "knowledge"
  | "mcpServers"
  | "openApiServices"
  | "egress"
  | "engine"
  | "log"
  | "notices"
>;
