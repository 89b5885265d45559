import { plainSigns } from "../publish/plain-signs.ts";
import { maskSecrets } from "../units/mask-secrets.ts";
import { keyOfLine, renderLessons } from "./render-lessons.ts";
import type { Lesson } from "./sum-up.ts";

/** The most characters of a file of lessons: enough for a page, little beside the code of a review. */
export const MAX_FILE_LENGTH = 6_000;
/** The most of it that is written by us. */
const MAX_WRITTEN_LENGTH = 4_000;

const BEGIN = "<!-- reviewflow:lessons -->";
const END = "<!-- /reviewflow:lessons -->";

const GUIDE = `<!--
Reviewflow writes the part between the two marks from what people made of its findings. Everything else is
yours: it stays, and reviews are told of it too. A lesson that you delete does not come back. A line that you
change there becomes yours and moves below. Without the two marks the whole file is yours.
-->`;

/** A file as a project begins with it. */
const newFile = (projectPath: string): string =>
  `# Lessons for ${projectPath.replace(/[^\w./ -]/gu, "")}\n\n${GUIDE}\n\n${BEGIN}\n${END}\n`;

type Parts = { readonly before: string; readonly written: string; readonly after: string };

/** The parts of a file around our marks; null without them. */
const partsOf = (text: string): Parts | null => {
  const from = text.indexOf(BEGIN);
  const to = text.indexOf(END, from);
  if (from === -1 || to === -1) return null;
  const start = from + BEGIN.length;
  return { before: text.slice(0, start), written: text.slice(start, to).trim(), after: text.slice(to) };
};

const join = ({ before, written, after }: Parts): string =>
  written === "" ? `${before}\n${after}` : `${before}\n${written}\n${after}`;

/**
 * The file with the newest lessons between its marks; `text` null for a project that has none yet. What
 * maintainers wrote stays as it is, and so does a file without marks.
 */
export const putLessons = (
  text: string | null,
  projectPath: string,
  lessons: readonly Lesson[],
  struck: ReadonlySet<string>,
): string => {
  const current = text ?? newFile(projectPath);
  const parts = partsOf(current);
  if (parts === null) return current;
  const own = current.length - parts.written.length;
  const room = Math.min(MAX_WRITTEN_LENGTH, MAX_FILE_LENGTH - own - 2);
  const standing = lessons.filter(({ key }) => !struck.has(key));
  return join({ ...parts, written: renderLessons(standing, room) });
};

/** What somebody made of the file. */
export type LessonsEdit =
  | { readonly kind: "edited"; readonly text: string; readonly struck: readonly string[] }
  | { readonly kind: "too-long"; readonly length: number };

/**
 * Takes over what somebody wrote: lessons that they deleted are struck out for good, and what they wrote
 * between the marks becomes a part of their own text.
 */
export const applyEdit = (before: string, edited: string): LessonsEdit => {
  const clean = `${plainSigns(edited).trimEnd()}\n`;
  const [was, now] = [partsOf(before), partsOf(clean)];
  const text = was === null || now === null ? clean : moveOwnLines(was, now);
  if (text.length > MAX_FILE_LENGTH) return { kind: "too-long", length: text.length };
  const left = new Set(now?.written.split("\n"));
  const struck =
    was === null || now === null ? [] : was.written.split("\n").filter((line) => !left.has(line));
  return { kind: "edited", text, struck: struck.flatMap((line) => keyOfLine(line) ?? []) };
};

const moveOwnLines = (was: Parts, now: Parts): string => {
  const ours = new Set(was.written.split("\n"));
  const lines = now.written.split("\n");
  const own = lines.filter((line) => line.trim() !== "" && !ours.has(line));
  const written = lines.filter((line) => line.trim() === "" || ours.has(line)).join("\n");
  const moved = own.map((line) => line.replace(/\s*<!-- [0-9a-f]{8} -->\s*$/u, ""));
  const after = moved.length === 0 ? now.after : `${now.after.trimEnd()}\n\n${moved.join("\n")}\n`;
  return join({ before: now.before, written: written.trim(), after });
};

/**
 * What a review is told: the file without comments, secrets masked. Empty where nothing but headings is
 * left.
 */
export const toldText = (text: string): string => {
  const bare = withoutComments(text)
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n")
    .replace(/\n{3,}/gu, "\n\n")
    .trim();
  const says = bare.split("\n").some((line) => line.trim() !== "" && !line.startsWith("#"));
  return says ? maskSecrets(bare).text.slice(0, MAX_FILE_LENGTH) : "";
};

/** An open comment at the end hides the rest, as it does for whoever reads the file as Markdown. */
const withoutComments = (text: string): string => text.replace(/<!--[\s\S]*?(?:-->|$)/gu, "");
