import { sectionOf, type Tree } from "./merge-environment.ts";
import { BUILTIN_FLOWS, BUILTIN_NAMES, builtinOf } from "./builtin-flows.ts";
import type { ConfigFile } from "./file-schema.ts";
import type { FlowSection, RunnerSection, ShadowSection } from "./flow-schema.ts";
import { checkShadow } from "./check-shadow.ts";
import { contractOf } from "./to-flow.ts";

/** The checks that other rooms own. */
export type RoomChecks = {
  /** What is wrong with an input's template, or null. */
  readonly checkTemplate: (template: string) => string | null;
  /** Whether a pattern over titles can be used. */
  readonly isTitlePattern: (pattern: string) => boolean;
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
  if (file.dashboard.gitlab_oauth !== null && file.server.public_url === null) {
    problems.push(
      "server.public_url: GitLab sends people back to it after dashboard.gitlab_oauth; set REVIEWFLOW_PUBLIC_URL to the address at which they reach this server",
    );
  }
  if (file.gitlab.token === null && file.flows.some(({ shadow }) => shadow !== null)) {
    problems.push(
      "gitlab.token: shadow reviews read merge requests after their run has ended, when a token that came with the event is gone; set GITLAB_TOKEN, or take flows[].shadow out",
    );
  }
  return [...problems, ...checkFlows(file.flows, options)];
};

/** The mistakes in and between flows that no single key shows. */
export const checkFlows = (flows: readonly FlowSection[], options: RoomChecks): string[] => {
  const names = flows.map(({ name }) => name);
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  return [
    ...[...new Set(twice)].map((name) => `flows: the name ${name} is used twice`),
    ...flows.flatMap((flow, index) => checkFlow(flow, `flows[${index}]`, options)),
    ...flows.flatMap((flow, index) => [
      ...checkShadow(flow, contractOf(flow), `flows[${index}]`),
      ...(flow.shadow === null ? [] : checkRunner(flow.shadow, `flows[${index}].shadow`)),
    ]),
  ];
};

const checkFlow = (flow: FlowSection, at: string, options: RoomChecks): string[] => {
  const problems = Object.entries(flow.inputs ?? {}).flatMap(([input, template]) => {
    const problem = typeof template === "string" ? options.checkTemplate(template) : null;
    return problem === null ? [] : [`${at}.inputs.${input}: ${problem}`];
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
      problems.push(`${key}: name the workflow file (file) or the Dify app (dify) that does this`);
  }
  for (const list of ["allow", "deny"] as const) {
    for (const pattern of flow.filters.titles[list]) {
      if (!options.isTitlePattern(pattern))
        problems.push(`${at}.filters.titles.${list}: ${pattern} is no regular expression`);
    }
  }
  const contract = contractOf(flow);
  if (contract === null) {
    problems.push(
      `${at}.contract: say what the flow does: classic (it posts by itself), note (it returns Markdown) or findings (it returns findings)`,
    );
  }
  problems.push(...checkStandIn(flow, contract, at));
  if (contract === "note" && flow.file === undefined && flow.dify === undefined)
    problems.push(`${at}.file: name the workflow file; none of the contract note comes with Reviewflow`);
  if (contract !== "findings" && further.some(([, section]) => section !== null))
    problems.push(`${at}: passes, verify and summary belong to the contract findings`);
  return problems;
};

/** What stands in for a flow has to keep the flow's contract. */
const checkStandIn = (
  { dify }: FlowSection,
  contract: ReturnType<typeof contractOf>,
  at: string,
): string[] => {
  const standIn = builtinOf(dify?.fallback ?? "");
  if (standIn === null || standIn === "unknown" || BUILTIN_FLOWS[standIn] === contract) return [];
  return [`${at}.dify.fallback: builtin:${standIn} is not of the contract ${contract ?? "of the flow"}`];
};

const checkRunner = (section: RunnerSection | FlowSection | ShadowSection, at: string): string[] => {
  const problems: string[] = [];
  if (section.file !== undefined && section.dify !== undefined)
    problems.push(`${at}: file and dify are both set; keep the one that is to run the flow`);
  if (section.file !== undefined && builtinOf(section.file) === "unknown")
    problems.push(
      `${at}.file: ${section.file} does not come with Reviewflow; ${BUILTIN_NAMES.join(", ")} do`,
    );
  const fallback = section.dify?.fallback ?? null;
  if (fallback !== null && builtinOf(fallback) === "unknown")
    problems.push(
      `${at}.dify.fallback: ${fallback} does not come with Reviewflow; ${BUILTIN_NAMES.join(", ")} do`,
    );
  if (section.dify !== undefined && section.dify.idle_timeout <= 10_000) {
    problems.push(
      `${at}.dify.idle_timeout: must be over 10s, since Dify sends a sign of life every 10 seconds`,
    );
  }
  return problems;
};
