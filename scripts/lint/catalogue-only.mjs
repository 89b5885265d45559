/**
 * A rule of oxlint for the files that make notes and pages: what people read there is a message of `src/messages/`,
 * in every language. Log lines and defects that are thrown are for operators and stay in English.
 */

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

/** Whether a text goes to a log or into an error that is thrown, or is a command to be typed. */
const isNoProse = (node) => {
  for (let at = node.parent; at; at = at.parent) {
    if (at.type === "ThrowStatement" || at.type === "NewExpression") return true;
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
    const report = (node) =>
      context.report({
        node,
        message: "This is read by people: put it into src/messages/ and name its code here.",
      });
    return {
      Literal: (node) => {
        if (typeof node.value !== "string" || isNoText(node)) return;
        if (isSentence(node.value) && !isNoProse(node)) report(node);
      },
      TemplateLiteral: (node) => {
        const text = node.quasis.map(({ value }) => value.cooked ?? value.raw).join("·");
        const isMarkup = node.parent?.type === "TaggedTemplateExpression" && node.parent.tag.name === "html";
        if (isMarkup ? isReadInMarkup(text) : isSentence(text) && !isNoProse(node)) report(node);
      },
    };
  },
};

export default { meta: { name: "reviewflow" }, rules: { "catalogue-only": catalogueOnly } };
