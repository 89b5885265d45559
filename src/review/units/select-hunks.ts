import { type Reason, reasonOf } from "../../base/reason.ts";
import type { FileDiff } from "../../diff/file-diff.ts";
import { parseHunks } from "../../diff/parse-hunks.ts";
import { message } from "../../messages/message.ts";
import type { ChangedFile, Diff } from "../forge.ts";
import { matchesPaths } from "../rules/match-paths.ts";
import { isMedia, matchesGlobs, reasonOfPath } from "./default-rules.ts";
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
  const movedIn = new Set<string>();
  for (const changed of diff.files) {
    const path = pathOf(changed);
    const read = isExcluded(path) ? reasonOf("path-rule") : readFile(changed, isIncluded(path));
    const rendered = "code" in read ? [] : renderHunks(read, rules.unitTokens, digests);
    hunks.push(...rendered);
    const { oldPath } = changed;
    const isMovedIn =
      !("code" in read) &&
      changed.change === "renamed" &&
      oldPath !== path &&
      (isExcluded(oldPath) || (!isIncluded(oldPath) && wasLeftOut(oldPath, path)));
    if (isMovedIn) movedIn.add(path);
    if (rendered.length > 0) continue;
    const why = "code" in read ? read : isMovedIn ? reasonOf("moved-in") : noChange(changed);
    setAside.push({ path, outcome: { kind: "skipped", reason: why } });
  }
  return { hunks, setAside, movedIn };
};

/** Whether nobody has read a file under the name that it had. */
const wasLeftOut = (oldPath: string, path: string): boolean =>
  reasonOfPath(oldPath) !== null || (isMedia(oldPath) && !isMedia(path));

const matchesEither = (
  host: readonly string[],
  repository: readonly string[],
): ((path: string) => boolean) => {
  const matchesHost = matchesGlobs(host);
  const matchesRepository = matchesPaths(repository);
  return (path) => matchesHost(path) || (repository.length > 0 && matchesRepository(path));
};

const readFile = (changed: ChangedFile, included: boolean): FileDiff | Reason => {
  const byDefault = included ? null : (reasonOfPath(pathOf(changed)) ?? reasonOfFlag(changed));
  if (byDefault !== null) return byDefault;
  switch (changed.diff.kind) {
    case "binary":
      return reasonOf("binary");
    case "unavailable":
      return reasonOf("diff-unavailable", changed.diff.problem);
    case "text":
      return readText(changed, changed.diff.text, included);
  }
};

const reasonOfFlag = (changed: ChangedFile): Reason | null => {
  if (changed.generated) return reasonOf("generated-by-gitlab");
  return changed.change === "deleted" ? reasonOf("deleted") : null;
};

const readText = (changed: ChangedFile, text: string, included: boolean): FileDiff | Reason => {
  const reading = parseHunks(text);
  if (reading.kind === "malformed")
    return reasonOf("diff-unavailable", {
      cause: "malformed",
      detail: message("diff.malformed", { line: reading.line, problem: reading.reason }),
    });
  const mark = included ? null : findGeneratedMark(reading.hunks);
  if (mark !== null) return reasonOf("generated-by-mark", { line: mark });
  const { oldPath, newPath, change } = changed;
  return { oldPath, newPath, change, hunks: reading.hunks };
};

const noChange = ({ change, oldPath, newPath, oldMode, newMode }: ChangedFile): Reason => {
  if (oldPath !== newPath) return reasonOf("no-text-change", { change: "renamed" });
  if (change === "added") return reasonOf("no-text-change", { change: "added" });
  return oldMode === newMode || change === "deleted"
    ? reasonOf("no-text-change", { change: "none" })
    : reasonOf("no-text-change", { change: "mode", detail: `${oldMode} → ${newMode}` });
};
