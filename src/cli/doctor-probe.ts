import type { Message } from "../messages/message.ts";
import { estimateTokens } from "../base/estimate-tokens.ts";
import type { Clock } from "../base/clock.ts";
import { createMemoryJournal } from "../base/journal.ts";
import { type Logger, silentLogger } from "../base/logger.ts";
import type { FlowConfig, LocalConfig } from "../config/config.ts";
import { PLANTED, type ProbedModel } from "../doctor/probe-model-in-depth.ts";
import { createModelClient } from "../llm/model-client.ts";
import type { ConfiguredModel } from "../llm/model-options.ts";
import { createModelProfiles } from "../llm/model-profile.ts";
import { concurrencyOf } from "../llm/model-slots.ts";
import { parseFindings } from "../review/findings/parse-findings.ts";
import { toRouting } from "../wiring/model-routing.ts";
import { openRunners } from "../wiring/open-runners.ts";

/** One call and no second: a failure that may pass is worth knowing, too. */
const ONCE = { attempts: 1, baseMs: 0, maxMs: 0 };

/** The longest that the whole probe of a model takes. */
const PROBE_MS = 3_600_000;

/** Every model of the configuration that chats, to be probed in depth; each by itself, whatever else stands in for it. */
export const probedModels = (config: LocalConfig, clock: Clock): readonly ProbedModel[] =>
  toRouting(config)
    .models.filter(({ name }) => name !== config.knowledge.embeddingModel)
    .map((model) => probedModel(model, config, clock));

const probedModel = (model: ConfiguredModel, config: LocalConfig, clock: Clock): ProbedModel => {
  const refused = new Set<string>();
  const logger: Logger = {
    ...silentLogger,
    warn: ({ setting }) => {
      if (typeof setting === "string") refused.add(setting);
    },
    child: () => logger,
  };
  const profile = createModelProfiles(clock).of(model);
  const client = createModelClient({
    // Two calls at once are what is tried, and how slow the server is.
    models: [{ ...model, concurrency: 2, timeouts: { ...model.timeouts, firstTokenMs: PROBE_MS } }],
    routes: [],
    default: model.name,
    fallback: null,
    retry: ONCE,
    profiles: { of: () => profile },
    clock,
    logger,
  });
  const signal = AbortSignal.timeout(PROBE_MS);
  return {
    name: model.name,
    concurrency: concurrencyOf(model),
    contextWindow: model.contextWindow ?? null,
    findWindow: profile.findWindow,
    refused: () => settingsUnder(model.name, refused),
    ask: async (text, schema) => {
      const startMs = clock.now();
      let firstMs: number | null = null;
      const result = await client.generate({
        provider: "",
        name: model.name,
        messages: [{ role: "user", content: text }],
        parameters: {},
        responseSchema: schema ?? null,
        signal,
        onText: () => {
          firstMs ??= clock.now();
        },
      });
      if (!result.ok) return result;
      const elapsedMs = clock.now() - startMs;
      const { usage } = result.value;
      return {
        ok: true,
        text: result.value.text,
        promptTokens: usage.promptTokens || estimateTokens(text),
        completionTokens: usage.completionTokens ?? 0,
        firstTokenMs: firstMs === null ? elapsedMs : firstMs - startMs,
        elapsedMs,
      };
    },
    findPlanted: () => findPlanted(model.name, config, { clock, signal }),
  };
};

/** The keys under a model's section, of settings as they are told in logs; what needs none is left out. */
const settingsUnder = (name: string, refused: ReadonlySet<string>): readonly string[] => {
  const at = `models.${name}.`;
  const nested = [...refused].flatMap((setting) =>
    setting.startsWith(at) ? [setting.slice(at.length)] : [],
  );
  const parameters = nested.flatMap((setting) =>
    setting.startsWith("parameters.") ? [`  ${setting.slice("parameters.".length)}`] : [],
  );
  return [
    ...nested.filter((setting) => !setting.startsWith("parameters.")),
    ...(parameters.length === 0 ? [] : ["parameters:", ...parameters]),
  ];
};

/** Has the shipped flow review the planted change with one model; how many of the mistakes it finds. */
const findPlanted = async (
  name: string,
  config: LocalConfig,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<number | string | Message> => {
  const section = {
    kind: "embedded",
    file: { kind: "builtin", name: "review" },
    secrets: {},
    tools: {},
  } as const;
  const [flow] = config.flows;
  if (flow === undefined) return "flows: []";
  const alone: FlowConfig = { ...flow, contract: "findings", runner: section, shadow: null, reply: null };
  const bare = { ...alone.findings, passes: [], verify: null, summary: null };
  await using runners = await openRunners(
    {
      ...config,
      flows: [{ ...alone, findings: bare }],
      modelRouting: { routes: [], default: name, fallback: null },
    },
    { clock, logger: silentLogger },
  );
  const nonce = "q7f3c1e9d2b8a604";
  const rows = PLANTED.lines.map((text, index) => `${String(index + 1).padStart(5)}  +  | ${text}`);
  const outcome = await runners.of(section).runner.run({
    runId: "probe",
    inputs: {
      title: PLANTED.title,
      description: "",
      diff: [
        `<<<DIFF ${nonce}`,
        `=== ${PLANTED.path} (added) ===`,
        "@@ @@",
        ...rows,
        `DIFF ${nonce}>>>`,
      ].join("\n"),
      language: "English",
      rules: "",
      said: "",
      lessons: "",
      max_findings: 8,
      nonce,
      correction: "",
    },
    journal: createMemoryJournal(),
    signal,
    onEvent: () => undefined,
  });
  if (outcome.status === "failed" || outcome.status === "stopped") return outcome.error ?? outcome.status;
  const { findings } = parseFindings(outcome.outputs["findings"] ?? null, { paths: [PLANTED.path] });
  const found = PLANTED.mistakes.filter((line) =>
    findings.some((finding) => finding.line !== null && Math.abs(finding.line - line) <= 1),
  );
  return found.length;
};
