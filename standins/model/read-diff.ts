/** What the scripted reviewer can truly say about a diff. */
export type DiffFacts = {
  readonly files: readonly string[];
  readonly added: number;
  readonly removed: number;
};

const countLines = (diff: string, sign: "+" | "-"): number =>
  diff.split(/\r?\n/).filter((line) => line.startsWith(sign) && !line.startsWith(sign.repeat(3))).length;

const unescape = (text: string): string => {
  try {
    return String(JSON.parse(`"${text}"`));
  } catch {
    return text;
  }
};

const captures = (text: string, pattern: RegExp): readonly string[] =>
  [...text.matchAll(pattern)].map((match) => match[1] ?? "");

const unique = (values: readonly string[]): readonly string[] => [...new Set(values)];

/**
 * Finds a diff in a prompt and counts: either the JSON of GitLab's diffs API (`new_path`, `diff`) or
 * a unified diff. Null when there is none.
 */
export const readDiff = (prompt: string): DiffFacts | null => {
  const jsonPaths = captures(prompt, /"new_path"\s*:\s*"((?:[^"\\]|\\.)*)"/g).map(unescape);
  if (jsonPaths.length > 0) {
    const diffs = captures(prompt, /"diff"\s*:\s*"((?:[^"\\]|\\.)*)"/g).map(unescape);
    return {
      files: unique(jsonPaths),
      added: diffs.reduce((sum, diff) => sum + countLines(diff, "+"), 0),
      removed: diffs.reduce((sum, diff) => sum + countLines(diff, "-"), 0),
    };
  }
  const paths = [
    ...captures(prompt, /^diff --git a\/.+? b\/(.+)$/gm),
    ...captures(prompt, /^\+\+\+ (?:b\/)?(?!\/dev\/null)(.+)$/gm),
  ].map((path) => path.trim());
  const hunks = captures(prompt, /(^@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@[^\n]*(?:\n[ +\\-][^\n]*)*)/gm);
  if (paths.length === 0 && hunks.length === 0) return null;
  return {
    files: unique(paths),
    added: hunks.reduce((sum, hunk) => sum + countLines(hunk, "+"), 0),
    removed: hunks.reduce((sum, hunk) => sum + countLines(hunk, "-"), 0),
  };
};
