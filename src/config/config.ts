import type { Secret } from "../base/secret.ts";

/** A webhook secret with the projects that may use it; null means every project. */
export type ScopedSecret = { readonly secret: Secret; readonly projects: readonly string[] | null };

/** Where a flow runs. Times are in milliseconds. */
export type RunnerConfig = {
  readonly kind: "dify";
  readonly url: string;
  readonly apiKey: Secret;
  /** A published version of the app to run instead of the current one. */
  readonly workflowId: string | null;
  readonly mode: "streaming" | "blocking";
  readonly idleTimeoutMs: number;
  readonly totalTimeoutMs: number;
  /** For how long a run whose start is uncertain is looked for before it is started again. */
  readonly lookupTimeoutMs: number;
};

/** How a review is made for the projects that `projects` names. */
export type FlowConfig = {
  readonly name: string;
  /** Globs over project paths; the first flow that matches a project is the project's flow. */
  readonly projects: readonly string[];
  /** `classic`: the flow posts by itself. `note`: it returns Markdown and we post one note. */
  readonly contract: "classic" | "note";
  readonly review: "once" | "every-push";
  /** The language that the flow is asked to write in, as a person would name it. */
  readonly language: string;
  /** Templates over event, merge request and configuration, by input; null takes the defaults of the contract. */
  readonly inputs: Readonly<Record<string, string | number | boolean>> | null;
  /** The output that holds the Markdown of the `note` contract; null takes the only text output. */
  readonly output: string | null;
  readonly runner: RunnerConfig;
};

/** Everything that can be set, checked and frozen. Times are in milliseconds. */
export type Config = {
  readonly gitlab: { readonly url: string; readonly token: Secret | null; readonly timeoutMs: number };
  readonly webhook: {
    readonly secrets: readonly ScopedSecret[];
    readonly signingTokens: readonly ScopedSecret[];
    readonly timestampToleranceMs: number;
    readonly tokenPassThrough: boolean;
  };
  readonly server: { readonly host: string; readonly port: number };
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
    readonly stopGraceMs: number;
  };
  readonly flows: readonly FlowConfig[];
  readonly log: { readonly level: "debug" | "info" | "warn" | "error" | "silent" };
};
