/**
 * The suggested lines with the indentation that a model dropped, taken from the present ones. Dropped is
 * that of the first line only, as when the text was trimmed, or what all lines have in common. Lines that are
 * indented already stay as they are.
 */
export const restoreIndent = (
  suggested: readonly string[],
  present: readonly string[],
): readonly string[] => {
  const [firstPresent] = present.filter(isFilled);
  const filled = suggested.filter(isFilled);
  const [first, ...rest] = filled;
  if (firstPresent === undefined || first === undefined || indentOf(first) !== "") return suggested;
  const known = new Map(present.filter(isFilled).map((line) => [line.trim(), indentOf(line)] as const));
  const ownIndent = known.get(first.trim()) ?? indentOf(firstPresent);
  if (ownIndent === "") return suggested;
  if (onlyFirstIsTrimmed(rest, ownIndent, first, known)) {
    const index = suggested.findIndex(isFilled);
    return suggested.with(index, ownIndent + (suggested[index] ?? ""));
  }
  const common = known.has(first.trim()) ? ownIndent : commonIndent(present);
  return suggested.map((line) => (isFilled(line) ? common + line : line));
};

const isFilled = (line: string): boolean => line.trim() !== "";

const indentOf = (line: string): string => /^[ \t]*/.exec(line)?.[0] ?? "";

const commonIndent = (lines: readonly string[]): string =>
  lines
    .filter(isFilled)
    .map(indentOf)
    .reduce((common, indent) => {
      let length = 0;
      while (length < common.length && common[length] === indent[length]) length += 1;
      return common.slice(0, length);
    });

const OPENS = /(?:[{([:]|=>|->|\b(?:then|do|else|begin))\s*(?:\/\/.*|#.*)?$/;

/** Lines that stand in the file tell it for sure; otherwise the second line does. */
const onlyFirstIsTrimmed = (
  rest: readonly string[],
  indent: string,
  first: string,
  known: ReadonlyMap<string, string>,
): boolean => {
  const [second] = rest;
  if (second === undefined) return true;
  const told = rest.find((line) => known.has(line.trim()) && line.trim().length > 1);
  if (told !== undefined) return indentOf(told) === known.get(told.trim());
  if (!rest.every((line) => indentOf(line).startsWith(indent))) return false;
  return OPENS.test(first) ? indentOf(second).length > indent.length : true;
};
