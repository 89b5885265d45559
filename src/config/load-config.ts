import type { z } from "zod";
import { dataProblems, showPath } from "../base/data-problems.ts";
import { ConfigError, problemAt } from "../base/errors.ts";
import { maskValues } from "../base/mask-values.ts";
import { Secret } from "../base/secret.ts";
import { loadYaml } from "../base/yaml.ts";
import { maskMessage, type Message, message } from "../messages/message.ts";
import { checkConfig, checkFlows, missingBasics, type RoomChecks } from "./check-config.ts";
import type { Config, LocalConfig } from "./config.ts";
import { type Environment, type EnvironmentSettings, readEnvironment, VARIABLES } from "./environment.ts";
import { ConfigFile, LocalConfigFile, SERVER_SECTIONS } from "./file-schema.ts";
import { readHostRules } from "./host-rules.ts";
import { isTree, mergeEnvironment, type Tree } from "./merge-environment.ts";
import { resolveReferences } from "./references.ts";
import { toConfig, toLocalConfig } from "./to-config.ts";
import { checkTools } from "./tools-schema.ts";

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
    throw new ConfigError([...problems, ...describeIssues(parsed.error.issues, tree, environment)]);
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
    throw new ConfigError([...problems, ...describeIssues(parsed.error.issues, tree, environment)]);
  const host = readHostRules(parsed.data, options);
  problems.push(...checkFlows(parsed.data.flows, options), ...checkTools(parsed.data), ...host.problems);
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
    throw new ConfigError(
      error.problems.map((problem) => maskMessage(problem, mask)),
      { code: error.code, cause: error.cause },
    );
  }
};

const isSecretPath = (path: readonly PropertyKey[]): boolean =>
  path.some((part) => typeof part === "string" && SECRET_NAME.test(part));

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
): { readonly tree: Tree; readonly problems: Message[] } => {
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
    throw new ConfigError([message("config.file-unreadable", { file })], { cause });
  }
  return parseTree(text, file);
};

/** The library's own messages quote the file, where a secret may stand; ours name the line instead. */
const parseTree = (text: string, file: string): unknown => {
  const { LineCounter, parseDocument } = loadYaml();
  const lines = new LineCounter();
  const document = parseDocument(text, { prettyErrors: false, lineCounter: lines });
  const problems = [...document.errors, ...document.warnings].map(({ code, pos }) =>
    problemAt(file, message("config.not-yaml", { line: lines.linePos(pos[0]).line, error: code })),
  );
  if (problems.length > 0) throw new ConfigError(problems);
  let tree: unknown;
  try {
    tree = document.toJS();
  } catch (cause) {
    throw new ConfigError([problemAt(file, message("config.yaml-aliases"))], { cause });
  }
  if (tree === null || isTree(tree)) return tree ?? {};
  throw new ConfigError([problemAt(file, message("config.not-a-map"))]);
};

/** The first steps of a newcomer get sentences of their own. */
const FIRST_STEPS: ReadonlyMap<string, Message> = new Map([
  ["gitlab", message("config.gitlab-url-missing")],
  ["gitlab.url", message("config.gitlab-url-missing")],
  ["models.default.model", message("config.model-name-missing")],
  ["flows", message("config.flow-missing")],
]);

/** What is wrong, each with its key; before it the variable, where that is what gave the value. */
const describeIssues = (
  issues: readonly z.core.$ZodIssue[],
  tree: Tree,
  { settings }: EnvironmentSettings,
): readonly Message[] =>
  dataProblems(issues, tree, isSecretPath).map(({ path, what }) => {
    const key = showPath(path);
    const variable = settings.get(path.join("."))?.variable;
    const first = what.code === "value.missing" ? FIRST_STEPS.get(key) : undefined;
    return problemAt(variable === undefined ? key || "–" : `${variable} (${key})`, first ?? what);
  });

const deepFreeze = <T>(value: T): T => {
  if (typeof value === "object" && value !== null && !ArrayBuffer.isView(value) && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const child of Object.values(value)) deepFreeze(child);
  }
  return value;
};
