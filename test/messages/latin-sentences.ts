/** Words that stay as they are in every language: names of products, and commands that people type. */
const NAMES =
  /\b(?:openssl rand -hex 32|(?:npx )?reviewflow(?: [a-z-]+)*|systemd-timesyncd|chrony|GitLab|Dify|Reviewflow|Markdown|JSON|Webhook|HEAD|Ctrl-C)\b/gu;

/** Whether a language is written in another script than English, so that English words stand out in it. */
export const isOfOtherScript = (tag: string): boolean => new Intl.Locale(tag).maximize().script !== "Latn";

/**
 * Sentences in Latin script: two words of it after one another, outside of code, markers, tags and names. A text in
 * Japanese or Korean holds none.
 */
export const latinSentences = (text: string): readonly string[] =>
  text
    .replaceAll(/<!--[\s\S]*?-->|```[\s\S]*?```|`[^`]*`|<[^>]*>|\]\([^)]*\)/gu, "\n")
    .replaceAll(NAMES, "·")
    .match(/\b[A-Za-z]{2,}[,:;]? [A-Za-z]{2,}\b[^\n]*/gu) ?? [];
