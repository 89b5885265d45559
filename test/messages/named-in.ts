/** The codes that a source names: whole, or by the beginning of a template such as `severity.${severity}`. */
export const namedIn = (source: string): ((code: string) => boolean) => {
  const whole = new Set([...source.matchAll(/"([a-z][\w.-]*)"/gu)].map(([, code]) => code));
  const beginnings = [...source.matchAll(/`([a-z][\w-]*\.(?:[\w-]+\.)*)\$\{/gu)].map(
    ([, begin]) => begin ?? "",
  );
  return (code) => whole.has(code) || beginnings.some((begin) => code.startsWith(begin));
};
