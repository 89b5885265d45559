/** Text as PostgreSQL can hold it: it refuses U+0000, and UTF-8 has no lone surrogates. */
export const storableText = (text: string): string => text.toWellFormed().replaceAll("\u0000", "\uFFFD");

/** The same for a column that may be null. */
export const storableTextOrNull = (text: string | null): string | null =>
  text === null ? null : storableText(text);
