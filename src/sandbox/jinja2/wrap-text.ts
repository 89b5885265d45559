const HYPHENATED =
  /\s+|[^\s]*?[\p{L}\p{N}_]{2,}-(?=[\p{L}_]{2,})|(?<=[\p{L}\p{N}_!"'&.,?])-{2,}(?=[\p{L}\p{N}_])|\S+?(?=-{2,}[\p{L}\p{N}_])|\S+/gu;
const WORDS = /\s+|\S+/gu;

type Wrapping = {
  readonly width: number;
  readonly breakLongWords: boolean;
  readonly breakOnHyphens: boolean;
};

const cutLongWord = (chunk: readonly string[], room: number, { breakOnHyphens }: Wrapping): number => {
  if (!breakOnHyphens || chunk.length <= room) return room;
  const hyphen = chunk.lastIndexOf("-", room - 1);
  return hyphen > 0 && chunk.slice(0, hyphen).some((char) => char !== "-") ? hyphen + 1 : room;
};

/** One line of text into lines of at most `width` characters, as Python's `textwrap.wrap` does. */
export const wrapLine = (text: string, wrapping: Wrapping): readonly string[] => {
  const { width } = wrapping;
  const chunks = [...text.matchAll(wrapping.breakOnHyphens ? HYPHENATED : WORDS)].map(([chunk]) =>
    Array.from(chunk),
  );
  chunks.reverse();
  const lines: string[] = [];
  while (chunks.length > 0) {
    const line: string[] = [];
    if (lines.length > 0 && chunks.at(-1)?.join("").trim() === "") chunks.pop();
    for (
      let next = chunks.at(-1);
      next !== undefined && line.length + next.length <= width;
      next = chunks.at(-1)
    ) {
      line.push(...next);
      chunks.pop();
    }
    const long = chunks.at(-1);
    if (long !== undefined && long.length > width) {
      const room = Math.max(1, width - line.length);
      if (wrapping.breakLongWords) line.push(...long.splice(0, cutLongWord(long, room, wrapping)));
      else if (line.length === 0) line.push(...(chunks.pop() ?? []));
    }
    const shown = line.join("").replace(/\s+$/u, "");
    if (shown !== "") lines.push(shown);
  }
  return lines;
};
