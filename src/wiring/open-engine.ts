import { message } from "../messages/message.ts";
import type { Breakers } from "../base/circuit-breaker.ts";
import type { Clock } from "../base/clock.ts";
import { ConfigError, problemAt } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Config } from "../config/config.ts";
import { createGuardedHttpClient } from "../egress/guarded-http-client.ts";
import type { Flow } from "../flow/flow.ts";
import type { FlowPorts, NodeDeclaration } from "../flow/node.ts";
import type { ModelClient } from "../flow/ports.ts";
import { createFlowRequestPublisher, findPostedNote } from "../gitlab/publish/flow-request.ts";
import { checkDatasets } from "../knowledge/check-datasets.ts";
import { LESSONS_DATASET } from "../knowledge/lessons-dataset.ts";
import { createKnowledgeSearch, type FolderKnowledge } from "../knowledge/knowledge-search.ts";
import { createEmbedder } from "../llm/embedder.ts";
import { createModelClient } from "../llm/model-client.ts";
import type { ModelCallRecord, ModelProfiles, ModelRouting } from "../llm/model-options.ts";
import { checkModels } from "../llm/resolve-model.ts";
import { createCodeRunner } from "../sandbox/create-code-runner.ts";
import { createTemplateRenderer } from "../sandbox/create-template-renderer.ts";
import { createDocumentReader } from "../sandbox/documents/create-document-reader.ts";
import type { RunTools, ToolServers, ToolSettings } from "../tools/tool-runner.ts";
import { modelBreaker, toModel, toRouting } from "./model-routing.ts";

/** Everything that workflow files need to run here. Disposing of it ends its processes and threads. */
export type Engine = AsyncDisposable & {
  readonly ports: Omit<FlowPorts, "tools">;
  /** The tools of a flow; what runs them is loaded with the first call of one. */
  readonly toolsWith: (settings: ToolSettings) => RunTools;
  /**
   * Starts the processes and threads that `flow` will need, or every flow when it is left out; without it the first
   * node of each language waits for them. They end when they have had no work for five minutes.
   */
  readonly warmUp: (flow?: Flow) => Promise<void>;
};

/** What of a configuration engines and runners are made from. Without GitLab, flows do not reach any. */
export type EngineConfig = Pick<
  Config,
  "flows" | "models" | "modelRouting" | "knowledge" | "mcpServers" | "openApiServices" | "egress" | "engine"
> & { readonly gitlab?: Pick<Config["gitlab"], "url"> };

/** What an engine is opened with. */
export type EngineOptions = {
  readonly config: EngineConfig;
  /** Every file that will run, so that what they need is checked now and not met by a run. */
  readonly flows: readonly Flow[];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly breakers?: Breakers;
  readonly profiles: ModelProfiles;
  readonly onModelCall?: (record: ModelCallRecord) => void;
  /** Puts something between the flows and their models, such as answers that are known already. */
  readonly adaptModel?: (client: ModelClient, routing: ModelRouting) => ModelClient;
};

/**
 * Opens the engine's ports. Throws a ConfigError with every model, dataset and destination that a flow
 * names and the configuration does not have.
 */
export const openEngine = async (options: EngineOptions): Promise<Engine> => {
  const { config, flows, clock, logger, breakers, profiles, onModelCall } = options;
  const routing = toRouting(config);
  const declarations = flows.flatMap(declarationsOf);
  const problems = [
    ...checkModels(
      declarations.flatMap(({ models }) => models),
      routing,
    ),
    ...checkDatasets(
      declarations.flatMap(({ datasets }) => datasets).filter((id) => id !== LESSONS_DATASET),
      config.knowledge.datasets,
    ),
  ];
  if (problems.length > 0) throw new ConfigError(problems);
  await using opened = new AsyncDisposableStack();
  const http = createGuardedHttpClient({
    allow: destinations(config),
    ...(config.gitlab === undefined
      ? {}
      : {
          prepare: createFlowRequestPublisher(config.gitlab.url),
          findSent: findPostedNote(config.gitlab.url),
        }),
  });
  const code = opened.use(
    createCodeRunner({
      http,
      timeLimitMs: config.engine.codeTimeoutMs,
      javascriptConcurrency: config.engine.javascriptThreads,
      pythonConcurrency: config.engine.pythonProcesses,
      clock,
    }),
  );
  const template = opened.use(createTemplateRenderer({ clock }));
  const knowledge = opened.use(await openKnowledge(options));
  const documents = opened.use(createDocumentReader({ clock }));
  const client = createModelClient({
    ...routing,
    profiles,
    clock,
    logger,
    ...(breakers === undefined ? {} : { breakerOf: (name) => breakers.of(modelBreaker(name)) }),
    ...(onModelCall === undefined ? {} : { onCall: onModelCall }),
  });
  const model = options.adaptModel?.(client, routing) ?? client;
  const running = opened.move();
  return {
    ports: { code, template, model, http, knowledge, documents },
    toolsWith: loadedLater({ ...config, clock, http, code }),
    warmUp: async (flow) => {
      const warmed = flow === undefined ? declarations : declarationsOf(flow);
      const languages = new Set(warmed.flatMap((one) => one.languages));
      if (languages.has("jinja2")) template.warmUp();
      await code.warmUp(new Set([...languages].filter((language) => language !== "jinja2")));
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
};

/** Few flows have tools: what runs them is loaded when the first one is called. */
const loadedLater = (servers: ToolServers): Engine["toolsWith"] => {
  let loading: Promise<(settings: ToolSettings) => RunTools> | undefined;
  return (settings) => (ports) => {
    const load = async () => {
      loading ??= import("../tools/tool-runner.ts").then(({ createTools }) => createTools(servers));
      return (await loading)(settings)(ports);
    };
    return {
      invoke: async (request) => (await load()).invoke(request),
      describe: async (request) => (await load()).describe(request),
    };
  };
};

const declarationsOf = (flow: Flow): readonly NodeDeclaration[] =>
  [...flow.nodes.values()].map(({ declaration }) => declaration);

/**
 * What flows may reach beyond the public Internet: what the operator lists, and GitLab itself where a
 * flow has the job to post there.
 */
const destinations = ({ egress, flows, gitlab }: EngineConfig): readonly string[] => {
  const isPosting = flows.some(
    ({ contract, runner }) =>
      contract === "classic" && (runner.kind === "embedded" || runner.fallback !== null),
  );
  if (gitlab === undefined || !isPosting) return egress.allow;
  const { hostname, port, protocol } = new URL(gitlab.url);
  return [...egress.allow, `${hostname}:${port === "" ? (protocol === "https:" ? 443 : 80) : port}`];
};

const openKnowledge = async ({ config, clock, logger }: EngineOptions): Promise<FolderKnowledge> => {
  const { datasets, embeddingModel } = config.knowledge;
  const model = config.models.find(({ name }) => name === embeddingModel);
  if (embeddingModel !== null && model === undefined) {
    throw new ConfigError([
      problemAt(
        "knowledge.embedding_model",
        message("model.unknown", { name: embeddingModel, known: config.models.map(({ name }) => name) }),
      ),
    ]);
  }
  return createKnowledgeSearch({
    datasets,
    clock,
    logger,
    embed: model === undefined ? null : createEmbedder({ ...toModel(model), clock }),
  });
};
