import { constants } from "node:fs";
import { access, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { type Clock, systemClock } from "../base/clock.ts";
import { describeError } from "../base/errors.ts";
import type { Environment } from "../config/environment.ts";
import type { Translate } from "../messages/format-message.ts";
import { type Message, message } from "../messages/message.ts";
import { SEVERITIES, type Severity } from "../review/finding.ts";
import { unreviewedFiles } from "../review/unreviewed.ts";
import { CommandError } from "./command-error.ts";
import { readLocalConfig } from "./read-config.ts";
import { chooseChange, type Wanted } from "./review/choose-change.ts";
import {
  isAddress,
  type MergeRequestPlace,
  readAddress,
  readPipeline,
} from "./review/choose-merge-request.ts";
import { openGit } from "./review/git.ts";
import { hasAtLeast, type LocalReport } from "./review/local-report.ts";
import { renderCodeQuality } from "./review/render-code-quality.ts";
import { renderJson } from "./review/render-json.ts";
import { renderMarkdown } from "./review/render-markdown.ts";
import { renderReceipt } from "./review/render-receipt.ts";
import { renderSarif } from "./review/render-sarif.ts";
import { renderText } from "./review/render-text.ts";
import { readToken } from "./review/open-merge-request.ts";
import { chooseFlow, reviewChange } from "./review/review-change.ts";
import { reviewMergeRequest } from "./review/review-merge-request.ts";
import { safeText } from "./review/safe-text.ts";
import { tellProgress } from "./review/tell-progress.ts";
import { wantsColour } from "./review/wants-colour.ts";
import { failureText, processTerminal, type Terminal, terminalTexts } from "./terminal.ts";

/** The forms of a report. */
const RENDERERS = {
  text: renderText,
  json: renderJson,
  sarif: renderSarif,
  codequality: renderCodeQuality,
  markdown: renderMarkdown,
} as const satisfies Readonly<
  Record<string, (t: Translate, report: LocalReport, isTerminal: boolean) => string>
>;
type Format = keyof typeof RENDERERS;

/** How a local review is made and told; every text as the command line has it. */
export type ReviewOptions = Partial<Terminal> & {
  /** Reviews what is in the index instead of a range. */
  readonly staged?: boolean;
  /** Reviews everything that is not committed instead of a range. */
  readonly worktree?: boolean;
  /** Publishes the review on its merge request. */
  readonly post?: boolean;
  /** `text` when left out. */
  readonly format?: string;
  /** A file for the report; standard output when left out. */
  readonly output?: string;
  /** Further reports, each as `FORMAT=FILE`. */
  readonly report?: readonly string[];
  /** The least severity that makes the exit code 1; none when left out. */
  readonly failOn?: string;
  /** The name of the flow that reviews. */
  readonly flow?: string;
  readonly config?: string;
  /** The folder of the repository; the present one when left out. */
  readonly folder?: string;
  readonly environment?: Environment;
  readonly clock?: Clock;
  /** Whether the text goes to a terminal; found out when left out. */
  readonly isTerminal?: boolean;
};

/**
 * `reviewflow review [RANGE | ADDRESS]`: reviews a change of the git repository at hand, or a merge request,
 * with no server. Returns the exit code: 1 when there is a finding that `failOn` is about, 3 when there is none
 * but a changed file was not reviewed without a right to be left out, 2 when the review could not be made or
 * published, else 0.
 */
export const runReview = async (range: string | undefined, options: ReviewOptions = {}): Promise<number> => {
  const { write = processTerminal.write, complain = processTerminal.complain } = options;
  const t = terminalTexts(options.environment);
  try {
    const usage = checkUsage(range, options);
    for (const { file } of usage.files) await checkFolder(file);
    const { report, posted } = await makeReport(usage.wanted, options, t);
    if (options.output === undefined) write(RENDERERS[usage.format](t, report, isForTerminal(options)));
    for (const { format, file } of usage.files) await writeReport(file, RENDERERS[format](t, report, false));
    complain(renderReceipt(t, report));
    if (posted !== null) complain(`${safeText(t.message(posted))}\n`);
    if (usage.failOn === null) return 0;
    if (hasAtLeast(report, usage.failOn)) return 1;
    return unreviewedFiles(report.receipt).length > 0 ? 3 : 0;
  } catch (error) {
    complain(`${safeText(failureText(t, error))}\n`);
    return 2;
  }
};

/** What is to be reviewed: a change of the repository at hand, or a merge request. */
type Subject = Wanted | { readonly kind: "merge-request"; readonly place: MergeRequestPlace };

type Outcome = { readonly report: LocalReport; readonly posted: Message | null };

const makeReport = async (wanted: Subject, options: ReviewOptions, t: Translate): Promise<Outcome> => {
  const { complain = processTerminal.complain } = options;
  const { config: file, flow: name = null, environment = process.env, post = false } = options;
  const { clock = systemClock } = options;
  const config = readLocalConfig(environment, file ?? null);
  for (const notice of config.notices) complain(`${safeText(terminalTexts(environment).message(notice))}\n`);
  const flow = chooseFlow(config, name);
  const progress = tellProgress(t, complain);
  let isOver = false;
  const onEvent: typeof progress = (event) => {
    // The last events may come late, when the report stands there already.
    if (!isOver) progress(event);
  };
  const { signal } = new AbortController();
  try {
    if (wanted.kind === "merge-request") {
      const token = readToken(environment);
      const { place } = wanted;
      return await reviewMergeRequest({ place, token, post, config, flowName: name, signal, onEvent });
    }
    const git = await openGit(options.folder ?? process.cwd());
    const change = await chooseChange(git, wanted);
    return {
      report: await reviewChange({ git, change, config, flow, clock, signal, onEvent }),
      posted: null,
    };
  } finally {
    isOver = true;
  }
};

type Usage = {
  readonly wanted: Subject;
  readonly format: Format;
  readonly files: readonly ReportFile[];
  readonly failOn: Severity | null;
};

/** A report that is written to a file. */
type ReportFile = { readonly format: Format; readonly file: string };

const isFormat = (text: string): text is Format => Object.hasOwn(RENDERERS, text);

const checkUsage = (range: string | undefined, options: ReviewOptions): Usage => {
  const { staged = false, worktree = false, post = false, format = "text", failOn } = options;
  const problems: Message[] = [];
  const severity = SEVERITIES.find((one) => one === failOn) ?? null;
  if ([range !== undefined, staged, worktree].filter(Boolean).length > 1)
    problems.push(message("cli.usage.one-of", { options: "RANGE, --staged, --worktree" }));
  if (post && (staged || worktree || (range !== undefined && !isAddress(range))))
    problems.push(message("cli.review.post-what"));
  if (failOn !== undefined && severity === null) problems.push(choiceOf("--fail-on", SEVERITIES, failOn));
  const known = isFormat(format) ? format : null;
  if (known === null) problems.push(choiceOf("--format", Object.keys(RENDERERS), format));
  const further = (options.report ?? []).flatMap((text) => reportFileOf(text, options, problems));
  if (known === null || problems.length > 0) throw new CommandError(problems, { code: "usage-invalid" });
  const files =
    options.output === undefined ? [] : [{ format: known, file: fileOf(options.output, options) }];
  return {
    wanted: subjectOf(range, options),
    format: known,
    files: [...files, ...further],
    failOn: severity,
  };
};

const reportFileOf = (text: string, options: ReviewOptions, problems: Message[]): readonly ReportFile[] => {
  const [, format = "", file = ""] = /^([^=]*)=(.+)$/.exec(text) ?? [];
  if (isFormat(format)) return [{ format, file: fileOf(file, options) }];
  problems.push(
    choiceOf(
      "--report",
      Object.keys(RENDERERS).map((name) => `${name}=FILE`),
      text,
    ),
  );
  return [];
};

const choiceOf = (option: string, choices: readonly string[], value: string): Message =>
  message("cli.usage.choice", { option, choices, value });

const subjectOf = (range: string | undefined, options: ReviewOptions): Subject => {
  const { staged = false, worktree = false, post = false, environment = process.env } = options;
  const at = (place: MergeRequestPlace): Subject => ({ kind: "merge-request", place });
  if (staged) return { kind: "staged" };
  if (worktree) return { kind: "worktree" };
  if (range !== undefined && isAddress(range))
    return at(readAddress(range, environment["GITLAB_URL"] ?? null));
  return post ? at(readPipeline(environment)) : { kind: "range", range: range ?? null };
};

const isForTerminal = ({ isTerminal, environment = process.env }: ReviewOptions): boolean =>
  wantsColour(environment, isTerminal ?? process.stdout.isTTY);

const fileOf = (output: string, { folder = process.cwd() }: ReviewOptions): string => resolve(folder, output);

/** A report that cannot be written should be known before a model is paid for it. */
const checkFolder = async (file: string): Promise<void> => {
  try {
    await access(dirname(file), constants.W_OK);
  } catch (cause) {
    throw new CommandError(message("cli.folder-unwritable", { folder: dirname(file) }), { cause });
  }
};

const writeReport = async (file: string, text: string): Promise<void> => {
  try {
    await writeFile(file, text);
  } catch (cause) {
    throw new CommandError(message("cli.file-unwritable", { file, problem: describeError(cause) }), {
      cause,
    });
  }
};
