import { constants } from "node:fs";
import { access, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { systemClock } from "../../base/clock.ts";
import { describeError } from "../../base/errors.ts";
import { silentLogger } from "../../base/logger.ts";
import type { FlowConfig, LocalConfig } from "../../config/config.ts";
import { createJudge, type Judge } from "../../eval/match/judge.ts";
import {
  type AnswerCounts,
  createModelAdapter,
  type ModelAdapter,
} from "../../eval/replay/recorded-model.ts";
import { buildReport, type EvalReport } from "../../eval/report/eval-report.ts";
import { renderHtml } from "../../eval/report/render-html.ts";
import type { CaseRun, MeasuredFlow } from "../../eval/run/run-case.ts";
import { runSet } from "../../eval/run/run-set.ts";
import { DEFAULT_RESAMPLES } from "../../eval/score/bootstrap.ts";
import { findMisses } from "../../eval/score/thresholds.ts";
import type { EvalSet } from "../../eval/set/eval-case.ts";
import { readSet } from "../../eval/set/read-set.ts";
import { createModelClient } from "../../llm/model-client.ts";
import { reasonInFull, type Translate } from "../../messages/format-message.ts";
import { message } from "../../messages/message.ts";
import { openLocalReviewer } from "../../wiring/local-reviewer.ts";
import { toRouting } from "../../wiring/model-routing.ts";
import { CommandError } from "../command-error.ts";
import { readLocalConfig } from "../read-config.ts";
import { safeJson, safeLine, safeText } from "../review/safe-text.ts";
import { failureText, processTerminal, type Terminal, terminalTexts } from "../terminal.ts";
import { chooseFlows } from "./choose-flows.ts";
import { renderText } from "./render-text.ts";
import { type EvalOptions, type EvalUsage, type Format, readUsage } from "./usage.ts";

/**
 * `reviewflow eval SET`: has flows review recorded merge requests and scores what they found. Returns the
 * exit code: 1 when a threshold is missed, 2 when nothing could be measured, else 0.
 */
export const runEval = async (set: string, options: EvalOptions = {}): Promise<number> => {
  const { write = processTerminal.write, complain = processTerminal.complain } = options;
  const t = terminalTexts(options.environment);
  try {
    const usage = readUsage(options);
    const folder = options.folder ?? process.cwd();
    for (const { file } of usage.outputs) await checkFolder(resolve(folder, file));
    const report = await measure(resolve(folder, set), usage, options, t);
    for (const { file, format } of usage.outputs)
      await writeReport(resolve(folder, file), render(t, report, format));
    if (usage.outputs.length === 0 || options.format === undefined) write(render(t, report, usage.format));
    const misses = findMisses(report, usage.thresholds);
    for (const miss of misses) complain(`${safeLine(t.message(miss))}\n`);
    return misses.length > 0 ? 1 : 0;
  } catch (error) {
    complain(`${safeText(failureText(t, error))}\n`);
    return 2;
  }
};

const render = (t: Translate, report: EvalReport, format: Format): string => {
  if (format === "html") return renderHtml(t, report);
  return format === "json" ? safeJson(report) : renderText(t, report);
};

const measure = async (
  place: string,
  usage: EvalUsage,
  options: EvalOptions,
  t: Translate,
): Promise<EvalReport> => {
  const { environment = process.env, folder = process.cwd() } = options;
  const { complain = processTerminal.complain } = options;
  const startedAt = new Date(systemClock.now()).toISOString();
  const config = readLocalConfig(environment, options.config ?? null);
  for (const notice of config.notices) complain(`${safeLine(terminalTexts(environment).message(notice))}\n`);
  const flows = chooseFlows(config, options.flow ?? [], folder);
  checkReplay(flows, usage);
  const set = choose(await readSet(place), options.case ?? []);
  for (const notice of set.notices) complain(`${safeLine(terminalTexts(environment).message(notice))}\n`);
  const counts: AnswerCounts = { asked: 0, replayed: 0 };
  const source = usage.source.kind === "ask" ? usage.source : atFolder(usage.source, folder);
  const adaptModel = createModelAdapter(source, counts);
  const judge = options.judge === undefined ? null : openJudge(config, options.judge, adaptModel);
  await using opened = new AsyncDisposableStack();
  const measured: MeasuredFlow[] = [];
  for (const flow of flows) {
    const reviewer = opened.use(await openLocalReviewer(config, flow, { adaptModel }));
    // The first case is not to pay for the start of processes.
    await reviewer.warmUp();
    measured.push({ name: flow.name, reviewer });
  }
  const runs = await runSet(set, {
    ...usage,
    flows: measured,
    judge,
    signal: new AbortController().signal,
    onRun: tellRuns(t, complain),
  });
  return buildReport(set, runs, {
    resamples: DEFAULT_RESAMPLES,
    seed: usage.seed,
    flows: flows.map(({ name }) => name),
    repeats: usage.repeats,
    tolerance: usage.tolerance,
    judge: options.judge ?? null,
    answers: { source: usage.source.kind, ...counts },
    startedAt,
  });
};

const atFolder = <Source extends { readonly folder: string }>(source: Source, folder: string): Source => ({
  ...source,
  folder: resolve(folder, source.folder),
});

/** What Dify answers is not seen here, so that it can neither be recorded nor replayed. */
const checkReplay = (flows: readonly FlowConfig[], { source }: EvalUsage): void => {
  const onDify = flows.filter(({ runner, findings }) =>
    [runner, findings.verify, ...findings.passes].some((section) => section?.kind === "dify"),
  );
  if (source.kind === "ask" || onDify.length === 0) return;
  throw new CommandError(
    onDify.map(({ name: flow }) => message("cli.eval.on-dify", { source: source.kind, flow })),
  );
};

const choose = (set: EvalSet, parts: readonly string[]): EvalSet => {
  const cases = set.cases.filter(
    ({ name }) => parts.length === 0 || parts.some((part) => name.includes(part)),
  );
  if (cases.length > 0) return { ...set, cases };
  throw new CommandError(message("cli.eval.no-case", { set: set.name, parts }));
};

const openJudge = (config: LocalConfig, name: string, adaptModel: ModelAdapter): Judge => {
  if (!config.models.some((model) => model.name === name)) {
    const names = config.models.map((model) => model.name);
    throw new CommandError(message("cli.eval.no-judge", { name, names, count: names.length }));
  }
  const routing = { ...toRouting(config), routes: [], default: name, fallback: null };
  const client = createModelClient({ ...routing, clock: systemClock, logger: silentLogger });
  return createJudge(adaptModel(client, routing), name);
};

const tellRuns = (t: Translate, complain: Terminal["complain"]): ((run: CaseRun, all: number) => void) => {
  let done = 0;
  return (run, all) => {
    done += 1;
    const { byMeaning, byPosition, failure, reported, flow, repeat } = run;
    const found = (byMeaning ?? byPosition).length;
    const seconds = (run.wallMs / 1000).toFixed(1);
    const of = { done, all, name: run.case.name, flow, repeat, seconds };
    const counts = { found, expected: run.case.expected.length, unmatched: reported.length - found };
    const line =
      failure === null
        ? t("cli.eval.run", { ...of, ...counts })
        : t("cli.eval.run-failed", { ...of, failure: reasonInFull(t, failure) });
    complain(`${safeLine(line)}\n`);
  };
};

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
