/** Values that are forgotten after a time, and the oldest ones when there are too many. */
export const createExpiringMap = <Key, Value>(most: number, now: () => number) => {
  const entries = new Map<Key, { readonly value: Value; readonly untilMs: number }>();
  return {
    get: (key: Key): Value | undefined => {
      const entry = entries.get(key);
      if (entry !== undefined && entry.untilMs > now()) return entry.value;
      entries.delete(key);
      return undefined;
    },
    set: (key: Key, value: Value, forMs: number): void => {
      entries.delete(key);
      const oldest = entries.keys().next();
      if (entries.size >= most && !oldest.done) entries.delete(oldest.value);
      entries.set(key, { value, untilMs: now() + forMs });
    },
  };
};
