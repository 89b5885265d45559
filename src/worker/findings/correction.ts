import type { Reason } from "../../base/reason.ts";

/**
 * What a flow is told with its second question, in English as its instructions are: what was wrong with its last
 * answer, and the form that is wanted. The answer itself is not repeated: small models copy it. `problem` is of
 * this program's own words, for the text stands among the instructions. It begins with what parts it from them, so
 * that a first question is word for word what it would be without it: kept answers are found by the whole prompt.
 */
export const correctionOf = (problem: string, form: string): string =>
  `\n\nYour last answer to this same question could not be used: ${problem}. Answer the question now, ${form}.`;

/**
 * What was wrong with an answer, from the reason why it cannot be used; null where the reason is no such one, or
 * where a fresh answer would be none either, as when a filter stopped it for what it is about.
 */
export const problemOf = ({ code, params }: Reason): string | null => {
  switch (code) {
    case "answer-empty":
      return "it was empty";
    case "answer-cut-short":
      return "it was cut off before its end, so be brief";
    case "answer-repeats-itself":
      return "it repeated the same lines";
    case "answer-too-long":
      return "it was far too long";
    case "answer-is-tool-call":
      return "it called a tool, and there is none";
    case "answer-in-other-language":
      return `it was not written in ${params.language}`;
    default:
      return null;
  }
};
