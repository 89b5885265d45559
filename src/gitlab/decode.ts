import { z } from "zod";
import { parseJson } from "../base/json.ts";
import { message } from "../messages/message.ts";
import { type Answer, type CallContext, callOf } from "./call.ts";
import { fail, isWebPage } from "./failure.ts";

/**
 * The answer as the schema has it. Throws GitLabError `gitlab-bad-response`: for a web page and for an
 * unknown shape for good, for broken JSON (an answer that was cut short) as something that may pass.
 */
export const decodeJson = <Schema extends z.ZodType>(
  answer: Answer,
  schema: Schema,
  context: CallContext,
): z.infer<Schema> => {
  const { status } = answer;
  const call = callOf(context);
  const text = new TextDecoder().decode(answer.body);
  if (isWebPage(answer.headers, text))
    throw fail("gitlab-bad-response", message("gitlab.web-page", { call, url: context.baseUrl }), { status });
  const value = parseJson(text);
  if (value === undefined)
    throw fail("gitlab-bad-response", message("gitlab.broken-json", { call }), { status, retryable: true });
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const place = issue?.path.join(".") || ".";
  throw fail(
    "gitlab-bad-response",
    message("gitlab.unknown-shape", { call, place, problem: issue?.message ?? "" }),
    { status },
  );
};

/** A list of what the schema describes; throws as `decodeJson` does. */
export const decodeList = <Schema extends z.ZodType>(
  answer: Answer,
  schema: Schema,
  context: CallContext,
): readonly z.infer<Schema>[] => decodeJson(answer, z.array(schema), context);
