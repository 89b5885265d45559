/** One sign of a segment's pattern: a literal, any sign, any number of signs, or one of a class. */
type Sign = { readonly kind: "one"; readonly matches: (sign: string) => boolean } | { readonly kind: "many" };

const ANY: Sign = { kind: "one", matches: () => true };
const MANY: Sign = { kind: "many" };

/** A pattern for one name between slashes, with `*`, `?` and `[…]`. */
export const compileSegment = (pattern: string): ((name: string) => boolean) => {
  const signs = readSigns(pattern);
  return (name) => matchSigns(signs, Array.from(name));
};

const readSigns = (pattern: string): readonly Sign[] => {
  const signs: Sign[] = [];
  const rest = [...pattern.matchAll(/\\(.)|\[([!^]?)([^\]]+)\]|(\*+)|(\?)|(.)/gsu)];
  for (const [, escaped, not, members, stars, any, literal] of rest) {
    if (stars !== undefined) signs.push(MANY);
    else if (any !== undefined) signs.push(ANY);
    else if (members !== undefined) signs.push({ kind: "one", matches: classOf(members, not !== "") });
    else {
      const wanted = escaped ?? literal;
      signs.push({ kind: "one", matches: (sign) => sign === wanted });
    }
  }
  return signs;
};

const classOf = (members: string, not: boolean): ((sign: string) => boolean) => {
  const ranges = [...members.matchAll(/(.)-(.)|(.)/gsu)].map(
    ([, from, to, one]) => [from ?? one ?? "", to ?? one ?? ""] as const,
  );
  return (sign) => ranges.some(([from, to]) => sign >= from && sign <= to) !== not;
};

/** Only the last star is ever taken back, which keeps the work at pattern times name. */
const matchSigns = (signs: readonly Sign[], name: readonly string[]): boolean => {
  let [at, of, starAt, starOf] = [0, 0, -1, 0];
  while (of < name.length) {
    const sign = signs[at];
    if (sign?.kind === "one" && sign.matches(name[of] ?? "")) {
      at += 1;
      of += 1;
    } else if (sign?.kind === "many") {
      starAt = at;
      starOf = of;
      at += 1;
    } else if (starAt === -1) return false;
    else {
      at = starAt + 1;
      starOf += 1;
      of = starOf;
    }
  }
  return signs.slice(at).every(({ kind }) => kind === "many");
};
