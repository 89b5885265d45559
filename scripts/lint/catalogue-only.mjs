import { relative } from "node:path";

/**
 * A rule of oxlint: what people read is a message of `src/messages/`, in every language. Log lines and defects that
 * are thrown are for operators and stay in English; but what a command throws, it prints.
 */

/** Where sentences may stand in code, and why: beginnings of paths. Everything else of `src/` has codes. */
export const EXCEPTIONS = [
  {
    why: "What code, templates of a flow failed with, in the words of Python, JavaScript and Jinja2.",
    paths: ["src/sandbox/"],
  },
  {
    why: "What GitLab is told of a delivery, and what a log tells of a sign-in: the sender's language is not known.",
    paths: [
      "src/gitlab/oauth-sign-in.ts",
      "src/gitlab/parse-delivery.ts",
      "src/gitlab/token-proof.ts",
      "src/gitlab/verify",
      "src/wiring/create-forges.ts",
    ],
  },
  {
    why: "What Dify's own tools answer: flows read it.",
    paths: ["src/tools/builtin/", "src/tools/openapi.ts"],
  },
  { why: "What a log tells of labels and statuses.", paths: ["src/gitlab/publish/set-marks.ts"] },
  { why: "SQL, and what the store logs.", paths: ["src/doctor/probe-store.ts", "src/store/"] },
  {
    why: "Models read it, or have written it.",
    paths: [
      "src/doctor/probe-model-in-depth.ts",
      "src/eval/match/judge.ts",
      "src/flow/nodes/agent/prompt.ts",
      "src/flow/nodes/parameter-extractor/prompt.ts",
      "src/flow/nodes/question-classifier/prompt.ts",
      "src/llm/settle-format.ts",
      "src/review/conversation/thread-text.ts",
      "src/review/findings/quote-lines.ts",
      "src/review/findings/read-fields.ts",
      "src/review/findings/read-verdicts.ts",
      "src/review/findings/same-meaning.ts",
      "src/review/fit-inputs.ts",
      "src/review/lessons/",
      "src/review/render-diff.ts",
      "src/review/rules/collect-rules.ts",
      "src/review/units/number-lines.ts",
      "src/review/units/render-unit.ts",
      "src/review/units/shown-hunk.ts",
      "src/worker/findings/correction.ts",
      "src/worker/findings/review-unit.ts",
      "src/worker/findings/summarize.ts",
      "src/worker/findings/verify-findings.ts",
    ],
  },
  {
    why: "Programs read it: answers of the webhook and the API, which have codes, and metrics.",
    paths: [
      "src/http/answer.ts",
      "src/http/api/",
      "src/http/app.ts",
      "src/http/intake.ts",
      "src/http/metrics.ts",
      "src/telemetry/",
    ],
  },
  {
    why: "Texts of file formats and of GitLab, and code that a demo's author writes.",
    paths: [
      "src/base/model-json/",
      "src/cli/demo/changes.ts",
      "src/diff/is-lfs-pointer.ts",
      "src/diff/parse-patch.ts",
      "src/diff/unified-hunks.ts",
      "src/eval/record/record-cases.ts",
      "src/gitlab/diff-entry.ts",
      "src/flow/nodes/http-request/encode-form.ts",
      "src/worker/conversation/request-review.ts",
    ],
  },
];

/** Where failures are shown to people: in a terminal, or as what is wrong in a flow. */
const SHOWN = ["src/cli/", "src/flow/"];

/** Names with spaces: Dify's comparison operators, YAML 1.1's truth values. */
const NAMES = new Set([
  "not contains",
  "start with",
  "end with",
  "is not",
  "not empty",
  "not in",
  "all of",
  "not null",
  "not exists",
  "yes Yes YES true True TRUE on On ON",
  "no No NO false False FALSE off Off OFF",
]);

const WORDS = /\p{L}{2,}[,;:]? \p{L}{2,}/u;
const OF_A_SENTENCE =
  /^\s*\p{Lu}|[.!?:]\s*$|\b(?:a|an|and|are|by|for|from|in|is|no|not|of|on|the|to|with)\b/u;
const OTHER_SCRIPT = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}]/u;

/** A directive of a Content-Security-Policy. */
const DIRECTIVE = /^[a-z-]+ (?:'|data:)/u;

const isSentence = (text) =>
  OTHER_SCRIPT.test(text) || (WORDS.test(text) && OF_A_SENTENCE.test(text) && !DIRECTIVE.test(text));

/** Whatever stands between tags is read, and so are labels. */
const isReadInMarkup = (markup) => {
  // An attribute that is put into a tag has no text.
  if (!markup.includes("<") && /^\s*[\w-]+(?:="[^"]*")?\s*$/u.test(markup)) return false;
  const labels = [...markup.matchAll(/\b(?:aria-label|placeholder|title|alt)="([^"]*)"/gu)].map(
    ([, label]) => label,
  );
  const texts = markup.replaceAll(/<!--[\s\S]*?-->|<[^>]*>|&\w+;/gu, "\n");
  return [texts, ...labels].some((text) => /\p{L}{3,}/u.test(text));
};

const LOGGERS = new Set(["trace", "debug", "info", "warn", "error", "fatal"]);

/** Whether a text goes to a log or into a defect that is thrown, or is a command to be typed. */
const isNoProse = (node, isShown) => {
  for (let at = node.parent; at; at = at.parent) {
    if (at.type === "NewExpression") return !isShown || at.callee.name === "Error";
    if (at.type === "ThrowStatement") return !isShown;
    if (at.type === "CallExpression") {
      const { callee } = at;
      return (
        callee.name === "command" || (callee.type === "MemberExpression" && LOGGERS.has(callee.property.name))
      );
    }
    if (at.type === "ArrowFunctionExpression" || at.type === "FunctionDeclaration") return false;
  }
  return false;
};

const isNoText = ({ parent }) =>
  parent?.type === "ImportDeclaration" ||
  parent?.type === "ExportNamedDeclaration" ||
  parent?.type === "TSLiteralType" ||
  (parent?.type === "Property" &&
    parent.computed !== true &&
    parent.key.type === "Literal" &&
    parent.value !== parent);

const catalogueOnly = {
  meta: {
    type: "problem",
    docs: { description: "Texts for people stand in src/messages/, in every language." },
  },
  create: (context) => {
    const path = relative(context.cwd, context.filename);
    if (EXCEPTIONS.some(({ paths }) => paths.some((begin) => path.startsWith(begin)))) return {};
    const isShown = SHOWN.some((begin) => path.startsWith(begin));
    const report = (node) =>
      context.report({
        node,
        message: "This is read by people: put it into src/messages/ and name its code here.",
      });
    return {
      Literal: (node) => {
        if (typeof node.value !== "string" || isNoText(node) || NAMES.has(node.value)) return;
        if (isSentence(node.value) && !isNoProse(node, isShown)) report(node);
      },
      TemplateLiteral: (node) => {
        const text = node.quasis.map(({ value }) => value.cooked ?? value.raw).join("·");
        const isMarkup = node.parent?.type === "TaggedTemplateExpression" && node.parent.tag.name === "html";
        if (isMarkup ? isReadInMarkup(text) : isSentence(text) && !isNoProse(node, isShown)) report(node);
      },
    };
  },
};

export default { meta: { name: "reviewflow" }, rules: { "catalogue-only": catalogueOnly } };
