import { sectionOf, type Tree } from "./merge-environment.ts";
import type { ConfigFile, FlowSection } from "./file-schema.ts";

/** The checks that other rooms own. */
export type RoomChecks = {
  /** What is wrong with an input's template, or null. */
  readonly checkTemplate: (template: string) => string | null;
  /** What is wrong with a signing token, or null. The answer must not hold the token. */
  readonly checkSigningToken: (token: string) => string | null;
};

const isFilled = (value: unknown): boolean => Array.isArray(value) && value.length > 0;

/** What a setup cannot do without, looked for before the rest is parsed, so that all is told at once. */
export const missingBasics = (tree: Tree): string[] => {
  const webhook = sectionOf(tree, "webhook");
  const passThrough = webhook["token_pass_through"] === true;
  const problems: string[] = [];
  if (!isFilled(webhook["secrets"]) && !isFilled(webhook["signing_tokens"]) && !passThrough) {
    problems.push(
      "webhook: set WEBHOOK_SECRET or WEBHOOK_SIGNING_TOKEN, or choose token pass-through with REVIEWFLOW_TOKEN_PASS_THROUGH=true; without one of them anyone could send events",
    );
  }
  const { token } = sectionOf(tree, "gitlab");
  if ((token === undefined || token === null) && !passThrough) {
    problems.push("gitlab.token: set GITLAB_TOKEN to a project or group access token with the scope api");
  }
  return problems;
};

/** The mistakes that no single key shows, each with the key to change. */
export const checkConfig = (file: ConfigFile, options: RoomChecks): string[] => {
  const problems: string[] = [];
  if (file.webhook.token_pass_through && file.encryption_keys.length === 0) {
    problems.push(
      "encryption_keys: token pass-through keeps tokens encrypted; set REVIEWFLOW_ENCRYPTION_KEY to 32 random bytes in base64 (openssl rand -base64 32)",
    );
  }
  for (const [index, { secret }] of file.webhook.signing_tokens.entries()) {
    const problem = options.checkSigningToken(secret.reveal());
    if (problem !== null) problems.push(`webhook.signing_tokens[${index}]: ${problem}`);
  }
  return [...problems, ...checkFlows(file.flows, options)];
};

const checkFlows = (flows: readonly FlowSection[], options: RoomChecks): string[] => {
  const names = flows.map(({ name }) => name);
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  const problems = [...new Set(twice)].map((name) => `flows: the name ${name} is used twice`);
  for (const [index, flow] of flows.entries()) {
    for (const [input, template] of Object.entries(flow.inputs ?? {})) {
      const problem = typeof template === "string" ? options.checkTemplate(template) : null;
      if (problem !== null) problems.push(`flows[${index}].inputs.${input}: ${problem}`);
    }
    if (flow.dify.idle_timeout <= 10_000) {
      problems.push(
        `flows[${index}].dify.idle_timeout: must be over 10s, since Dify sends a sign of life every 10 seconds`,
      );
    }
  }
  return problems;
};
