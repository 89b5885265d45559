import { message } from "../../messages/message.ts";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { ConfigError, describeError, problemAt } from "../../base/errors.ts";
import { makeFolder } from "../../base/make-folder.ts";
import { maskSecrets } from "../../review/units/mask-secrets.ts";

/** What was recorded of a call: the answer, or the failure that came in its place. */
type RecordedAnswer<Value> = {
  readonly elapsedMs: number;
  readonly result:
    | { readonly ok: true; readonly value: Value }
    | {
        readonly ok: false;
        readonly errorType: string;
        readonly message: string;
        readonly retryable: boolean;
      };
};

const Failure = z.object({
  ok: z.literal(false),
  errorType: z.string(),
  message: z.string(),
  retryable: z.boolean(),
});

const recordOf = <Value>(value: z.ZodType<Value>): z.ZodType<RecordedAnswer<Value>> =>
  z.object({
    version: z.literal(1),
    elapsedMs: z.number(),
    result: z.union([z.object({ ok: z.literal(true), value }), Failure]),
  });

/** Which answer is meant: the `nth` (from 1) to a request in the `repeat`th run of a flow over a case. */
export type AnswerName = {
  readonly key: string;
  readonly flow: string;
  readonly repeat: number;
  readonly nth: number;
};

/** Recorded answers in a folder: one folder for each request, one file for each answer. */
export type AnswerFolder<Value> = {
  /** The answer of that name, else the same one of another flow that asked the same; null for none. */
  readonly read: (name: AnswerName) => Promise<RecordedAnswer<Value> | null>;
  /** Gives the answer back as it was kept. */
  readonly write: (name: AnswerName, answer: RecordedAnswer<Value>) => Promise<RecordedAnswer<Value>>;
};

/** What answers a folder holds, and how secrets are taken out of one before it is kept. */
export type AnswerKind<Value> = {
  readonly schema: z.ZodType<Value>;
  readonly mask: (value: Value, text: (text: string) => string) => Value;
};

/** What a text may show that is kept. */
export type MaskText = (text: string) => string;

/** Secrets of known formats; a model may repeat what it was shown, and recordings are meant to be kept beside code. */
export const maskKnownSecrets: MaskText = (text) => maskSecrets(text).text;

const slug = (flow: string): string => flow.replaceAll(/[^\p{L}\p{N}]+/gu, "-");

/**
 * Opens a folder of answers; it is made when the first one is written, for this user alone. Broken files are
 * ConfigErrors.
 */
export const openAnswerFolder = <Value>(
  folder: string,
  { schema, mask }: AnswerKind<Value>,
  text: MaskText = maskKnownSecrets,
): AnswerFolder<Value> => {
  const Recorded = recordOf(schema);
  const masked = ({ elapsedMs, result }: RecordedAnswer<Value>): RecordedAnswer<Value> => ({
    elapsedMs,
    result: result.ok
      ? { ok: true, value: mask(result.value, text) }
      : {
          ok: false,
          errorType: result.errorType,
          message: text(result.message),
          retryable: result.retryable,
        },
  });
  return {
    read: async ({ key, flow, repeat, nth }) => {
      const ending = `.${repeat}.${nth}.json`;
      const names = (await list(join(folder, key))).filter((name) => name.endsWith(ending)).sort();
      const own = `${slug(flow)}${ending}`;
      const name = names.includes(own) ? own : names[0];
      return name === undefined ? null : readAnswer(join(folder, key, name), Recorded);
    },
    write: async ({ key, flow, repeat, nth }, answer) => {
      try {
        await makeFolder(join(folder, key), 0o700);
        const file = join(folder, key, `${slug(flow)}.${repeat}.${nth}.json`);
        const kept = masked(answer);
        await writeFile(file, `${JSON.stringify({ version: 1, ...kept }, null, 2)}\n`, { mode: 0o600 });
        return kept;
      } catch (cause) {
        throw new ConfigError(
          [problemAt("--record", message("eval.folder-unwritable", { folder, error: describeError(cause) }))],
          { cause },
        );
      }
    },
  };
};

const list = async (folder: string): Promise<readonly string[]> => {
  try {
    return await readdir(folder);
  } catch {
    return [];
  }
};

const readAnswer = async <Value>(
  file: string,
  Recorded: z.ZodType<RecordedAnswer<Value>>,
): Promise<RecordedAnswer<Value>> => {
  try {
    return Recorded.parse(JSON.parse(await readFile(file, "utf8")));
  } catch (cause) {
    throw new ConfigError([problemAt("--replay", message("eval.answer-broken", { file }))], {
      code: "eval-answer-broken",
      cause,
    });
  }
};
