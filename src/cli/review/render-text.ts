import { hostname } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Translate } from "../../messages/format-message.ts";
import { SEVERITIES, type Severity } from "../../review/finding.ts";
import type { LocalFinding, LocalReport } from "./local-report.ts";
import { safeLine, safeText } from "./safe-text.ts";

/** Signs of "Select Graphic Rendition" (ECMA-48, 8.3.117). */
const STYLES = {
  bold: ["1", "22"],
  dim: ["2", "22"],
  underline: ["4", "24"],
  red: ["31", "39"],
  green: ["32", "39"],
  yellow: ["33", "39"],
  magenta: ["35", "39"],
  cyan: ["36", "39"],
} as const;
type Style = keyof typeof STYLES;

const COLOURS: Readonly<Record<Severity, Style>> = {
  critical: "magenta",
  major: "red",
  minor: "yellow",
  info: "cyan",
};

type Pen = {
  readonly paint: (text: string, ...styles: readonly Style[]) => string;
  /** A link to a line of a file of the working tree. */
  readonly link: (text: string, path: string, line: number) => string;
};

const PLAIN: Pen = { paint: (text) => text, link: (text) => text };

const colourful = (root: string | null): Pen => ({
  paint: (text, ...styles) =>
    styles.reduce((inner, style) => `\u001B[${STYLES[style][0]}m${inner}\u001B[${STYLES[style][1]}m`, text),
  link: (text, path, line) => {
    if (root === null) return text;
    const url = pathToFileURL(join(root, path));
    // Terminals compare the host, so that a link from another machine is not taken for one of theirs.
    url.hostname = hostname();
    url.hash = `L${line}`;
    return `\u001B]8;;${url.href}\u001B\\${text}\u001B]8;;\u001B\\`;
  },
});

/**
 * A report for people, grouped by file; with `isTerminal` in colours and with links (OSC 8) to the lines.
 * Everything that others wrote is made safe for a terminal.
 */
export const renderText = (t: Translate, report: LocalReport, isTerminal: boolean): string => {
  const pen = isTerminal ? colourful(report.root) : PLAIN;
  const files = Map.groupBy(report.findings, ({ path }) => path);
  const parts = [...files].map(([path, findings]) => renderFile(t, path, findings, pen));
  return `${[...parts, renderTotal(t, report, pen)].join("\n")}\n`;
};

const renderFile = (t: Translate, path: string, findings: readonly LocalFinding[], pen: Pen): string =>
  [
    pen.paint(safeLine(path), "bold", "underline"),
    ...findings.map((one) => renderFinding(t, one, pen)),
    "",
  ].join("\n");

const indent = (text: string): string =>
  text
    .split("\n")
    .map((line) => (line === "" ? "" : `    ${line}`))
    .join("\n");

const renderFinding = (t: Translate, finding: LocalFinding, pen: Pen): string => {
  const { path, code, severity, category, title, body, nearLine, unverified } = finding;
  const words = pen.paint(placeText(t, finding), "dim");
  // What is on no line of the diff may have a path that a model made up.
  const place = code === null ? words : pen.link(words, path, nearLine);
  const about = [t(`category.${category}`), ...(unverified === true ? [t("thread.unverified")] : [])];
  const head = [
    `  ${place}`,
    pen.paint(t(`severity.${severity}`), "bold", COLOURS[severity]),
    `${pen.paint(safeLine(title), "bold")} ${pen.paint(`(${about.join(", ")})`, "dim")}`,
  ].join("  ");
  const text = safeText(body).trim();
  return [head, ...(text === "" ? [] : [indent(text)]), ...suggestionLines(t, finding, pen)].join("\n");
};

/** The lines that are meant, for people. */
export const placeText = (t: Translate, { line, endLine, side }: LocalFinding): string => {
  if (line === null) return t("cli.review.file");
  const lines = endLine === null || endLine === line ? `${line}` : `${line}-${endLine}`;
  return side === "old" ? t("cli.review.removed", { lines }) : lines;
};

const suggestionLines = (
  t: Translate,
  { suggestion, code }: LocalFinding,
  { paint }: Pen,
): readonly string[] => {
  if (suggestion === null || code === null) return [];
  const signed = (text: string, sign: string, style: Style): readonly string[] =>
    safeText(text)
      .split("\n")
      .map((line) => paint(`    ${sign} ${line}`, style));
  const added = suggestion === "" ? [] : signed(suggestion.replace(/\n$/, ""), "+", "green");
  return [paint(`    ${t("cli.review.suggestion")}`, "dim"), ...signed(code, "-", "red"), ...added];
};

const renderTotal = (t: Translate, { findings, receipt, name }: LocalReport, { paint }: Pen): string => {
  const reviewed = receipt.filter(({ outcome }) => outcome.kind !== "skipped").length;
  const coverage = t("cli.review.coverage", { reviewed, files: receipt.length, name: safeLine(name) });
  const total = t("cli.review.total", { findings: findings.length });
  if (findings.length === 0) return `${paint(total, "bold", "green")}; ${coverage}`;
  const counts = SEVERITIES.flatMap((severity) => {
    const count = findings.filter((one) => one.severity === severity).length;
    if (count === 0) return [];
    return [paint(t("cli.review.count", { count, severity: t(`severity.${severity}`) }), COLOURS[severity])];
  });
  return `${paint(total, "bold")} (${counts.join(", ")}); ${coverage}`;
};
