import { type Translate, translator } from "../messages/format-message.ts";
import { publishLine, publishText } from "./publish-text.ts";
import { beginningOf } from "../base/cut-text.ts";

/** What the one note of the `note` contract says. */
export type NoteContent = {
  /** The name of the flow, which also tells the notes of several flows apart. */
  readonly flow: string;
  /** What the note itself says is in this language, as people name it. */
  readonly language: string;
  /** The reviewed commit; null where none was. */
  readonly headSha: string | null;
  /** The Markdown that the flow returned. */
  readonly markdown: string;
  /** The models that answered, by their providers' names; none where that is not known. */
  readonly models: readonly string[];
  /** What the reader has to know about the review itself, such as an input that was cut. */
  readonly remarks: readonly string[];
};

/**
 * The most characters of a flow's text that go into one note. GitLab takes a million; nobody reads a
 * fifth of that, and escaping makes a text at most some times longer.
 */
const MAX_MARKDOWN_LENGTH = 200_000;

/** The most models that a note names, and characters of each name. */
const MOST_MODELS = 5;
const LONGEST_MODEL = 80;

/** The part of a note's last line that names the models which answered; none where there are none. */
export const modelsPart = (models: readonly string[], t: Translate): readonly string[] => {
  if (models.length === 0) return [];
  const named = models.slice(0, MOST_MODELS).map((name) => publishLine(beginningOf(name, LONGEST_MODEL)));
  return [t("note.models", { names: named.join(", ") })];
};

/** The hidden line by which the note of a flow is found again; the same for each run over a merge request. */
export const noteMarker = (flow: string): string => `${NOTE_KIND}${encodeURIComponent(flow)} -->`;

/** How the marker of any flow's note begins. */
export const NOTE_KIND = "<!-- reviewflow:note:";

/** The hidden line by which the note is found again that says that a flow's review waits or failed. */
export const progressMarker = (flow: string): string =>
  `<!-- reviewflow:progress:${encodeURIComponent(flow)} -->`;

/** The body of that note. */
export const renderProgressNote = (flow: string, markdown: string): string =>
  [progressMarker(flow), publishText(markdown)].join("\n");

/**
 * The note's body: the flow's text made harmless, the remarks, and a last line that names the reviewed
 * commit. A text that is too long for a note is cut, and the note says so.
 */
export const renderNote = ({ flow, language, headSha, markdown, models, remarks }: NoteContent): string => {
  const t = translator(language);
  const text = markdown.trim();
  const cut = text.length > MAX_MARKDOWN_LENGTH;
  const told = cut ? [...remarks, t("note.cut", { length: text.length })] : remarks;
  return [
    noteMarker(flow),
    publishText(cut ? beginningOf(text, MAX_MARKDOWN_LENGTH) : text),
    ...told.map((remark) => `\n> ${publishText(remark).replaceAll("\n", " ")}`),
    ...(headSha === null
      ? []
      : [
          "\n---",
          `<sub>${[
            t("note.commit", { sha: headSha.slice(0, 12) }),
            t("note.flow", { name: flow }),
            ...modelsPart(models, t),
          ].join(" · ")}</sub>`,
        ]),
  ].join("\n");
};
