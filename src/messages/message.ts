import type { MessageParameters } from "./message-parameters.ts";

/** A message's name, the same in every language. */
export type MessageCode = keyof MessageParameters;

/** What a message names: texts and numbers as they are, further messages in the language of the whole. */
export type MessageParam = string | number | Date | Message | readonly (string | Message)[];

/**
 * Something for a person whose language is not known yet, as a code of the catalogue and what its sentence names.
 * Programs and tests compare these; `t.message` gives the sentence.
 */
export type Message = {
  readonly code: MessageCode;
  readonly params: Readonly<Record<string, MessageParam>>;
};

/** Where a sentence takes any text, it also takes messages and lists. */
type Deferred<Parameters> = {
  readonly [Name in keyof Parameters]: string extends Parameters[Name]
    ? Parameters[Name] | MessageParam
    : Parameters[Name];
};

/** A message with its parameters. */
export const message = <Code extends MessageCode>(
  code: Code,
  ...[params]: [MessageParameters[Code]] extends [null] ? [] : [params: Deferred<MessageParameters[Code]>]
): Message => ({ code, params: { ...params } });

/** What somebody else says, such as GitLab or the operating system, in their own words. */
export const verbatim = (text: string): Message => message("verbatim", { text });

/** The message with `mask` applied to every text in it. */
export const maskMessage = ({ code, params }: Message, mask: (text: string) => string): Message => ({
  code,
  params: Object.fromEntries(Object.entries(params).map(([name, param]) => [name, maskParam(param, mask)])),
});

const maskParam = (param: MessageParam, mask: (text: string) => string): MessageParam => {
  if (typeof param === "string") return mask(param);
  if (typeof param === "number" || param instanceof Date) return param;
  return "code" in param ? maskMessage(param, mask) : param.map((one) => maskOne(one, mask));
};

const maskOne = (one: string | Message, mask: (text: string) => string): string | Message =>
  typeof one === "string" ? mask(one) : maskMessage(one, mask);
