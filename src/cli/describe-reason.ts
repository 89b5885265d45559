import { messageOfReason, type Reason } from "../base/reason.ts";
import { detailOf, type Translate } from "../messages/format-message.ts";
import { type Message, message } from "../messages/message.ts";

/** A reason for a terminal: its sentence, what is said besides, and its code. */
export const reasonMessage = (
  reason: Reason,
  detail: string | Message | null = reason.params.detail ?? null,
): Message => {
  const { code } = reason;
  const sentence = messageOfReason(reason);
  return detail === null
    ? message("cli.reason", { reason: sentence, code })
    : message("cli.reason-detail", { reason: sentence, detail, code });
};

/** `reasonMessage` in a language. */
export const describeReason = (reason: Reason, t: Translate): string =>
  t.message(reasonMessage(reason, detailOf(t, reason)));
