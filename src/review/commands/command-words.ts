/** A word of a command's line: as it stands, or put in quotes or backticks. */
export type Word = { readonly text: string; readonly quoted: boolean };

/** Splits at white space, also the wide one; `"…"`, `'…'` and backticks keep words together. */
export const splitWords = (line: string): readonly Word[] =>
  [
    ...line.matchAll(
      /`+([^`]*)`+|"([^"]*)"|“([^”]*)”|(?<=\s|^)'([^']*)'|((?:[^\s"`“=]|=(?:"[^"]*"|“[^”]*”)|=)+)/gu,
    ),
  ].map(([, code, double, curly, single, plain]) =>
    plain === undefined
      ? { text: code ?? double ?? curly ?? single ?? "", quoted: true }
      : { text: plain.replace(/[“”]/g, '"').replace(/="([^"]*)"$/u, "=$1"), quoted: false },
  );

/** The options and other words of a command. Phones turn two dashes into a long one. */
export const splitOptions = (
  words: readonly Word[],
): {
  readonly options: readonly { readonly name: string; readonly value: string | null }[];
  readonly rest: readonly Word[];
} => {
  const options: { name: string; value: string | null }[] = [];
  const rest: Word[] = [];
  for (const word of words) {
    const match = word.quoted ? null : /^(?:--|—|–)([^=]*)(?:=(.*))?$/su.exec(word.text);
    if (match === null) rest.push(word);
    else options.push({ name: (match[1] ?? "").toLowerCase(), value: match[2] ?? null });
  }
  return { options, rest };
};
