import { formatReason } from "../../messages/format-message.ts";
import { FALLBACK, languageOf } from "../../messages/language.ts";

/**
 * A reason (a code, a colon and an English sentence) in a language as people name it. What has no
 * message of its own stays as it is.
 */
export const explainReason = (reason: string, language: string): string => {
  const [code = ""] = reason.split(":");
  // The English sentence holds what the code alone does not: the numbers.
  const message = languageOf(language) === FALLBACK ? null : formatReason(language, code);
  return message === null ? reason : `${message} (${code})`;
};
