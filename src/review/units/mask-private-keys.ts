const BEGIN = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/;
const END = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/;
const HEADER = /^[\s"'`#*/]{0,40}[A-Za-z-]{1,30}: /;
const ESCAPED_LINE_END = /\\[rn]/g;
const RUN = /[A-Za-z0-9+/=]+/g;
const DECORATION = /[^\s"'`+#*/,;\\>|().=-]/;
/** Shorter runs are words of code, unless the key's last line follows. */
const SHORTEST_RUN = 20;

type Masked = { readonly lines: readonly string[]; readonly masked: number };

/**
 * Masks the bodies of private keys in PEM form (RFC 7468; also those of OpenSSH and OpenPGP), line by
 * line: between the first and the last line, before a last line whose first is not in the text, after a
 * first line whose last is not. Lines within a key that do not look like one, as the code that follows
 * a mere mention of the first line, end it.
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
  const long = run[0].length >= SHORTEST_RUN;
  if (!long && !END.test(lines[index + 1] ?? "")) return null;
  return `${line.slice(0, start)}${mask}${line.slice(end)}`;
};

/** A key within one line, as in JSON: what stands between its ends, or behind a first that has no last. */
const maskOneLine = (line: string, mask: string): string | null => {
  const first = BEGIN.exec(line);
  const last = END.exec(line);
  const start = first === null ? 0 : first.index + first[0].length;
  const end = last === null || last.index < start ? line.length : last.index;
  const body = line.slice(start, end);
  const runs = [...body.replaceAll(ESCAPED_LINE_END, "  ").matchAll(RUN)];
  const [head, tail] = [runs[0], runs.at(-1)];
  if (head === undefined || tail === undefined) return null;
  if (runs.every(([run]) => run.length < SHORTEST_RUN)) return null;
  return `${line.slice(0, start + head.index)}${mask}${line.slice(start + tail.index + tail[0].length)}`;
};
