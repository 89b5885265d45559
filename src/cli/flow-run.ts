import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { type Clock, systemClock } from "../base/clock.ts";
import { ReviewflowError } from "../base/errors.ts";
import { newId } from "../base/ids.ts";
import { createMemoryJournal } from "../base/journal.ts";
import type { JsonObject } from "../base/json.ts";
import { silentLogger } from "../base/logger.ts";
import type { Secret } from "../base/secret.ts";
import type { EmbeddedRunnerConfig } from "../config/config.ts";
import type { Environment } from "../config/environment.ts";
import { maskKnownSecrets } from "../eval/replay/answer-folder.ts";
import { type AnswerSource, createModelAdapter, createToolAdapter } from "../eval/replay/recorded-model.ts";
import { inRunScope, type RunScope } from "../eval/replay/run-scope.ts";
import type { Conversation } from "../flow/engine/initial-pool.ts";
import { createMask } from "../flow/engine/mask.ts";
import { type FlowRunResult, runFlow } from "../flow/engine/run-flow.ts";
import type { Flow } from "../flow/flow.ts";
import type { FlowPorts } from "../flow/node.ts";
import { describeProblem } from "../flow/parse/flow-file-error.ts";
import { readFlow } from "../flow/parse/parse-flow.ts";
import { createModelProfiles } from "../llm/model-profile.ts";
import { message } from "../messages/message.ts";
import { readCalledFlows } from "../wiring/open-embedded.ts";
import { openEngine } from "../wiring/open-engine.ts";
import { CommandError } from "./command-error.ts";
import { INPUT_INVALID, readFiles, readInputs, readSecrets } from "./flow-run/inputs.ts";
import { createJsonReport, createTextReport, type RunReport } from "./flow-run/report.ts";
import { readConfigForFile } from "./read-config.ts";
import { readFlowText } from "./read-flow-text.ts";
import { processTerminal, type Terminal, terminalTexts } from "./terminal.ts";

/** How `flow run` runs a file; every text as the command line has it. */
export type FlowRunOptions = Partial<Terminal> & {
  /** `NAME=VALUE` each; see `readInputs`. */
  readonly input?: readonly string[];
  /** Files that go with the question of a chat, by path or address. */
  readonly file?: readonly string[];
  /** `NAME` or `NAME=VARIABLE` each; see `readSecrets`. */
  readonly secret?: readonly string[];
  /** What the user of a chat says. */
  readonly query?: string;
  /** Asks for a question after the other, in one conversation. */
  readonly chat?: boolean;
  /** Events as JSON, one a line. */
  readonly json?: boolean;
  /** A folder for the answers of models and tools. */
  readonly record?: string;
  /** The folder whose answers are given again. */
  readonly replay?: string;
  readonly config?: string;
  readonly environment?: Environment;
  readonly clock?: Clock;
  /** Whether a person watches; found out when left out. */
  readonly isTerminal?: boolean;
  /** Aborted when the person has enough; on Ctrl-C and SIGTERM when left out. */
  readonly signal?: AbortSignal;
  /** The questions of a chat; those of standard input when left out. */
  readonly questions?: AsyncIterable<string>;
};

/** By these a person and a program end a run; programs that it has started as tools are ended with it. */
const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** What the exit code says. */
const EXIT = { succeeded: 0, failed: 1, unusable: 2, input: 3, answer: 4, interrupted: 130 } as const;

/**
 * `reviewflow flow run FILE`: runs a workflow file here, once or as a conversation. Returns the exit code: 1 when the
 * flow failed or reached a limit, 2 when the file, the settings or the call cannot be used, 3 when an input or a
 * secret is missing or does not fit, 4 when an answer that is to be replayed was not recorded, 130 when it was
 * interrupted, else 0; of a conversation, that of its last question.
 */
export const flowRun = async (file: string, options: FlowRunOptions = {}): Promise<number> => {
  const {
    write = processTerminal.write,
    complain = processTerminal.complain,
    environment = process.env,
  } = options;
  const t = terminalTexts(environment);
  const isLive = options.isTerminal ?? (process.stdout.isTTY && process.stderr.isTTY);
  const report =
    options.json === true ? createJsonReport(write) : createTextReport(t, { write, complain, isLive });
  const interrupted = new AbortController();
  const signal = options.signal ?? interrupted.signal;
  const onInterrupt = (): void => interrupted.abort();
  // The second one ends the process at once, as usual.
  for (const name of SIGNALS) process.once(name, onInterrupt);
  try {
    const flow = await readRunnable(file);
    checkUsage(flow, options);
    return await inRunScope({ flow: flow.name, repeat: 1 }, (scope) =>
      runIn(scope, { flow, file, report, signal }, { ...options, environment, isTerminal: isLive }),
    );
  } catch (error) {
    if (signal.aborted) return EXIT.interrupted;
    if (!(error instanceof ReviewflowError)) throw error;
    report.failed(error);
    return exitOf(error);
  } finally {
    for (const name of SIGNALS) process.off(name, onInterrupt);
  }
};

const INPUT_CODES: ReadonlySet<string> = new Set([
  INPUT_INVALID,
  "flow-input-invalid",
  "flow-secret-missing",
]);

const exitOf = ({ code }: ReviewflowError): number => {
  if (INPUT_CODES.has(code)) return EXIT.input;
  return code === "eval-answer-missing" ? EXIT.answer : EXIT.unusable;
};

const readRunnable = async (file: string): Promise<Flow> => {
  const read = await readFlowText(file);
  if (!read.ok) throw new CommandError(message("problem.at", { place: file, problem: read.problem }));
  const reading = readFlow(read.text);
  if (reading.ok) return reading.flow;
  const problems = reading.problems.map((problem) =>
    message("problem.at", { place: file, problem: describeProblem(problem) }),
  );
  throw new CommandError(problems, { code: "flow-file-invalid" });
};

const checkUsage = (
  { mode }: Flow,
  { chat = false, query, file = [], record, replay }: FlowRunOptions,
): void => {
  if (record !== undefined && replay !== undefined)
    throw new CommandError(message("cli.usage.one-of", { options: "--record, --replay" }));
  if (chat && query !== undefined)
    throw new CommandError(message("cli.usage.one-of", { options: "--chat, --query" }));
  if (mode === "workflow" && (chat || query !== undefined || file.length > 0))
    throw new CommandError(message("cli.flow.run.not-a-chat", { options: "--chat, --query, --file" }));
};

type Session = {
  readonly flow: Flow;
  readonly inputs: JsonObject;
  readonly secrets: ReadonlyMap<string, Secret>;
  readonly ports: FlowPorts;
  readonly limits: { readonly maxMs: number; readonly maxSteps: number };
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly report: RunReport;
  readonly scope: RunScope;
};

const runIn = async (
  scope: RunScope,
  { flow, file, report, signal }: Pick<Session, "flow" | "report" | "signal"> & { readonly file: string },
  options: FlowRunOptions & { readonly environment: Environment },
): Promise<number> => {
  const { clock = systemClock, environment, config: settings = null } = options;
  const inputs = await readInputs(flow, options.input ?? []);
  const files = await readFiles(options.file ?? []);
  const path = resolve(file);
  const config = readConfigForFile(environment, settings);
  const own = config.flows
    .map(({ runner }) => runner)
    .filter((runner) => runner.kind === "embedded")
    .find((runner) => runner.file.kind === "path" && runner.file.path === path);
  const secrets = new Map([
    ...Object.entries(own?.secrets ?? {}),
    ...(await readSecrets(flow, options.secret ?? [], environment)),
  ]);
  const section: EmbeddedRunnerConfig = {
    kind: "embedded",
    file: { kind: "path", path },
    secrets: Object.fromEntries(secrets),
    tools: own?.tools ?? {},
  };
  const called = options.replay === undefined ? readCalledFlows([[file, section]]) : new Map<string, Flow>();
  await using engine = await openEngine({
    config: { ...config, flows: [] },
    // A replay asks no model, so that none need be set up.
    flows: options.replay === undefined ? [flow, ...called.values()] : [],
    clock,
    logger: silentLogger,
    profiles: createModelProfiles(clock),
  });
  const answers = answersOf(options, secrets);
  // Where it fails, a node that needs it fails with the same reason.
  engine.warmUp(flow).catch(() => undefined);
  const { runTimeoutMs: maxMs, maxSteps } = config.engine;
  const limits = { maxMs, maxSteps };
  const tools = engine.toolsWith({ targets: section.tools, flows: called, secrets, limits });
  const session: Session = {
    flow,
    inputs,
    secrets,
    ports: answers({ ...engine.ports, tools: tools(engine.ports) }),
    limits,
    clock,
    signal,
    report,
    scope,
  };
  if (options.chat === true) return converse(session, files, options);
  const { status } = await runOnce(session, {
    files,
    ...(options.query === undefined ? {} : { query: options.query }),
  });
  return exitOfStatus(status, signal);
};

/** Requests are named by what the file calls its models, since a replay may have other ones, or none. */
const NO_ROUTING = { models: [], routes: [], default: null, fallback: null };

/** Puts the folder of answers between a flow and its models and tools. */
const answersOf = (
  { record, replay }: FlowRunOptions,
  secrets: ReadonlyMap<string, Secret>,
): ((ports: FlowPorts) => FlowPorts) => {
  const folder = record ?? replay;
  if (folder === undefined) return (ports) => ports;
  const place = resolve(folder);
  const source: AnswerSource =
    record === undefined
      ? { kind: "replay", folder: place, missing: "cli.flow.run.answer-missing" }
      : { kind: "record", folder: place };
  const counts = { asked: 0, replayed: 0 };
  const { text: ownMask } = createMask(secrets.values());
  const mask = (text: string): string => maskKnownSecrets(ownMask(text));
  const adaptModel = createModelAdapter(source, counts, mask);
  const adaptTools = createToolAdapter(source, counts, mask);
  return (ports) => ({
    ...ports,
    model: adaptModel(ports.model, NO_ROUTING),
    tools: adaptTools(ports.tools),
  });
};

const exitOfStatus = (status: FlowRunResult["status"], signal: AbortSignal): number => {
  if (signal.aborted) return EXIT.interrupted;
  return status === "failed" || status === "stopped" ? EXIT.failed : EXIT.succeeded;
};

/** Runs the flow. Throws what kept an answer from being recorded or replayed: a flow may take that for its model's. */
const runOnce = async (
  { flow, inputs, secrets, ports, limits, clock, signal, report, scope }: Session,
  more: Pick<Parameters<typeof runFlow>[1], "query" | "files" | "conversation" | "onConversation">,
): Promise<FlowRunResult> => {
  const result = await runFlow(flow, {
    inputs,
    ports,
    secrets,
    limits,
    clock,
    signal,
    journal: createMemoryJournal(),
    endsRun: () => true,
    onEvent: report.onEvent,
    ...more,
  });
  if (scope.miss !== null) throw scope.miss;
  return result;
};

/** Asks the flow what a person asks, line by line, in one conversation. */
const converse = async (
  session: Session,
  files: readonly JsonObject[],
  options: FlowRunOptions,
): Promise<number> => {
  const { signal } = session;
  let conversation: Conversation = { id: newId(session.clock.now()), variables: {}, turns: [] };
  let code: number = EXIT.succeeded;
  for await (const question of options.questions ?? readQuestions(signal, options)) {
    const query = question.trim();
    if (query === "") continue;
    const { turns } = conversation;
    const { status, outputs } = await runOnce(session, {
      query,
      // They come with the first question.
      files: turns.length === 0 ? files : [],
      conversation,
      onConversation: (variables) => {
        conversation = { ...conversation, variables };
      },
    });
    code = exitOfStatus(status, signal);
    if (signal.aborted) break;
    const { answer } = outputs;
    if (code === EXIT.succeeded && typeof answer === "string")
      conversation = { ...conversation, turns: [...turns, { query, answer }] };
  }
  return signal.aborted ? EXIT.interrupted : code;
};

/** The lines of standard input; at a terminal behind a mark. */
const readQuestions = async function* (
  signal: AbortSignal,
  { isTerminal = false, json = false, complain = processTerminal.complain }: FlowRunOptions,
): AsyncGenerator<string> {
  const hasMark = isTerminal && !json && process.stdin.isTTY;
  const lines = createInterface({ input: process.stdin, ...(hasMark ? { output: process.stderr } : {}) });
  // A terminal in readline's hands sends no signal.
  lines.on("SIGINT", () => process.emit("SIGINT"));
  const close = (): void => lines.close();
  signal.addEventListener("abort", close, { once: true });
  try {
    if (hasMark) complain("> ");
    for await (const line of lines) {
      yield line;
      if (hasMark) complain("> ");
    }
  } finally {
    signal.removeEventListener("abort", close);
    lines.close();
  }
};
