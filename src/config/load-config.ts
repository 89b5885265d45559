import type { z } from "zod";
import { ConfigError } from "../base/errors.ts";
import { maskValues } from "../base/mask-values.ts";
import { Secret } from "../base/secret.ts";
import { loadYaml } from "../base/yaml.ts";
import { checkConfig, checkFlows, missingBasics, type RoomChecks } from "./check-config.ts";
import type { Config, LocalConfig } from "./config.ts";
import { type Environment, type EnvironmentSettings, readEnvironment, VARIABLES } from "./environment.ts";
import { ConfigFile, LocalConfigFile, SERVER_SECTIONS } from "./file-schema.ts";
import { readHostRules } from "./host-rules.ts";
import { isTree, mergeEnvironment, type Tree } from "./merge-environment.ts";
import { resolveReferences } from "./references.ts";
import { toConfig, toLocalConfig } from "./to-config.ts";

/** What loading needs of the world, and the checks that other rooms own. */
export type LoadOptions = RoomChecks & {
  readonly environment: Environment;
  /** The text of a file; throws when there is none. */
  readonly readFile: (path: string) => string;
  /** The configuration file; null for a setup by environment alone. */
  readonly file: string | null;
};

/**
 * Reads the configuration from file and environment. Throws a ConfigError that lists every mistake,
 * each with its key or variable; no value of a secret is ever in it.
 */
export const loadConfig = (options: LoadOptions): Config => withoutSecrets(options, () => load(options));

const load = (options: LoadOptions): Config => {
  const environment = readEnvironment(options.environment, options.readFile);
  const { tree, problems } = mergeAll(readTree(options), environment, options);
  problems.push(...missingBasics(tree));
  const parsed = ConfigFile.safeParse(tree);
  if (!parsed.success)
    throw new ConfigError([...problems, ...render(parsed.error.issues, tree, environment)]);
  const host = readHostRules(parsed.data, options);
  problems.push(...checkConfig(parsed.data, options), ...host.problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return deepFreeze(toConfig(parsed.data, options.file, host.rules));
};

/**
 * Reads what a review on this machine alone needs, as `loadConfig` does. What only a server needs is
 * passed over, right or wrong, in the file as in the environment: the file of a server can be used where
 * none of its secrets is at hand.
 */
export const loadLocalConfig = (options: LoadOptions): LocalConfig =>
  withoutSecrets(options, () => loadLocal(options));

const loadLocal = (options: LoadOptions): LocalConfig => {
  const environment = readEnvironment(ofReviews(options.environment), options.readFile);
  const file = readTree(options);
  const sections = Object.entries(isTree(file) ? file : {}).filter(([key]) => !SERVER_SECTIONS.has(key));
  const { tree, problems } = mergeAll(Object.fromEntries(sections), environment, options);
  const parsed = LocalConfigFile.safeParse(tree);
  if (!parsed.success)
    throw new ConfigError([...problems, ...render(parsed.error.issues, tree, environment)]);
  const host = readHostRules(parsed.data, options);
  problems.push(...checkFlows(parsed.data.flows, options), ...host.problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return deepFreeze(toLocalConfig(parsed.data, options.file, host.rules));
};

/**
 * The last thing that is done to mistakes: some quote the value that is wrong, and a secret may stand in the place
 * of any value, by a reference or by a slip.
 */
const withoutSecrets = <T>(options: LoadOptions, read: () => T): T => {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const mask = maskValues(secretsGiven(options));
    throw new ConfigError(error.problems.map(mask), { code: error.code, cause: error.cause });
  }
};

const SECRET_NAME = /token|secret|passw|credential|key|database_url/i;

/** What variables and keys hold whose names speak of secrets. */
const secretsGiven = (options: LoadOptions): readonly Secret[] => {
  const below = (tree: unknown, isSecret: boolean): readonly string[] => {
    if (typeof tree === "string") return isSecret ? [tree] : [];
    if (typeof tree !== "object" || tree === null) return [];
    return Object.entries(tree).flatMap(([key, child]: [string, unknown]) =>
      below(child, isSecret || SECRET_NAME.test(key)),
    );
  };
  const files = Object.entries(options.environment).flatMap(([name, path]) =>
    name.endsWith("_FILE") && path !== undefined && path !== "" ? [textOf(options, path)] : [],
  );
  const variables = Object.entries(options.environment).filter(([name]) => !name.endsWith("_FILE"));
  const texts = [...below(Object.fromEntries(variables), false), ...below(fileOf(options), false), ...files];
  return texts.flatMap((text) => [text, ...text.split(/\s+/)]).map((text) => new Secret(text));
};

const textOf = ({ readFile }: LoadOptions, path: string): string => {
  try {
    return readFile(path);
  } catch {
    return "";
  }
};

const fileOf = (options: LoadOptions): unknown => {
  try {
    return readTree(options);
  } catch {
    return {};
  }
};

/** The environment without the variables of sections that only a server needs. */
const ofReviews = (environment: Environment): Environment => {
  const ofServer = VARIABLES.filter(({ path }) => SERVER_SECTIONS.has(path[0] ?? ""));
  const names = new Set(ofServer.flatMap(({ name }) => [name, `${name}_FILE`]));
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !names.has(name)));
};

/** The file's tree with its references replaced and the environment added, and what is wrong with them. */
const mergeAll = (
  file: unknown,
  environment: EnvironmentSettings,
  options: Pick<LoadOptions, "environment">,
): { readonly tree: Tree; readonly problems: string[] } => {
  const { value, problems: missing, used } = resolveReferences(file, options.environment);
  const { tree, problems: conflicts } = mergeEnvironment(isTree(value) ? value : {}, environment, used);
  return { tree, problems: [...environment.problems, ...missing, ...conflicts] };
};

const readTree = ({ file, readFile }: LoadOptions): unknown => {
  if (file === null) return {};
  let text: string;
  try {
    text = readFile(file);
  } catch (cause) {
    throw new ConfigError([`the file ${file} cannot be read`], { cause });
  }
  return parseTree(text, file);
};

/** The library's own messages quote the file, where a secret may stand; ours name the line instead. */
const parseTree = (text: string, file: string): unknown => {
  const { LineCounter, parseDocument } = loadYaml();
  const lines = new LineCounter();
  const document = parseDocument(text, { prettyErrors: false, lineCounter: lines });
  const problems = [...document.errors, ...document.warnings].map(
    ({ code, pos }) => `the file ${file} is no valid YAML at line ${lines.linePos(pos[0]).line}: ${code}`,
  );
  if (problems.length > 0) throw new ConfigError(problems);
  let tree: unknown;
  try {
    tree = document.toJS();
  } catch (cause) {
    throw new ConfigError([`the file ${file} has aliases that cannot be resolved`], { cause });
  }
  if (tree === null || isTree(tree)) return tree ?? {};
  throw new ConfigError([`the file ${file} must hold keys and values at its top`]);
};

/** The first steps of a newcomer get sentences of their own. */
const FIRST_STEPS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    gitlab: "set GITLAB_URL to the address of your GitLab, such as https://gitlab.example.com",
    "gitlab.url": "set GITLAB_URL to the address of your GitLab, such as https://gitlab.example.com",
    "models.default.model": "set MODEL_NAME to the provider's own name of the model, such as gpt-5-mini",
    flows:
      "set MODEL_NAME with MODEL_API_KEY or MODEL_BASE_URL to review with a model, or DIFY_URL and DIFY_API_KEY to review with a Dify app, or list flows in the configuration file",
  }),
);

/** What is wrong, each with its key; before it the variable, where that is what gave the value. */
const render = (
  issues: readonly z.core.$ZodIssue[],
  tree: Tree,
  { settings }: EnvironmentSettings,
): readonly string[] =>
  issues.map((issue) => {
    const variable = settings.get(issue.path.join("."))?.variable;
    const text = renderIssue(issue, tree);
    return variable === undefined ? text : text.replace(/^[^:]+/, (key) => `${variable} (${key})`);
  });

/** Whether the tree has something where an issue is. */
const isGiven = (tree: unknown, [part, ...path]: readonly PropertyKey[]): boolean => {
  if (part === undefined) return tree !== undefined;
  if (typeof tree !== "object" || tree === null || !Object.hasOwn(tree, part)) return false;
  return isGiven(Object.getOwnPropertyDescriptor(tree, part)?.value, path);
};

const renderIssue = (issue: z.core.$ZodIssue, tree: Tree): string => {
  const path = issue.path.reduce<string>(
    (text, part) =>
      typeof part === "number" ? `${text}[${part}]` : `${text}${text === "" ? "" : "."}${String(part)}`,
    "",
  );
  if (issue.code === "unrecognized_keys") {
    return `${path === "" ? "top level" : path}: unknown ${issue.keys.length === 1 ? "key" : "keys"} ${issue.keys.join(", ")}`;
  }
  if (issue.code === "invalid_type" && !isGiven(tree, issue.path))
    return `${path}: ${FIRST_STEPS.get(path) ?? "is missing"}`;
  return `${path}: ${issue.message}`;
};

const deepFreeze = <T>(value: T): T => {
  if (typeof value === "object" && value !== null && !ArrayBuffer.isView(value) && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const child of Object.values(value)) deepFreeze(child);
  }
  return value;
};
