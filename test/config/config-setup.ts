import assert from "node:assert/strict";
import { ConfigError } from "../../src/base/errors.ts";
import type { Config, DifyRunnerConfig, FlowConfig } from "../../src/config/config.ts";
import { loadConfig } from "../../src/config/load-config.ts";
import { message, verbatim } from "../../src/messages/message.ts";
import { plain } from "../messages/plain.ts";

/** An environment that is enough to start. */
export const ENOUGH = {
  GITLAB_URL: "https://gitlab.example.com/",
  GITLAB_TOKEN: "glpat-abcdefghijklmnop",
  WEBHOOK_SECRET: "a-long-webhook-secret",
  DIFY_URL: "https://dify.example.com",
  DIFY_API_KEY: "app-1234567890",
};
/** A key to encrypt with. */
export const KEY = Buffer.alloc(32, 7).toString("base64");

/** Loads a configuration from these, and from nothing else. */
export const load = (
  environment: Record<string, string | undefined>,
  yaml?: string,
  files: Record<string, string> = {},
): Config =>
  loadConfig({
    environment,
    file: yaml === undefined ? null : "reviewflow.yml",
    readFile: (path) => {
      const text = path === "reviewflow.yml" ? yaml : files[path];
      if (text === undefined) throw new Error("ENOENT");
      return text;
    },
    checkTemplate: (template) =>
      template.includes("{{ nonsense }}")
        ? message("config.placeholder-unknown", { unknown: "nonsense", known: "none" })
        : null,
    isTitlePattern: (pattern) => !pattern.includes("/("),
    checkSigningToken: (token) => (token.startsWith("whsec_") ? null : verbatim("no-prefix")),
  });

/** The runner of a flow on Dify. */
export const difyOf = (flow: FlowConfig | undefined): DifyRunnerConfig => {
  assert.equal(flow?.runner.kind, "dify");
  return flow.runner;
};

/** The mistakes of a configuration that must have some, by place, code and parameters. */
export const problemsOf = (
  environment: Record<string, string | undefined>,
  yaml?: string,
  files: Record<string, string> = {},
): readonly string[] => {
  try {
    load(environment, yaml, files);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems.map(plain);
  }
  return assert.fail("the configuration was taken");
};
