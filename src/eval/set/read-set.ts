import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { parse } from "yaml";
import { ConfigError, describeError } from "../../base/errors.ts";
import { parseHunks } from "../../diff/parse-hunks.ts";
import { parsePatch } from "../../diff/parse-patch.ts";
import { fromPatch } from "../../gitlab/diff-entry.ts";
import type { ChangedFile } from "../../review/forge.ts";
import { CaseFile, describeIssue } from "./case-file.ts";
import type { EvalCase, EvalSet, Expected } from "./eval-case.ts";

/** The largest file of a case that is read, in bytes. */
const MAX_FILE = 32 * 1024 * 1024;

/**
 * Reads a folder of cases: each a folder with `case.yml`, `change.diff` and perhaps `files/`. Throws a
 * ConfigError (`eval-set-invalid`) with everything that is wrong in any of them.
 */
export const readSet = async (folder: string): Promise<EvalSet> => {
  const names = await caseNames(folder);
  const problems: string[] = [];
  const cases: EvalCase[] = [];
  for (const name of names) {
    const reading = await readCase(folder, name);
    if ("problems" in reading) problems.push(...reading.problems.map((problem) => `${name}/${problem}`));
    else cases.push(reading);
  }
  if (names.length === 0) problems.push(`${folder} holds no folder with a case.yml`);
  if (problems.length > 0) throw new ConfigError(problems, { code: "eval-set-invalid" });
  return { name: basename(resolve(folder)), cases, notices: cases.flatMap(noticesOf) };
};

const caseNames = async (folder: string): Promise<readonly string[]> => {
  let entries: readonly string[];
  try {
    entries = await readdir(folder);
  } catch (cause) {
    throw new ConfigError([`the set ${folder} cannot be read: ${describeError(cause)}`], {
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

type Problems = { readonly problems: readonly string[] };

const readCase = async (folder: string, name: string): Promise<EvalCase | Problems> => {
  const place = join(folder, name);
  const told = readCaseFile((await textOf(join(place, "case.yml"))) ?? "");
  const changes = readChanges(await textOf(join(place, "change.diff")));
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

const readCaseFile = (text: string): CaseFile | Problems => {
  let tree: unknown;
  try {
    tree = parse(text);
  } catch (error) {
    return { problems: [`case.yml is not YAML: ${describeError(error).split("\n")[0] ?? ""}`] };
  }
  const parsed = CaseFile.safeParse(tree);
  if (parsed.success) return parsed.data;
  return { problems: parsed.error.issues.map((issue) => `case.yml: ${describeIssue(issue)}`) };
};

const STARTS = /^diff --git /gm;

const readChanges = (patch: string | null): readonly ChangedFile[] | Problems => {
  if (patch === null) return { problems: ["change.diff is missing, cannot be read or is too large"] };
  const text = patch.endsWith("\n") ? patch : `${patch}\n`;
  const files = parsePatch(text).map(fromPatch);
  const wanted = text.match(STARTS)?.length ?? 0;
  if (wanted === 0) return { problems: ['change.diff holds no file: it is what "git diff" writes'] };
  if (files.length === wanted) return files;
  return {
    problems: [
      `change.diff: ${wanted - files.length} of ${wanted} files are cut short or cannot be read; write it anew with "git diff"`,
    ],
  };
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

const noticesOf = ({ name, expected, changes }: EvalCase): readonly string[] => {
  const paths = new Set(changes.map(({ newPath }) => newPath));
  return expected.flatMap(({ path }, index) =>
    path === null || paths.has(path)
      ? []
      : [`${name}/case.yml: findings[${index}].path: ${path} is not among the changed files`],
  );
};
