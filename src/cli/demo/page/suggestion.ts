/** A suggestion in a note, in the syntax of GitLab's documentation ("Suggest changes"). */
export type Suggestion = {
  /** How many lines above and below the commented one it replaces, too. */
  readonly above: number;
  readonly below: number;
  readonly lines: readonly string[];
};

const FENCE = /^(`{3,})suggestion(?::-(\d+)\+(\d+))?[^\S\n]*\n([\s\S]*?)^\1[^\S\n]*$/m;

/** The lines that stand in a block of suggestion; none where the lines are to go. */
const linesOf = (text: string): readonly string[] => (text === "" ? [] : text.replace(/\n$/, "").split("\n"));

/** Reads what a fence's information string and its text say; null where it is no suggestion. */
export const toSuggestion = (info: string, text: string): Suggestion | null => {
  const [, above = "0", below = "0"] = /^suggestion(?::-(\d+)\+(\d+))?$/.exec(info) ?? [];
  if (!info.startsWith("suggestion")) return null;
  return { above: Number(above), below: Number(below), lines: linesOf(text) };
};

/** The first suggestion of a note; null for none. */
export const findSuggestion = (body: string): Suggestion | null => {
  const [found, , above = "0", below = "0", text = ""] = FENCE.exec(body) ?? [];
  return found === undefined ? null : { above: Number(above), below: Number(below), lines: linesOf(text) };
};

/** The lines that a suggestion at `line` replaces, as in the file; null where the file has no such lines. */
export const replacedLines = (
  file: string,
  line: number,
  { above, below }: Suggestion,
): readonly string[] | null => {
  const lines = file.split("\n");
  const [from, to] = [line - above - 1, line + below];
  return from < 0 || to > lines.length ? null : lines.slice(from, to);
};

/** The file with a suggestion at `line` carried out; null where the file has no such lines. */
export const applySuggestion = (file: string, line: number, suggestion: Suggestion): string | null => {
  if (replacedLines(file, line, suggestion) === null) return null;
  const lines = file.split("\n");
  const { above, below } = suggestion;
  lines.splice(line - above - 1, above + below + 1, ...suggestion.lines);
  return lines.join("\n");
};
