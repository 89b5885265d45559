import { isAbsent } from "./absent.ts";
import type { FileTruth, TrueLine } from "./line-truth.ts";
import type { Repository } from "./repository.ts";
import type { DiffVersion, Position } from "./state.ts";

type Trees = {
  /** The merge request's newest diff. */
  readonly now: readonly FileTruth[];
  /** From the old head to the new one, and from the old base to the new one. */
  readonly heads: readonly FileTruth[];
  readonly bases: readonly FileTruth[];
};

/** Where a line of one tree is in the next: null where it was changed or removed. */
const follow = (files: readonly FileTruth[], path: string, line: number) => {
  const file = files.find((candidate) => candidate.oldPath === path && !candidate.newFile);
  if (file === undefined) return { path, line };
  if (file.deletedFile || file.binary) return null;
  if (file.lines.length === 0) return { path: file.newPath, line };
  const kept = file.lines.find((candidate) => candidate.kind === "context" && candidate.oldLine === line);
  return isAbsent(kept?.newLine) ? null : { path: file.newPath, line: kept.newLine };
};

type Spot = { readonly file: FileTruth; readonly line: TrueLine };

const spotOf = (
  trees: Trees,
  position: Pick<Position, "old_path" | "new_path">,
  at: Pick<Position, "old_line" | "new_line">,
): Spot | null => {
  const onNewSide = at.new_line !== null;
  const moved = onNewSide
    ? follow(trees.heads, position.new_path, at.new_line)
    : at.old_line === null
      ? null
      : follow(trees.bases, position.old_path, at.old_line);
  if (moved === null) return null;
  for (const file of trees.now) {
    if ((onNewSide ? file.newPath : file.oldPath) !== moved.path) continue;
    const line = file.lines.find(
      (candidate) => (onNewSide ? candidate.newLine : candidate.oldLine) === moved.line,
    );
    if (line !== undefined) return { file, line };
  }
  return null;
};

/**
 * Moves a position to the newest diff version after a push, as GitLab's tracer does: a line that is still
 * there moves with it, and a range keeps its ends as they were; a line that was changed or removed, or is no longer
 * of its kind, and a file that the push renamed leave the position as it was (the thread is outdated). So does
 * any change of the file for a position on the whole of it.
 */
export const tracePosition = async (
  repository: Repository,
  position: Position,
  version: DiffVersion,
): Promise<Position> => {
  if (position.position_type === "image") return position;
  const trees: Trees = {
    now: await repository.truth(version.base, version.head),
    heads: await repository.truth(position.head_sha, version.head),
    bases: await repository.truth(position.base_sha, version.base),
  };
  const refs = { base_sha: version.base, start_sha: version.start, head_sha: version.head };
  if (position.position_type === "file") {
    const isChanged = trees.heads.some((file) => file.oldPath === position.new_path);
    const file = trees.now.find((candidate) => candidate.newPath === position.new_path);
    return isChanged || file === undefined ? position : { ...position, ...refs, old_path: file.oldPath };
  }
  if (trees.heads.some((file) => file.renamedFile && file.oldPath === position.new_path)) return position;
  const spot = spotOf(trees, position, position);
  if (spot === null || spot.line.kind !== kindOf(position)) return position;
  return {
    ...position,
    ...refs,
    old_path: spot.file.oldPath,
    new_path: spot.file.newPath,
    old_line: spot.line.oldLine,
    new_line: spot.line.newLine,
  };
};

const kindOf = (position: Position): TrueLine["kind"] => {
  if (position.old_line === null) return "added";
  return position.new_line === null ? "removed" : "context";
};
