import { maskSecrets } from "../../review/units/mask-secrets.ts";

/** Code in a text of Markdown, where an at sign mentions nobody. */
const CODE = /(```[\s\S]*?```|`[^`\n]*`)/;

/** Lines at the end of descriptions and messages that name people. */
const TRAILER =
  /^[ \t]*(?:co-authored|signed-off|reviewed|acked|reported|approved|tested|suggested)-by:.*$/gim;

const ADDRESS = /[\p{L}\p{N}._%+-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+/gu;

const MENTION = /(?<![\p{L}\p{N}_/])@[\p{L}\p{N}_](?:[\p{L}\p{N}_./-]*[\p{L}\p{N}_])?/gu;

const withoutPeople = (text: string): string =>
  text.replaceAll(TRAILER, "").replaceAll(ADDRESS, "[address]").replaceAll(MENTION, "@someone");

/** A text of people without their names, as far as GitLab marks them as such, and without secrets. */
export const anonymise = (text: string): string =>
  maskSecrets(
    text
      .split(CODE)
      .map((part, index) => (index % 2 === 1 ? part : withoutPeople(part)))
      .join(""),
  ).text.trim();

/** Hunks without secrets; every line stays in its place and keeps its sign. */
export const maskHunks = (hunks: string): string => {
  const lines = hunks.split("\n");
  const isHeader = (line: string): boolean => line.startsWith("@@");
  const masked = maskSecrets(lines.map((line) => (isHeader(line) ? line : line.slice(1))).join("\n"));
  return masked.text
    .split("\n")
    .map((line, index) => {
      const before = lines[index] ?? "";
      return isHeader(before) ? before : before.slice(0, 1) + line;
    })
    .join("\n");
};
