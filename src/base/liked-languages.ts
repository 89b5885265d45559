/** Browsers send far less. */
const LONGEST_HEADER = 1_000;

/** The language tags of an `Accept-Language`, what is liked best first (RFC 9110); none that is refused. */
export const likedLanguages = (acceptLanguage: string | undefined): readonly string[] =>
  (acceptLanguage ?? "")
    .slice(0, LONGEST_HEADER)
    .split(",")
    .map((range) => {
      const [tag = "", ...parameters] = range.split(";").map((part) => part.trim());
      const weight = parameters.find((parameter) => parameter.startsWith("q="));
      return { tag, weight: weight === undefined ? 1 : Number(weight.slice(2)) };
    })
    .filter(({ weight }) => weight > 0)
    .toSorted((left, right) => right.weight - left.weight)
    .map(({ tag }) => tag);
