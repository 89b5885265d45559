import { z } from "zod";
import { parseJson } from "../base/json.ts";
import type { Answer, CallContext } from "./call.ts";
import { badResponse, isWebPage } from "./failure.ts";

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
  const text = new TextDecoder().decode(answer.body);
  if (isWebPage(answer.headers, text))
    throw badResponse(
      `a web page came instead of JSON; check that GITLAB_URL (${context.baseUrl}) is GitLab itself and no sign-in page is in front of it`,
      context,
      { status, retryable: false },
    );
  const value = parseJson(text);
  if (value === undefined)
    throw badResponse("the JSON of the answer is broken or was cut short", context, {
      status,
      retryable: true,
    });
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw badResponse(
    `the answer has an unknown shape at ${issue?.path.join(".") || "its top"} (${issue?.message}); GitLab may be too old or too new`,
    context,
    { status, retryable: false },
  );
};

/** A list of what the schema describes; throws as `decodeJson` does. */
export const decodeList = <Schema extends z.ZodType>(
  answer: Answer,
  schema: Schema,
  context: CallContext,
): readonly z.infer<Schema>[] => decodeJson(answer, z.array(schema), context);
