import { resolve } from "node:path";
import { systemClock } from "../../base/clock.ts";
import { parseDuration } from "../../base/durations.ts";
import { Secret } from "../../base/secret.ts";
import type { Environment } from "../../config/environment.ts";
import { recordCases } from "../../eval/record/record-cases.ts";
import { writeCase } from "../../eval/set/write-case.ts";
import { createGitLabClient, type GitLabClient } from "../../gitlab/client.ts";
import { type Message, message } from "../../messages/message.ts";
import { CommandError } from "../command-error.ts";
import { readConfig } from "../read-config.ts";
import { safeLine, safeText } from "../review/safe-text.ts";
import { failureText, processTerminal, type Terminal, terminalTexts } from "../terminal.ts";

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
  const t = terminalTexts(options.environment);
  try {
    const place = resolve(folder, set);
    const asked = { project, ...readOptions(options), signal: new AbortController().signal };
    const counts = { written: 0, present: 0, findings: 0 };
    for await (const recorded of recordCases(openClient(options), asked)) {
      const { iid } = recorded;
      if (recorded.kind === "nothing") {
        complain(`${safeLine(t("cli.eval.nothing", { iid, reason: t.message(recorded.reason) }))}\n`);
        continue;
      }
      const outcome = await writeCase(place, recorded.case);
      counts[outcome] += 1;
      if (outcome === "written") counts.findings += recorded.case.expected.length;
      const { left, case: made } = recorded;
      const findings = made.expected.length;
      complain(`${safeLine(t("cli.eval.recorded", { iid, findings, left, outcome, name: made.name }))}\n`);
    }
    write(`${t("cli.eval.recorded-all", counts)}\n`);
    return counts.written + counts.present === 0 ? 1 : 0;
  } catch (error) {
    complain(`${safeText(failureText(t, error))}\n`);
    return 2;
  }
};

const readOptions = ({ since, limit = "100" }: RecordCommandOptions) => {
  const problems: Message[] = [];
  const duration = since === undefined ? HALF_A_YEAR_MS : parseDuration(since);
  const sinceMs = duration === undefined ? Date.parse(since ?? "") : systemClock.now() - duration;
  if (Number.isNaN(sinceMs)) problems.push(message("cli.eval.since", { value: since ?? "" }));
  if (!/^[1-9]\d{0,5}$/.test(limit))
    problems.push(message("cli.usage.whole-number", { option: "--limit", least: 1, value: limit }));
  if (problems.length > 0) throw new CommandError(problems, { code: "usage-invalid" });
  return { sinceMs, limit: Number(limit) };
};

/** The GitLab of the configuration; without a file the two variables are enough, since nothing is served. */
const openClient = ({ config, environment = process.env }: RecordCommandOptions): GitLabClient => {
  if ((config ?? environment["REVIEWFLOW_CONFIG"] ?? "") !== "") {
    const { url, token } = readConfig(environment, config ?? null).gitlab;
    if (token === null) throw new CommandError(message("cli.eval.token-missing"));
    return createGitLabClient({ url, token });
  }
  const url = environment["GITLAB_URL"] ?? "";
  const token = environment["GITLAB_TOKEN"] ?? "";
  const problems = [
    ...(url === "" ? [message("cli.eval.url-missing")] : []),
    ...(token === "" ? [message("cli.eval.env-token-missing")] : []),
  ];
  if (problems.length > 0) throw new CommandError(problems);
  return createGitLabClient({ url, token: new Secret(token) });
};
