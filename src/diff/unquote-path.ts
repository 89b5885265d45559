const ESCAPES: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  t: 9,
  n: 10,
  v: 11,
  f: 12,
  r: 13,
  '"': 34,
  "\\": 92,
};

/**
 * A path as git prints it: in double quotes with C escapes and octal bytes when it holds unusual
 * characters (`core.quotePath`), plain otherwise.
 */
export const unquotePath = (text: string): string => {
  if (!/^".*"$/s.test(text)) return text;
  const bytes: number[] = [];
  const parts = text.slice(1, -1).matchAll(/\\([0-7]{3})|\\(.)|([^\\]+)/gsu);
  for (const [, octal, escape, plain] of parts) {
    if (octal !== undefined) bytes.push(Number.parseInt(octal, 8) & 0xff);
    else if (escape !== undefined) bytes.push(ESCAPES[escape] ?? escape.charCodeAt(0));
    else bytes.push(...Buffer.from(plain ?? "", "utf8"));
  }
  return Buffer.from(bytes).toString("utf8");
};
