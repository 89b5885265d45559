/**
 * The first `max` UTF-16 units of a text, one less where they would end in the middle of a character: half of
 * an emoji or of a rare Chinese character shows as a broken sign.
 */
export const beginningOf = (text: string, max: number): string =>
  text.length <= max ? text : text.slice(0, Math.max(0, max)).replace(/[\uD800-\uDBFF]$/, "");

/** The last `max` UTF-16 units of a text, one less where they would begin in the middle of a character. */
export const endingOf = (text: string, max: number): string =>
  text.length <= max ? text : text.slice(text.length - Math.max(0, max)).replace(/^[\uDC00-\uDFFF]/, "");
