import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { parse } from "yaml";
import { dataProblems, showPath } from "../../base/data-problems.ts";
import { ConfigError, describeError, problemAt } from "../../base/errors.ts";
import { type Message, message } from "../../messages/message.ts";
import { parseHunks } from "../../diff/parse-hunks.ts";
import { parsePatch } from "../../diff/parse-patch.ts";
import { fromPatch } from "../../gitlab/diff-entry.ts";
import type { ChangedFile } from "../../review/forge.ts";
import { CaseFile } from "./case-file.ts";
import type { EvalCase, EvalSet, Expected } from "./eval-case.ts";

/** The largest file of a case that is read, in bytes. */
const MAX_FILE = 32 * 1024 * 1024;

/**
 * Reads a folder of cases: each a folder with `case.yml`, `change.diff` and perhaps `files/`. Throws a
 * ConfigError (`eval-set-invalid`) with everything that is wrong in any of them.
 */
export const readSet = async (folder: string): Promise<EvalSet> => {
  const names = await caseNames(folder);
  const problems: Message[] = [];
  const cases: EvalCase[] = [];
  for (const name of names) {
    const reading = await readCase(folder, name);
    if ("problems" in reading) problems.push(...reading.problems);
    else cases.push(reading);
  }
  if (names.length === 0) problems.push(problemAt(folder, message("eval.no-case")));
  if (problems.length > 0) throw new ConfigError(problems, { code: "eval-set-invalid" });
  return { name: basename(resolve(folder)), cases, notices: cases.flatMap(noticesOf) };
};

const caseNames = async (folder: string): Promise<readonly string[]> => {
  let entries: readonly string[];
  try {
    entries = await readdir(folder);
  } catch (cause) {
    throw new ConfigError([problemAt(folder, message("eval.unreadable", { error: describeError(cause) }))], {
      code: "eval-set-invalid",
      cause,
    });
  }
  const found = await Promise.all(
    entries.map(async (name) => ({ name, isCase: (await textOf(join(folder, name, "case.yml"))) !== null })),
  );
  return found.flatMap(({ name, isCase }) => (isCase ? [name] : [])).sort();
};

/** The text of a file; null where there is none that can be read. */
const textOf = async (path: string): Promise<string | null> => {
  try {
    if ((await stat(path)).size > MAX_FILE) return null;
    return await readFile(path, "utf8");
  } catch {
    return null;
  }
};

type Problems = { readonly problems: readonly Message[] };

const readCase = async (folder: string, name: string): Promise<EvalCase | Problems> => {
  const place = join(folder, name);
  const told = readCaseFile(`${name}/case.yml`, (await textOf(join(place, "case.yml"))) ?? "");
  const changes = readChanges(`${name}/change.diff`, await textOf(join(place, "change.diff")));
  const problems = [
    ...("problems" in told ? told.problems : []),
    ...("problems" in changes ? changes.problems : []),
  ];
  if ("problems" in told || "problems" in changes) return { problems };
  return {
    name,
    title: told.title,
    description: told.description,
    language: told.language,
    changes,
    changedLines: changes.reduce((sum, file) => sum + countLines(file), 0),
    files: await readFiles(join(place, "files")),
    expected: told.findings.map((expected) => underNewPath(expected, changes)),
  };
};

const readCaseFile = (file: string, text: string): CaseFile | Problems => {
  let tree: unknown;
  try {
    tree = parse(text);
  } catch (error) {
    const what = message("eval.not-yaml", { error: describeError(error).split("\n")[0] ?? "" });
    return { problems: [problemAt(file, what)] };
  }
  const parsed = CaseFile.safeParse(tree);
  if (parsed.success) return parsed.data;
  return {
    problems: dataProblems(parsed.error.issues, tree).map(({ path, what }) =>
      problemAt(path.length === 0 ? file : `${file}: ${showPath(path)}`, what),
    ),
  };
};

const STARTS = /^diff --git /gm;

const readChanges = (file: string, patch: string | null): readonly ChangedFile[] | Problems => {
  if (patch === null) return { problems: [problemAt(file, message("eval.diff-unreadable"))] };
  const text = patch.endsWith("\n") ? patch : `${patch}\n`;
  const files = parsePatch(text).map(fromPatch);
  const wanted = text.match(STARTS)?.length ?? 0;
  if (wanted === 0) return { problems: [problemAt(file, message("eval.diff-empty"))] };
  if (files.length === wanted) return files;
  const what = message("eval.diff-cut", { cut: wanted - files.length, files: wanted });
  return { problems: [problemAt(file, what)] };
};

const countLines = ({ diff }: ChangedFile): number => {
  const reading = diff.kind === "text" ? parseHunks(diff.text) : null;
  if (reading?.kind !== "hunks") return 0;
  return reading.hunks.flatMap(({ lines }) => lines).filter(({ kind }) => kind !== "context").length;
};

/** Findings are told by the new path of a file, also those about lines that it lost. */
const underNewPath = (expected: Expected, changes: readonly ChangedFile[]): Expected => {
  if (expected.path === null || changes.some(({ newPath }) => newPath === expected.path)) return expected;
  const renamed = changes.find(({ oldPath }) => oldPath === expected.path);
  return renamed === undefined ? expected : { ...expected, path: renamed.newPath };
};

const readFiles = async (folder: string): Promise<ReadonlyMap<string, string>> => {
  const files = new Map<string, string>();
  let entries;
  try {
    entries = await readdir(folder, { recursive: true, withFileTypes: true });
  } catch {
    return files;
  }
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const place = join(entry.parentPath, entry.name);
    const text = await textOf(place);
    if (text !== null) files.set(place.slice(folder.length + 1).replaceAll("\\", "/"), text);
  }
  return files;
};

const noticesOf = ({ name, expected, changes }: EvalCase): readonly Message[] => {
  const paths = new Set(changes.map(({ newPath }) => newPath));
  return expected.flatMap(({ path }, index) =>
    path === null || paths.has(path)
      ? []
      : [problemAt(`${name}/case.yml: findings[${index}].path`, message("eval.path-unchanged", { path }))],
  );
};
