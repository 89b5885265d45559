/** The longest answer that is read, in characters. */
const MAX_ANSWER_CHARS = 200_000;

/** How often a line, or a group of up to MAX_PERIOD lines, follows itself until the answer is cut. */
const MAX_REPEATS = 20;
const MAX_PERIOD = 4;

/**
 * A check of the pieces of one answer as they arrive: `repetition` once the same line, or the same group of
 * up to four lines, has stood twenty times in a row (small models do that until their window is full),
 * `too_long` beyond 200,000 characters, else null. Empty lines do not count.
 */
export const createRunawayDetector = (): ((piece: string) => "repetition" | "too_long" | null) => {
  let length = 0;
  let open = "";
  const last: string[] = [];
  /** For each period, how many lines in a row equal the one that stood that many lines before. */
  const equal: number[] = Array.from({ length: MAX_PERIOD }, () => 0);
  const addLine = (line: string): boolean => {
    for (const [index, count] of equal.entries()) equal[index] = last.at(-1 - index) === line ? count + 1 : 0;
    last.push(line);
    if (last.length > MAX_PERIOD) last.shift();
    return equal.some((count, index) => count >= (MAX_REPEATS - 1) * (index + 1));
  };
  return (piece) => {
    length += piece.length;
    if (length > MAX_ANSWER_CHARS) return "too_long";
    if (!piece.includes("\n")) {
      open += piece;
      return null;
    }
    const lines = (open + piece).split("\n");
    open = lines.pop() ?? "";
    const isRepeating = lines.filter((line) => line.trim() !== "").map(addLine);
    return isRepeating.includes(true) ? "repetition" : null;
  };
};
