import type { Message } from "../../messages/message.ts";
import { checkInputs } from "../../review/check-inputs.ts";
import type { ReviewFlow } from "../review-flow.ts";
import { REPLY_INPUTS } from "./answer-note.ts";

/**
 * What keeps the flow that a project's flow names for answers from running: inputs that it requires and
 * that answers do not have. Each names the setting. Throws what `describe` throws.
 */
export const checkReplyFlow = async (
  { name, reply }: Pick<ReviewFlow, "name" | "reply">,
  signal?: AbortSignal,
): Promise<readonly Message[]> => {
  if (reply === null || reply === undefined) return [];
  const given = Object.fromEntries(REPLY_INPUTS.map((input) => [input, ""]));
  return checkInputs(`${name}.reply`, await reply.runner.describe(signal), given).errors;
};
