import { createHash } from "node:crypto";
import type { FileDiff } from "../../diff/file-diff.ts";
import type { AnchoredFinding } from "../finding.ts";
import { titleWords } from "./title-words.ts";

/** What makes a finding the same matter as another one, whatever the numbers of its lines. */
export type Matter = {
  /** The file's present path. */
  readonly path: string;
  /** A digest over path, anchored code with white space folded, and category. */
  readonly kin: string;
  /** A digest over path and anchored code; says where, whatever is said. */
  readonly place: string;
  /** How many lines of a hunk the anchored code has; 0 where it is not in one. */
  readonly lines: number;
  /** The title, see `titleWords`. */
  readonly words: readonly string[];
};

/** The matter of a finding; null for one without a place, which no thread can be about. */
export const matterOf = ({ finding, anchor }: AnchoredFinding): Matter | null => {
  if (anchor.kind === "summary") return null;
  const path = pathOf(anchor.file);
  const code = anchor.kind === "file" ? null : anchor.code;
  return {
    path,
    kin: digest("kin", path, code === null ? "file" : foldCode(code), finding.category),
    place: placeOf(path, code),
    lines: anchor.kind === "file" || anchor.hunk === null ? 0 : anchor.code.split("\n").length,
    words: titleWords(finding.title),
  };
};

/**
 * Whether the anchored code is telling enough to make two findings the same whatever they say. A closing
 * brace stands at many places of a file.
 */
export const isTelling = ({ anchor }: AnchoredFinding): boolean =>
  anchor.kind !== "file" &&
  anchor.kind !== "summary" &&
  (anchor.code.match(/[\p{L}\p{N}]/gu) ?? []).length >= LEAST_SIGNS;

const LEAST_SIGNS = 6;

/** The place of some code in a file; of the file as a whole where `code` is null. */
export const placeOf = (path: string, code: string | null): string =>
  digest("place", path, code === null ? "file" : foldCode(code));

/** The path under which a file's findings are known: the present one. */
export const pathOf = (file: FileDiff): string => file.newPath;

/** The fingerprint of the `ordinal`th finding of one kin. */
export const fingerprint = (kin: string, ordinal: number): string => `${kin}-${ordinal}`;

/** The parts of a fingerprint; null for a text that is none. */
export const parseFingerprint = (text: string): { readonly kin: string; readonly ordinal: number } | null => {
  const [, kin, ordinal] = /^([0-9a-f]{32})-(\d{1,6})$/.exec(text) ?? [];
  return kin === undefined || ordinal === undefined ? null : { kin, ordinal: Number(ordinal) };
};

/** Indentation, alignment and line ends are formatting: reformatted code is the same code. */
const foldCode = (code: string): string => `code ${code.replace(/\s+/g, " ").trim()}`;

/** 128 bits are far more than the findings of a merge request need. */
const digest = (...parts: readonly string[]): string =>
  createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);
