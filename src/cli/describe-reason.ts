import type { Reason } from "../base/reason.ts";
import type { Translate } from "../messages/format-message.ts";
import { type Message, message } from "../messages/message.ts";

/** A reason for a terminal: its sentence, what its source says in its own words, and its code. */
export const reasonMessage = ({ code, params }: Reason): Message => {
  const { detail } = params;
  // ICU chooses by "true" and "false".
  const named = Object.entries(params)
    .filter(([name]) => name !== "detail")
    .map(([name, value]) => [name, typeof value === "boolean" ? String(value) : value] as const);
  const reason: Message = { code: `reason.${code}`, params: Object.fromEntries(named) };
  return detail === undefined
    ? message("cli.reason", { reason, code })
    : message("cli.reason-detail", { reason, detail, code });
};

/** `reasonMessage` in a language. */
export const describeReason = (reason: Reason, t: Translate): string => t.message(reasonMessage(reason));
