import type { JsonObject } from "../base/json.ts";
import type { Position, RangeEnd } from "../diff/position.ts";
import type * as Rest from "./rest-schema.ts";

/**
 * A position as GitLab's API takes it. A number that a side does not have is left out, as GitLab wants it.
 *
 * @see https://docs.gitlab.com/api/discussions/#create-a-new-thread-in-the-merge-request-diff
 */
export const toRestPosition = ({ on, ...position }: Position): JsonObject => {
  const place = {
    base_sha: position.baseSha,
    start_sha: position.startSha,
    head_sha: position.headSha,
    old_path: position.oldPath,
    new_path: position.newPath,
  };
  if (on.kind === "file") return { ...place, position_type: "file" };
  return {
    ...place,
    position_type: "text",
    ...toRestLines(on),
    ...(on.range === null
      ? {}
      : { line_range: { start: toRestEnd(on.range.start), end: toRestEnd(on.range.end) } }),
  };
};

const toRestLines = ({
  oldLine,
  newLine,
}: {
  readonly oldLine: number | null;
  readonly newLine: number | null;
}): JsonObject => ({
  ...(oldLine === null ? {} : { old_line: oldLine }),
  ...(newLine === null ? {} : { new_line: newLine }),
});

const toRestEnd = (end: RangeEnd): JsonObject => ({
  line_code: end.lineCode,
  ...(end.type === null ? {} : { type: end.type }),
  ...toRestLines(end),
});

/** A position as GitLab gave it back; null for none, and for one on no commit or no path. */
export const fromRestPosition = (given: Rest.Position | null | undefined): Position | null => {
  if (!given?.head_sha || (given.new_path === "" && given.old_path === "")) return null;
  const { old_line: oldLine, new_line: newLine, line_range: range } = given;
  const onLine = given.position_type === "text" && (oldLine !== null || newLine !== null);
  const start = fromRestEnd(range?.start);
  const end = fromRestEnd(range?.end);
  return {
    baseSha: given.base_sha,
    startSha: given.start_sha,
    headSha: given.head_sha,
    oldPath: given.old_path || given.new_path,
    newPath: given.new_path || given.old_path,
    on: onLine
      ? { kind: "line", oldLine, newLine, range: start === null || end === null ? null : { start, end } }
      : { kind: "file" },
  };
};

type RestEnd = NonNullable<NonNullable<Rest.Position["line_range"]>["start"]>;

const fromRestEnd = (end: RestEnd | null | undefined): RangeEnd | null => {
  if (!end) return null;
  const { line_code: lineCode, type, old_line: oldLine, new_line: newLine } = end;
  return { lineCode, type: type === "new" || type === "old" ? type : null, oldLine, newLine };
};

/** Whether two positions are the same place of the same version; ranges are told apart by their start. */
export const isSamePosition = (one: Position | null, other: Position | null): boolean =>
  JSON.stringify(one === null ? null : keyOf(one)) === JSON.stringify(other === null ? null : keyOf(other));

const keyOf = ({ on, ...position }: Position): readonly unknown[] => [
  position.baseSha,
  position.startSha,
  position.headSha,
  position.oldPath,
  position.newPath,
  ...(on.kind === "file" ? [] : [on.oldLine, on.newLine, on.range?.start.lineCode ?? null]),
];
