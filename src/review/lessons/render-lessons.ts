import { plainSigns } from "../publish/plain-signs.ts";
import { maskSecrets } from "../units/mask-secrets.ts";
import { OUTCOME_KINDS, type OutcomeKind } from "./outcome.ts";
import type { Lesson } from "./sum-up.ts";

const MAX_TITLE_LENGTH = 120;
const MAX_AREA_LENGTH = 120;

const SAID: Readonly<Record<OutcomeKind, string>> = {
  liked: "liked",
  "resolved-with-change": "led to a change",
  disliked: "disliked",
  "resolved-without-change": "resolved without a change",
  withdrawn: "shown to be wrong",
  ignored: "to be ignored",
};

const HEADINGS = {
  unwelcome: "## Findings that were not welcome here",
  welcome: "## Findings that were welcome here",
} as const;

/**
 * Lessons as Markdown of at most `maxLength` characters, the weightiest as far as there is room. Titles and
 * paths come from models and merge requests: they stand in quotation marks, on one line, with secrets
 * masked and without signs that could open a comment, a link or a block.
 */
export const renderLessons = (lessons: readonly Lesson[], maxLength: number): string => {
  const kept: { readonly welcome: boolean; readonly line: string }[] = [];
  let length = HEADINGS.unwelcome.length + HEADINGS.welcome.length + 4;
  for (const lesson of lessons) {
    const line = renderLesson(lesson);
    length += line.length + 1;
    if (length > maxLength) break;
    kept.push({ welcome: lesson.welcome, line });
  }
  const part = (heading: string, welcome: boolean): readonly string[] => {
    const lines = kept.filter((one) => one.welcome === welcome).map(({ line }) => line);
    return lines.length === 0 ? [] : [[heading, ...lines].join("\n")];
  };
  return [...part(HEADINGS.unwelcome, false), ...part(HEADINGS.welcome, true)].join("\n\n");
};

/** The end of a lesson's line, by which it is known when somebody takes the line out. */
const keyMark = (key: string): string => `<!-- ${key} -->`;

/** The key of a lesson's line; null for any other line. */
export const keyOfLine = (line: string): string | null =>
  /<!-- ([0-9a-f]{8}) -->\s*$/u.exec(line)?.[1] ?? null;

const renderLesson = ({ key, category, title, area, counts, findings }: Lesson): string => {
  const what =
    title === null ? `all of ${category}` : `${category}, such as "${asData(title, MAX_TITLE_LENGTH)}"`;
  const said = OUTCOME_KINDS.flatMap((kind) => {
    const count = counts.get(kind);
    return count === undefined ? [] : [`${count} ${SAID[kind]}`];
  });
  const of = findings === 1 ? "1 finding" : `${findings} findings`;
  return `- ${what}, in "${asData(area, MAX_AREA_LENGTH)}": ${said.join(", ")} (${of}) ${keyMark(key)}`;
};

const STAND_INS: ReadonlyMap<string, string> = new Map([
  ["<", "‹"],
  [">", "›"],
  ["`", "'"],
  ['"', "'"],
  ["[", "("],
  ["]", ")"],
]);

const asData = (text: string, maxLength: number): string => {
  const line = maskSecrets(plainSigns(text)).text.replace(/\s+/gu, " ").trim();
  const signs = Array.from(line);
  const short = signs.length > maxLength ? `${signs.slice(0, maxLength - 1).join("")}…` : line;
  return short.replace(/[<>`"[\]]/gu, (sign) => STAND_INS.get(sign) ?? "");
};
