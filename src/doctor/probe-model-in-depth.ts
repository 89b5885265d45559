import { createRequire } from "node:module";
import { randomBytes } from "node:crypto";
import { z } from "zod";
import { estimateTokens } from "../base/estimate-tokens.ts";
import { type JsonObject, parseJson } from "../base/json.ts";
import { type Message, message } from "../messages/message.ts";
import { type Diagnosis, fail, ok, warn } from "./diagnosis.ts";

/** One answer of a probed model, with what it took; or why there is none. */
type ProbeAnswer =
  | {
      readonly ok: true;
      readonly text: string;
      /** Tokens as the server counts them, or as they are estimated. */
      readonly promptTokens: number;
      readonly completionTokens: number;
      /** Until the first piece of text, in milliseconds. */
      readonly firstTokenMs: number;
      readonly elapsedMs: number;
    }
  | { readonly ok: false; readonly message: string };

/** A model to be probed. */
export type ProbedModel = {
  /** The operator's name for it. */
  readonly name: string;
  readonly ask: (text: string, schema?: JsonObject) => Promise<ProbeAnswer>;
  /** What is set, or holds where nothing is set. */
  readonly concurrency: number;
  /** The context window that is set; null where none is. */
  readonly contextWindow: number | null;
  readonly findWindow: () => Promise<number | null>;
  /** Settings that leave out what the server has refused so far, as `key: value` under the model's section. */
  readonly refused: () => readonly string[];
  /** How many of the planted mistakes our own flow finds with the model; a text where it finds none out. */
  readonly findPlanted: () => Promise<number | string | Message>;
};

/** A change with mistakes, for a flow to find: the lines at which they stand, and all of its text. */
export const PLANTED = z
  .object({
    title: z.string(),
    path: z.string(),
    lines: z.array(z.string()),
    /** A loop past the end, a key in the code, SQL from a parameter. */
    mistakes: z.array(z.number()),
  })
  .parse(createRequire(import.meta.url)("./planted-change.json"));

const PROMPT_TOKENS = 3_000;

/** Fewer milliseconds say nothing of a cache. */
const MIN_CACHED_MS = 500;

/** What a server takes for a token of the prompt at most before its first token is given up, see `timeouts.first_token`. */
const MAX_MS_PER_TOKEN = 60;

/** The longest prompt that a review sends unless it is set otherwise, in tokens. */
const LONGEST_PROMPT = 16_000;

const SCHEMA: JsonObject = {
  type: "object",
  properties: { word: { type: "string" } },
  required: ["word"],
  additionalProperties: false,
};
const Worded = z.object({ word: z.string() });

/** A prompt of about 3,000 tokens that asks for the word at its very beginning. */
const longPrompt = (word: string): string => {
  const lines = [`${word} is the word to remember.`];
  let tokens = 0;
  for (let line = 1; tokens < PROMPT_TOKENS; line += 1) {
    const text = `Line ${line} of a list that says nothing: the quick brown fox jumps over the lazy dog.`;
    tokens += estimateTokens(text) + 1;
    lines.push(text);
  }
  return [...lines, "Answer with the one word to remember, which stands at the very beginning."].join("\n");
};

const perSecond = (tokens: number, ms: number): number =>
  Math.round((10_000 * tokens) / Math.max(1, ms)) / 10;

/**
 * Asks a model what a review would find out the hard way: whether the beginning of a long prompt arrives and how
 * fast it is read, whether it is read again the next time, whether two calls at once are answered, whether a
 * JSON schema is followed, and how many planted mistakes are found. Ends with the settings to write.
 */
export async function* probeModelInDepth(model: ProbedModel): AsyncGenerator<Diagnosis> {
  const { name } = model;
  const settings: string[] = [];
  const word = `W${randomBytes(4).toString("hex")}`;
  const first = await model.ask(longPrompt(word));
  if (!first.ok) {
    yield fail(
      "model",
      message("doctor.model.failed", { name, message: first.message }),
      message("doctor.model.fix", { name }),
    );
    return;
  }
  const second = await model.ask(longPrompt(word));
  yield* speedOf(name, first, second, settings);
  if (!first.text.includes(word))
    yield warn(
      "model-window",
      message("doctor.probe.forgets", { name, tokens: first.promptTokens }),
      message("doctor.probe.forgets.fix", { name }),
    );
  const window = await model.findWindow();
  if (window !== null) {
    yield ok("model-window", message("doctor.probe.window", { name, tokens: window }));
    if (model.contextWindow === null) settings.push(`context_window: ${window}`);
  }
  yield* callsAtOnce(model, settings);
  yield* schemaOf(model);
  yield* plantedOf(model);
  settings.push(...model.refused());
  yield ok(
    "model-settings",
    settings.length === 0
      ? message("doctor.probe.no-settings", { name })
      : message("doctor.probe.settings", {
          name,
          settings: ["models:", `  ${name}:`, ...settings.map((line) => `    ${line}`)].join("\n"),
        }),
  );
}

type Answered = ProbeAnswer & { readonly ok: true };

function* speedOf(
  name: string,
  first: Answered,
  second: ProbeAnswer,
  settings: string[],
): Generator<Diagnosis> {
  const { promptTokens, completionTokens, firstTokenMs, elapsedMs } = first;
  const isCached =
    second.ok && firstTokenMs > MIN_CACHED_MS && second.firstTokenMs < firstTokenMs / 2 ? "yes" : "no";
  yield ok(
    "model",
    message("doctor.probe.speed", {
      name,
      tokens: promptTokens,
      seconds: Math.round(firstTokenMs / 100) / 10,
      reads: perSecond(promptTokens, firstTokenMs),
      writes: perSecond(completionTokens, elapsedMs - firstTokenMs),
      cached: firstTokenMs > MIN_CACHED_MS ? isCached : "unknown",
    }),
  );
  const msPerToken = firstTokenMs / promptTokens;
  if (msPerToken > MAX_MS_PER_TOKEN) {
    const minutes = Math.ceil((1.5 * LONGEST_PROMPT * msPerToken) / 60_000);
    settings.push("timeouts:", `  first_token: ${minutes}m`);
  }
}

async function* callsAtOnce(model: ProbedModel, settings: string[]): AsyncGenerator<Diagnosis> {
  const { name, concurrency } = model;
  const question = "Count from one to twenty, in words.";
  const alone = await model.ask(question);
  const both = await Promise.all([model.ask(question), model.ask(question)]);
  const areAnswered = both.every((answer) => answer.ok);
  if (!areAnswered) {
    if (concurrency > 1) settings.push("concurrency: 1");
    yield warn(
      "model-at-once",
      message("doctor.probe.not-at-once", { name }),
      message("doctor.probe.not-at-once.fix", { name }),
    );
    return;
  }
  const longestMs = Math.max(...both.map((answer) => (answer.ok ? answer.elapsedMs : 0)));
  const isFaster = alone.ok && longestMs < 1.5 * alone.elapsedMs;
  if (isFaster && concurrency === 1) settings.push("concurrency: 2");
  yield ok("model-at-once", message("doctor.probe.at-once", { name, faster: isFaster ? "yes" : "no" }));
}

async function* schemaOf({ name, ask, refused }: ProbedModel): AsyncGenerator<Diagnosis> {
  const answer = await ask('Answer in JSON with the key "word": a word of your choice.', SCHEMA);
  const isFollowed = answer.ok && Worded.safeParse(parseJson(answer.text)).success;
  const isRefused = refused().some((setting) => setting.startsWith("structured_output"));
  if (isFollowed && !isRefused) {
    yield ok("model-schema", message("doctor.probe.schema", { name }));
    return;
  }
  yield warn(
    "model-schema",
    message("doctor.probe.no-schema", { name, refused: isRefused ? "yes" : "no" }),
    message("doctor.probe.no-schema.fix", { name }),
  );
}

async function* plantedOf({ name, findPlanted }: ProbedModel): AsyncGenerator<Diagnosis> {
  const found = await findPlanted();
  const all = PLANTED.mistakes.length;
  if (typeof found !== "number")
    yield warn(
      "model-finds",
      message("doctor.probe.no-review", { name, message: found }),
      message("doctor.probe.finds-none.fix", { name }),
    );
  else if (found === 0)
    yield warn(
      "model-finds",
      message("doctor.probe.finds-none", { name, all }),
      message("doctor.probe.finds-none.fix", { name }),
    );
  else yield ok("model-finds", message("doctor.probe.finds", { name, found, all }));
}
