import { reasonOf } from "../base/reason.ts";
import { translator } from "../messages/format-message.ts";
import type { ChangedFile, DiffProblem, Diff } from "./forge.ts";

/**
 * The whole diff as one text in the form of `git diff`, for flows that take it in one piece. Every
 * changed file is named in it, also where its text cannot be had and why.
 */
export const renderDiff = (diff: Diff): string => diff.files.map(renderFile).join("\n");

const renderFile = (file: ChangedFile): string => {
  const header = [`diff --git a/${file.oldPath} b/${file.newPath}`, ...renderChange(file)];
  switch (file.diff.kind) {
    case "text":
      if (file.diff.text === "") return `${header.join("\n")}\n`;
      return `${[...header, ...renderPaths(file)].join("\n")}\n${withNewline(file.diff.text)}`;
    case "binary":
      return `${header.join("\n")}\nBinary files differ\n`;
    case "unavailable":
      return `${header.join("\n")}\n[${unavailableText(file.diff.problem)}]\n`;
  }
};

const unavailableText = (problem: DiffProblem): string =>
  translator("en").reason(reasonOf("diff-unavailable", problem));

const renderChange = (file: ChangedFile): string[] => {
  switch (file.change) {
    case "added":
      return [`new file mode ${file.newMode}`];
    case "deleted":
      return [`deleted file mode ${file.oldMode}`];
    case "renamed":
      return [`rename from ${file.oldPath}`, `rename to ${file.newPath}`];
    case "modified":
      return file.oldMode === file.newMode ? [] : [`old mode ${file.oldMode}`, `new mode ${file.newMode}`];
  }
};

const renderPaths = (file: ChangedFile): string[] => [
  file.change === "added" ? "--- /dev/null" : `--- a/${file.oldPath}`,
  file.change === "deleted" ? "+++ /dev/null" : `+++ b/${file.newPath}`,
];

const withNewline = (text: string): string => (text.endsWith("\n") ? text : `${text}\n`);
