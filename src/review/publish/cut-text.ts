/**
 * The first `max` UTF-16 units of a text, one less where they would end in the middle of a character: half of
 * an emoji or of a rare Chinese character shows as a broken sign.
 */
export const beginningOf = (text: string, max: number): string => {
  const end = Math.min(Math.max(0, max), text.length);
  return text.slice(0, splitsCharacter(text, end) ? end - 1 : end);
};

/** The last `max` UTF-16 units of a text, one less where they would begin in the middle of a character. */
export const endingOf = (text: string, max: number): string => {
  const start = Math.max(0, text.length - Math.max(0, max));
  return text.slice(splitsCharacter(text, start) ? start + 1 : start);
};

const splitsCharacter = (text: string, at: number): boolean =>
  /[\uD800-\uDBFF]/.test(text.charAt(at - 1)) && /[\uDC00-\uDFFF]/.test(text.charAt(at));
