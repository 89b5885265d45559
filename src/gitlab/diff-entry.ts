import type { ChangedFile } from "../review/forge.ts";
import { isLfsPointer } from "../diff/is-lfs-pointer.ts";
import type { PatchedFile } from "../diff/parse-patch.ts";
import type { DiffEntry } from "./rest-schema.ts";

/**
 * The text of an entry of `/diffs`; null when GitLab left it out and it has to be rebuilt. An empty text
 * is complete only where a rename or a change of mode explains it.
 */
export const readEntryDiff = (entry: DiffEntry): ChangedFile["diff"] | null => {
  if (entry.diff.startsWith("Binary files ")) return { kind: "binary" };
  const text = dropFileHeaders(entry.diff);
  if (text !== "") return { kind: "text", text, source: "diffs" };
  if (entry.collapsed || entry.too_large || entry.new_file || entry.deleted_file) return null;
  const explained = entry.renamed_file || entry.a_mode !== entry.b_mode;
  return explained && entry.diff === "" ? { kind: "text", text: "", source: "diffs" } : null;
};

/** Hunks without the `---` and `+++` lines that some versions of GitLab put before them. */
const dropFileHeaders = (diff: string): string => {
  if (diff.startsWith("@@ ")) return diff;
  const firstHunk = diff.indexOf("\n@@ ");
  return firstHunk === -1 ? "" : diff.slice(firstHunk + 1);
};

/** A changed file from its entry and its diff. */
export const toChangedFile = (entry: DiffEntry, diff: ChangedFile["diff"]): ChangedFile => ({
  oldPath: entry.old_path,
  newPath: entry.new_path,
  oldMode: entry.a_mode,
  newMode: entry.b_mode,
  change: entry.new_file
    ? "added"
    : entry.deleted_file
      ? "deleted"
      : entry.renamed_file
        ? "renamed"
        : "modified",
  generated: entry.generated_file,
  diff: asStored(diff),
});

/** A pointer of Git LFS stands for a binary file. */
const asStored = (diff: ChangedFile["diff"]): ChangedFile["diff"] =>
  diff.kind === "text" && isLfsPointer(diff.text) ? { kind: "binary" } : diff;

/** A changed file that only the patch knows. */
export const fromPatch = (file: PatchedFile): ChangedFile => {
  const oldPath = file.oldPath ?? file.newPath ?? "";
  const newPath = file.newPath ?? oldPath;
  const kept = oldPath === newPath ? "modified" : "renamed";
  return {
    oldPath,
    newPath,
    oldMode: file.oldMode,
    newMode: file.newMode,
    change: file.oldPath === null ? "added" : file.newPath === null ? "deleted" : kept,
    generated: false,
    diff: asStored(readPatchDiff(file)),
  };
};

/** The diff of a file in a patch. */
export const readPatchDiff = (file: PatchedFile): ChangedFile["diff"] =>
  file.binary ? { kind: "binary" } : { kind: "text", text: file.hunks, source: "raw_diffs" };

/** Finds the part of a patch that an entry is about. A changed type is one deletion and one addition. */
export const findInPatch = (patch: readonly PatchedFile[], entry: DiffEntry): PatchedFile | undefined =>
  patch.find(
    ({ oldPath, newPath }) =>
      oldPath === (entry.new_file ? null : entry.old_path) &&
      newPath === (entry.deleted_file ? null : entry.new_path),
  );

/** The files of a patch that no entry is about, however git and GitLab saw renames. */
export const findUnlisted = (
  patch: readonly PatchedFile[],
  entries: readonly DiffEntry[],
): readonly PatchedFile[] => {
  const oldPaths = new Set(entries.filter(({ new_file }) => !new_file).map(({ old_path }) => old_path));
  const newPaths = new Set(
    entries.filter(({ deleted_file }) => !deleted_file).map(({ new_path }) => new_path),
  );
  return patch.filter(({ oldPath, newPath }) =>
    newPath === null ? oldPath !== null && !oldPaths.has(oldPath) : !newPaths.has(newPath),
  );
};
