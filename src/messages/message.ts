import type { MessageArguments, MessageCode, Translate } from "./format-message.ts";

/** Something to be told whose language is not known yet. Its code is what programs compare. */
export type Message = { readonly code: MessageCode; readonly render: (t: Translate) => string };

/** A message with its parameters. */
export const message = <Code extends MessageCode>(
  code: Code,
  ...parameters: MessageArguments<Code>
): Message => ({ code, render: (t) => t(code, ...parameters) });

/** A message with parameters that are to be rendered in its language, too. */
export const messageOf = <Code extends MessageCode>(
  code: Code,
  parameters: (t: Translate) => MessageArguments<Code>,
): Message => ({ code, render: (t) => t(code, ...parameters(t)) });
