import { Secret } from "./secret.ts";

const MASK = "[secret]";
/** What is shorter is a part of ordinary words, and no secret worth the name. */
const SHORTEST = 6;

/** Every secret in a tree of settings. */
export const secretsIn = (tree: unknown): readonly Secret[] => {
  if (tree instanceof Secret) return [tree];
  return typeof tree === "object" && tree !== null
    ? Object.values(tree).flatMap((child: unknown) => secretsIn(child))
    : [];
};

/** Pages of different makers escape quotes in different ways. */
const inPages = (text: string): readonly string[] => {
  const marks = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return [
    ["&quot;", "&#39;"],
    ["&quot;", "&#x27;"],
    ["&#34;", "&#39;"],
    ["&quot;", "&apos;"],
  ].map(([double = "", single = ""]) => marks.replaceAll('"', double).replaceAll("'", single));
};

/** As JSON of different makers: plain, without signs beyond ASCII, with escaped slashes, ready for a page. */
const inJson = (text: string): readonly string[] => {
  const plain = JSON.stringify(text).slice(1, -1);
  const escaped = (sign: string): string => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`;
  const ascii = plain.replaceAll(/[^ -~]/g, escaped);
  return [
    plain,
    ascii,
    ...[plain, ascii].flatMap((one) => [one.replaceAll("/", "\\/"), one.replaceAll(/[<>&]/g, escaped)]),
  ];
};

/** As Python shows a text. */
const inPython = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("'", "\\'");

/** In addresses and forms, with capitals and without. */
const inPercents = (text: string): readonly string[] => {
  const plain = encodeURIComponent(text.toWellFormed());
  const strict = plain.replaceAll(/[!'()*~]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  const all = [plain, strict, strict.replaceAll("%20", "+"), encodeURI(text.toWellFormed())];
  return all.flatMap((one) => [one, one.replaceAll(/%../g, (code) => code.toLowerCase())]);
};

/** What of a text is the same in base64 whatever stands before and behind it, such as the user of a header of Basic. */
const inBase64 = (text: string): readonly string[] =>
  [0, 1, 2].flatMap((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(text)]);
    const whole = Math.floor((bytes.length * 8) / 6);
    const plain = bytes.toString("base64").slice(Math.ceil((before * 8) / 6), whole);
    return [plain, plain.replaceAll("+", "-").replaceAll("/", "_")];
  });

/**
 * The forms in which others repeat a value: in an address, in JSON, in a page, in base64, in bytes, and each of them once
 * more in JSON or a page.
 */
const formsOf = (value: string, shortest: number): readonly string[] => {
  const once = [
    value,
    ...inPercents(value),
    ...inPercents(encodeURIComponent(value.toWellFormed())),
    ...inJson(value),
    ...inPages(value),
    inPython(value),
    ...inBase64(value),
    Buffer.from(value).toString("hex"),
  ];
  const forms = once.flatMap((form) => {
    const [json = "", page = ""] = [...inJson(form).slice(0, 1), ...inPages(form).slice(0, 1)];
    return [form, json, page, ...inPages(json).slice(0, 1)];
  });
  return [...new Set(forms)].filter(({ length }) => length >= shortest);
};

/** What is shorter is not known for a part of a secret: its beginning may be what all keys of a maker begin with. */
const LEAST_PART = 10;

/** A text without the parts of a value that hold its beginning or its end, and half of it or more: others cut what they repeat. */
const withoutParts = (text: string, value: string): string => {
  const half = Math.max(LEAST_PART, Math.ceil(value.length / 2));
  if (value.length < half) return text;
  const [head, tail] = [value.slice(0, half), value.slice(-half)];
  let shown = "";
  let rest = text;
  for (;;) {
    const [begin, end] = [rest.indexOf(head), rest.indexOf(tail)];
    if (begin === -1 && end === -1) return shown + rest;
    const isHead = begin !== -1 && (end === -1 || begin <= end);
    let [from, to] = isHead ? [begin, begin + half] : [end, end + half];
    if (isHead) while (to < rest.length && rest[to] === value[to - from]) to += 1;
    else while (from > 0 && rest[from - 1] === value[value.length - (to - from) - 1]) from -= 1;
    shown += rest.slice(0, from) + MASK;
    rest = rest.slice(to);
  }
};

/**
 * Takes the values of secrets out of texts, in whatever form somebody repeated them: the last thing that is
 * done to a text before it leaves for a log, a page or an answer. Values of fewer than `shortest` characters
 * stay; of a value that was cut, what is left goes where it is half or more.
 */
export const maskValues = (secrets: readonly Secret[], shortest = SHORTEST): ((text: string) => string) => {
  const values = secrets.map((secret) => secret.reveal().trim()).filter(({ length }) => length >= shortest);
  // The longest first: one may be a part of another.
  const forms = [...new Set(values.flatMap((value) => formsOf(value, shortest)))].sort(
    (left, right) => right.length - left.length,
  );
  return (text) =>
    values.reduce(
      withoutParts,
      forms.reduce((rest, form) => rest.replaceAll(form, MASK), text),
    );
};
