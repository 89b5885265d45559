const BEGIN = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/;
const END = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/;
const HEADER = /^[\s"'`#*/]{0,40}[A-Za-z-]{1,30}: /;
const ESCAPED_LINE_END = /\\[rn]/g;
/** A run of base64 with its padding, or the checksum of OpenPGP; what is given a value is none. */
const RUN = /(?<![^\s"'`])=[A-Za-z0-9+/]{4}(?![A-Za-z0-9+/=])|[A-Za-z0-9+/]+={0,2}(?!=)/g;
const DECORATION = /[^\s"'`+#*/,;\\>|-]/;
/** Shorter runs are words of code, unless the key's last line follows. */
const SHORTEST_RUN = 20;
/** What a run of base64 that long holds: words of code have no figures, or no capitals. */
const MIXED = /^(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])(?=[^0-9+/]*[0-9+/])/;
/** What stands between the lines of a key that are written as one: the ends of strings and what joins them. */
const SEPARATOR = /^[\s"'`+,\\]*$/;

type Masked = { readonly lines: readonly string[]; readonly masked: number };

/**
 * Masks the bodies of private keys in PEM form (RFC 7468; also those of OpenSSH and OpenPGP), line by
 * line: between the first and the last line, before a last line whose first is not in the text, after a
 * first line whose last is not. Only what is made like a key is masked, and what does not look like one, as
 * the code that follows a mere mention of the first line, ends it: whoever writes that line hides no code.
 */
export const maskPrivateKeys = (lines: readonly string[], mask: string): Masked => {
  const result = [...lines];
  let masked = 0;
  const replace = (index: number, text: string | null): boolean => {
    if (text === null) return false;
    if (result[index] !== text) masked += 1;
    result[index] = text;
    return true;
  };
  for (const [index, line] of lines.entries()) {
    const begins = BEGIN.test(line);
    if (begins || END.test(line)) replace(index, maskOneLine(line, mask));
    if (begins) {
      const isBody = (at: number): boolean => replace(at, maskBody(lines, at, mask)) || isFill(lines[at]);
      for (let at = index + 1; at < lines.length && !isEdge(lines[at]) && isBody(at); at += 1);
    } else if (END.test(line)) {
      const isBody = (at: number): boolean =>
        holds(result[at], mask) ? false : replace(at, maskBody(lines, at, mask));
      for (let at = index - 1; at >= 0 && !isEdge(lines[at]) && isBody(at); at -= 1);
    }
  }
  return { lines: result, masked };
};

const holds = (line: string | undefined, mask: string): boolean => line?.includes(mask) ?? false;

const isEdge = (line: string | undefined): boolean =>
  line !== undefined && (BEGIN.test(line) || END.test(line));

const isFill = (line: string | undefined): boolean =>
  line !== undefined && (line.trim() === "" || HEADER.test(line));

/** A line of nothing but one run of base64 and what may wrap it in source code, its run masked. */
const maskBody = (lines: readonly string[], index: number, mask: string): string | null => {
  const line = lines[index] ?? "";
  const plain = line.replaceAll(ESCAPED_LINE_END, "  ");
  const runs = [...plain.matchAll(RUN)].filter(([run]) => /[A-Za-z0-9]/.test(run));
  const [run] = runs;
  if (run === undefined || runs.length > 1) return null;
  const start = run.index;
  const end = start + run[0].length;
  if (DECORATION.test(plain.slice(0, start) + plain.slice(end))) return null;
  if (!isKeyRun(run[0]) && !isLastOfKey(run[0], lines, index)) return null;
  return `${line.slice(0, start)}${mask}${line.slice(end)}`;
};

/** A key's last line may be short, between one of its lines and the last mark; a word of code is made otherwise. */
const isLastOfKey = (run: string, lines: readonly string[], index: number): boolean =>
  (run.startsWith("=") || (run.length % 4 === 0 && MIXED.test(run))) &&
  END.test(lines[index + 1] ?? "") &&
  [...(lines[index - 1] ?? "").matchAll(RUN)].some(([run]) => isKeyRun(run));

const isKeyRun = (run: string): boolean => run.length >= SHORTEST_RUN && MIXED.test(run);

/**
 * A key within one line, as in JSON: the runs of base64 that follow the first mark, or lead to the last, with
 * nothing but ends of strings between them. The first that is no such run ends the key.
 */
const maskOneLine = (line: string, mask: string): string | null => {
  const first = BEGIN.exec(line);
  const last = END.exec(line);
  const start = first === null ? 0 : first.index + first[0].length;
  const end = last === null || last.index < start ? line.length : last.index;
  const plain = line.replaceAll(ESCAPED_LINE_END, "  ");
  const runs = [...plain.slice(start, end).matchAll(RUN)].filter(([run]) => /[A-Za-z0-9]/.test(run));
  const parts = runs.map(({ 0: run, index }) => ({
    from: start + index,
    to: start + index + run.length,
    run,
  }));
  const chain = first === null ? chainBefore(plain, parts, end) : chainBehind(plain, parts, { start, end });
  const edges = chain.flatMap(({ from, to }) => [from, to]);
  const [from, to] = [Math.min(...edges), Math.max(...edges)];
  return chain.some(({ run }) => isKeyRun(run)) ? `${line.slice(0, from)}${mask}${line.slice(to)}` : null;
};

type Part = { readonly from: number; readonly to: number; readonly run: string };

const isSeparator = (text: string): boolean => SEPARATOR.test(text);

/** The runs behind a first mark; the last of them is short where the last mark follows it. */
const chainBehind = (
  line: string,
  parts: readonly Part[],
  { start, end }: { readonly start: number; readonly end: number },
): readonly Part[] => {
  const chain: Part[] = [];
  let edge = start;
  for (const part of parts) {
    const isLast = chain.length > 0 && end < line.length && isSeparator(line.slice(part.to, end));
    if (!isSeparator(line.slice(edge, part.from)) || !(isKeyRun(part.run) || isLast)) break;
    chain.push(part);
    edge = part.to;
  }
  return chain;
};

/** The runs before a last mark, of which the last may be short. */
const chainBefore = (line: string, parts: readonly Part[], end: number): readonly Part[] => {
  const chain: Part[] = [];
  let edge = end;
  for (const part of parts.toReversed()) {
    if (!isSeparator(line.slice(part.to, edge)) || !(isKeyRun(part.run) || chain.length === 0)) break;
    chain.push(part);
    edge = part.from;
  }
  return chain;
};
