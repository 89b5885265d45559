import { problemAt } from "../base/errors.ts";
import { type Message, message } from "../messages/message.ts";
import { sectionOf, type Tree } from "./merge-environment.ts";
import { BUILTIN_FLOWS, BUILTIN_NAMES, builtinOf } from "./builtin-flows.ts";
import type { ConfigFile } from "./file-schema.ts";
import type { FlowSection, RunnerSection, ShadowSection } from "./flow-schema.ts";
import { checkNotifications } from "./notifications-schema.ts";
import { checkShadow } from "./check-shadow.ts";
import { checkTools } from "./tools-schema.ts";
import { contractOf } from "./to-flow.ts";

/** The checks that other rooms own. */
export type RoomChecks = {
  /** What is wrong with an input's template, or null. */
  readonly checkTemplate: (template: string) => Message | null;
  /** Whether a pattern over titles can be used. */
  readonly isTitlePattern: (pattern: string) => boolean;
  /** What is wrong with a signing token, or null. The answer must not hold the token. */
  readonly checkSigningToken: (token: string) => Message | null;
};

const isFilled = (value: unknown): boolean => Array.isArray(value) && value.length > 0;

/** What a setup cannot do without, looked for before the rest is parsed, so that all is shown at once. */
export const missingBasics = (tree: Tree): Message[] => {
  const webhook = sectionOf(tree, "webhook");
  const passThrough = webhook["token_pass_through"] === true;
  const problems: Message[] = [];
  if (!isFilled(webhook["secrets"]) && !isFilled(webhook["signing_tokens"]) && !passThrough) {
    problems.push(problemAt("webhook", message("config.webhook-unguarded")));
  }
  const { token } = sectionOf(tree, "gitlab");
  if ((token === undefined || token === null) && !passThrough) {
    problems.push(problemAt("gitlab.token", message("config.gitlab-token-missing")));
  }
  return problems;
};

/** The mistakes that no single key shows, each with the key to change. */
export const checkConfig = (file: ConfigFile, options: RoomChecks): Message[] => {
  const problems: Message[] = [];
  if (file.webhook.token_pass_through && file.encryption_keys.length === 0) {
    problems.push(
      problemAt(
        "encryption_keys",
        message("config.encryption-key-missing", { command: "openssl rand -base64 32" }),
      ),
    );
  }
  for (const [index, { secret }] of file.webhook.signing_tokens.entries()) {
    const problem = options.checkSigningToken(secret.reveal());
    if (problem !== null) problems.push(problemAt(`webhook.signing_tokens[${index}]`, problem));
  }
  if (file.dashboard.gitlab_oauth !== null && file.server.public_url === null) {
    problems.push(problemAt("server.public_url", message("config.public-url-missing")));
  }
  if (file.gitlab.token === null && file.flows.some(({ shadow }) => shadow !== null)) {
    problems.push(problemAt("gitlab.token", message("config.shadow-without-token")));
  }
  problems.push(...checkNotifications(file.notifications, file.smtp, options.checkSigningToken));
  return [...problems, ...checkFlows(file.flows, options), ...checkTools(file)];
};

/** The mistakes in and between flows that no single key shows. */
export const checkFlows = (flows: readonly FlowSection[], options: RoomChecks): Message[] => {
  const names = flows.map(({ name }) => name);
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  return [
    ...[...new Set(twice)].map((name) => problemAt("flows", message("config.name-twice", { name }))),
    ...flows.flatMap((flow, index) => checkFlow(flow, `flows[${index}]`, options)),
    ...flows.flatMap((flow, index) => [
      ...checkShadow(flow, contractOf(flow), `flows[${index}]`),
      ...(flow.shadow === null ? [] : checkRunner(flow.shadow, `flows[${index}].shadow`)),
    ]),
  ];
};

const checkFlow = (flow: FlowSection, at: string, options: RoomChecks): Message[] => {
  const problems = Object.entries(flow.inputs ?? {}).flatMap(([input, template]) => {
    const problem = typeof template === "string" ? options.checkTemplate(template) : null;
    return problem === null ? [] : [problemAt(`${at}.inputs.${input}`, problem)];
  });
  const further = [
    ...flow.passes.map((pass, index) => [`${at}.passes[${index}]`, pass] as const),
    [`${at}.verify`, flow.verify ?? null] as const,
    [`${at}.summary`, flow.summary ?? null] as const,
  ];
  const reply = [`${at}.reply`, flow.reply ?? null] as const;
  for (const [key, section] of [[at, flow] as const, ...further, reply]) {
    if (section !== null) problems.push(...checkRunner(section, key));
    if (section !== null && key !== at && section.file === undefined && section.dify === undefined)
      problems.push(problemAt(key, message("config.runner-missing")));
  }
  for (const list of ["allow", "deny"] as const) {
    for (const pattern of flow.filters.titles[list]) {
      if (!options.isTitlePattern(pattern))
        problems.push(
          problemAt(`${at}.filters.titles.${list}`, message("config.not-a-pattern", { pattern })),
        );
    }
  }
  const contract = contractOf(flow);
  if (contract === null) {
    problems.push(problemAt(`${at}.contract`, message("config.contract-missing")));
  }
  problems.push(...checkStandIn(flow, contract, at));
  if (contract === "note" && flow.file === undefined && flow.dify === undefined)
    problems.push(problemAt(`${at}.file`, message("config.note-file-missing")));
  if (contract !== "findings" && further.some(([, section]) => section !== null))
    problems.push(problemAt(at, message("config.parts-without-findings")));
  return problems;
};

/** What stands in for a flow has to keep the flow's contract. */
const checkStandIn = (
  { dify }: FlowSection,
  contract: ReturnType<typeof contractOf>,
  at: string,
): Message[] => {
  const standIn = builtinOf(dify?.fallback ?? "");
  if (standIn === null || standIn === "unknown" || BUILTIN_FLOWS[standIn] === contract) return [];
  return [
    problemAt(
      `${at}.dify.fallback`,
      message("config.other-contract", { file: `builtin:${standIn}`, contract: contract ?? "?" }),
    ),
  ];
};

const checkRunner = (section: RunnerSection | FlowSection | ShadowSection, at: string): Message[] => {
  const problems: Message[] = [];
  if (section.file !== undefined && section.dify !== undefined)
    problems.push(problemAt(at, message("config.both-set", { one: "file", other: "dify" })));
  if (section.file !== undefined && builtinOf(section.file) === "unknown")
    problems.push(problemAt(`${at}.file`, notBuiltin(section.file)));
  const fallback = section.dify?.fallback ?? null;
  if (fallback !== null && builtinOf(fallback) === "unknown")
    problems.push(problemAt(`${at}.dify.fallback`, notBuiltin(fallback)));
  if (section.dify !== undefined && section.dify.idle_timeout <= 10_000) {
    problems.push(problemAt(`${at}.dify.idle_timeout`, message("config.idle-timeout-too-short")));
  }
  return problems;
};

const notBuiltin = (file: string): Message => message("config.not-builtin", { file, known: BUILTIN_NAMES });
