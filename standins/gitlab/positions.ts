import { isAbsent } from "./absent.ts";
import { createHash } from "node:crypto";
import { z } from "zod";
import { Integer } from "./params.ts";
import { countedLines } from "./diff-parser.ts";
import type { FileTruth, TrueLine } from "./line-truth.ts";
import type { DiffVersion, MergeRequest, Position, RangeEnd } from "./state.ts";
import type { World } from "./world.ts";

const RangeEndInput = z.object({
  line_code: z.string().nullish(),
  type: z.string().nullish(),
  old_line: Integer.nullish(),
  new_line: Integer.nullish(),
});

/** A position as a client sends it; which fields are needed depends on its type. */
export const PositionInput = z.object({
  base_sha: z.string(),
  start_sha: z.string(),
  head_sha: z.string(),
  position_type: z.enum(["text", "image", "file"]),
  old_path: z.string().nullish(),
  new_path: z.string().nullish(),
  old_line: Integer.nullish(),
  new_line: Integer.nullish(),
  width: Integer.nullish(),
  height: Integer.nullish(),
  x: Integer.nullish(),
  y: Integer.nullish(),
  line_range: z.object({ start: RangeEndInput.nullish(), end: RangeEndInput.nullish() }).nullish(),
});
export type PositionInput = z.output<typeof PositionInput>;

/** A position that GitLab takes, with its line code where it is on a line, or the model errors it gives. */
export type PositionVerdict =
  | { readonly ok: true; readonly position: Position; readonly lineCode: string | null }
  | { readonly ok: false; readonly errors: string };

const NO_LINE = `{:line_code=>["can't be blank", "must be a valid line code"]}`;
const INCOMPLETE = `{:position=>["is incomplete"]}`;
const BAD_RANGE = `{:position=>["must be a valid json schema"]}`;

/** GitLab's name of a line: the path's SHA-1 and the running counters of both sides. */
export const lineCodeOf = (path: string, line: Pick<TrueLine, "oldCount" | "newCount">): string =>
  `${createHash("sha1").update(path).digest("hex")}_${line.oldCount}_${line.newCount}`;

const versionOf = (mergeRequest: MergeRequest, input: PositionInput): DiffVersion | undefined =>
  mergeRequest.versions.find(
    (version) =>
      version.base === input.base_sha && version.start === input.start_sha && version.head === input.head_sha,
  );

const isSameLine = (line: TrueLine, at: Pick<PositionInput, "old_line" | "new_line">): boolean =>
  line.oldLine === (at.old_line ?? null) && line.newLine === (at.new_line ?? null);

type Located = { readonly file: FileTruth; readonly line: TrueLine; readonly index: number };

const locate = (files: readonly FileTruth[], input: PositionInput): Located | null => {
  for (const file of files) {
    const index = file.lines.findIndex((line) => isSameLine(line, input));
    const line = file.lines[index];
    if (line !== undefined) return { file, line, index };
  }
  return null;
};

const TYPES: Readonly<Record<TrueLine["kind"], readonly (string | null)[]>> = {
  added: ["new"],
  removed: ["old"],
  // The documentation says `old` for whatever is not new; GitLab's own pages send null or `expanded`.†
  context: [null, "old", "expanded"],
};

const rangeEnd = (
  file: FileTruth,
  input: z.output<typeof RangeEndInput> | null | undefined,
): { readonly end: RangeEnd; readonly index: number } | null => {
  if (input?.line_code === null || input?.line_code === undefined) return null;
  const index = file.lines.findIndex(
    (line) => lineCodeOf(file.newPath, line) === input.line_code && fits(line, input),
  );
  const line = file.lines[index];
  if (line === undefined) return null;
  return {
    end: {
      line_code: input.line_code,
      type: input.type ?? null,
      old_line: line.oldLine,
      new_line: line.newLine,
    },
    index,
  };
};

const fits = (line: TrueLine, input: z.output<typeof RangeEndInput>): boolean =>
  TYPES[line.kind].includes(input.type ?? null) &&
  (input.old_line === null || input.old_line === undefined || input.old_line === line.oldLine) &&
  (input.new_line === null || input.new_line === undefined || input.new_line === line.newLine);

/** Undefined where the range is wrong; null where there is none. */
const rangeOf = (input: PositionInput, at: Located): Position["line_range"] | undefined => {
  if (input.line_range === null || input.line_range === undefined) return null;
  const start = rangeEnd(at.file, input.line_range.start);
  const end = rangeEnd(at.file, input.line_range.end);
  if (start === null || end === null || end.index !== at.index || start.index > end.index) return undefined;
  return { start: start.end, end: end.end };
};

const basePosition = (input: PositionInput, file: FileTruth) => ({
  base_sha: input.base_sha,
  start_sha: input.start_sha,
  head_sha: input.head_sha,
  old_path: file.oldPath,
  new_path: file.newPath,
  position_type: input.position_type,
  old_line: null,
  new_line: null,
  line_range: null,
});

const validateTextPosition = (input: PositionInput, files: readonly FileTruth[]): PositionVerdict => {
  const at = locate(files, input);
  if (at === null) return { ok: false, errors: NO_LINE };
  const range = rangeOf(input, at);
  if (range === undefined) return { ok: false, errors: BAD_RANGE };
  return {
    ok: true,
    lineCode: lineCodeOf(at.file.newPath, at.line),
    position: {
      ...basePosition(input, at.file),
      old_line: at.line.oldLine,
      new_line: at.line.newLine,
      line_range: range,
    },
  };
};

const validateImagePosition = (input: PositionInput, file: FileTruth): PositionVerdict => {
  const { width, height, x, y } = input;
  if (isAbsent(width) || isAbsent(height) || isAbsent(x) || isAbsent(y))
    return { ok: false, errors: INCOMPLETE };
  return { ok: true, lineCode: null, position: { ...basePosition(input, file), width, height, x, y } };
};

/**
 * Validates a position as GitLab does, on git's own truth as GitLab's parser counts it. Its SHAs are those of one diff version of the merge
 * request; both paths are the changed file's (the true old path of a rename); an added line has only
 * `new_line`, a removed one only `old_line`, an unchanged one both, exactly paired, in a hunk or not. A binary
 * file, a file whose patch is over the hard limit and a pure rename have no lines.† A position on a whole
 * file needs a changed file (stricter than GitLab, which asks for a path only†).
 */
export const validatePosition = async (
  world: World,
  mergeRequest: MergeRequest,
  input: PositionInput,
): Promise<PositionVerdict> => {
  if (!input.new_path && !input.old_path) return { ok: false, errors: INCOMPLETE };
  const version = versionOf(mergeRequest, input);
  if (version === undefined) return { ok: false, errors: NO_LINE };
  const { repository } = mergeRequest.project;
  const named = (file: { readonly oldPath: string; readonly newPath: string }): boolean =>
    file.newPath === input.new_path && file.oldPath === input.old_path;
  // A file that became another kind of file, such as a link, has two diffs of one path: GitLab finds the first.
  const shown = (await repository.diff(version.base, version.head)).filter(named).slice(0, 1);
  const truth = (await repository.truth(version.base, version.head)).filter(named).slice(0, 1);
  const [first] = truth;
  if (first === undefined) return { ok: false, errors: NO_LINE };
  switch (input.position_type) {
    case "file":
      return { ok: true, lineCode: null, position: basePosition(input, first) };
    case "image":
      return validateImagePosition(input, first);
    case "text": {
      if (shown.some((file) => file.bytes > world.limits.maxPatchBytes))
        return { ok: false, errors: NO_LINE };
      return validateTextPosition(
        input,
        truth.map((file, nth) => ({ ...file, lines: countedLines(file, shown[nth] ?? file) })),
      );
    }
  }
};
