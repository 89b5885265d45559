/**
 * The pieces that are counted. Words are cut where the case changes (`parseHTTPRequest` is `parse`,
 * `HTTP`, `Request`), which is also where byte-pair vocabularies tend to end their entries.
 */
const PIECE =
  /(?<upper>[A-Z]+(?![a-z]))|(?<word>[A-Z]?[a-z]+)|(?<digits>\d+)|(?<blank>[ \t]+)|(?<near>[\u0080-\u07ff])|(?<cjk>[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef])|(?<pair>[\ud800-\udbff][\udc00-\udfff])|(?<far>[\u0800-\uffff])|(?<rest>[^])/g;

const CJK_TOKENS = 1.5;

/**
 * How many tokens a model reads in `text`, estimated without its tokenizer and rather too high than too
 * low; linear in the text. The rule: a token for each 4 letters of a word begun, each 3 capitals begun,
 * each digit, each sign, each line feed and each 4 blanks begun (a single blank belongs to the word or
 * sign behind it); 1 for a letter of two UTF-8 bytes (Cyrillic, Arabic), 1.5 for a Chinese, Japanese or
 * Korean character, 2 for other characters of three bytes, 3 for those of four. It rests on OpenAI's rule
 * of thumb of four letters to a token and on the bound that a byte-level vocabulary never needs more than
 * a token for a byte. For code it comes out at about one to one and a half times the count of cl100k;
 * long words that no vocabulary knows, as random lower-case letters, can be twice what is estimated.
 *
 * Lines add up: the estimate of lines joined by line feeds is their sum and 1 for each line feed.
 */
export const estimateTokens = (text: string): number => Math.ceil(countLines(text));

// Halves are rounded up line by line, so that a sum over lines is exact.
const countLines = (text: string): number => {
  let tokens = 0;
  let half = 0;
  for (const match of text.matchAll(PIECE)) {
    if (match[0] === "\n") {
      tokens += 1 + Math.ceil(half);
      half = 0;
    } else if (match.groups?.["cjk"] === undefined) tokens += countPiece(match, text);
    else half += CJK_TOKENS;
  }
  return tokens + half;
};

const countPiece = (match: RegExpExecArray, text: string): number => {
  const { length } = match[0];
  const kind = match.groups ?? {};
  if (kind["word"] !== undefined) return Math.ceil(length / 4);
  if (kind["upper"] !== undefined) return Math.ceil(length / 3);
  if (kind["digits"] !== undefined) return length;
  if (kind["blank"] !== undefined)
    return length === 1 && joinsNext(text, match.index + 1) ? 0 : Math.ceil(length / 4);
  if (kind["far"] !== undefined) return 2;
  return kind["pair"] === undefined ? 1 : 3;
};

const joinsNext = (text: string, index: number): boolean => /[^\d\s]/.test(text.charAt(index));
