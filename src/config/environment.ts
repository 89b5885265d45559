import { z } from "zod";
import { problemAt } from "../base/errors.ts";
import { JsonObject, parseJson } from "../base/json.ts";
import { type Message, message } from "../messages/message.ts";

/** The environment as a process has it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A setting that the environment can give: its variable and the key of the file that means the same. */
type Variable = { readonly name: string; readonly path: readonly string[]; readonly secret: boolean };

const variable = (name: string, path: string, secret = false): Variable => ({
  name,
  path: path.split("."),
  secret,
});

/** Every variable that has a key of its own in the file. Those that are secret may end in `_FILE`. */
export const VARIABLES: readonly Variable[] = [
  variable("GITLAB_URL", "gitlab.url"),
  variable("GITLAB_TOKEN", "gitlab.token", true),
  variable("WEBHOOK_SECRET", "webhook.secrets", true),
  variable("WEBHOOK_SIGNING_TOKEN", "webhook.signing_tokens", true),
  variable("DATABASE_URL", "store.database_url", true),
  variable("DIFY_URL", "dify.url"),
  variable("DIFY_API_KEY", "dify.api_key", true),
  variable("MODEL_PROVIDER", "model.provider"),
  variable("MODEL_NAME", "model.model"),
  variable("MODEL_BASE_URL", "model.base_url"),
  variable("MODEL_API_KEY", "model.api_key", true),
  variable("MODEL_CONCURRENCY", "model.concurrency"),
  variable("MODEL_CONTEXT", "model.context_window"),
  variable("MODEL_TIMEOUT", "model.timeouts.total"),
  variable("MODEL_TEMPERATURE", "model.parameters.temperature"),
  variable("MODEL_EXTRA_BODY", "model.extra_body"),
  variable("REVIEWFLOW_TOKEN_PASS_THROUGH", "webhook.token_pass_through"),
  variable("REVIEWFLOW_ENCRYPTION_KEY", "encryption_keys", true),
  variable("REVIEWFLOW_ADMIN_TOKEN", "dashboard.admin_token", true),
  variable("REVIEWFLOW_DATA_DIR", "store.folder"),
  variable("REVIEWFLOW_HOST", "server.host"),
  variable("REVIEWFLOW_PORT", "server.port"),
  variable("REVIEWFLOW_PUBLIC_URL", "server.public_url"),
  variable("REVIEWFLOW_ROLE", "server.role"),
  variable("REVIEWFLOW_TRUSTED_PROXIES", "server.trusted_proxies"),
  variable("REVIEWFLOW_LOG_LEVEL", "log.level"),
  variable("REVIEWFLOW_METRICS_TOKEN", "telemetry.metrics_token", true),
  variable("OTEL_EXPORTER_OTLP_ENDPOINT", "telemetry.otlp_endpoint"),
  variable("OTEL_SERVICE_NAME", "telemetry.service_name"),
  variable("REVIEWFLOW_FLOW", "flow.file"),
  variable("REVIEWFLOW_CONTRACT", "flow.contract"),
  variable("REVIEWFLOW_REVIEW", "flow.review"),
  variable("REVIEWFLOW_LANGUAGE", "flow.language"),
];

/** Variables of ours that are not settings of the file. */
const OTHERS = new Set(["REVIEWFLOW_CONFIG"]);

const LISTS = new Set([
  "webhook.secrets",
  "webhook.signing_tokens",
  "encryption_keys",
  "server.trusted_proxies",
]);

const Yes = z.stringbool();

/** What the environment says, laid out as the file would say it, and what is wrong with it. */
export type EnvironmentSettings = {
  readonly settings: ReadonlyMap<string, { readonly variable: string; readonly value: unknown }>;
  readonly problems: readonly Message[];
};

/**
 * Reads our variables. `NAME_FILE` names a file that holds the secret (as container platforms mount
 * them); `readFile` throws when there is none. A variable that starts with `REVIEWFLOW_` and is unknown
 * is a mistake: it would have no effect.
 */
export const readEnvironment = (
  environment: Environment,
  readFile: (path: string) => string,
): EnvironmentSettings => {
  const problems: Message[] = [];
  const settings = new Map<string, { variable: string; value: unknown }>();
  for (const { name, path, secret } of VARIABLES) {
    const text = readVariable(name, secret, environment, readFile, problems);
    if (text === undefined) continue;
    const key = path.join(".");
    settings.set(key, { variable: name, value: toValue(key, name, text, problems) });
  }
  const known = new Set([
    ...VARIABLES.flatMap(({ name, secret }) => (secret ? [name, `${name}_FILE`] : [name])),
    ...OTHERS,
  ]);
  for (const name of Object.keys(environment)) {
    if (name.startsWith("REVIEWFLOW_") && !known.has(name))
      problems.push(problemAt(name, message("config.variable-unknown")));
  }
  return { settings, problems };
};

const readVariable = (
  name: string,
  secret: boolean,
  environment: Environment,
  readFile: (path: string) => string,
  problems: Message[],
): string | undefined => {
  const text = environment[name];
  const file = secret ? environment[`${name}_FILE`] : undefined;
  if (text !== undefined && text !== "" && file !== undefined && file !== "") {
    problems.push(message("config.both-set", { one: name, other: `${name}_FILE` }));
  }
  if (file === undefined || file === "") return text === "" ? undefined : text;
  try {
    return readFile(file).trim();
  } catch {
    problems.push(problemAt(`${name}_FILE`, message("config.file-unreadable", { file })));
    return undefined;
  }
};

const toValue = (key: string, name: string, text: string, problems: Message[]): unknown => {
  if (LISTS.has(key)) return text.split(/\s+/).filter((part) => part !== "");
  if (key === "model.extra_body") {
    const body = JsonObject.safeParse(parseJson(text));
    if (!body.success)
      problems.push(problemAt(name, message("config.not-a-json-object", { example: '{"top_k": 20}' })));
    return body.data ?? {};
  }
  if (key === "model.parameters.temperature") {
    const temperature = z.coerce.number().min(0).safeParse(text);
    if (!temperature.success)
      problems.push(problemAt(name, message("config.not-a-number", { example: "0.2" })));
    return temperature.data ?? 0;
  }
  if (key !== "webhook.token_pass_through") return text;
  const answer = Yes.safeParse(text);
  if (!answer.success) problems.push(problemAt(name, message("config.not-a-flag")));
  return answer.data ?? false;
};
