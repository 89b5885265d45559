import { message } from "../../messages/message.ts";
import { z } from "zod";
import { type Clock } from "../../base/clock.ts";
import { ConfigError, GitLabError } from "../../base/errors.ts";
import { silentLogger } from "../../base/logger.ts";
import { Secret } from "../../base/secret.ts";
import type { LocalConfig } from "../../config/config.ts";
import type { Environment } from "../../config/environment.ts";
import { type Diagnosis, fail, warn } from "../../doctor/diagnosis.ts";
import { examineFlows } from "../../doctor/examine-flows.ts";
import { examineGitLab, type GitLabSeen, type NamedClient } from "../../doctor/examine-gitlab.ts";
import { examineProjects } from "../../doctor/examine-projects.ts";
import { compareClocks } from "../../doctor/compare-clocks.ts";
import { diagnoseModel } from "../../doctor/diagnose-model.ts";
import { probeModel } from "../../doctor/probe-model.ts";
import { createGitLabClient } from "../../gitlab/client.ts";
import { checkInputs } from "../../review/check-inputs.ts";
import { openRunners } from "../../wiring/open-runners.ts";
import { FINDINGS_INPUTS } from "../../worker/findings/findings-flow.ts";
import { flowSubjects } from "../doctor-flows.ts";
import { modelSubjects } from "../doctor-models.ts";
import { readLocalConfig } from "../read-config.ts";

/** Shows what was found. */
export type Show = (diagnosis: Diagnosis) => void;

/** A GitLab that takes our token. */
export type KnownGitLab = { readonly named: NamedClient; readonly seen: GitLabSeen };

const FLOW_TIMEOUT_MS = 15_000;
const MODEL_TIMEOUT_MS = 120_000;

/** Asks GitLab for its version, our user and the token's scopes; null when it cannot be worked with. */
export const examineToken = async (
  url: string,
  token: string,
  clock: Clock,
  show: Show,
): Promise<KnownGitLab | null> => {
  const comparison = compareClocks(clock);
  let named: NamedClient;
  try {
    const call = { clock, fetch: comparison.fetch, maxAttempts: 2 };
    named = {
      client: createGitLabClient({ url, token: new Secret(token), ...call }),
      tokenName: "GITLAB_TOKEN",
    };
  } catch (error) {
    showProblems(error, show);
    return null;
  }
  const examination = examineGitLab({
    service: named,
    admin: null,
    nowMs: clock.now,
    skewMs: comparison.skewMs,
    toleranceMs: 300_000,
  });
  const { failures, result } = await follow(examination, show);
  return failures > 0 || result === null || result === undefined ? null : { named, seen: result };
};

const Listed = z.object({ path_with_namespace: z.string() });

/** The projects that the token's user may write in, where they are few; a project's own token has one. */
export const proposeProjects = async ({ named }: KnownGitLab): Promise<readonly string[]> => {
  const query = { membership: true, min_access_level: 30, archived: false, simple: true, per_page: 4 };
  try {
    const { items } = await named.client.page({ route: "/projects", query }, Listed);
    return items.length > 3 ? [] : items.map((project) => project.path_with_namespace);
  } catch (error) {
    if (error instanceof GitLabError) return [];
    throw error;
  }
};

/** Looks at projects and groups by their paths; their globs, or null when one cannot be reviewed. */
export const examineNames = async (
  { named, seen }: KnownGitLab,
  names: readonly string[],
  clock: Clock,
  show: Show,
): Promise<readonly string[] | null> => {
  const numbers = names.filter((name) => /^\d+$/.test(name));
  for (const number of numbers)
    show(
      fail("project-found", message("init.project-number", { number }), message("init.project-number.fix")),
    );
  if (numbers.length > 0) return null;
  const groups = new Set(names);
  const examination = examineProjects({
    names,
    service: named,
    admin: null,
    seen,
    clock,
    flowOf: (path) => {
      groups.delete(path);
      return { name: "review", setsStatus: false };
    },
    hooks: { url: null, verifySsl: true, secrets: [], signingTokens: [], tokenPassThrough: false },
    resend: false,
    onHookUrl: () => undefined,
  });
  const { failures } = await follow(examination, show);
  // What was found and is no project's own path is a group's.
  return failures > 0 ? null : names.map((name) => (groups.has(name) ? `${name}/**` : name));
};

/**
 * Makes one small call of the model, or asks Dify for the app's inputs. The contract of the app, null for a
 * model; `failed` when it does not answer or does not fit.
 */
export const examineReviewer = async (
  variables: Environment,
  contract: string | null,
  clock: Clock,
  show: Show,
): Promise<{ readonly contract: string | null } | "failed"> => {
  try {
    const isDify = variables["DIFY_URL"] !== undefined;
    const chosen = isDify ? (contract ?? (await inferContract(variables, clock))) : contract;
    const config = readLocalConfig(withContract(variables, chosen), null);
    for (const notice of config.notices)
      show(warn("configuration", notice, message("doctor.configuration.guess.fix")));
    await using runners = await openRunners(config, { clock, logger: silentLogger });
    let { failures } = await follow(examineFlows(flowSubjects(config, runners), FLOW_TIMEOUT_MS), show);
    for (const model of modelSubjects(config, clock)) {
      const diagnosis = diagnoseModel(await probeModel(model, clock, MODEL_TIMEOUT_MS));
      failures += diagnosis.level === "fail" ? 1 : 0;
      show(diagnosis);
    }
    return failures > 0 ? "failed" : { contract: chosen };
  } catch (error) {
    showProblems(error, show);
    return "failed";
  }
};

const withContract = (variables: Environment, contract: string | null): Environment =>
  contract === null ? variables : { ...variables, REVIEWFLOW_CONTRACT: contract };

/** An app that takes a diff and nothing that the contract findings does not give is one of that contract. */
const inferContract = async (variables: Environment, clock: Clock): Promise<string | null> => {
  const config: LocalConfig = readLocalConfig(withContract(variables, "findings"), null);
  await using runners = await openRunners(config, { clock, logger: silentLogger });
  const [flow] = config.flows;
  if (flow === undefined) return null;
  try {
    const declared = await runners.of(flow.runner).runner.describe(AbortSignal.timeout(FLOW_TIMEOUT_MS));
    const given = Object.fromEntries(FINDINGS_INPUTS.review.map((name) => [name, ""]));
    const isFindings =
      declared.some(({ name }) => name === "diff") && checkInputs("", declared, given).errors.length === 0;
    return isFindings ? "findings" : "classic";
  } catch {
    // Told by the examination that follows.
    return "classic";
  }
};

const follow = async <Result>(
  examination: AsyncGenerator<Diagnosis, Result>,
  show: Show,
): Promise<{ readonly failures: number; readonly result: Result | undefined }> => {
  let failures = 0;
  for (;;) {
    const next = await examination.next();
    if (next.done === true) return { failures, result: next.value };
    failures += next.value.level === "fail" ? 1 : 0;
    show(next.value);
  }
};

const showProblems = (error: unknown, show: Show): void => {
  if (!(error instanceof ConfigError)) throw error;
  for (const problem of error.problems) show(fail("configuration", problem, message("init.problem.fix")));
};
