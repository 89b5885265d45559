const numbered = (count: number, text: string): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${text} ${index + 1}\n`);

/** Long enough that GitLab leaves out its text where it does so. */
const long = numbered(2_000, "a line of a long new file that GitLab collapses");

const small = Array.from({ length: 40 }, (_, index) => `many/file-${String(index).padStart(2, "0")}.txt`);

/**
 * What the merge request of the contract changes: files that fill more than a page, and one of every
 * kind. `base` is the target branch, `writes`, `renames` and `deletes` make the source branch of it, and
 * `expected` is the diff, without the headings of hunks.
 */
export const CHANGES = {
  base: {
    "src/main.ts": "one\ntwo\nthree\nfour\nfive\nsix\nseven\n",
    "crlf.txt": "a\r\nb\r\n",
    "gone.txt": "bye\n",
    "moved.txt": numbered(20, "moved").join(""),
    "edited-move.txt": numbered(20, "line").join(""),
    "picture.bin": Buffer.from([0, 1, 2, 3]),
  },
  renames: [
    { from: "moved.txt", to: "elsewhere/moved.txt" },
    { from: "edited-move.txt", to: "elsewhere/edited-move.txt" },
  ],
  deletes: ["gone.txt"],
  writes: {
    "src/main.ts": "one\nTWO\nthree\nfour\nfive\nsix\nseven\neight",
    "crlf.txt": "a\r\nB\r\n",
    "elsewhere/edited-move.txt": numbered(20, "line").join("").replace("line 10\n", "line ten\n"),
    "picture.bin": Buffer.from([0, 1, 2, 4]),
    "empty.txt": "",
    "a folder/ümläut ?#%.txt": "hello\n",
    "long.txt": long.join(""),
    ...Object.fromEntries(small.map((path) => [path, `${path}\n`])),
  },
  expected: [
    {
      oldPath: "src/main.ts",
      newPath: "src/main.ts",
      change: "modified",
      diff: "@@ -1,7 +1,8 @@\n one\n-two\n+TWO\n three\n four\n five\n six\n seven\n+eight\n\\ No newline at end of file\n",
    },
    {
      oldPath: "crlf.txt",
      newPath: "crlf.txt",
      change: "modified",
      diff: "@@ -1,2 +1,2 @@\n a\r\n-b\r\n+B\r\n",
    },
    { oldPath: "gone.txt", newPath: "gone.txt", change: "deleted", diff: "@@ -1 +0,0 @@\n-bye\n" },
    { oldPath: "moved.txt", newPath: "elsewhere/moved.txt", change: "renamed", diff: "" },
    {
      oldPath: "edited-move.txt",
      newPath: "elsewhere/edited-move.txt",
      change: "renamed",
      diff: "@@ -7,7 +7,7 @@\n line 7\n line 8\n line 9\n-line 10\n+line ten\n line 11\n line 12\n line 13\n",
    },
    { oldPath: "picture.bin", newPath: "picture.bin", change: "modified", diff: "binary" },
    { oldPath: "empty.txt", newPath: "empty.txt", change: "added", diff: "" },
    {
      oldPath: "a folder/ümläut ?#%.txt",
      newPath: "a folder/ümläut ?#%.txt",
      change: "added",
      diff: "@@ -0,0 +1 @@\n+hello\n",
    },
    {
      oldPath: "long.txt",
      newPath: "long.txt",
      change: "added",
      diff: `@@ -0,0 +1,2000 @@\n${long.map((line) => `+${line}`).join("")}`,
    },
    ...small.map((path) => ({
      oldPath: path,
      newPath: path,
      change: "added",
      diff: `@@ -0,0 +1 @@\n+${path}\n`,
    })),
  ],
} as const;
