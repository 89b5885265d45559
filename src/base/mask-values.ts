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

const inPage = (text: string): string =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
const inJson = (text: string): string => JSON.stringify(text).slice(1, -1);
/** Without its end, which depends on what follows. */
const inBase64 = (text: string): string => Buffer.from(text).toString("base64").replace(/=+$/, "");

/** The users that a password stands behind in a header of Basic; what we send ourselves has none or `oauth2`. */
const USERS = ["", ":", "oauth2:"];

/**
 * The forms in which others repeat a value: in an address, in JSON, in a page, in a header of Basic, and each of
 * them once more in JSON or a page.
 */
const formsOf = (value: string): readonly string[] => {
  const once = [
    value,
    encodeURIComponent(value),
    inJson(value),
    inPage(value),
    ...USERS.map((user) => inBase64(user + value)),
  ];
  return once.flatMap((form) => [form, inJson(form), inPage(form), inPage(inJson(form))]);
};

/**
 * Takes the values of secrets out of texts, in whatever form somebody repeated them: the last thing that is
 * done to a text before it leaves for a log, a page or an answer. Values of fewer than `shortest` characters
 * stay.
 */
export const maskValues = (secrets: readonly Secret[], shortest = SHORTEST): ((text: string) => string) => {
  const values = secrets.map((secret) => secret.reveal().trim()).filter(({ length }) => length >= shortest);
  // The longest first: one may be a part of another.
  const forms = [...new Set(values.flatMap(formsOf))].sort((left, right) => right.length - left.length);
  return (text) => forms.reduce((rest, form) => rest.replaceAll(form, MASK), text);
};
