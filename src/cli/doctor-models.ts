import type { Clock } from "../base/clock.ts";
import { silentLogger } from "../base/logger.ts";
import type { Config } from "../config/config.ts";
import type { ModelSubject } from "../doctor/probe-model.ts";
import { createEmbedder } from "../llm/embedder.ts";
import { createModelClient } from "../llm/model-client.ts";
import type { ConfiguredModel } from "../llm/model-options.ts";
import { message } from "../messages/message.ts";
import { toRouting } from "../wiring/model-routing.ts";

/** One call and no second: a passing failure is worth knowing, too. */
const ONCE = { attempts: 1, baseMs: 0, maxMs: 0 };

// The model reads it.
// oxlint-disable-next-line reviewflow/catalogue-only
const QUESTION = "This is a test of the connection. Answer with the one word: ok";

/** Every model of the configuration, to be asked something small. */
export const modelSubjects = (
  config: Pick<Config, "models" | "modelRouting" | "knowledge">,
  clock: Clock,
): readonly ModelSubject[] =>
  toRouting(config).models.map((model) => ({
    name: model.name,
    ask: model.name === config.knowledge.embeddingModel ? embed(model, clock) : chat(model, clock),
  }));

const embed =
  (model: ConfiguredModel, clock: Clock): ModelSubject["ask"] =>
  async (signal) => {
    const vectors = await createEmbedder({ ...model, clock, retry: ONCE })([QUESTION], signal);
    return vectors.length === 1 ? null : message("cli.doctor.no-vector");
  };

const chat =
  (model: ConfiguredModel, clock: Clock): ModelSubject["ask"] =>
  async (signal) => {
    const client = createModelClient({
      models: [model],
      routes: [],
      default: model.name,
      fallback: null,
      retry: ONCE,
      clock,
      logger: silentLogger,
    });
    const result = await client.generate({
      provider: "",
      name: model.name,
      messages: [{ role: "user", content: QUESTION }],
      parameters: {},
      responseSchema: null,
      signal,
    });
    return result.ok ? null : result.message;
  };
