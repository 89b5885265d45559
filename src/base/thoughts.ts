import { parseJson } from "./json.ts";

/** How models and their servers mark what a model thinks before it answers: its beginning and its end. */
const MARKS: readonly (readonly [begin: RegExp, end: RegExp])[] = [
  [
    /^<(?:think|thinking|thoughts?|reasoning)(?:\s[^<>]{0,512})?>/i,
    /<\/(?:think|thinking|thoughts?|reasoning)>/i,
  ],
  [/^\[THINK\]/i, /\[\/THINK\]/i],
  [/^<seed:think>/i, /<\/seed:think>/i],
  [/^◁think▷/i, /◁\/think▷/i],
  // Dify before 1.0 turned think tags into this.
  [
    /^<details\b[^<>]{0,512}>\s{0,64}<summary>\s{0,64}(?:thinking|thoughts?|reasoning|思考)[^<]{0,80}<\/summary>/i,
    /<\/details>/i,
  ],
  // OpenAI's harmony format: channels, of which only the final one is for readers; also without its marks.
  [
    /^(?:<\|start\|>assistant)?<\|channel\|>(?!\s{0,8}final)/i,
    /<\|channel\|>\s{0,8}final[^<]{0,64}<\|message\|>/i,
  ],
  [/^(?:<\|start\|>assistant)?<\|channel\|>\s{0,8}final[^<]{0,64}/i, /<\|message\|>/i],
  [/^analysis(?=[\s\S]{1,1000000}assistantfinal)/, /assistantfinal/],
];

/** A text that begins with more thoughts than this is nothing else. */
const MAX_PARTS = 50;

/**
 * What a model wrote, without its thoughts: those at the beginning, in whatever marks, one after the other;
 * those that never end, which leave nothing; and those of which only the end is marked, since some servers
 * put the beginning into the prompt. Marks further on are the text's own, for it may be about a program that
 * has such tags; so are those in code and in JSON. Texts without thoughts come back as they are.
 */
export const withoutThoughts = (text: string): string => {
  let rest = text;
  for (let parts = 0; parts < MAX_PARTS; parts += 1) {
    const body = rest.trimStart();
    const mark = MARKS.find(([begin]) => begin.test(body));
    const end = mark === undefined ? endOfUnmarked(body) : endOfMarked(body, mark[1]);
    if (end === null) return rest;
    rest = body.slice(end).trimStart();
  }
  return "";
};

/**
 * The end of thoughts whose beginning is marked: where the mark closes outside of code, since thoughts quote
 * their own marks, else where it first closes; the text's end where it never does.
 */
const endOfMarked = (text: string, pattern: RegExp): number => {
  const prose = withoutCode(text);
  const nested = /^<details\b/i.test(text) ? endOfDetails(prose) : null;
  if (nested !== null) return nested;
  const found = pattern.exec(prose) ?? pattern.exec(text);
  return found === null ? text.length : found.index + found[0].length;
};

const endOfDetails = (prose: string): number | null => {
  let depth = 0;
  for (const { 0: tag, index } of prose.matchAll(/<details\b|<\/details>/gi)) {
    depth += tag.startsWith("</") ? -1 : 1;
    if (depth === 0) return index + tag.length;
  }
  return null;
};

/** The end of thoughts whose beginning is not in the text: the first tag outside of code closes them. */
const endOfUnmarked = (text: string): number | null => {
  const tag = /<(\/?)(?:seed:)?(?:think|thinking|thoughts?|reasoning)>|(\[\/THINK\])/i.exec(
    withoutCode(text),
  );
  if (tag === null || tag[1] === "" || isJson(text)) return null;
  return tag.index + tag[0].length;
};

const isJson = (text: string): boolean => /^[{[]/.test(text) && parseJson(text) !== undefined;

/** The text with blanks in the place of its code, fenced (CommonMark 4.5) or in spans within a line (6.1). */
const withoutCode = (text: string): string => {
  let fence: string | null = null;
  const lines = text.split("\n").map((line) => {
    const [, mark = "", info = ""] = /^[\s>]{0,12}(`{3,}|~{3,})(.*)$/s.exec(line) ?? [];
    if (fence !== null) {
      if (mark[0] === fence[0] && mark.length >= fence.length && info.trim() === "") fence = null;
      return " ".repeat(line.length);
    }
    if (mark === "" || (mark[0] === "`" && info.includes("`"))) return withoutSpans(line);
    fence = mark;
    return " ".repeat(line.length);
  });
  return lines.join("\n");
};

/** A span ends at the next run of as many backticks. */
const withoutSpans = (line: string): string => {
  const runs = [...line.matchAll(/`+/g)].map(({ 0: run, index }) => ({ start: index, length: run.length }));
  const next = new Map<number, number>();
  const closing = runs.map((): number | undefined => undefined);
  for (let at = runs.length - 1; at >= 0; at -= 1) {
    const length = runs[at]?.length ?? 0;
    closing[at] = next.get(length);
    next.set(length, at);
  }
  let prose = "";
  let copied = 0;
  for (let at = 0; at < runs.length; at += 1) {
    const [open, close] = [runs[at], runs[closing[at] ?? -1]];
    if (open === undefined || close === undefined) continue;
    const end = close.start + close.length;
    prose += line.slice(copied, open.start) + " ".repeat(end - open.start);
    copied = end;
    at = closing[at] ?? at;
  }
  return prose + line.slice(copied);
};
