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

/** A state of the automaton with a sign behind it, as one number; texts are read by UTF-16 units. */
const step = (state: number, unit: number): number => state * 65_536 + unit;

/**
 * Whether a text holds each of some others, in time that grows with the lengths of all of them together, not with the
 * text's length once for each.
 *
 * @see Aho, Corasick: Efficient string matching (Communications of the ACM 18, 1975)
 */
export const containsEach = (text: string, parts: readonly string[]): boolean => {
  const wanted = new Set(parts);
  if (text.length * wanted.size <= FEW_COMPARISONS) return parts.every((part) => containsText(text, part));
  let length = 0;
  for (const part of wanted) {
    if (part.length > text.length) return false;
    length += part.length;
  }
  const next = new Map<number, number>();
  const shorter = new Int32Array(length + 1);
  const isEnd = new Uint8Array(length + 1);
  const follow = (from: number, unit: number): number => {
    let state = from;
    for (;;) {
      const to = next.get(step(state, unit));
      if (to !== undefined || state === 0) return to ?? 0;
      state = shorter[state] ?? 0;
    }
  };
  // Sign by sign of all parts at once, so that what a state falls back to is there before it.
  let open = [...wanted].map((part) => ({ part, state: 0 }));
  for (let at = 0, states = 1; open.length > 0; at += 1) {
    for (const one of open) {
      if (at === one.part.length) continue;
      const unit = one.part.charCodeAt(at);
      const key = step(one.state, unit);
      let to = next.get(key);
      if (to === undefined) {
        to = states;
        states += 1;
        shorter[to] = one.state === 0 ? 0 : follow(shorter[one.state] ?? 0, unit);
        next.set(key, to);
      }
      one.state = to;
    }
    for (const { part, state } of open) if (part.length <= at + 1) isEnd[state] = 1;
    open = open.filter(({ part }) => part.length > at + 1);
  }
  const isSeen = new Uint8Array(length + 1);
  let left = wanted.size;
  for (let at = 0, state = 0; at <= text.length && left > 0; at += 1) {
    for (let seen = state; isSeen[seen] === 0; seen = shorter[seen] ?? 0) {
      isSeen[seen] = 1;
      left -= isEnd[seen] ?? 0;
    }
    if (at < text.length) state = follow(state, text.charCodeAt(at));
  }
  return left === 0;
};
