import { publishText } from "./publish-text.ts";

/** What the one note of the `note` contract says. */
export type NoteContent = {
  /** The name of the flow, which also tells the notes of several flows apart. */
  readonly flow: string;
  readonly headSha: string;
  /** The Markdown that the flow returned. */
  readonly markdown: string;
  /** What the reader has to know about the review itself, such as an input that was cut. */
  readonly remarks: readonly string[];
};

/** GitLab refuses a longer note (`Note: maximum is 1000000 characters`). */
const MAX_NOTE_LENGTH = 1_000_000;

/** The hidden line by which the note of a flow is found again; the same for each run over a merge request. */
export const noteMarker = (flow: string): string => `<!-- reviewflow:note:${encodeURIComponent(flow)} -->`;

/**
 * The note's body: the flow's text made harmless, the remarks, and a last line that names the reviewed
 * commit. A text over GitLab's limit is cut, and the note says so.
 */
export const renderNote = ({ flow, headSha, markdown, remarks }: NoteContent): string => {
  const head = `${noteMarker(flow)}\n`;
  const foot = (cut: boolean): string => {
    const all = cut ? [...remarks, "The review was longer than GitLab takes and was cut here."] : remarks;
    const told = all.length === 0 ? "" : `\n\n${all.map((remark) => `> ${remark}`).join("\n>\n")}`;
    return `${told}\n\n---\n<sub>Reviewed commit ${headSha.slice(0, 12)} · flow ${flow}</sub>\n`;
  };
  const room = MAX_NOTE_LENGTH - head.length - foot(true).length - 100;
  const text = publishText(markdown.trim());
  if (text.length <= room) return `${head}${text}${foot(false)}`;
  return `${head}${publishText(markdown.trim().slice(0, Math.floor(room / 2)))}${foot(true)}`;
};
