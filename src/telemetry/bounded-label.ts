/** Turns any text into a label's value that is one of a bounded number. */
export type BoundedLabel = (value: string) => string;

/** What stands for every value that is no name or comes after too many others. */
const OTHER = "other";

/**
 * A label that takes names only (letters, digits and `_ . : / -`, 100 characters at most) and no more than
 * `most` different ones: each value of a label is a time series for as long as the process lives, so that
 * what comes from outside must not choose them. Further values are `other`.
 */
export const createBoundedLabel = (most: number, pattern = /^[\w.:/-]{1,100}$/): BoundedLabel => {
  const known = new Set<string>();
  return (value) => {
    if (known.has(value)) return value;
    if (known.size >= most || !pattern.test(value)) return OTHER;
    known.add(value);
    return value;
  };
};

/** A label that takes these values; every other one is `other`. */
export const createChosenLabel = (values: readonly string[]): BoundedLabel => {
  const known = new Set(values);
  return (value) => (known.has(value) ? value : OTHER);
};
