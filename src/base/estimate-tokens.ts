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
 * Words are cut where the case changes (`parseHTTPRequest` is `parse`, `HTTP`, `Request`), which is also
 * where byte-pair vocabularies tend to end their entries. Lines add up: the estimate of lines joined by
 * line feeds is their sum and 1 for each line feed.
 */
export const estimateTokens = (text: string): number => {
  let tokens = 0;
  // Of the line that is read. Halves are rounded up line by line, so that a sum over lines is exact.
  let half = 0;
  let at = 0;
  // By character codes: every character of every prompt and diff passes here, some of them several times.
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (isCjk(code)) {
      half += CJK_TOKENS;
      at += 1;
    } else if (code === LINE_FEED) {
      tokens += 1 + Math.ceil(half);
      half = 0;
      at += 1;
    } else if (isLower(code) || isUpper(code)) {
      const capitals = runEnd(text, at, isUpper);
      // The last capital before small letters begins their word.
      const isWord = capitals - at < 2 && isLower(text.charCodeAt(capitals));
      const end = isWord
        ? runEnd(text, capitals, isLower)
        : capitals - Number(isLower(text.charCodeAt(capitals)));
      tokens += Math.ceil((end - at) / (isWord ? 4 : 3));
      at = end;
    } else if (isBlank(code)) {
      const end = runEnd(text, at, isBlank);
      tokens += end - at === 1 && joinsNext(text, end) ? 0 : Math.ceil((end - at) / 4);
      at = end;
    } else if (isPair(text, at)) {
      tokens += 3;
      at += 2;
    } else {
      tokens += code < 0x800 ? 1 : 2;
      at += 1;
    }
  }
  return Math.ceil(tokens + half);
};

const LINE_FEED = 0x0a;

const isUpper = (code: number): boolean => code >= 0x41 && code <= 0x5a;

const isLower = (code: number): boolean => code >= 0x61 && code <= 0x7a;

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;

/** Kana, ideographs, Hangul and full-width forms. */
const isCjk = (code: number): boolean =>
  code >= 0x3040 &&
  (code <= 0x30ff ||
    (code >= 0x3400 && code <= 0x9fff) ||
    (code >= 0xac00 && code <= 0xd7af) ||
    (code >= 0xff00 && code <= 0xffef));

const isPair = (text: string, at: number): boolean =>
  (text.charCodeAt(at) & 0xfc00) === 0xd800 && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00;

/** Where the run of characters that begins at an index ends. */
const runEnd = (text: string, from: number, belongs: (code: number) => boolean): number => {
  let end = from;
  while (belongs(text.charCodeAt(end))) end += 1;
  return end;
};

const joinsNext = (text: string, index: number): boolean => /[^\d\s]/.test(text.charAt(index));
