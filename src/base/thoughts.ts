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
 * has such tags; so are those in code. Texts without thoughts come back as they are.
 */
export const withoutThoughts = (text: string): string => {
  let rest = text;
  for (let parts = 0; parts < MAX_PARTS; parts += 1) {
    const body = rest.trimStart();
    const mark = MARKS.find(([begin]) => begin.test(body));
    const end = mark === undefined ? endOfUnmarked(body) : (endOf(body, mark[1]) ?? body.length);
    if (end === null) return rest;
    rest = body.slice(end).trimStart();
  }
  return "";
};

const endOf = (text: string, pattern: RegExp): number | null => {
  const found = pattern.exec(text);
  return found === null ? null : found.index + found[0].length;
};

/** The end of thoughts whose beginning is not in the text: the first tag outside of code closes them. */
const endOfUnmarked = (text: string): number | null => {
  let fenced = false;
  let at = 0;
  for (const line of text.split("\n")) {
    if (/^[\s>]{0,12}(?:```|~~~)/.test(line)) fenced = !fenced;
    else if (!fenced) {
      const prose = line.replaceAll(/`[^`]*`/g, (code) => " ".repeat(code.length));
      const tag = /<(\/?)(?:seed:)?(?:think|thinking|thoughts?|reasoning)>|(\[\/THINK\])/i.exec(prose);
      if (tag !== null) return tag[1] === "" ? null : at + tag.index + tag[0].length;
    }
    at += line.length + 1;
  }
  return null;
};
