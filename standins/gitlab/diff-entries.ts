import type { FileDiff } from "./raw-diff.ts";
import type { World } from "./world.ts";

/** One entry of `GET …/diffs`. */
export type DiffEntry = {
  readonly diff: string;
  readonly collapsed: boolean;
  readonly too_large: boolean;
  readonly new_path: string;
  readonly old_path: string;
  readonly a_mode: string;
  readonly b_mode: string;
  readonly new_file: boolean;
  readonly renamed_file: boolean;
  readonly deleted_file: boolean;
  readonly generated_file: boolean;
};

/** What GitLab takes for generated without attributes, as far as tests need it.† */
const GENERATED =
  /(^|\/)(package-lock\.json|yarn\.lock|pnpm-lock\.yaml|Cargo\.lock|Gemfile\.lock|go\.sum|poetry\.lock)$|\.min\.(js|css)$/;

const lineCount = (text: string): number => text.split("\n").length - 1;

const withHeaders = (file: FileDiff): string => {
  if (file.hunks === "" || file.binary) return file.hunks;
  const before = file.newFile ? "/dev/null" : `a/${file.oldPath}`;
  const after = file.deletedFile ? "/dev/null" : `b/${file.newPath}`;
  return `--- ${before}\n+++ ${after}\n${file.hunks}`;
};

/** How many files the merge request's list may hold, and whether there are more. */
export const countChanges = (world: World, files: readonly FileDiff[]): string => {
  const listed = listedFiles(world, files).length;
  return listed < files.length ? `${listed}+` : `${files.length}`;
};

/** The files within the hard limits on files and lines; the rest GitLab does not store at all. */
const listedFiles = (world: World, files: readonly FileDiff[]): readonly FileDiff[] => {
  let lines = 0;
  const end = files.findIndex((file, index) => {
    lines += lineCount(file.hunks);
    return index >= world.limits.maxFiles || lines > world.limits.maxLines;
  });
  return end === -1 ? files : files.slice(0, end);
};

/**
 * The entries of a diff under GitLab's limits: a patch over the hard limit is `too_large`; where diffs
 * collapse, a patch over the safe limit and everything after the safe count of files, lines or bytes is
 * `collapsed`. Both come with an empty `diff`.
 */
export const diffEntries = (
  world: World,
  files: readonly FileDiff[],
  unidiff = false,
): readonly DiffEntry[] => {
  let lines = 0;
  let bytes = 0;
  const { limits } = world;
  return listedFiles(world, files).map((file, index) => {
    const tooLarge = file.bytes > limits.maxPatchBytes;
    lines += lineCount(file.hunks);
    bytes += file.bytes;
    const beyond = index >= limits.safeFiles || lines > limits.safeLines || bytes > limits.safeBytes;
    const collapsed =
      world.collapseDiffs &&
      !tooLarge &&
      file.bytes > 0 &&
      (beyond || file.bytes > limits.collapsePatchBytes);
    return {
      diff: tooLarge || collapsed ? "" : unidiff ? withHeaders(file) : file.hunks,
      collapsed,
      too_large: tooLarge,
      new_path: file.newPath,
      old_path: file.oldPath,
      a_mode: file.newFile ? "0" : file.oldMode,
      b_mode: file.deletedFile ? "0" : file.newMode,
      new_file: file.newFile,
      renamed_file: file.renamedFile,
      deleted_file: file.deletedFile,
      generated_file: GENERATED.test(file.newPath),
    };
  });
};
