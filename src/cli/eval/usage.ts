import { extname } from "node:path";
import type { AnswerSource } from "../../eval/replay/recorded-model.ts";
import { METRIC_NAMES } from "../../eval/score/metrics.ts";
import { parseThreshold, type Threshold } from "../../eval/score/thresholds.ts";
import { type Message, message } from "../../messages/message.ts";
import { CommandError } from "../command-error.ts";
import type { Environment } from "../../config/environment.ts";
import type { Terminal } from "../terminal.ts";

/** How flows are measured and what is told of it; every text as the command line has it. */
export type EvalOptions = Partial<Terminal> & {
  /** Names of flows, `builtin:` files or paths of files; the first flow that reports findings without any. */
  readonly flow?: readonly string[];
  readonly repeats?: string;
  /** How many lines may lie between a finding and what was expected. */
  readonly lines?: string;
  /** The name of a configured model that judges by meaning. */
  readonly judge?: string;
  readonly record?: string;
  readonly replay?: string;
  readonly replayOrAsk?: string;
  /** Parts of names of cases; all without any. */
  readonly case?: readonly string[];
  readonly atOnce?: string;
  readonly seed?: string;
  readonly failUnder?: readonly string[];
  readonly format?: string;
  /** Files for the report; the ending .html or .json chooses the form of each. */
  readonly output?: readonly string[];
  readonly config?: string;
  /** Where relative paths start; the present folder when left out. */
  readonly folder?: string;
  readonly environment?: Environment;
};

/** The forms of a report. */
export const FORMATS = ["text", "json", "html"] as const;
export type Format = (typeof FORMATS)[number];

/** The options, read. */
export type EvalUsage = {
  readonly repeats: number;
  readonly tolerance: number;
  readonly atOnce: number;
  readonly seed: number;
  readonly source: AnswerSource;
  readonly thresholds: readonly Threshold[];
  /** What goes to standard output; null for nothing. */
  readonly format: Format;
  readonly outputs: readonly { readonly file: string; readonly format: Format }[];
};

const ENDINGS: Readonly<Record<string, Format>> = { ".html": "html", ".htm": "html", ".json": "json" };

/** Reads the options. Throws a CommandError with every mistake. */
export const readUsage = (options: EvalOptions): EvalUsage => {
  const problems: Message[] = [];
  const number = (name: string, text: string | undefined, standard: number, least: number): number => {
    if (text === undefined) return standard;
    if (/^\d{1,9}$/.test(text) && Number(text) >= least) return Number(text);
    problems.push(message("cli.usage.whole-number", { option: name, least, value: text }));
    return standard;
  };
  const thresholds = (options.failUnder ?? []).flatMap((text): readonly Threshold[] => {
    const threshold = parseThreshold(text);
    if (threshold !== null) return [threshold];
    problems.push(message("cli.eval.fail-under", { metrics: METRIC_NAMES, value: text }));
    return [];
  });
  const format = FORMATS.find((one) => one === (options.format ?? "text"));
  if (format === undefined) {
    const choice = { option: "--format", choices: FORMATS, value: options.format ?? "" };
    problems.push(message("cli.usage.choice", choice));
  }
  const usage: EvalUsage = {
    repeats: number("--repeats", options.repeats, 1, 1),
    tolerance: number("--lines", options.lines, 3, 0),
    atOnce: number("--at-once", options.atOnce, 2, 1),
    seed: number("--seed", options.seed, 1, 0),
    source: sourceOf(options, problems),
    thresholds,
    format: format ?? "text",
    outputs: (options.output ?? []).map((file) => ({
      file,
      format: ENDINGS[extname(file).toLowerCase()] ?? format ?? "text",
    })),
  };
  if (problems.length > 0) throw new CommandError(problems, { code: "usage-invalid" });
  return usage;
};

const sourceOf = ({ record, replay, replayOrAsk }: EvalOptions, problems: Message[]): AnswerSource => {
  if ([record, replay, replayOrAsk].filter((one) => one !== undefined).length > 1)
    problems.push(message("cli.usage.one-of", { options: "--record, --replay, --replay-or-ask" }));
  if (record !== undefined) return { kind: "record", folder: record };
  if (replay !== undefined) return { kind: "replay", folder: replay };
  if (replayOrAsk !== undefined) return { kind: "replay-or-ask", folder: replayOrAsk };
  return { kind: "ask" };
};
