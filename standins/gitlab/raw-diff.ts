/** One changed file between two trees, as git tells it. A change of type is two of them, like Gitaly's. */
export type FileDiff = {
  readonly oldPath: string;
  readonly newPath: string;
  readonly oldMode: string;
  readonly newMode: string;
  readonly newFile: boolean;
  readonly deletedFile: boolean;
  readonly renamedFile: boolean;
  readonly binary: boolean;
  /** The hunks without file headers; the notice where the file is binary; empty where only names or modes change. */
  readonly hunks: string;
  /** Bytes of `hunks` before any decoding. */
  readonly bytes: number;
};

type RawEntry = Omit<FileDiff, "hunks" | "bytes" | "binary">;

const ENTRY = /^:(\d{6}) (\d{6}) [0-9a-f]+ [0-9a-f]+ ([A-Z])\d*$/;
const ABSENT = "000000";

const entriesOf = (
  oldMode: string,
  newMode: string,
  status: string,
  oldPath: string,
  newPath: string,
): RawEntry[] => {
  const base = { oldPath, newPath, oldMode, newMode, newFile: false, deletedFile: false, renamedFile: false };
  switch (status) {
    case "A":
      return [{ ...base, newFile: true }];
    case "D":
      return [{ ...base, deletedFile: true }];
    case "R":
      return [{ ...base, renamedFile: true }];
    case "T":
      return [
        { ...base, newMode: ABSENT, deletedFile: true },
        { ...base, oldMode: ABSENT, newFile: true },
      ];
    default:
      return [base];
  }
};

const readRaw = (output: Buffer): { readonly entries: readonly RawEntry[]; readonly patchAt: number } => {
  const entries: RawEntry[] = [];
  let at = 0;
  const field = (): string => {
    const end = output.indexOf(0, at);
    const value = output.toString("utf8", at, end);
    at = end + 1;
    return value;
  };
  while (output[at] === 0x3a) {
    const match = ENTRY.exec(field());
    if (match === null) throw new Error("git's raw diff has an unknown form");
    const [, oldMode = "", newMode = "", status = ""] = match;
    const oldPath = field();
    const newPath = status === "R" || status === "C" ? field() : oldPath;
    entries.push(...entriesOf(oldMode, newMode, status, oldPath, newPath));
  }
  return { entries, patchAt: Math.min(at + 1, output.length) };
};

const HEADER = Buffer.from("diff --git ");

/** Lines of a hunk start with a space, a sign or a backslash, so a header is never part of a file's text. */
const splitPatch = (patch: Buffer): readonly Buffer[] => {
  const sections: Buffer[] = [];
  let start = patch.indexOf(HEADER);
  while (start !== -1) {
    const next = patch.indexOf(`\n${HEADER.toString()}`, start);
    sections.push(patch.subarray(start, next === -1 ? patch.length : next + 1));
    start = next === -1 ? -1 : next + 1;
  }
  return sections;
};

const hunksOf = (section: Buffer): { readonly binary: boolean; readonly text: Buffer } => {
  const hunk = section.indexOf("\n@@ ");
  if (hunk !== -1) return { binary: false, text: section.subarray(hunk + 1) };
  const notice = section.indexOf("\nBinary files ");
  if (notice !== -1) return { binary: true, text: section.subarray(notice + 1) };
  return { binary: false, text: Buffer.alloc(0) };
};

/** Parses the output of `git diff-tree --raw -p -z`: the entries, a NUL, then the patch in the same order. */
export const parseRawAndPatch = (output: Buffer): readonly FileDiff[] => {
  const { entries, patchAt } = readRaw(output);
  const sections = splitPatch(output.subarray(patchAt));
  if (sections.length !== entries.length) {
    throw new Error(`git listed ${entries.length} changed files and ${sections.length} patches`);
  }
  return entries.map((entry, index) => {
    const { binary, text } = hunksOf(sections[index] ?? Buffer.alloc(0));
    return { ...entry, binary, hunks: text.toString("utf8"), bytes: text.length };
  });
};
