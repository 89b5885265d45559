import { beginningOf } from "../../base/cut-text.ts";

const UNSEEN =
  // oxlint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F\u200B\u200E\u200F\u202A-\u202E\u2060\u2066-\u2069\uFEFF\uFFF9-\uFFFB]/g;

/**
 * Text without control characters, marks that turn the direction of writing and half surrogates; lines
 * end in line feeds.
 */
export const cleanText = (text: string): string =>
  text.replace(/\r\n?/g, "\n").replaceAll(UNSEEN, "").toWellFormed();

/** Text on one line, at most `limit` UTF-16 units long. */
export const toOneLine = (text: string, limit: number): string =>
  shorten(cleanText(text).replace(/\s+/g, " ").trim(), limit);

/** Text of at most `limit` UTF-16 units; an ellipsis stands for what was cut. */
export const shorten = (text: string, limit: number): string => {
  if (text.length <= limit) return text;
  return `${beginningOf(text, limit - 1).trimEnd()}…`;
};

const SENTENCES = new Intl.Segmenter("und", { granularity: "sentence" });

/** The first sentence of Markdown text, without marks of headings, lists and quotes; code blocks are passed over. */
export const firstSentence = (markdown: string, limit: number): string => {
  const prose = markdown.replace(/^(```+|~~~+)[\s\S]*?(?:^\1|$(?![\s\S]))/gm, "");
  const line = prose
    .split("\n")
    .map((text) => text.replace(/^[\s>#*+-]+(?=\s|\p{L}|\p{N}|`)/u, "").trim())
    .find((text) => /[\p{L}\p{N}]/u.test(text));
  if (line === undefined) return "";
  const sentence = [...SENTENCES.segment(line.slice(0, 2_000))][0]?.segment ?? line;
  return toOneLine(sentence.trim().replace(/[.。]$/u, ""), limit);
};

/** Whether a short answer in prose says that there is nothing to report, without a but. */
export const saysNothing = (text: string): boolean => {
  const plain = cleanText(text)
    .replace(/<(think\w*|thought|reasoning)>[\s\S]*?<\/\1>/gi, "")
    .trim();
  if (plain.length > 400 || BUT.test(plain)) return false;
  return NOTHING.some((pattern) => pattern.test(plain));
};

const BUT =
  /\b(?:but|however|except|although|though|apart from|other than|besides|aber|jedoch|mais|pero)\b|しかし|ただし|ですが|だが|하지만|다만|그러나|지만|但|不过|然而/iu;

const THINGS =
  "(?:issues?|findings?|problems?|bugs?|comments?|concerns?|defects?|errors?|suggestions?|remarks?|vulnerabilit(?:y|ies))";
const NOTHING = [
  /^\W*(?:none|nothing|n\/a|lgtm|no)\W*$/i,
  /^\W*(?:lgtm|looks good(?: to me)?)\b(?:(?!\?).)*$/is,
  // "No critical issues" leaves the others open, so only words that narrow nothing may stand between.
  new RegExp(
    `^(?:.*\\W)?(?:there (?:are|were|is) )?(?:no|zero|0|without any|(?:not|n't) (?:find|found|see|have|detect|identify) any)(?: (?:new|further|real|such|code|review|obvious|actual|noteworthy|notable|relevant|specific|reportable|other|more|potential|,|or|and|${THINGS}))* ${THINGS}\\b`,
    "is",
  ),
  /\bnothing (?:\w+ )?(?:to (?:report|flag|add|note|comment on)|found|was found)\b/i,
  /(?:問題|指摘|懸念|不具合|バグ|所見)(?:事項|点|箇所)?(?:は|が|も)?(?:特に)?(?:ありません|見つかりません|見当たりません|なし|無し|ない)/u,
  /^\W*特に(?:なし|ありません|問題ありません)/u,
  /(?:문제|이슈|지적|결함|버그)(?:\s*사항|점)?(?:이|가|은|는|을|를)?\s*(?:없|발견되지\s*않|찾지\s*못)|이상\s*없/u,
  /(?:没有|未|無|无|沒有)(?:发现|發現|找到)?(?:任何|明显|其他)?(?:的)?(?:问题|問題|缺陷|错误)/u,
  /\bkeine (?:\w+ )?(?:probleme|befunde|auffälligkeiten|fehler|mängel)\b/iu,
  /\baucun (?:problème|défaut)\b|\b(?:ningún|sin) problemas?\b/iu,
];
