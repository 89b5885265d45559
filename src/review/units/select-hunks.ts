import type { FileDiff } from "../../diff/file-diff.ts";
import { parseHunks } from "../../diff/parse-hunks.ts";
import type { ChangedFile, Diff } from "../forge.ts";
import { matchesPaths } from "../rules/match-paths.ts";
import { matchesGlobs, type SetAside, setAsideByPath } from "./default-rules.ts";
import { findGeneratedMark } from "./generated-mark.ts";
import { createDigests, pathOf } from "./hunk-digest.ts";
import { renderHunks } from "./render-hunks.ts";
import type { ReviewHunk, Selection } from "./review-unit.ts";

/** What an operator sets about the files that are reviewed. */
export type SelectionRules = {
  /**
   * Globs of files that are reviewed although a default rule (lock file, vendored, generated, deleted)
   * would set them aside. They limit nothing: files that no rule sets aside are reviewed in any case.
   */
  readonly include: readonly string[];
  /** Globs of files that are never reviewed; stronger than `include`. `!src/**` leaves `src` only. */
  readonly exclude: readonly string[];
  /**
   * The globs that the repository itself adds, with the same meaning. They are a stranger's, so they are
   * matched in bounded time. What the operator excludes they do not bring back.
   */
  readonly repository?: { readonly include: readonly string[]; readonly exclude: readonly string[] };
  /** What a unit may cost, see `packUnits`; larger hunks are split, so that every part fits a unit. */
  readonly unitTokens: number;
};

/**
 * Decides what of a diff is reviewed. Every file comes out either with its hunks, or set aside with the
 * reason that the receipt states; order is kept.
 *
 * Deleted files are set aside: nothing that could be said of their lines can be acted on there, and what
 * breaks elsewhere shows in the hunks of the files that used them. A mark in a file's first lines is the
 * author's own word; it is followed, and the receipt names the line, so that it hides nothing.
 */
export const selectHunks = (diff: Diff, rules: SelectionRules): Selection => {
  const digests = createDigests();
  const isExcluded = matchesEither(rules.exclude, rules.repository?.exclude ?? []);
  const isIncluded = matchesEither(rules.include, rules.repository?.include ?? []);
  const hunks: ReviewHunk[] = [];
  const setAside: Selection["setAside"][number][] = [];
  for (const changed of diff.files) {
    const path = pathOf(changed);
    const read = isExcluded(path) ? EXCLUDED : readFile(changed, isIncluded(path));
    const rendered = "reason" in read ? [] : renderHunks(read, rules.unitTokens, digests);
    hunks.push(...rendered);
    if (rendered.length > 0) continue;
    setAside.push({ path, outcome: { kind: "skipped", ...("reason" in read ? read : noChange(changed)) } });
  }
  return { hunks, setAside };
};

const matchesEither = (
  host: readonly string[],
  repository: readonly string[],
): ((path: string) => boolean) => {
  const matchesHost = matchesGlobs(host);
  const matchesRepository = matchesPaths(repository);
  return (path) => matchesHost(path) || (repository.length > 0 && matchesRepository(path));
};

const EXCLUDED: SetAside = { reason: "path-rule", detail: "excluded by the settings" };

const readFile = (changed: ChangedFile, included: boolean): FileDiff | SetAside => {
  const byDefault = included ? null : (setAsideByPath(pathOf(changed)) ?? setAsideByFlag(changed));
  if (byDefault !== null) return byDefault;
  switch (changed.diff.kind) {
    case "binary":
      return { reason: "binary", detail: "not a text" };
    case "unavailable":
      return { reason: "unavailable", detail: changed.diff.reason };
    case "text":
      return readText(changed, changed.diff.text, included);
  }
};

const setAsideByFlag = (changed: ChangedFile): SetAside | null => {
  if (changed.generated) return { reason: "generated", detail: "generated, as GitLab says" };
  return changed.change === "deleted" ? { reason: "deleted", detail: "the file was deleted" } : null;
};

const readText = (changed: ChangedFile, text: string, included: boolean): FileDiff | SetAside => {
  const reading = parseHunks(text);
  if (reading.kind === "malformed")
    return {
      reason: "unavailable",
      detail: `its diff is not understood: ${reading.reason} (line ${reading.line})`,
    };
  const mark = included ? null : findGeneratedMark(reading.hunks);
  if (mark !== null) return { reason: "generated", detail: `generated, as its line ${mark} says` };
  const { oldPath, newPath, change } = changed;
  return { oldPath, newPath, change, hunks: reading.hunks };
};

const noChange = (changed: ChangedFile): SetAside => {
  const facts: string[] = [];
  if (changed.oldPath !== changed.newPath) facts.push("renamed");
  if (changed.change === "added") facts.push("a new file without text");
  else if (changed.oldMode !== changed.newMode && changed.change !== "deleted")
    facts.push(`its mode is ${changed.newMode} instead of ${changed.oldMode}`);
  return { reason: "no-text-change", detail: facts.join(", ") || "no line changed" };
};
