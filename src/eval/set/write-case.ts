import { message } from "../../messages/message.ts";
import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { ConfigError, describeError, problemAt } from "../../base/errors.ts";
import { makeFolder } from "../../base/make-folder.ts";
import type { Expected } from "./eval-case.ts";

/** A case that is to be written. */
export type NewCase = {
  /** Becomes the folder's name. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly language: string | null;
  /** Where it comes from, for people; null for nowhere that may be told. */
  readonly source: string | null;
  readonly expected: readonly Expected[];
  /** As `git diff` writes it. */
  readonly patch: string;
};

/** A text as a folder's name: letters, digits, points and dashes, at most 80 of them. */
export const toCaseName = (text: string): string =>
  text
    .replaceAll(/[^\p{L}\p{N}._]+/gu, "-")
    .replaceAll(/^[-.]+|[-.]+$/g, "")
    .slice(0, 80) || "case";

/**
 * Writes a case into a set; a case of that name that is there already is left as it is, since people may
 * have mended it. Throws a ConfigError where the set cannot be written.
 */
export const writeCase = async (set: string, found: NewCase): Promise<"written" | "present"> => {
  const folder = join(set, found.name);
  const isThere = await stat(join(folder, "case.yml")).then(
    () => true,
    () => false,
  );
  if (isThere) return "present";
  try {
    await makeFolder(folder);
    await writeFile(join(folder, "change.diff"), found.patch);
    // Last, since a folder without it is no case.
    await writeFile(join(folder, "case.yml"), renderCase(found));
  } catch (cause) {
    throw new ConfigError([problemAt(folder, message("eval.unwritable", { error: describeError(cause) }))], {
      cause,
    });
  }
  return "written";
};

const renderCase = ({ title, description, language, source, expected }: NewCase): string =>
  stringify({
    title: title.trim() === "" ? "Untitled" : title,
    ...(description === "" ? {} : { description }),
    ...(language === null ? {} : { language }),
    ...(source === null ? {} : { source }),
    findings: expected.map(({ path, side, lines, severity, category, text }) => ({
      ...(path === null ? {} : { path }),
      ...(lines === null ? {} : { lines: linesText(lines) }),
      ...(side === "new" ? {} : { side }),
      ...(severity === null ? {} : { severity }),
      ...(category === null ? {} : { category }),
      text,
    })),
  });

const linesText = ({ first, last }: { readonly first: number; readonly last: number }): number | string =>
  first === last ? first : `${first}-${last}`;
