import { message } from "../../messages/message.ts";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { ConfigError, describeError, problemAt } from "../../base/errors.ts";
import { makeFolder } from "../../base/make-folder.ts";
import { ModelAnswer } from "../../flow/flow-usage.ts";
import { maskSecrets } from "../../review/units/mask-secrets.ts";

/** One recorded answer, or the failure that came in its place. */
const RecordedAnswer = z.object({
  version: z.literal(1),
  elapsedMs: z.number(),
  result: z.discriminatedUnion("ok", [
    z.object({
      ok: z.literal(true),
      value: ModelAnswer,
    }),
    z.object({ ok: z.literal(false), errorType: z.string(), message: z.string(), retryable: z.boolean() }),
  ]),
});
type RecordedAnswer = z.infer<typeof RecordedAnswer>;

/** Which answer is meant: the `nth` (from 1) to a request in the `repeat`th run of a flow over a case. */
export type AnswerName = {
  readonly key: string;
  readonly flow: string;
  readonly repeat: number;
  readonly nth: number;
};

/** Recorded answers in a folder: one folder for each request, one file for each answer. */
export type AnswerFolder = {
  /** The answer of that name, else the same one of another flow that asked the same; null for none. */
  readonly read: (name: AnswerName) => Promise<RecordedAnswer | null>;
  readonly write: (name: AnswerName, answer: Omit<RecordedAnswer, "version">) => Promise<void>;
};

const slug = (flow: string): string => flow.replaceAll(/[^\p{L}\p{N}]+/gu, "-");

/** Opens a folder of answers; it is made when the first one is written. Broken files are ConfigErrors. */
export const openAnswerFolder = (folder: string): AnswerFolder => ({
  read: async ({ key, flow, repeat, nth }) => {
    const ending = `.${repeat}.${nth}.json`;
    const names = (await list(join(folder, key))).filter((name) => name.endsWith(ending)).sort();
    const own = `${slug(flow)}${ending}`;
    const name = names.includes(own) ? own : names[0];
    return name === undefined ? null : readAnswer(join(folder, key, name));
  },
  write: async ({ key, flow, repeat, nth }, answer) => {
    try {
      await makeFolder(join(folder, key));
      const file = join(folder, key, `${slug(flow)}.${repeat}.${nth}.json`);
      await writeFile(file, `${JSON.stringify({ version: 1, ...withoutSecrets(answer) }, null, 2)}\n`);
    } catch (cause) {
      throw new ConfigError(
        [problemAt("--record", message("eval.folder-unwritable", { folder, error: describeError(cause) }))],
        { cause },
      );
    }
  },
});

const list = async (folder: string): Promise<readonly string[]> => {
  try {
    return await readdir(folder);
  } catch {
    return [];
  }
};

const readAnswer = async (file: string): Promise<RecordedAnswer> => {
  try {
    return RecordedAnswer.parse(JSON.parse(await readFile(file, "utf8")));
  } catch (cause) {
    throw new ConfigError([problemAt("--replay", message("eval.answer-broken", { file }))], {
      code: "eval-answer-broken",
      cause,
    });
  }
};

/** A model may repeat what it was shown, and recordings are meant to be kept beside code. */
const withoutSecrets = (answer: Omit<RecordedAnswer, "version">): Omit<RecordedAnswer, "version"> => {
  const { result } = answer;
  if (!result.ok) return { ...answer, result: { ...result, message: maskSecrets(result.message).text } };
  const { text, reasoning, finishReason, usage, toolCalls } = result.value;
  const calls = toolCalls.map((call) => ({ ...call, arguments: maskSecrets(call.arguments).text }));
  // The turn is for the provider that gave it: a replay asks none.
  const value = {
    text: maskSecrets(text).text,
    reasoning: maskSecrets(reasoning).text,
    finishReason,
    usage,
    toolCalls: calls,
  };
  return { ...answer, result: { ...result, value } };
};
