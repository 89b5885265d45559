import { createRequire } from "node:module";
import { z } from "zod";

const decode = (bytes: Uint8Array, label: string, fatal: boolean): string | undefined => {
  try {
    return new TextDecoder(label, { fatal, ignoreBOM: label === "utf-8" }).decode(bytes);
  } catch {
    return undefined;
  }
};

/** The share of pairs with a zero byte, at the same place in each, from which bytes count as UTF-16 whatever they say. */
const LEAST_ZERO_SHARE = 1 / 8;

/** What no text has: unassigned and private characters, halves of them, controls but for tabs and line breaks. */
const NO_TEXT = /[\p{Cn}\p{Co}\p{Cs}]|(?![\t\n\r])\p{Cc}/u;
/** Text of East Asian characters alone, which have no zero byte in UTF-16. */
const EAST_ASIAN_TEXT =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303f\uff00-\uffef]+$/u;
/** Controls that no text of one byte a character has. */
// oxlint-disable-next-line no-control-regex -- controls are what is looked for
const CONTROLS = /[\0-\x08\x0b\x0e-\x1a\x1c-\x1f]/;

/** What a byte beside a zero byte is: ASCII (with tabs and line breaks), Latin-1, or no character of a text. */
const kindOf = (byte = 0): "ascii" | "latin" | "control" => {
  if (byte >= 0xa0) return "latin";
  return (byte >= 0x20 && byte <= 0x7e) || byte === 9 || byte === 10 || byte === 13 ? "ascii" : "control";
};

/** UTF-16 by its mark, or without one by the zero bytes of its ASCII characters. */
const utf16Of = (bytes: Uint8Array): "utf-16le" | "utf-16be" | undefined => {
  if (bytes.length < 2 || bytes.length % 2 !== 0) return undefined;
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  const zeros = [0, 0];
  let ascii = 0;
  for (let at = bytes.indexOf(0); at !== -1; at = bytes.indexOf(0, at + 1)) {
    const kind = kindOf(bytes[at ^ 1]);
    if (kind === "control") return undefined;
    if (kind === "ascii") ascii += 1;
    zeros[at % 2] = (zeros[at % 2] ?? 0) + 1;
  }
  const [first = 0, second = 0] = zeros;
  if (first + second === 0) return wideWithoutZeros(bytes);
  if (Math.min(first, second) > 0 || ascii * 2 < first + second) return undefined;
  const label = second > 0 ? "utf-16le" : "utf-16be";
  if (Math.max(first, second) >= (bytes.length / 2) * LEAST_ZERO_SHARE) return label;
  const text = decode(bytes, label, true);
  return text === undefined || NO_TEXT.test(text) ? undefined : label;
};

/** UTF-16 of East Asian characters alone, by controls that would be in it if it were UTF-8. */
const wideWithoutZeros = (bytes: Uint8Array): "utf-16le" | "utf-16be" | undefined => {
  const narrow = decode(bytes, "utf-8", true);
  if (narrow === undefined || !CONTROLS.test(narrow)) return undefined;
  const labels = (["utf-16le", "utf-16be"] as const).filter((label) =>
    EAST_ASIAN_TEXT.test(decode(bytes, label, true) ?? ""),
  );
  return labels.length === 1 ? labels[0] : undefined;
};

const Detected = z.object({ encoding: z.string().nullable(), confidence: z.number() });
const Detector = z.object({
  detect: z.custom<(bytes: Buffer) => unknown>((value) => typeof value === "function"),
});

const require = createRequire(import.meta.url);

let detector: z.infer<typeof Detector> | undefined;

/** The detector is given so many bytes of a long text. */
const LONGEST_SAMPLE = 64 * 1024;

const detect = (bytes: Uint8Array): z.infer<typeof Detected> => {
  // Its tables take 15 MB and 80 ms, which only the first text that is no UTF-8 pays for.
  detector ??= Detector.parse(require("jschardet"));
  return Detected.parse(detector.detect(Buffer.from(bytes.subarray(0, LONGEST_SAMPLE))));
};

/** The names of TextDecoder for those of the detector. */
const LABELS: Readonly<Record<string, string>> = { cp932: "shift_jis", cp949: "euc-kr", johab: "euc-kr" };
const EAST_ASIAN: ReadonlySet<string> = new Set("gb18030 gbk gb2312 big5 shift_jis euc-jp euc-kr".split(" "));
const WESTERN = /^(?:windows-1252|iso-?8859-15?)$/;
/** Other single-byte charsets fit almost any bytes; below this the guess says nothing. */
const LEAST_CONFIDENCE = 0.2;

const detectedText = (bytes: Uint8Array): string | undefined => {
  const { encoding, confidence } = detect(bytes);
  const name = encoding?.toLowerCase() ?? "";
  const label = LABELS[name] ?? name;
  const isBelieved = EAST_ASIAN.has(label) || WESTERN.test(label) || confidence >= LEAST_CONFIDENCE;
  return isBelieved ? decode(bytes, WESTERN.test(label) ? "windows-1252" : label, true) : undefined;
};

/** Characters beyond ASCII that came out of a decoding as UTF-8, and places where it failed. */
const countCharacters = (text: string): { readonly whole: number; readonly broken: number } => ({
  whole: text.match(/[\u0080-\ufffc]/g)?.length ?? 0,
  broken: text.match(/\ufffd/g)?.length ?? 0,
});

/** The charset that a media type states, null for none. */
export const charsetOf = (mediaType: string): string | null =>
  /charset\s*=\s*"?([^\s;"]+)/i.exec(mediaType)?.[1] ?? null;

/**
 * The text that bytes stand for: in the charset that was stated, else UTF-8 or UTF-16 where they are that, else in the
 * charset that they look like (GBK, Big5, Shift_JIS, EUC-JP, EUC-KR, Windows-1252…). A text that is UTF-8 but for a few
 * bytes, or like nothing, is UTF-8; what does not decode becomes U+FFFD. An unknown charset counts as none.
 */
export const decodeText = (bytes: Uint8Array, charset: string | null = null): string => {
  const stated = charset === null ? undefined : decode(bytes, charset.toLowerCase(), false);
  if (stated !== undefined) return stated;
  const utf16 = utf16Of(bytes);
  const wide = utf16 === undefined ? undefined : decode(bytes, utf16, true);
  if (wide !== undefined) return wide;
  const strict = decode(bytes, "utf-8", true);
  if (strict !== undefined) return strict;
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  const { whole, broken } = countCharacters(text);
  const isDamaged = broken < 2 || whole >= broken;
  return isDamaged ? text : (detectedText(bytes) ?? text);
};
