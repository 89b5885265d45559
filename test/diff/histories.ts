import { fc } from "../properties.ts";
import type { FileAction } from "../../standins/gitlab/repository.ts";

/** Paths and texts of a commit. */
export type Tree = ReadonlyMap<string, string>;

/** Two commits and how one leads to the other. */
export type History = {
  readonly before: Tree;
  readonly after: Tree;
  readonly actions: readonly FileAction[];
};

const PATHS = [
  "a.txt",
  "dir/b b.txt",
  "ü.md",
  'q"uote.js',
  "tab\there.py",
  "日本語/ファイル.c",
  "b/a/b.txt",
] as const;
const TARGETS = ["moved.txt", "dir/nåme two.txt", "back\\slash.rs"] as const;

/** Lines that repeat, look like parts of a diff, or hold what other programs take for line ends. */
const line = fc.constantFrom(
  "a",
  "",
  "}",
  "  indented",
  "- item",
  "-- comment",
  "+ plus",
  "++ b/x",
  "-- all users",
  "@@ -1 +1 @@",
  "@@@ -1 -1 +1 @@@",
  "diff --git a/x b/x",
  "\\ No newline at end of file",
  "é 🙂",
  "form\ffeed",
  "lone\rreturn",
  "\u2028",
  "windows\r",
  "\r",
);

const join = (lines: readonly string[], ends: boolean): string =>
  lines.join("\n") + (ends && lines.length > 0 ? "\n" : "");

const short = fc.array(line, { maxLength: 12 });
/** Long enough for several hunks with unchanged lines around and between them. */
const long = fc
  .integer({ min: 20, max: 60 })
  .map((length) => Array.from({ length }, (_, at) => `line ${at}`));
const text = fc
  .tuple(fc.oneof(short, { arbitrary: long, weight: 3 }), fc.boolean())
  .map(([lines, ends]) => join(lines, ends));

const path = fc.constantFrom(...PATHS);
const edit = fc.oneof(
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("write" as const), path, content: text }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("splice" as const),
      path,
      at: fc.nat(60),
      cut: fc.nat(3),
      lines: fc.array(line, { maxLength: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("end" as const), path }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("carriage returns" as const), path }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("binary" as const), path }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("delete" as const), path }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("rename" as const), path, to: fc.constantFrom(...TARGETS) }),
  },
);
type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never;

const rewrite = (change: Edit, present: string): string | null => {
  switch (change.kind) {
    case "write":
      return change.content;
    case "splice": {
      const lines = present.split("\n");
      return lines.toSpliced(change.at % lines.length, change.cut, ...change.lines).join("\n");
    }
    case "end":
      return present.endsWith("\n") ? present.slice(0, -1) : `${present}\n`;
    case "carriage returns":
      return present.includes("\r\n") ? present.replaceAll("\r\n", "\n") : present.replaceAll("\n", "\r\n");
    case "binary":
      return `\0${present}`;
    case "delete":
    case "rename":
      return null;
  }
};

/** Applies an edit to the tree in place. Edits of a file follow it under its new name. */
const applyEdit = (
  tree: Map<string, string>,
  names: Map<string, string>,
  change: Edit,
): readonly FileAction[] => {
  const name = names.get(change.path) ?? change.path;
  const present = tree.get(name);
  if (present === undefined && change.kind !== "write") return [];
  const content = rewrite(change, present ?? "");
  if (content !== null) {
    tree.set(name, content);
    return [{ action: "write", path: name, content }];
  }
  if (change.kind === "rename") {
    if (tree.has(change.to)) return [];
    names.set(change.path, change.to);
    tree.set(change.to, present ?? "");
    tree.delete(name);
    return [{ action: "rename", from: name, to: change.to }];
  }
  tree.delete(name);
  return [{ action: "delete", path: name }];
};

/** Random commits with edits, renames, new and deleted files, over every kind of line and path. */
export const histories: fc.Arbitrary<History> = fc
  .record({
    start: fc.array(fc.tuple(path, text), { minLength: 2, maxLength: 7 }),
    edits: fc.array(edit, { minLength: 1, maxLength: 20 }),
  })
  .map(({ start, edits }) => {
    const before = new Map(start);
    const after = new Map(before);
    const names = new Map<string, string>();
    const actions = edits.flatMap((change) => applyEdit(after, names, change));
    return { before, after, actions };
  });

const moveInto = (folder: string, action: FileAction): FileAction =>
  action.action === "rename"
    ? { ...action, from: folder + action.from, to: folder + action.to }
    : { ...action, path: folder + action.path };

/** Many histories in one pair of commits, each in its own folder, so that git is asked once for all; at least `minLength`. */
export const forests = (minLength: number): fc.Arbitrary<History> =>
  fc.array(histories, { minLength, maxLength: minLength + 4, size: "max" }).map((all) => {
    const merge = (pick: (one: History) => Tree): Tree =>
      new Map(
        all.flatMap((one, nth) =>
          [...pick(one)].map(([path, content]) => [`${nth}/${path}`, content] as const),
        ),
      );
    return {
      before: merge((one) => one.before),
      after: merge((one) => one.after),
      actions: all.flatMap((one, nth) => one.actions.map((action) => moveInto(`${nth}/`, action))),
    };
  });

/** The lines of a text as git counts them, without their line feeds. */
export const linesOf = (content: string): readonly string[] => {
  const lines = content.split("\n");
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
};
