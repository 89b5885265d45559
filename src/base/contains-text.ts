/** Below this many comparisons at worst the engine's own search takes some milliseconds at most. */
const FEW_COMPARISONS = 10_000_000;

/**
 * Whether a text holds another, in time that grows with both lengths and not with their product, which the engine's own
 * search takes for texts that were made for it (5 s for a long run of one letter, with another in its middle).
 *
 * @see Knuth, Morris, Pratt: Fast pattern matching in strings (SIAM Journal on Computing 6, 1977)
 */
export const containsText = (text: string, part: string): boolean => {
  if (part.length > text.length) return false;
  if (text.length * part.length <= FEW_COMPARISONS) return text.includes(part);
  const borders = new Int32Array(part.length);
  for (let at = 1, border = 0; at < part.length; at += 1) {
    while (border > 0 && part[at] !== part[border]) border = borders[border - 1] ?? 0;
    if (part[at] === part[border]) border += 1;
    borders[at] = border;
  }
  for (let at = 0, matched = 0; at < text.length; at += 1) {
    while (matched > 0 && text[at] !== part[matched]) matched = borders[matched - 1] ?? 0;
    if (text[at] === part[matched]) matched += 1;
    if (matched === part.length) return true;
  }
  return false;
};
