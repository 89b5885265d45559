import { resolve } from "node:path";
import { systemClock } from "../../base/clock.ts";
import { parseDuration } from "../../base/durations.ts";
import { ConfigError } from "../../base/errors.ts";
import { Secret } from "../../base/secret.ts";
import type { Environment } from "../../config/environment.ts";
import { recordCases } from "../../eval/record/record-cases.ts";
import { writeCase } from "../../eval/set/write-case.ts";
import { createGitLabClient, type GitLabClient } from "../../gitlab/client.ts";
import { readConfig } from "../read-config.ts";
import { safeLine, safeText } from "../review/safe-text.ts";
import { processTerminal, type Terminal } from "../terminal.ts";
import { failureText } from "./measure.ts";

/** What is recorded, and where from; every text as the command line has it. */
export type RecordCommandOptions = Partial<Terminal> & {
  /** A duration such as `90d`, or a date; half a year when left out. */
  readonly since?: string;
  readonly limit?: string;
  readonly config?: string;
  readonly folder?: string;
  readonly environment?: Environment;
};

const HALF_A_YEAR_MS = 180 * 24 * 60 * 60 * 1000;

/**
 * `reviewflow eval record PROJECT SET`: makes cases of what people found in the merge requests of your own
 * GitLab. Returns the exit code: 1 when no case was found, 2 when it could not be done, else 0.
 */
export const runRecord = async (
  project: string,
  set: string,
  options: RecordCommandOptions = {},
): Promise<number> => {
  const { write = processTerminal.write, complain = processTerminal.complain } = options;
  const { folder = process.cwd() } = options;
  try {
    const place = resolve(folder, set);
    const asked = { project, ...readOptions(options), signal: new AbortController().signal };
    const counts = { written: 0, present: 0, findings: 0 };
    for await (const recorded of recordCases(openClient(options), asked)) {
      if (recorded.kind === "nothing") {
        complain(`!${recorded.iid}: ${safeLine(recorded.reason)}\n`);
        continue;
      }
      const outcome = await writeCase(place, recorded.case);
      counts[outcome] += 1;
      if (outcome === "written") counts.findings += recorded.case.expected.length;
      const left = recorded.left === 0 ? "" : `, ${recorded.left} of other versions left out`;
      complain(
        `!${recorded.iid}: ${recorded.case.expected.length} findings${left}, ${outcome}: ${safeLine(recorded.case.name)}\n`,
      );
    }
    write(
      `${counts.written} cases with ${counts.findings} findings written, ${counts.present} were there already. Read them before you rely on them: not every thread is a finding.\n`,
    );
    return counts.written + counts.present === 0 ? 1 : 0;
  } catch (error) {
    complain(`${safeText(failureText(error))}\n`);
    return 2;
  }
};

const readOptions = ({ since, limit = "100" }: RecordCommandOptions) => {
  const problems: string[] = [];
  const duration = since === undefined ? HALF_A_YEAR_MS : parseDuration(since);
  const sinceMs = duration === undefined ? Date.parse(since ?? "") : systemClock.now() - duration;
  if (Number.isNaN(sinceMs))
    problems.push(`--since takes a duration such as 90d or a date such as 2026-01-31, not ${since}`);
  if (!/^[1-9]\d{0,5}$/.test(limit)) problems.push(`--limit takes a whole number from 1, not ${limit}`);
  if (problems.length > 0) throw new ConfigError(problems, { code: "usage-invalid" });
  return { sinceMs, limit: Number(limit) };
};

/** The GitLab of the configuration; without a file the two variables are enough, since nothing is served. */
const openClient = ({ config, environment = process.env }: RecordCommandOptions): GitLabClient => {
  if ((config ?? environment["REVIEWFLOW_CONFIG"] ?? "") !== "") {
    const { url, token } = readConfig(environment, config ?? null).gitlab;
    if (token === null)
      throw new ConfigError(["gitlab.token is missing: threads cannot be read without one"]);
    return createGitLabClient({ url, token });
  }
  const url = environment["GITLAB_URL"] ?? "";
  const token = environment["GITLAB_TOKEN"] ?? "";
  const problems = [
    ...(url === "" ? ["GITLAB_URL is missing: the address of your GitLab"] : []),
    ...(token === "" ? ["GITLAB_TOKEN is missing: a token with the scope read_api is enough"] : []),
  ];
  if (problems.length > 0) throw new ConfigError(problems);
  return createGitLabClient({ url, token: new Secret(token) });
};
