import { fc } from "../properties.ts";

/** Answers of models with what is left of them for readers: `[name, answer, left]`. */
export const THOUGHTS: readonly (readonly [name: string, answer: string, left: string])[] = [
  ["tags", "<think>\nhm\n</think>\n\n## Review", "## Review"],
  ["tags with attributes, in capitals, after blank lines", '\n <THINK a="1">hm</THINK>ok', "ok"],
  ["other names", "<thinking>a</thinking><reasoning>b</reasoning> ok", "ok"],
  ["empty tags", "<think>\n\n</think>\n\nok", "ok"],
  ["several, one after the other", "<think>a</think>\n<think>b</think>\nok", "ok"],
  ["tags that quote themselves", "<think>I close with </think> soon\n</think>\nok", "ok"],
  ["a beginning without an end", "<think>I am cut o", ""],
  ["an end without a beginning", "hm, so\n- a\n</think>\n\nok", "ok"],
  ["an end without a beginning, behind code", "hm\n```js\na()\n```\nso\n</think>\nok", "ok"],
  [
    "what Dify made of them before 1.0",
    '<details style="color:gray;padding: 8px;" open> <summary> Thinking... </summary>\nhm\n</details>\n\nok',
    "ok",
  ],
  ["details without an end", "<details open><summary>Thinking...</summary>hm", ""],
  ["other brackets", "[THINK]hm[/THINK]ok", "ok"],
  ["Kimi's marks", "◁think▷hm◁/think▷ok", "ok"],
  ["Seed's marks", "<seed:think>hm</seed:think>ok", "ok"],
  [
    "channels",
    "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>ok",
    "ok",
  ],
  ["a channel that never becomes final", "<|channel|>analysis<|message|>hm", ""],
  ["channels without their marks", "analysisI thinkassistantfinalok", "ok"],
  ["no thoughts", "  ## Review\n\nok", "  ## Review\n\nok"],
  [
    "tags in code",
    "The tag `<think>` is not closed:\n```html\n<think>\n</think>\n```",
    "The tag `<think>` is not closed:\n```html\n<think>\n</think>\n```",
  ],
  [
    "a closing tag in code",
    "Use `</think>` here.\n~~~\n</think>\n~~~\n",
    "Use `</think>` here.\n~~~\n</think>\n~~~\n",
  ],
  ["tags further on", "Wrap it: <think>x</think>.", "Wrap it: <think>x</think>."],
  [
    "code at the beginning",
    "```html\n<think>a</think>\n```\nis wrong",
    "```html\n<think>a</think>\n```\nis wrong",
  ],
  [
    "other details",
    "<details><summary>More</summary>x</details>",
    "<details><summary>More</summary>x</details>",
  ],
  ["thoughts before code with tags", "<think>a</think>\n```\n<think>\n```", "```\n<think>\n```"],
  [
    "thoughts that quote their end in a block of code",
    "<think>The diff:\n```\nconst END = '</think>';\n```\nI doubt it.\n</think>\nLGTM",
    "LGTM",
  ],
  [
    "thoughts that quote their end in a span of code",
    "<think>It strips `</think>` marks, secretly</think>Answer uses `foo`",
    "Answer uses `foo`",
  ],
  ["an end that a stray backtick seems to quote", "<think>a stray ` tick</think>Use `x`", "Use `x`"],
  ["details in details", "<details><summary>Thinking</summary>a<details>x</details>b</details>ok", "ok"],
  [
    "JSON that speaks of a tag",
    '{"findings":[{"message":"The parser misses </think> here"}]}',
    '{"findings":[{"message":"The parser misses </think> here"}]}',
  ],
  [
    "a span of two backticks",
    "First finding.\nUse ``</think>`` here.\nSecond",
    "First finding.\nUse ``</think>`` here.\nSecond",
  ],
  [
    "a block in a longer block",
    "Finding A\n````suggestion\n```\n</think>\n```\n</think>\n````\nFinding B",
    "Finding A\n````suggestion\n```\n</think>\n```\n</think>\n````\nFinding B",
  ],
  ["nothing", "", ""],
];

const piece = fc.constantFrom(
  "<think>",
  "</think>",
  "<thinking>",
  "</thinking>",
  "<details><summary>Thinking</summary>",
  "</details>",
  "[THINK]",
  "[/THINK]",
  "<|channel|>analysis<|message|>",
  "<|channel|>final<|message|>",
  "◁think▷",
  "◁/think▷",
  "```",
  "````",
  "``",
  "`",
  "\n",
  " ",
  "word",
  "> ",
  "~~~",
  "검토",
);

/** Texts of marks in any order. */
export const anyThoughts = fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join(""));
