/**
 * A pattern over titles: `/…/` is a regular expression, any other text is meant as it stands, anywhere in
 * the title. Case is of no matter. Null for a regular expression that is none. It comes from the operator
 * only: a regular expression of a stranger can take for ever.
 */
export const compileTitlePattern = (pattern: string): ((title: string) => boolean) | null => {
  const source = /^\/(.+)\/$/su.exec(pattern)?.[1];
  if (source === undefined) {
    const wanted = pattern.toLowerCase();
    return (title) => title.toLowerCase().includes(wanted);
  }
  try {
    const expression = new RegExp(source, "iu");
    return (title) => expression.test(title);
  } catch {
    return null;
  }
};
