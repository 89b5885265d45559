import { mapTexts, type MessageOf, type ParamOf, type ParamsFor } from "../flow/messages/message.ts";
import type { MessageParameters } from "./message-parameters.ts";

/** A message's name, the same in every language. */
export type MessageCode = keyof MessageParameters;

/** What a message names: texts and numbers as they are, further messages in the language of the whole. */
export type MessageParam = ParamOf<MessageCode>;

/**
 * Something for a person whose language is not known yet, as a code of the catalogue and what its sentence names.
 * Programs and tests compare these; `t.message` gives the sentence.
 */
export type Message = MessageOf<MessageCode>;

/** A message with its parameters. */
export const message = <Code extends MessageCode>(
  code: Code,
  ...[params]: ParamsFor<MessageParameters[Code], MessageCode>
): Message => ({ code, params: { ...params } });

/** What somebody else says, such as GitLab or the operating system, in their own words. */
export const verbatim = (text: string): Message => message("verbatim", { text });

/** The message with `mask` applied to every text in it. */
export const maskMessage = (one: Message, mask: (text: string) => string): Message => mapTexts(one, mask);
