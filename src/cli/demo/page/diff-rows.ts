/** A line of a diff with its numbers on both sides. */
export type DiffRow =
  | { readonly kind: "hunk"; readonly text: string }
  | {
      readonly kind: "added" | "removed" | "same";
      readonly oldLine: number | null;
      readonly newLine: number | null;
      readonly text: string;
    };

const HUNK = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/;

/** Gives the lines of hunks, as `git diff` writes them without file headers, their numbers. */
export const readDiffRows = (hunks: string): readonly DiffRow[] => {
  let [oldLine, newLine] = [0, 0];
  return hunks.split("\n").flatMap((line): readonly DiffRow[] => {
    const hunk = HUNK.exec(line);
    if (hunk !== null) {
      [oldLine, newLine] = [Number(hunk[1]), Number(hunk[2])];
      return [{ kind: "hunk", text: line }];
    }
    const text = line.slice(1);
    switch (line[0]) {
      case "+":
        return [{ kind: "added", oldLine: null, newLine: newLine++, text }];
      case "-":
        return [{ kind: "removed", oldLine: oldLine++, newLine: null, text }];
      case " ":
        return [{ kind: "same", oldLine: oldLine++, newLine: newLine++, text }];
      default:
        // The end, and git's remark on a missing line break.
        return [];
    }
  });
};
